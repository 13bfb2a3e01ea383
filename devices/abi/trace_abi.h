/* SPDX-License-Identifier: MIT */
/*
 * The trace record: 64 bytes, the same in the guest's ring, in the packets on disk (CTF 1.8) and in
 * the host's model. docs/trace-format.md explains each event; the table below is the only place
 * that names their fields.
 *
 * Total order: every record takes exactly one ticket from kvl_shared.ticket, so tickets are dense:
 * a missing number is a lost record. A record's ticket is taken under the lock that orders the
 * thing itself, and before it takes effect.
 */
#ifndef KVL_ABI_TRACE_H
#define KVL_ABI_TRACE_H

#include "types.h"

#define KVL_TRACE_VERSION 10

struct kvl_record {
	u64 ticket;
	u16 id;	  /* enum kvl_event_id */
	u16 site; /* index into the image's site table, 0 = none */
	u16 h[2];
	u64 tsc; /* the CPU's time-stamp counter; host's monotonic ns in the VMM's records */
	u64 a[5];
};

/*
 * A packet: 64 bytes that the guest leaves alone (the host writes the CTF packet header there, in
 * its own copy), then records. Record number n of a ring lies in packet (n / per packet) modulo
 * KVL_RING_PACKETS.
 */
#define KVL_PACKET_BYTES KiB(64)
#define KVL_PACKET_RECORDS ((KVL_PACKET_BYTES - 64) / sizeof(struct kvl_record)) /* 1023 */
#define KVL_RING_PACKETS 8
#define KVL_RING_RECORDS (KVL_RING_PACKETS * KVL_PACKET_RECORDS)

_Static_assert(sizeof(struct kvl_record) == 64, "record");

/* tlb_flush: scope */
enum kvl_flush_scope {
	KVL_FLUSH_PAGE =
		1,	 /* translations of one page (start), any space, upper levels too: INVLPG */
	KVL_FLUSH_SPACE, /* all but global: load of a root */
	KVL_FLUSH_ALL,	 /* all, global included */
};

/*
 * Tags of a soft TLB (--tlb soft,pcid=on), as PCIDs: what is held under one is used while it is
 * loaded. As many as Linux uses on each CPU (TLB_NR_DYN_ASIDS). Without PCIDs there is tag 0 alone.
 */
#define KVL_TLB_TAGS 6

/* tlb_evict: reason (--tlb soft) */
enum kvl_evict {
	KVL_EVICT_CAPACITY = 1, /* room for another one */
	KVL_EVICT_FLUSH,	/* a flush covers it */
	KVL_EVICT_SWITCH,	/* the load of a root */
	KVL_EVICT_FAULT, /* an access that it forbids and the tables allow: x86 looks again */
};

/* wait_begin/wait_end: what */
enum kvl_wait {
	KVL_WAIT_CHIP = 1,   /* until a flash chip can be read */
	KVL_WAIT_CHIP_WRITE, /* until a flash chip can be written */
	KVL_WAIT_ACK,	     /* for shootdown acknowledgements */
	KVL_WAIT_TASK,	     /* for another task */
	KVL_WAIT_DISK,	     /* for a disk's answer, or for room in its queue */
	KVL_WAIT_PAGE, /* until a pageable page is where it goes; 0: until one can go; for a file's page */
	KVL_WAIT_KVA, /* for a slot of the kva window */
};

/* fault_exit: outcome */
enum kvl_fault_outcome {
	KVL_FAULT_SYNCED =
		1,	    /* directory entry copied from the master tables (the vmalloc fault) */
	KVL_FAULT_SPURIOUS, /* somebody else had mapped it */
	KVL_FAULT_KERNEL_VMA, /* a kernel VMA's fault function mapped it */
	KVL_FAULT_USER_VMA,   /* a user VMA's fault function mapped it */
	KVL_FAULT_KILLED,     /* user task ended */
	KVL_FAULT_FIXUP,      /* user-memory access of the kernel returned an error */
	KVL_FAULT_PANIC,
};

/* flash_mark: how the guest's driver regards the chip */
enum kvl_flash_mark {
	KVL_FLASH_READABLE = 1, /* "marked as being read": mappings may follow */
	KVL_FLASH_WRITING,	/* all mappings are gone, commands may follow */
	KVL_FLASH_ARRAY, /* until here: it shows its array, to the end of a session or for a while */
};

/*
 * X(ID, number, name, h0, h1, a0, a1, a2, a3, a4): field names; "" = unused (written as 0).
 * A name that begins with '#' is printed in decimal, any other in hexadecimal. "va" and "rip" are
 * guest-virtual, "gpa" and "table" guest-physical; "mm" 0 is init_mm.
 */
