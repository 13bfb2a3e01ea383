/* SPDX-License-Identifier: MIT */
/*
 * Opens /dev/kvm, checks API version and capabilities, and finds out what kind of KVM this is.
 * What a virtual machine consists of: vm.c. What only one processor needs: arch/.
 */
#include "vmm/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/kvm.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/arch.h"

int kvm_ioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg);
}

const struct kvm_place kvm_this_host = {
	.device = "/dev/kvm",
	.modules = "/sys/module",
	.ioctl = kvm_ioctl,
};

/* What every processor's KVM must offer; arch_kvm_caps has the rest. KVM API section 4.4. */
const struct kvm_cap kvm_caps[] = {
	{ KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY" },
	{ KVM_CAP_READONLY_MEM, "KVM_CAP_READONLY_MEM" },
	{ KVM_CAP_NR_MEMSLOTS, "KVM_CAP_NR_MEMSLOTS" },
	{ KVM_CAP_MAX_VCPUS, "KVM_CAP_MAX_VCPUS" },
	{ KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT" },
	{ KVM_CAP_IRQCHIP, "KVM_CAP_IRQCHIP" },
	{ KVM_CAP_MP_STATE, "KVM_CAP_MP_STATE" },
};
const size_t kvm_ncaps = ARRAY_LEN(kvm_caps);

/* Names come from the files themselves: getpwuid() in a static program would need shared
 * libraries. */
static const char *user_name(uid_t uid, char *buffer, size_t bytes)
{
	FILE *file = fopen("/etc/passwd", "re");
	const struct passwd *user = NULL;

	while (file && (user = fgetpwent(file)) && user->pw_uid != uid)
		;
	if (user)
		snprintf(buffer, bytes, "%s", user->pw_name);
	else
		snprintf(buffer, bytes, "uid %u", uid);
	if (file)
		fclose(file);
	return buffer;
}

static const char *group_name(gid_t gid, char *buffer, size_t bytes)
{
	FILE *file = fopen("/etc/group", "re");
	const struct group *group = NULL;

	while (file && (group = fgetgrent(file)) && group->gr_gid != gid)
		;
	if (group)
		snprintf(buffer, bytes, "%s", group->gr_name);
	else
		snprintf(buffer, bytes, "gid %u", gid);
	if (file)
		fclose(file);
	return buffer;
}

/* Says who may open the device, and how to become one of them. */
static int refuse_closed(const char *device, struct err *err)
{
	char owner[64], group[64];
	struct stat st;

	if (stat(device, &st))
		return err_set(err, EXIT_HOST, "%s: permission denied", device);
	user_name(st.st_uid, owner, sizeof(owner));
	group_name(st.st_gid, group, sizeof(group));
	if (!(st.st_mode & S_IWGRP))
		return err_set(
			err, EXIT_HOST,
			"%s is closed: mode %04o, only its owner %s may open it; run as %s, or "
			"give it to a group (chgrp kvm %s && chmod 0660 %s)",
			device, st.st_mode & 07777, owner, owner, device, device);
	return err_set(
		err, EXIT_HOST,
		"%s is closed: mode %04o, owner %s, group %s; join the group (sudo usermod -aG "
		"%s $USER) and log in again",
		device, st.st_mode & 07777, owner, group, group);
}

static int refuse_open(const char *device, struct err *err)
{
	if (errno == ENOENT)
		return err_set(
			err, EXIT_HOST,
			"%s does not exist: this kernel has no KVM, or its module is not loaded. Try "
			"\"modprobe kvm_intel\" or \"modprobe kvm_amd\"; inside a virtual machine its "
			"host must allow nested virtualization. --engine qemu needs no KVM",
			device);
	if (errno == EACCES || errno == EPERM)
		return refuse_closed(device, err);
	if (errno == ENODEV || errno == ENXIO)
		return err_set(
			err, EXIT_HOST,
			"%s exists but no driver answers: the KVM module of this processor is not "
			"loaded (modprobe kvm_intel or kvm_amd), or virtualization is off in firmware",
			device);
	if (errno == EBUSY)
		return err_set(
			err, EXIT_HOST,
			"%s is busy: another hypervisor holds the processor's virtualization; stop "
			"it and try again",
			device);
	return err_errno(err, EXIT_HOST, "%s cannot be opened", device);
}

static int check_version(int fd, const struct kvm_place *place, struct err *err)
{
	int version = place->ioctl(fd, KVM_GET_API_VERSION, NULL);

	if (version < 0)
		return err_errno(err, EXIT_HOST,
				 "%s is not KVM: it does not know KVM_GET_API_VERSION",
				 place->device);
	if (version != KVM_API_VERSION)
		return err_set(
			err, EXIT_HOST,
			"%s speaks KVM API version %d, kvalab needs %d: kernels since 2.6.22 have it",
			place->device, version, KVM_API_VERSION);
	return 0;
}

static int check_cap(int fd, const struct kvm_place *place, long cap)
{
	return place->ioctl(fd, KVM_CHECK_EXTENSION, (void *)cap);
}

static int check_caps(int fd, const struct kvm_place *place, const struct kvm_cap *caps, size_t n,
		      struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (check_cap(fd, place, caps[i].number) > 0)
			continue;
		return err_set(
			err, EXIT_HOST,
			"%s lacks %s (capability %d): this KVM cannot run kvalab's guest; a newer "
			"kernel may",
			place->device, caps[i].name, caps[i].number);
	}
	return 0;
}

/* First letter of a module parameter, '\0' if there is none. */
static char module_param(const char *modules, const char *module, const char *param)
{
	char path[512], value = '\0';
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/parameters/%s", modules, module, param);
	file = fopen(path, "re");
	if (!file)
		return '\0';
	if (fread(&value, 1, 1, file) != 1)
		value = '\0';
	fclose(file);
	return value;
}

static bool module_loaded(const char *modules, const char *module)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", modules, module);
	return access(path, F_OK) == 0;
}

