/* SPDX-License-Identifier: MIT */
/*
 * One virtual machine: its memory, what its engine keeps, and how it ended. run.c makes one, fills
 * it and takes it down; its engine, exit.c, ports.c and the devices work on it while it runs.
 */
#ifndef KVL_VM_H
#define KVL_VM_H

#include <pthread.h>
#include <stdatomic.h>

#include "devices/abi/layout.h"
#include "devices/abi/shared.h"
#include "devices/uart/uart16550.h"
#include "vmm/bus.h"
#include "vmm/gmem.h"
#include "vmm/kvm.h"
#include "vmm/run.h"
#include "vmm/slots.h"

struct diskdev;
struct engine;
struct flashdev;
struct gdb;
struct image;
struct kvm_run;
struct qemu;
struct trace;
struct vm;

struct vcpu {
	struct vm *vm;
	u32 index;
	int fd, stats_fd; /* -1: none */
	s64 insn_offset;  /* of the statistic insn_emulation in stats_fd; -1: none */
	struct kvm_run *run;
	u64 entry_ticks; /* when the guest started */
	pthread_t thread;
	bool running;	    /* the thread exists */
	bool unfinished;    /* only the thread: KVM has to finish the last exit in the next entry */
	atomic_bool left;   /* the thread has left its loop */
	atomic_bool held;   /* by the debugger: it stands still (vcpus_hold()) */
	atomic_bool paused; /* it stands still (vcpus_pause(), checkpoint_ask()) */
	u64 exits, io_exits, mmio_exits; /* only the thread counts */
};

/* How the guest ended: the first reason counts, later ones are consequences. */
struct vm_end {
	bool ended;
	enum exit_status status;
	bool dump; /* worth a crash dump */
	u32 cpu;   /* which vCPU it happened on */
	char reason[1400];
};

/* Addresses that no device claims: so many are told once each, then that there are more. */
#define VM_MAX_UNCLAIMED 128

struct vm {
	const struct run_config *config;
	const struct engine *engine;
	enum run_tier tier; /* the configuration's; engine->open() decides what is auto */
	const char *host_class, *paging; /* set by engine->open() */
	const char *ticks;		 /* "insn" or "tsc", set by engine->create() */
	struct kvl_layout layout;
	struct gmem mem;
	u8 *machine;	/* all host memory behind the guest, layout.machine_bytes */
	u8 *shared;	/* the shared region in it; NULL in tests of single units */
	int segment_fd; /* the file of layout.segment; -1: there is none */
	u32 ncpus;
	struct image *image;
	u64 dtb_bytes;	     /* at KVL_DTB_GPA */
	struct trace *trace; /* NULL: nothing is recorded */
	size_t line_bytes;   /* console output not yet handed on: up to the end of the line */
	char line[512];
	atomic_bool scenario_done; /* KVL_MARK_DONE was seen */
	atomic_bool guest_done;	   /* it ended by itself, with 0, 1 or 2, and that is what counts */
	u64 boot_ticks;		   /* of the first CPU, entry to the scenario; 0: never got there */

	/* engine kvm */
	struct kvm_host host;
	int fd;
	struct slots slots;
	struct bus memory_bus, port_bus;
	struct uart16550 uart;
	pthread_mutex_t uart_lock;
	struct vcpu cpu[KVL_MAX_CPUS];
	struct flashdev *flash;
	struct diskdev *disk;
	pthread_mutex_t store_lock; /* of the page-table arena, in the trap tier */
	atomic_bool stopping;	    /* vCPU threads leave at the next exit */
	atomic_bool pausing;	    /* they stand still at the next exit */

	struct gdb *gdb; /* NULL: no debugger */

	/* engine qemu */
	struct qemu *qemu;

	pthread_mutex_t lock; /* end, checkpoints_*, nunclaimed, unclaimed, unclaimed_accesses */
	pthread_cond_t wake;  /* end.ended has become true, or a checkpoint is wanted */
	pthread_cond_t
		resumed; /* vCPUs may go on: pausing, held, stopping or checkpoints_done has changed */
	u64 checkpoints_wanted, checkpoints_done;
	u64 audits;	     /* before the last one */
	u64 audited_entries; /* by the latest */
	bool audit_found;    /* one of them found something, and ended the run */
	struct vm_end end;
	u32 nunclaimed;
	u64 unclaimed[VM_MAX_UNCLAIMED];
	u64 unclaimed_accesses;	   /* all, told or not */
	pthread_mutex_t sink_lock; /* one call of a sink at a time */
};

/* Neither engine nor memory yet: what unit tests need. vm_destroy() undoes it. */
void vm_init(struct vm *vm, const struct run_config *config);
void vm_destroy(struct vm *vm);

/*
 * The memory of @vm->layout: usable RAM, the first 2 MiB and the shared region become vm->mem.
 * @shared_fd: a file of layout.machine_bytes that another process maps too, or -1.
 */
int vm_make_memory(struct vm *vm, int shared_fd, struct err *err);

/*
 * Ends the run; only the first call counts: true if it was this one. From any thread. @cpu: on
 * which vCPU it happened.
 */
bool vm_end(struct vm *vm, enum exit_status status, bool dump, u32 cpu, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
bool vm_ended(struct vm *vm);

/* Sinks of the configuration, one call at a time. */
void vm_log(struct vm *vm, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void vm_console(struct vm *vm, const char *bytes, size_t n);

/* trace_event() where there is a trace. */
void vm_event(struct vm *vm, enum kvl_event_id id, u16 h0, u16 h1, u64 a0, u64 a1, u64 a2, u64 a3,
	      u64 a4);

/* The control page of the shared region. The guest may change it at any time. */
static inline struct kvl_shared *vm_shared(const struct vm *vm)
{
	return (struct kvl_shared *)(void *)vm->shared;
}

/* --- engine kvm: vcpu.c --- */
int vcpu_create(struct vcpu *vcpu, struct vm *vm, u32 index, struct err *err);
void vcpu_destroy(struct vcpu *vcpu);
/* Starts the threads of all vCPUs. */
int vcpus_start(struct vm *vm, struct err *err);
/* Makes every vCPU leave the guest and waits for its thread. Harmless when none was started. */
void vcpus_stop(struct vm *vm);
/*
 * They stand still between two entries of the guest, until vcpus_resume(). False: one of them did
 * not within about a tenth of a second, and may run; vcpus_resume() all the same.
 */
bool vcpus_pause(struct vm *vm);
void vcpus_resume(struct vm *vm);
/* On its own thread, for those who wait for long on behalf of the guest: waits while all are
 * paused. */
void vcpu_give_way(struct vcpu *vcpu);
/* The same for the debugger: each stands still until it is released, whoever pauses and resumes. */
void vcpus_hold(struct vm *vm);
void vcpu_release(struct vcpu *vcpu);
/* Emulated instructions of this vCPU since it was made, or its TSC (struct
 * kvm_host.counts_insns). */
u64 vcpu_ticks(const struct vcpu *vcpu);

#endif
