/* SPDX-License-Identifier: MIT */
/* Each way in which KVM cannot be used has its own message; host classes come from sysfs. */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/suite.h"
#include "vmm_rig.h"
#include "vmm/arch.h"
#include "vmm/kvm.h"

static char dir[64];
static struct kvm_host host;
static struct err err;

static void setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/kvalab-test-kvm-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void teardown(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static const char *in_dir(const char *name)
{
	static char path[2][256];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

static void make_file(const char *name, const char *text, mode_t mode)
{
	FILE *file = fopen(in_dir(name), "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
	ck_assert_int_eq(chmod(in_dir(name), mode), 0);
}

static void refused(const struct kvm_place *place, const char *text)
{
	ck_assert_int_eq(kvm_open(&host, place, &err), -1);
	ck_assert_int_eq(err.status, EXIT_HOST);
	ck_assert_msg(strstr(err.text, text), "%s", err.text);
	ck_assert_int_eq(host.fd, -1);
}

START_TEST(a_missing_device)
{
	struct kvm_place place = { in_dir("kvm"), dir, kvm_ioctl };

	refused(&place, "does not exist: this kernel has no KVM, or its module is not loaded");
	ck_assert_ptr_nonnull(strstr(err.text, "modprobe kvm_intel"));
}
END_TEST

/* Root may open anything, so these run as somebody else. */
static void as_nobody(void)
{
	ck_assert_int_eq(chmod(dir, 0755), 0);
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(setgroups(0, NULL), 0);
	ck_assert_int_eq(setegid(65534), 0);
	ck_assert_int_eq(seteuid(65534), 0);
}

static void as_before(void)
{
	if (geteuid() == getuid())
		return;
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(setegid(0), 0);
}

START_TEST(a_closed_device)
{
	struct kvm_place place = { in_dir("kvm"), dir, kvm_ioctl };

	make_file("kvm", "", 0);
	as_nobody();
	refused(&place, "is closed: mode 0000, only its owner");
	as_before();
	if (geteuid() != 0)
		return; /* the owner may open it in the next case */
	make_file("kvm", "", 0660);
	as_nobody();
	refused(&place, "is closed: mode 0660, owner root, group root; join the group");
	as_before();
}
END_TEST

START_TEST(something_else_of_that_name)
{
	struct kvm_place place = { "/dev/null", dir, kvm_ioctl };

	refused(&place, "/dev/null is not KVM: it does not know KVM_GET_API_VERSION");
	place.device = dir;
	refused(&place, "cannot be opened: Is a directory");
}
END_TEST

/* --- a KVM that answers as it is told --- */
static int version;
static long missing; /* capability; -1: none */
static int run_bytes;

static int fake_kvm(int fd, unsigned long request, void *arg)
{
	(void)fd;
	switch (request) {
	case KVM_GET_API_VERSION: return version;
	case KVM_CHECK_EXTENSION: return (long)arg == missing ? 0 : 64;
	case KVM_GET_VCPU_MMAP_SIZE: return run_bytes;
	}
	errno = ENOTTY;
	return -1;
}

static struct kvm_place fake_place(void)
{
	version = KVM_API_VERSION;
	missing = -1;
	run_bytes = 3 * 4096;
	return (struct kvm_place){ "/dev/null", dir, fake_kvm };
}

START_TEST(a_kvm_that_has_all)
{
	struct kvm_place place = fake_place();

	ck_assert_int_eq(kvm_open(&host, &place, &err), 0);
	ck_assert_uint_eq(host.max_vcpus, 64);
	ck_assert_uint_eq(host.run_bytes, 3 * 4096);
	ck_assert_str_eq(host.class_name, "kvm");
	ck_assert(!host.counts_insns);
	kvm_close(&host);
	ck_assert_int_eq(host.fd, -1);
}
END_TEST

START_TEST(another_api_version)
{
	struct kvm_place place = fake_place();

	version = 11;
	refused(&place, "speaks KVM API version 11, kvalab needs 12");
}
END_TEST

START_TEST(each_missing_capability_by_name)
{
	static const struct kvm_cap needed[] = {
		{ KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY" },
		{ KVM_CAP_READONLY_MEM, "KVM_CAP_READONLY_MEM" },
		{ KVM_CAP_NR_MEMSLOTS, "KVM_CAP_NR_MEMSLOTS" },
		{ KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT" },
		{ KVM_CAP_IRQCHIP, "KVM_CAP_IRQCHIP" },
		{ KVM_CAP_MP_STATE, "KVM_CAP_MP_STATE" },
	};
	struct kvm_place place = fake_place();

	for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
		missing = needed[i].number;
		refused(&place, needed[i].name);
	}
	for (size_t i = 0; i < arch_kvm_ncaps; i++) {
		missing = arch_kvm_caps[i].number;
		refused(&place, arch_kvm_caps[i].name);
	}
}
END_TEST

START_TEST(a_run_page_that_is_too_small)
{
	struct kvm_place place = fake_place();

	run_bytes = 16;
	refused(&place, "shared page has 16 bytes");
}
END_TEST

/* --- host class --- */
static void load_module(const char *module, const char *param, const char *value)
{
	char name[128];

	snprintf(name, sizeof(name), "%s", module);
	ck_assert_int_eq(mkdir(in_dir(name), 0755), 0);
	snprintf(name, sizeof(name), "%s/parameters", module);
	ck_assert_int_eq(mkdir(in_dir(name), 0755), 0);
	snprintf(name, sizeof(name), "%s/parameters/%s", module, param);
	if (value)
		make_file(name, value, 0444);
}

START_TEST(host_classes)
{
	static const struct {
		const char *module, *param, *value, *paging;
	} row[] = {
		{ "kvm_intel", "ept", "Y\n", "ept" },	 { "kvm_intel", "ept", "N\n", "shadow" },
		{ "kvm_intel", "ept", NULL, "unknown" }, { "kvm_amd", "npt", "1\n", "npt" },
		{ "kvm_amd", "npt", "0\n", "shadow" },	 { "kvm_pvm", "x", NULL, "shadow" },
	};

	load_module(row[_i].module, row[_i].param, row[_i].value);
	kvm_classify(&host, dir);
	ck_assert_str_eq(host.class_name, row[_i].module);
	ck_assert_str_eq(host.paging, row[_i].paging);
}
END_TEST

START_TEST(a_host_without_modules_is_just_kvm)
{
	kvm_classify(&host, dir);
	ck_assert_str_eq(host.class_name, "kvm");
	ck_assert_str_eq(host.paging, "unknown");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kvm");
	TCase *tcase = tcase_create("kvm");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_missing_device);
	tcase_add_test(tcase, a_closed_device);
	tcase_add_test(tcase, something_else_of_that_name);
	tcase_add_test(tcase, a_kvm_that_has_all);
	tcase_add_test(tcase, another_api_version);
	tcase_add_test(tcase, each_missing_capability_by_name);
	tcase_add_test(tcase, a_run_page_that_is_too_small);
	tcase_add_loop_test(tcase, host_classes, 0, 6);
	tcase_add_test(tcase, a_host_without_modules_is_just_kvm);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
