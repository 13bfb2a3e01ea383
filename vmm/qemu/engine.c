/* SPDX-License-Identifier: MIT */
/*
 * Engine qemu: the same image, tables and device tree in a machine of QEMU's software CPU. Guest
 * memory is a memory file that both map; the chip is QEMU's own pflash on the same file. What the
 * guest does cannot be watched from here while it runs: no exits, no calls (guest/host.c).
 */
#define _GNU_SOURCE /* memfd_create(), SEEK_DATA */
#include <string.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/arch.h"
#include "vmm/judge.h"
#include "vmm/qemu/qemu.h"

static int open_engine(struct vm *vm, struct err *err)
{
	struct qemu *qemu = calloc(1, sizeof(*qemu));

	if (!qemu)
		return err_set(err, EXIT_HOST, "no memory for engine qemu");
	*qemu = (struct qemu){ .vm = vm,
			       .ram_fd = -1,
			       .firmware_fd = -1,
			       .pid = -1,
			       .console_fd = -1,
			       .stderr_fd = -1,
			       .stop_fd = -1,
			       .qmp.fd = -1 };
	vm->qemu = qemu;
	vm->host_class = "qemu";
	vm->paging = "softmmu";
	if (vm->tier == TIER_TRAP)
		return err_set(err, EXIT_HOST,
			       "--tier trap: engine qemu has no memory slots: use --tier ring");
	if (vm->tier == TIER_AUTO) {
		vm->tier = TIER_RING;
		vm_log(vm, LOG_INFO, "tier auto: ring: engine qemu has no memory slots");
	}
	return qemu_find(qemu->program, sizeof(qemu->program), err);
}

/* --- the machine ------------------------------------------------------------------------------ */
static int memory_file(const char *name, u64 bytes, struct err *err)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, (off_t)bytes) == 0)
		return fd;
	err_errno(err, EXIT_HOST, "no memory file of %llu MiB for QEMU",
		  (unsigned long long)(bytes >> 20));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int open_chip(struct qemu *qemu, const struct run_flash *flash, struct err *err)
{
	if (!flash->file)
		return 0;
	if (strcmp(flash->bank.part->name, QEMU_PART) != 0)
		return err_set(err, EXIT_USAGE,
			       "engine qemu: its only chip is " QEMU_PART
			       " (QEMU's own pflash), not %s: use chip=" QEMU_PART
			       ", or --engine kvm",
			       flash->bank.part->name);
	if (flash->bank.chips > 1 || flash->bank.bus_bytes > 1 || flash->bank.timing)
		return err_set(
			err, EXIT_USAGE,
			"engine qemu: its chip is one, on a bus of 8 bits, and takes no time: "
			"leave out chips=, bus= and times=, or use --engine kvm");
	return flashfile_open(&qemu->chip, flash->file, flash_bank_bytes(&flash->bank),
			      flash->bank.part->name, err);
}

static int create(struct vm *vm, struct err *err)
{
	struct qemu *qemu = vm->qemu;

	if (open_chip(qemu, &vm->config->flash, err))
		return -1;
	qemu->ram_fd = memory_file("guest-ram", vm->layout.machine_bytes, err);
	qemu->firmware_fd = memory_file("guest-firmware", QEMU_FIRMWARE_BYTES, err);
	if (qemu->ram_fd < 0 || qemu->firmware_fd < 0 || vm_make_memory(vm, qemu->ram_fd, err))
		return -1;
	vm->ticks = vm->config->icount ? "insn" : "tsc";
	return 0;
}

static int enter(struct vm *vm, u64 entry_gpa, u64 start_info_gpa, struct err *err)
{
	u8 end[PAGE_BYTES];

	memset(end, 0xFF, sizeof(end));
	arch_firmware(end, sizeof(end), entry_gpa, start_info_gpa);
	if (pwrite(vm->qemu->firmware_fd, end, sizeof(end),
		   (off_t)(QEMU_FIRMWARE_BYTES - sizeof(end))) != (ssize_t)sizeof(end))
		return err_errno(err, EXIT_HOST, "the firmware for QEMU cannot be written");
	return 0;
}