void kvm_classify(struct kvm_host *host, const char *modules)
{
	static const struct {
		const char *module, *param, *with;
	} kind[] = {
		{ "kvm_intel", "ept", "ept" },
		{ "kvm_amd", "npt", "npt" },
		{ "kvm_pvm", NULL, NULL },
	};

	snprintf(host->class_name, sizeof(host->class_name), "kvm");
	snprintf(host->paging, sizeof(host->paging), "unknown");
	for (size_t i = 0; i < ARRAY_LEN(kind); i++) {
		char value;

		if (!module_loaded(modules, kind[i].module))
			continue;
		snprintf(host->class_name, sizeof(host->class_name), "%s", kind[i].module);
		value = kind[i].param ? module_param(modules, kind[i].module, kind[i].param) : 'N';
		if (value == 'Y' || value == '1')
			snprintf(host->paging, sizeof(host->paging), "%s", kind[i].with);
		else if (value)
			snprintf(host->paging, sizeof(host->paging), "shadow");
		return;
	}
}

static int check_all(struct kvm_host *host, const struct kvm_place *place, struct err *err)
{
	int run_bytes;

	if (check_version(host->fd, place, err) ||
	    check_caps(host->fd, place, kvm_caps, kvm_ncaps, err) ||
	    check_caps(host->fd, place, arch_kvm_caps, arch_kvm_ncaps, err))
		return -1;
	run_bytes = place->ioctl(host->fd, KVM_GET_VCPU_MMAP_SIZE, NULL);
	if (run_bytes < (int)sizeof(struct kvm_run))
		return err_set(err, EXIT_HOST,
			       "%s: a vCPU's shared page has %d bytes, %zu are needed",
			       place->device, run_bytes, sizeof(struct kvm_run));
	host->run_bytes = (u32)run_bytes;
	host->max_slots = (u32)check_cap(host->fd, place, KVM_CAP_NR_MEMSLOTS);
	host->max_vcpus = (u32)check_cap(host->fd, place, KVM_CAP_MAX_VCPUS);
	host->stats = check_cap(host->fd, place, KVM_CAP_BINARY_STATS_FD) > 0;
	return 0;
}

int kvm_open(struct kvm_host *host, const struct kvm_place *place, struct err *err)
{
	memset(host, 0, sizeof(*host));
	host->fd = open(place->device, O_RDWR | O_CLOEXEC);
	if (host->fd < 0)
		return refuse_open(place->device, err);
	if (check_all(host, place, err)) {
		kvm_close(host);
		return -1;
	}
	kvm_classify(host, place->modules);
	/* Only where KVM emulates supervisor code is the count of emulated instructions
	 * complete. */
	host->counts_insns = host->stats && !strcmp(host->class_name, "kvm_pvm");
	return 0;
}

void kvm_close(struct kvm_host *host)
{
	if (host->fd >= 0)
		close(host->fd);
	host->fd = -1;
}