#define KVL_EVENTS(X)                                                                              \
	X(PT_SET, 1, "pt_set", "#index", "#level", "va", "table", "old", "new", "#mm")             \
	X(TABLE_ALLOC, 2, "table_alloc", "", "#level", "table", "#mm", "", "", "")                 \
	X(TABLE_FREE, 3, "table_free", "", "#level", "table", "#mm", "", "", "")                   \
	X(MM_CREATE, 4, "mm_create", "", "", "#mm", "table", "", "", "")                           \
	X(MM_DESTROY, 5, "mm_destroy", "", "", "#mm", "table", "", "", "")                         \
	X(ROOT_LOAD, 6, "root_load", "#tag", "#keeps", "#mm", "table", "", "", "")                 \
	X(TLB_FLUSH, 7, "tlb_flush", "#scope", "", "va", "bytes", "#mm", "", "")                   \
	X(SHOOTDOWN_BEGIN, 8, "shootdown_begin", "", "", "va", "bytes", "#mm", "cpus",             \
	  "#shootdown")                                                                            \
	X(SHOOTDOWN_END, 9, "shootdown_end", "", "", "#shootdown", "", "", "", "")                 \
	X(IPI_SEND, 10, "ipi_send", "#cpu", "#vector", "#shootdown", "", "", "", "")               \
	X(IPI_ACK, 11, "ipi_ack", "#from_cpu", "#vector", "#shootdown", "", "", "", "")            \
	X(FAULT_ENTER, 12, "fault_enter", "#user", "", "va", "error", "rip", "#task", "")          \
	X(FAULT_EXIT, 13, "fault_exit", "#outcome", "", "va", "", "", "", "")                      \
	X(WAIT_BEGIN, 14, "wait_begin", "#what", "#irqs_on", "object", "#locks_held", "#task", "", \
	  "")                                                                                      \
	X(WAIT_END, 15, "wait_end", "#what", "", "object", "", "#task", "", "")                    \
	X(PAGE_ALLOC, 16, "page_alloc", "#order", "#zone", "gpa", "", "", "", "")                  \
	X(PAGE_FREE, 17, "page_free", "#order", "#zone", "gpa", "", "", "", "")                    \
	X(KVA_GET, 18, "kva_get", "", "", "va", "gpa", "", "", "")                                 \
	X(KVA_PUT, 19, "kva_put", "", "", "va", "", "", "", "")                                    \
	X(USE, 20, "use", "#write", "", "va", "", "", "", "")                                      \
	X(TASK_SWITCH, 21, "task_switch", "", "", "#prev", "#next", "#mm", "", "")                 \
	X(FLASH_MARK, 22, "flash_mark", "#mark", "", "gpa", "", "", "", "")                        \
	X(MARK, 23, "mark", "", "", "#mark", "#value", "", "", "")                                 \
	X(TLB_FILL, 24, "tlb_fill", "#level", "", "va", "entry", "#mm", "#tag", "")                \
	X(TLB_EVICT, 25, "tlb_evict", "#level", "#reason", "va", "entry", "#mm", "#tag", "")       \
	/* from the VMM */                                                                         \
	X(FLASH_COMMAND, 32, "flash_command", "#cpu", "#partition", "gpa", "command", "data",      \
	  "#ns", "")                                                                               \
	X(FLASH_STATE, 33, "flash_state", "#partition", "", "gpa", "#state", "status", "#ns", "")  \
	X(FLASH_MODE, 34, "flash_mode", "#partition", "", "gpa", "#mode", "", "#ns", "")           \
	X(VM_EXIT, 35, "vm_exit", "#cpu", "#reason", "address", "#bytes", "#write", "data", "")    \
	X(SLOT_CHANGE, 36, "slot_change", "#slot", "#present", "gpa", "bytes", "#readonly", "",    \
	  "")                                                                                      \
	X(UNCLAIMED, 37, "unclaimed", "#cpu", "#write", "address", "#bytes", "data", "", "")       \
	X(PT_STORE, 38, "pt_store", "#cpu", "", "gpa", "old", "new", "rip", "")                    \
	X(DISK_REQUEST, 39, "disk_request", "#what", "#outcome", "gpa", "bytes", "#sector",        \
	  "#cpu", "")

enum kvl_event_id {
#define X(id, number, ...) KVL_EV_##id = (number),
	KVL_EVENTS(X)
#undef X
};

/* flash_state: what goes on in the partition */
enum kvl_flash_state {
	KVL_FLASH_IDLE = 0,
	KVL_FLASH_PROGRAM,
	KVL_FLASH_ERASE,
	KVL_FLASH_PROGRAM_SUSPENDED,
	KVL_FLASH_ERASE_SUSPENDED,
	KVL_FLASH_CHECK, /* blank check */
	KVL_FLASH_LOCK,	 /* lock bits are set or cleared */
};

/* flash_mode: what a read of the partition returns */
enum kvl_flash_mode {
	KVL_FLASH_READ_ARRAY = 0,
	KVL_FLASH_READ_STATUS,
	KVL_FLASH_READ_ID,
	KVL_FLASH_READ_CFI,
	KVL_FLASH_READ_OTHER, /* another region or register of the chip */
};

/* disk_request: what */
enum kvl_disk_what {
	KVL_DISK_READ = 1,
	KVL_DISK_WRITE,
	KVL_DISK_FLUSH,
	KVL_DISK_GET_ID,
	KVL_DISK_OTHER, /* that the device does not know */
};

/* disk_request: outcome; the driver sees done, unsupported, or an error */
enum kvl_disk_outcome {
	KVL_DISK_DONE = 1,
	KVL_DISK_UNSUPPORTED,
	KVL_DISK_READ_ONLY,
	KVL_DISK_SHAPE,	      /* its buffers do not fit what it asks for */
	KVL_DISK_RANGE,	      /* sectors behind the disk's end */
	KVL_DISK_UNREACHABLE, /* data where the device's bus does not reach (seed row T11) */
	KVL_DISK_STORAGE,     /* the host could not */
};

#endif