/* A QEMU that does not come up says why on stderr, and is the host's fault. */
static int does_not_come_up(struct qemu *qemu, struct err *err)
{
	const struct err why = *err;
	char words[512];
	int status = qemu_reap(qemu, !qemu->qmp.closed);

	qemu_last_words(qemu, words, sizeof(words));
	if (WIFEXITED(status))
		return err_set(err, EXIT_HOST, "%s ends at its start with status %d%s%s",
			       qemu->program, WEXITSTATUS(status), *words ? ": " : "", words);
	return err_set(err, EXIT_HOST, "%s does not come up (%s)%s%s", qemu->program, why.text,
		       *words ? ": " : "", words);
}

/* Only after this does QEMU tell of events. */
static int greet(struct qemu *qemu, struct err *err)
{
	if (qmp_do(&qemu->qmp, "qmp_capabilities", err))
		return does_not_come_up(qemu, err);
	return 0;
}

static int start(struct vm *vm, struct err *err)
{
	struct qemu *qemu = vm->qemu;

	if (qemu_spawn(qemu, err) || greet(qemu, err))
		return -1;
	vm_log(vm, LOG_DEBUG, "%s runs as process %d", qemu->program, (int)qemu->pid);
	return qemu_watch(qemu, err);
}

static bool state(struct vm *vm, u32 cpu, struct arch_state *out)
{
	*out = vm->qemu->state[cpu];
	return vm->qemu->known[cpu];
}

/* --- afterwards ------------------------------------------------------------------------------- */

/*
 * Seed row A1. QEMU has memory in a hole, so a touch goes unnoticed while the guest runs; but it
 * leaves a page in the file, a read too, and nobody else touches one.
 */
static bool hole_was_touched(const struct qemu *qemu, const struct kvl_range *hole, u64 *gpa)
{
	off_t start = (off_t)kvl_machine_offset(hole->start);
	off_t found = lseek(qemu->ram_fd, start, SEEK_DATA);

	*gpa = hole->start + (u64)(found - start);
	return found >= 0 && found < start + (off_t)hole->bytes;
}

static void look_into_holes(struct vm *vm, struct run_result *result)
{
	char reason[160 + BOARD_OWNER_BYTES], whose[BOARD_OWNER_BYTES];
	const char *name;
	u64 gpa;

	for (u32 i = 0; i < vm->layout.nholes; i++) {
		const struct kvl_range *hole = &vm->layout.hole[i];

		if (!hole_was_touched(vm->qemu, hole, &gpa))
			continue;
		name = board_hole_name(&vm->config->board, &vm->config->layout, hole->start);
		snprintf(
			reason, sizeof(reason),
			"touch of a hole: at 0x%llx, in the hole 0x%llx-0x%llx%s (seen after the run)",
			(unsigned long long)gpa, (unsigned long long)hole->start,
			(unsigned long long)(hole->start + hole->bytes), board_owner(name, whose));
		judge_offer(result, EXIT_GUEST, reason);
	}
}

#define MOST_INSNS 1e18 /* more than a software CPU can run in years */

/* With icount the TSC is the number of instructions of all CPUs. The mark is the guest's word. */
static void gather(struct vm *vm, struct run_result *result)
{
	double insns = (double)vm_shared(vm)->mark_ticks[KVL_MARK_DONE];

	if (vm->config->icount && vm->qemu->run_ns && insns < MOST_INSNS)
		result->insn_per_s = (u64)(insns * 1e9 / (double)vm->qemu->run_ns);
	look_into_holes(vm, result);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void destroy(struct vm *vm)
{
	struct qemu *qemu = vm->qemu;

	if (!qemu)
		return;
	qemu_reap(qemu, true);
	close_fd(qemu->ram_fd);
	close_fd(qemu->firmware_fd);
	close_fd(qemu->console_fd);
	close_fd(qemu->stderr_fd);
	close_fd(qemu->stop_fd);
	close_fd(qemu->qmp.fd);
	if (qemu->chip.array)
		flashfile_close(&qemu->chip);
	free(qemu);
	vm->qemu = NULL;
}

const struct engine engine_qemu = {
	.name = "qemu",
	.answers = false,
	.open = open_engine,
	.create = create,
	.enter = enter,
	.start = start,
	.stop = qemu_stop,
	.state = state,
	.gather = gather,
	.destroy = destroy,
};
