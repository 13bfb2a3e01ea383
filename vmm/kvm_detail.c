/* SPDX-License-Identifier: MIT */
/* Owns the lists of capabilities and module parameters that kvalab probe shows. */
#include "vmm/kvm_detail.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/arch.h"

/* Used where it is there: instruction counts (docs/hosts.md). */
static const struct kvm_cap optional_caps[] = {
	{ KVM_CAP_BINARY_STATS_FD, "KVM_CAP_BINARY_STATS_FD" },
};

/* Paging, what a walk of page tables writes, what an exit and a wait cost, instruction counting. */
static const struct {
	const char *module, *param[5];
} modules[] = {
	{ "kvm", { "tdp_mmu", "mmio_caching", "enable_pmu", "halt_poll_ns" } },
	{ "kvm_intel", { "ept", "eptad", "unrestricted_guest", "vpid", "nested" } },
	{ "kvm_amd", { "npt", "nested", "avic", "vls" } },
	{ "kvm_pvm", { "pvm_emul_batch" } },
};

/* False: there is none of that name that can be read. */
static bool read_param(const char *dir, struct kvm_param *param)
{
	char path[512];
	FILE *file;
	bool got;

	snprintf(path, sizeof(path), "%s/%s/parameters/%s", dir, param->module, param->name);
	file = fopen(path, "re");
	if (!file)
		return false;
	got = fgets(param->value, sizeof(param->value), file);
	fclose(file);
	param->value[strcspn(param->value, "\n")] = '\0';
	return got;
}

static void read_module(struct kvm_detail *detail, const char *dir, size_t row)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, modules[row].module);
	if (access(path, F_OK))
		return;
	detail->module[detail->nmodules++] = modules[row].module;
	for (size_t i = 0; i < ARRAY_LEN(modules[row].param) && modules[row].param[i]; i++) {
		struct kvm_param *param = &detail->param[detail->nparams];

		param->module = modules[row].module;
		param->name = modules[row].param[i];
		if (read_param(dir, param))
			detail->nparams++;
	}
}

static void ask_caps(struct kvm_detail *detail, int fd, const struct kvm_place *place,
		     const struct kvm_cap *caps, size_t n, bool needed)
{
	for (size_t i = 0; i < n; i++) {
		long number = caps[i].number;

		detail->cap[detail->ncaps++] = (struct kvm_cap_answer){
			.name = caps[i].name,
			.needed = needed,
			.there = place->ioctl(fd, KVM_CHECK_EXTENSION, (void *)number) > 0,
		};
	}
}

void kvm_detail_read(struct kvm_detail *detail, const struct kvm_place *place)
{
	int fd = open(place->device, O_RDWR | O_CLOEXEC);

	memset(detail, 0, sizeof(*detail));
	for (size_t row = 0; row < ARRAY_LEN(modules); row++)
		read_module(detail, place->modules, row);
	if (fd < 0)
		return;
	if (place->ioctl(fd, KVM_GET_API_VERSION, NULL) == KVM_API_VERSION) {
		ask_caps(detail, fd, place, kvm_caps, kvm_ncaps, true);
		ask_caps(detail, fd, place, arch_kvm_caps, arch_kvm_ncaps, true);
		ask_caps(detail, fd, place, optional_caps, ARRAY_LEN(optional_caps), false);
	}
	close(fd);
}
