/* SPDX-License-Identifier: MIT */
/*
 * The modelled machine: what lies where in guest-physical space, and the ports. Host and guest
 * compile this same file; every engine has to present this map, whatever it runs the guest on.
 *
 *   0          2 MiB   low memory: real-mode trampoline, firmware; the allocator gets none
 *   2 MiB      top     RAM (split at 3 GiB, goes on at 4 GiB), less the holes
 *   16 MiB             the core: boot page, device tree, image, then what layout.h places behind
 *   3 GiB      4 GiB   devices: disk, flash, local APIC
 *   behind RAM         the shared region: control page, results, trace rings (shared.h); behind it,
 *                      with --tlb soft, the CPUs' soft TLBs (layout.h); behind these, with
 *                      --segment, what machines share read-only (segment.h)
 */
#ifndef KVL_ABI_PLATFORM_H
#define KVL_ABI_PLATFORM_H

#include "types.h"

#define KVL_ABI_VERSION 1

#define KVL_MAX_CPUS 16
#define KVL_MAX_HOLES 16

#define KVL_TRAMPOLINE_GPA 0x8000ull /* one page; SIPI vector 0x08 */
#define KVL_RAM_START_GPA MiB(2)
#define KVL_LOW_RAM_END_GPA GiB(3) /* RAM beyond goes on at 4 GiB */
#define KVL_HIGH_RAM_GPA GiB(4)

#define KVL_BOOT_GPA MiB(16) /* struct kvl_boot */
#define KVL_DTB_GPA (KVL_BOOT_GPA + KiB(4))
#define KVL_DTB_MAX_BYTES KiB(60)
#define KVL_IMAGE_GPA (KVL_BOOT_GPA + KiB(64))
#define KVL_CORE_END_GPA (KVL_BOOT_GPA + MiB(2)) /* the image ends below; one large page maps it */

#define KVL_FLASH_GPA 0xD0000000ull
/* QEMU's pc machine stacks its flash below 4 GiB: the firmware's unit, here of 4 MiB, and below it
 * unit 1, the chip. The part that is shaped as that one lies there in every machine. */
#define KVL_QEMU_FLASH_END_GPA (GiB(4) - MiB(4))
#define KVL_LAPIC_GPA 0xFEE00000ull

#define KVL_DISK_GPA 0xCF000000ull /* registers of the virtio block device (virtio.h) */
#define KVL_DISK_BYTES 0x200ull
#define KVL_DMA_END_GPA GiB(4) /* devices reach no address from there on (seed row T11) */

/*
 * Testbed window: virtual addresses outside the modelled 4 GiB (second top-level entry). Mapped by
 * the tables that the host makes; the same in every address space; never changed by the guest.
 */
#define KVL_WINDOW_VA GiB(512)
#define KVL_LAPIC_VA KVL_WINDOW_VA /* one page, uncached */
#define KVL_SHARED_VA (KVL_WINDOW_VA + MiB(2))
/* Only with --tlb soft: */
#define KVL_SOFT_VA (KVL_WINDOW_VA + MiB(64))	/* the soft TLBs */
#define KVL_ARENA_VA (KVL_WINDOW_VA + MiB(256)) /* the page-table arena, read-only */

/* Ports (x86). */
#define KVL_PORT_CONSOLE 0x3F8 /* 16550 */
#define KVL_PORT_EXIT 0xF4     /* out, 8 bit: exit status; QEMU's isa-debug-exit sits there too */
#define KVL_PORT_CALL 0x600 /* out, 32 bit: enum kvl_call; argument and result in kvl_cpu_shared */

/* QEMU's pvpanic (docs/specs/pvpanic.txt there): stops all CPUs until the host lets them go on. */
#define KVL_PORT_PAUSE 0x505
#define KVL_PAUSE 1 /* PVPANIC_PANICKED */

#define KVL_BOOT_MAGIC 0x4c56414bu /* "KVAL" */

/* At KVL_BOOT_GPA; written by the host before the first instruction. */
struct kvl_boot {
	u32 magic;
	u32 version;	 /* KVL_ABI_VERSION */
	u64 root_gpa;	 /* top-level table, in the arena */
	u64 entry_va;	 /* 64-bit entry of the first CPU (symbol start64) */
	u64 page_offset; /* VA of guest-physical 0 in the direct map */
	u64 image_bytes; /* loaded image, .bss included */
	u64 dtb_bytes;	 /* at KVL_DTB_GPA */
	u64 shared_gpa;	 /* shared region, mapped at KVL_SHARED_VA */
	u64 boot_tables; /* arena frames, from its start, that the host used for the first tables */
};

#endif
