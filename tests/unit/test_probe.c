/* SPDX-License-Identifier: MIT */
/* What probe finds on made-up hosts, what it makes of a guest's figures, and what it advises. */
#include <errno.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/suite.h"
#include "vmm/arch.h"
#include "vmm/cli/probe.h"
#include "vmm/insn_perf.h"
#include "vmm/qemu/qemu.h"

static char dir[64];
static struct probe probe;
static struct probe_advice advice[PROBE_MAX_ADVICE];
static struct err err;

static void setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/kvalab-test-probe-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void teardown(void)
{
	char command[128];

	snprintf(command, sizeof(command), "/bin/rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* @path below the directory, with all that it lies in. */
static const char *make_file(const char *path, const char *text, mode_t mode)
{
	static char full[256];
	FILE *file;

	snprintf(full, sizeof(full), "%s/%s", dir, path);
	for (char *slash = strchr(full + strlen(dir) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	file = fopen(full, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
	ck_assert_int_eq(chmod(full, mode), 0);
	return full;
}

/* --- a KVM that answers as it is told --- */
static long missing; /* capability; -1: none */
static int version;

static int fake_kvm(int fd, unsigned long request, void *arg)
{
	(void)fd;
	switch (request) {
	case KVM_GET_API_VERSION: return version;
	case KVM_CHECK_EXTENSION: return (long)arg == missing ? 0 : 64;
	case KVM_GET_VCPU_MMAP_SIZE: return 3 * 4096;
	}
	errno = ENOTTY;
	return -1;
}

static struct kvm_place place(void)
{
	version = KVM_API_VERSION;
	missing = -1;
	return (struct kvm_place){ "/dev/null", dir, fake_kvm };
}

/* Neither QEMU nor the box, unless a test puts them there. */
static void ask(struct kvm_place where)
{
	char here[128];

	ck_assert_int_eq(setenv("PATH", dir, 1), 0);
	snprintf(here, sizeof(here), "%s/build", dir);
	mkdir(here, 0755);
	probe_ask(&probe, &where, here);
}

static const char *advised(const char *what)
{
	u32 n = probe_advice(&probe, advice);

	ck_assert_uint_le(n, PROBE_MAX_ADVICE);
	for (u32 i = 0; i < n; i++)
		if (!strcmp(advice[i].missing, what))
			return advice[i].text;
	return NULL;
}

#define ck_advises(what, words)                                                      \
	ck_assert_msg(advised(what) && strstr(advised(what), words), "%s: %s", what, \
		      advised(what) ? advised(what) : "no advice")

static const struct kvm_cap_answer *answer(const char *name)
{
	for (u32 i = 0; i < probe.detail.ncaps; i++)
		if (!strcmp(probe.detail.cap[i].name, name))
			return &probe.detail.cap[i];
	ck_abort_msg("%s is not in the list", name);
	return NULL;
}

/* --- what KVM says --- */
START_TEST(modules_and_the_parameters_that_matter)
{
	make_file("kvm/parameters/tdp_mmu", "Y\n", 0444);
	make_file("kvm/parameters/no_matter", "1\n", 0444);
	make_file("kvm_intel/parameters/ept", "Y\n", 0444);
	make_file("kvm_intel/parameters/eptad", "N\n", 0444);
	ask(place());
	ck_assert_str_eq(probe.host.class_name, "kvm_intel");
	ck_assert_str_eq(probe.host.paging, "ept");
	ck_assert_uint_eq(probe.detail.nmodules, 2);
	ck_assert_uint_eq(probe.detail.nparams, 3);
	ck_assert_str_eq(probe.detail.param[2].name, "eptad");
	ck_assert_str_eq(probe.detail.param[2].value, "N");
	ck_assert_ptr_null(advised("paging"));
}
END_TEST

START_TEST(a_kvm_without_a_known_module)
{
	ask(place());
	ck_assert_uint_eq(probe.detail.nmodules, 0);
	ck_advises("paging", "results name the host class \"kvm\"");
}
END_TEST

START_TEST(a_capability_that_is_needed_and_missing)
{
	struct kvm_place where = place();

	missing = KVM_CAP_READONLY_MEM;
	ask(where);
	ck_assert(!answer("KVM_CAP_READONLY_MEM")->there);
	ck_assert(answer("KVM_CAP_READONLY_MEM")->needed);
	ck_assert(answer("KVM_CAP_IRQCHIP")->there);
	ck_assert(answer(arch_kvm_caps[0].name)->there);
	ck_advises("/dev/kvm", "lacks KVM_CAP_READONLY_MEM");
}
END_TEST

START_TEST(instruction_counts_need_a_statistic)
{
	struct kvm_place where = place();

	make_file("kvm_pvm/parameters/pvm_emul_batch", "1024\n", 0444);
	ask(where);
	ck_assert(probe.host.counts_insns);
	ck_assert_ptr_null(advised("insn counts"));
	missing = KVM_CAP_BINARY_STATS_FD;
	ask(where);
	ck_assert(!answer("KVM_CAP_BINARY_STATS_FD")->needed);
	ck_assert_int_eq(probe.kvm.status, EXIT_OK);
	ck_advises("insn counts", "a kernel with KVM_CAP_BINARY_STATS_FD");
}
END_TEST

START_TEST(hardware_does_not_count_instructions)
{
	make_file("kvm_amd/parameters/npt", "1\n", 0444);
	ask(place());
	ck_advises("insn counts", "with QEMU installed, --engine qemu --cpus 1 counts them");
}
END_TEST

START_TEST(no_device)
{
	struct kvm_place where = place();

	where.device = "/dev/kvm-that-is-not-there";
	ask(where);
	ck_assert_uint_eq(probe.detail.ncaps, 0);
	ck_advises("/dev/kvm", "does not exist");
	ck_assert_ptr_null(advised("meanwhile"));
	ck_assert_ptr_null(advised("perf")); /* not asked: nothing to be done about it */
	ck_assert_int_ne(probe.perf.status, EXIT_OK);
}
END_TEST

START_TEST(another_api_version)
{
	struct kvm_place where = place();

	version = 11;
	ask(where);
	ck_assert_uint_eq(probe.detail.ncaps, 0);
	ck_advises("/dev/kvm", "speaks KVM API version 11");
}
END_TEST

/* --- what else can run a guest --- */
#define SAYS "#!/bin/sh\necho 'QEMU emulator version 9.9 (made up)'\necho 'version of no matter'\n"

START_TEST(qemu_is_found_and_says_its_version)
{
	make_file(QEMU_PROGRAM, SAYS, 0755);
	ask(place());
	ck_assert_int_eq(probe.qemu.status, EXIT_OK);
	ck_assert_str_eq(probe.qemu_version, "9.9 (made up)");
	ck_assert_ptr_null(advised("qemu"));
}
END_TEST

START_TEST(no_qemu_and_no_box)
{
	ask(place());
	ck_advises("qemu", "apt-get install qemu-system-x86");
	ck_advises("box", "there is no kvmbox");
}
END_TEST

START_TEST(a_qemu_that_is_broken)
{
	static const char *const text[] = { "#!/bin/sh\nexit 1\n", "#!/bin/sh\necho hello\n",
					    "#!/bin/sh\necho; echo version 1\n", "no program" };
	static const char *const words[] = { "does not say its version", "does not say its version",
					     "does not say its version", "cannot be started" };

	make_file(QEMU_PROGRAM, text[_i], 0755);
	ask(place());
	ck_advises("qemu", words[_i]);
	ck_assert_str_eq(probe.qemu_path, "");
}
END_TEST

START_TEST(what_works_without_kvm)
{
	struct kvm_place where = place();

	where.device = "/dev/kvm-that-is-not-there";
	make_file(QEMU_PROGRAM, SAYS, 0755);
	ask(where);
	ck_advises("meanwhile", "kvalab run --engine qemu");
	ck_assert_ptr_null(strstr(advised("meanwhile"), "kvmbox"));
	make_file("scripts/kvmbox", "", 0755);
	ask(where);
	ck_advises("meanwhile", "scripts/kvmbox -- COMMAND");
	ck_assert_ptr_null(advised("box"));
}
END_TEST

START_TEST(whether_the_box_needs_the_network)
{
	make_file("scripts/kvmbox", "", 0755);
	ask(place());
	ck_assert(!probe.box_kernel);
	make_file("build/box/initramfs-1", "", 0644);
	ask(place());
	ck_assert(!probe.box_kernel);
	make_file("build/box/kernel-1", "", 0644);
	ask(place());
	ck_assert(probe.box_kernel);
}
END_TEST

START_TEST(an_installed_box)
{
	ck_assert_int_eq(setenv("HOME", dir, 1), 0);
	make_file("build/kvmbox", "", 0755);
	ask(place());
	ck_assert_int_eq(probe.box.status, EXIT_OK);
	ck_assert(!probe.box_kernel);
	make_file(".cache/kvalab/box/kernel-1", "", 0644);
	ask(place());
	ck_assert(probe.box_kernel);
}
END_TEST

START_TEST(a_box_without_qemu)
{
	make_file("scripts/kvmbox", "", 0755);
	ask(place());
	ck_advises("box", "it needs QEMU");
}
END_TEST

/* --- a counter that leaves the host out --- */
START_TEST(why_perf_cannot_count)
{
	static const struct {
		int error, paranoid;
		const char *words;
	} row[] = {
		{ ENOENT, 2, "no counter that leaves the host out" },
		{ EOPNOTSUPP, 2, "no counter that leaves the host out" },
		{ ENOSYS, 2, "no perf events" },
		{ EACCES, 2, "perf_event_paranoid is 2; as root: sysctl" },
		{ EPERM, -1, "a container's filter?" },
		{ EMFILE, 2, "perf_event_open: Too many open files" },
	};

	ck_assert_int_eq(insn_perf_refused(row[_i].error, row[_i].paranoid, &err), -1);
	ck_assert_msg(strstr(err.text, row[_i].words), "%s", err.text);
}
END_TEST

START_TEST(a_counter_is_believed_only_if_it_counts_the_guest)
{
	ck_assert_int_eq(insn_perf_judge(100000, 100000, &err), 0);
	ck_assert_int_eq(insn_perf_judge(100900, 100000, &err), 0);
	ck_assert_int_eq(insn_perf_judge(0, 100000, &err), -1);
	ck_assert_int_eq(insn_perf_judge(99999, 100000, &err), -1);
	ck_assert_int_eq(insn_perf_judge(5000000, 100000, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "says 5000000 for 100000 instructions"));
}
END_TEST

/* --- figures --- */
static struct run_result result;

static void metric(const char *name, s64 value)
{
	struct run_value *metric = &result.metric[result.nmetrics++];

	snprintf(metric->name, sizeof(metric->name), "%s", name);
	metric->value = value;
}

static struct figures *figures(void)
{
	memset(&probe.figures, 0, sizeof(probe.figures));
	return &probe.figures;
}

/* 1000 cycles in 500 ns. */
START_TEST(cycles_become_time)
{
	struct figures *f = figures();

	metric("bench_tsc_ticks", 1000);
	metric("rounds", 10);
	metric("syscall_tsc_ticks", 200);
	metric("ipi_kernel_tsc_ticks", 30);
	metric("loop_insns", 400);
	metric("loop_tsc_ticks", 800);
	ck_assert_int_eq(figures_from_bench(&result, 500, f, &err), 0);
	ck_assert_double_eq_tol(f->value[FIGURE_SYSCALL], 10, 1e-9);
	ck_assert_double_eq_tol(f->value[FIGURE_INSN], 1e9, 1);
	ck_assert_double_eq_tol(f->value[FIGURE_IPI_KERNEL], 15, 1e-9);
	ck_assert_double_eq(f->value[FIGURE_IPI_USER], 0); /* the guest did not say */
}
END_TEST

START_TEST(a_guest_that_says_what_cannot_be)
{
	static const struct {
		s64 all, rounds, ticks;
		u64 ns;
		bool refused;
	} row[] = {
		{ 0, 10, 5, 500, true },      { -1, 10, 5, 500, true },
		{ 1000, 10, 5, 0, true },     { 1000, 10, 1001, 500, true },
		{ 1000, 0, 5, 500, false },   { 1000, -3, 5, 500, false },
		{ 1000, 10, -5, 500, false }, { 1000, 10, INT64_MIN, 500, false },
	};
	struct figures *f = figures();

	metric("bench_tsc_ticks", row[_i].all);
	metric("rounds", row[_i].rounds);
	metric("syscall_tsc_ticks", row[_i].ticks);
	ck_assert_int_eq(figures_from_bench(&result, row[_i].ns, f, &err),
			 row[_i].refused ? -1 : 0);
	ck_assert_double_eq(f->value[FIGURE_SYSCALL], 0);
}
END_TEST

/* --- what is said --- */
START_TEST(an_object_is_whole_and_says_null_for_what_is_not_known)
{
	struct kvm_place where = place();
	json_t *root;

	where.device = "/dev/kvm-that-is-not-there";
	ask(where);
	root = probe_json(&probe);
	ck_assert_ptr_nonnull(root);
	ck_assert(json_is_false(json_object_get(root, "usable")));
	ck_assert(json_is_null(json_object_get(root, "class")));
	ck_assert(json_is_null(json_object_get(root, "capabilities")));
	ck_assert(json_is_null(json_object_get(root, "engine")));
	ck_assert(json_is_null(json_object_get(root, "insn_per_s")));
	ck_assert(json_is_false(json_object_get(json_object_get(root, "trap_tier"), "works")));
	for (u32 i = 0; i < FIGURES; i++)
		ck_assert(json_is_null(
			json_object_get(json_object_get(root, "figures"), figure_table[i].key)));
	ck_assert_uint_eq(json_array_size(json_object_get(root, "advice")), 3);
	json_decref(root);
}
END_TEST

START_TEST(a_figure_is_said_in_a_unit_that_fits)
{
	static const struct {
		double value;
		const char *words;
	} row[] = { { 7, "  7 ns" },
		    { 999.4, " 999 ns" },
		    { 999.6, "   1 us" },
		    { 12345, "12.3 us" },
		    { 2e10, "  20 s" } };
	char *text = NULL;
	size_t bytes;
	FILE *out;

	ask(place());
	probe.engine = &engine_kvm;
	probe.figures.value[FIGURE_SYSCALL] = row[_i].value;
	out = open_memstream(&text, &bytes);
	probe_print(out, &probe);
	fclose(out);
	ck_assert_msg(strstr(text, row[_i].words), "%s", text);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		ck_assert_msg(strlen(line) <= 100, "too wide: %s", line);
		ck_assert_msg(line[strlen(line) - 1] != ' ', "ends with a space: %s", line);
	}
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probe");
	TCase *tcase = tcase_create("probe");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, modules_and_the_parameters_that_matter);
	tcase_add_test(tcase, a_kvm_without_a_known_module);
	tcase_add_test(tcase, a_capability_that_is_needed_and_missing);
	tcase_add_test(tcase, instruction_counts_need_a_statistic);
	tcase_add_test(tcase, hardware_does_not_count_instructions);
	tcase_add_test(tcase, no_device);
	tcase_add_test(tcase, another_api_version);
	tcase_add_test(tcase, qemu_is_found_and_says_its_version);
	tcase_add_test(tcase, no_qemu_and_no_box);
	tcase_add_loop_test(tcase, a_qemu_that_is_broken, 0, 4);
	tcase_add_test(tcase, what_works_without_kvm);
	tcase_add_test(tcase, whether_the_box_needs_the_network);
	tcase_add_test(tcase, an_installed_box);
	tcase_add_test(tcase, a_box_without_qemu);
	tcase_add_loop_test(tcase, why_perf_cannot_count, 0, 6);
	tcase_add_test(tcase, a_counter_is_believed_only_if_it_counts_the_guest);
	tcase_add_test(tcase, cycles_become_time);
	tcase_add_loop_test(tcase, a_guest_that_says_what_cannot_be, 0, 8);
	tcase_add_test(tcase, an_object_is_whole_and_says_null_for_what_is_not_known);
	tcase_add_loop_test(tcase, a_figure_is_said_in_a_unit_that_fits, 0, 5);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
