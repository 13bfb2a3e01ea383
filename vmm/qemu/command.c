/* SPDX-License-Identifier: MIT */
/* Owns QEMU's command line: the machine of devices/abi/platform.h, said in its words. */
#define _GNU_SOURCE /* vasprintf() */
#include <stdarg.h>
#include <stdlib.h>

#include "vmm/find.h"
#include "vmm/qemu/qemu.h"

#define MAX_ARGS 64

int qemu_find(char *path, size_t bytes, struct err *err)
{
	if (find_in_path(QEMU_PROGRAM, path, bytes))
		return 0;
	return err_set(err, EXIT_HOST,
		       "engine qemu: %s is not in PATH: apt-get install qemu-system-x86, or use "
		       "--engine kvm",
		       QEMU_PROGRAM);
}

struct args {
	char **argv;
	u32 n;
	bool failed;
};

__attribute__((format(printf, 2, 3))) static void add(struct args *args, const char *format, ...)
{
	char *text = NULL;
	va_list list;

	va_start(list, format);
	if (args->n == MAX_ARGS || vasprintf(&text, format, list) < 0)
		args->failed = true;
	else
		args->argv[args->n++] = text;
	va_end(list);
}

static void add_two(struct args *args, const char *option, const char *value)
{
	add(args, "%s", option);
	add(args, "%s", value);
}

/* What is behind RAM is part of it, but for a segment. */
static u64 ram_bytes(const struct qemu *qemu)
{
	const struct kvl_layout *layout = &qemu->vm->layout;

	return layout->segment.bytes ? kvl_machine_offset(layout->segment.start)
				     : layout->machine_bytes;
}

/* A piece of the memory that the machine has as a node of its own; @node: its number. */
static void add_node(struct args *args, u32 node, const char *id)
{
	add(args, "-numa");
	add(args, "node,nodeid=%u,memdev=%s", node, id);
}

/*
 * A segment is the file itself, and so is shared: QEMU maps it read-only, as a ROM. Nodes lie in
 * guest-physical space one behind the other, so it follows RAM; what completes its last large page
 * is no memory for the guest.
 */
static void add_segment(struct args *args, const struct qemu *qemu)
{
	const struct kvl_layout *layout = &qemu->vm->layout;
	u64 rest = layout->machine_bytes - ram_bytes(qemu) - layout->segment.bytes;

	add(args, "-object");
	add(args,
	    "memory-backend-file,id=segment,size=%lluB,mem-path=/proc/self/fd/%d,share=on,"
	    "readonly=on",
	    (unsigned long long)layout->segment.bytes, qemu->vm->segment_fd);
	add_node(args, 0, "ram");
	add_node(args, 1, "segment");
	if (!rest)
		return;
	add(args, "-object");
	add(args, "memory-backend-ram,id=rest,size=%lluB", (unsigned long long)rest);
	add_node(args, 2, "rest");
}

/* RAM as kvl_machine_offset() has it: up to 3 GiB, the rest from 4 GiB on. */
static void add_machine(struct args *args, const struct qemu *qemu)
{
	bool segment = qemu->vm->layout.segment.bytes;

	add(args, "-machine");
	add(args, "pc,usb=off,vmport=off,hpet=off,smm=off,max-ram-below-4g=3G%s",
	    segment ? "" : ",memory-backend=ram");
	add_two(args, "-cpu", "qemu64");
	add_two(args, "-global", "apic-common.vapic=off"); /* its helper is an option ROM */
	add(args, "-smp");
	add(args, "%u", qemu->vm->ncpus);
	add(args, "-m");
	add(args, "%lluB", (unsigned long long)qemu->vm->layout.machine_bytes);
	add(args, "-object");
	add(args, "memory-backend-file,id=ram,size=%lluB,mem-path=/proc/self/fd/%d,share=on",
	    (unsigned long long)ram_bytes(qemu), qemu->ram_fd);
	if (segment)
		add_segment(args, qemu);
}

/* The TSC counts instructions with icount, and QEMU then runs all CPUs in one thread. */
static void add_clock(struct args *args, const struct qemu *qemu)
{
	if (qemu->vm->config->icount) {
		add_two(args, "-accel", "tcg,thread=single");
		add_two(args, "-icount", "shift=0,sleep=off");
	} else {
		add_two(args, "-accel", "tcg,thread=multi");
	}
}

static void add_flash(struct args *args, const struct qemu *qemu)
{
	add(args, "-drive");
	add(args, "if=pflash,unit=0,format=raw,readonly=on,file=/proc/self/fd/%d",
	    qemu->firmware_fd);
	if (!qemu->chip.array)
		return;
	add(args, "-drive");
	add(args, "if=pflash,unit=1,format=raw,file=/proc/self/fd/%d", qemu->chip.fd);
}

/* A guest that resets or shuts down is kept, so that its CPUs can be looked at. */
static void add_ends(struct args *args, int qmp_fd)
{
	add_two(args, "-action", "panic=pause,reboot=shutdown,shutdown=pause,watchdog=none");
	add(args, "-device");
	add(args, "isa-debug-exit,iobase=0x%x,iosize=0x1", KVL_PORT_EXIT);
	add(args, "-device");
	add(args, "pvpanic,ioport=0x%x", KVL_PORT_PAUSE);
	add_two(args, "-chardev", "stdio,id=console,signal=off");
	add_two(args, "-serial", "chardev:console");
	add(args, "-chardev");
	add(args, "socket,id=qmp,fd=%d", qmp_fd);
	add_two(args, "-mon", "chardev=qmp,mode=control");
}

char **qemu_command(const struct qemu *qemu, int qmp_fd)
{
	struct args args = { .argv = calloc(MAX_ARGS + 1, sizeof(*args.argv)) };

	if (!args.argv)
		return NULL;
	add(&args, "%s", qemu->program);
	add_two(&args, "-name", "kvalab");
	add_two(&args, "-nodefaults", "-no-user-config");
	add_two(&args, "-display", "none");
	add(&args, "-S"); /* no guest before its events are heard */
	add_machine(&args, qemu);
	add_clock(&args, qemu);
	add_flash(&args, qemu);
	add_ends(&args, qmp_fd);
	if (!args.failed)
		return args.argv;
	qemu_free_command(args.argv);
	return NULL;
}

void qemu_free_command(char **argv)
{
	for (char **arg = argv; arg && *arg; arg++)
		free(*arg);
	free(argv);
}
