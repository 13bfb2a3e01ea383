/* SPDX-License-Identifier: MIT */
/*
 * The start: from the first C line to the scenario's first, and the end of the run. The order
 * matters: descriptors before anything that may trap, the ring before the first event, the layout
 * before memory, all CPUs before the identity mappings go.
 */
#include "guest/arch.h"
#include "guest/boot.h"
#include "guest/kernel.h"
#include "guest/mm/layout.h"
#include "guest/mm/pageable.h"
#include "guest/mm/pt.h"
#include "guest/mm/tlb.h"
#include "guest/mm/vmalloc.h"
#include "guest/scenario/scenario.h"
#include "guest/task/smp.h"
#include "guest/task/turnstile.h"
#include "guest/trace.h"

void kernel_main(void)
{
	const struct kvl_boot *boot = (const struct kvl_boot *)KVL_BOOT_GPA; /* identity, for now */

	const struct kvl_shared *shared = (const struct kvl_shared *)KVL_SHARED_VA;

	task_init_first_cpu(boot_stack);
	arch_cpu_init(0);
	if (boot->magic != KVL_BOOT_MAGIC || boot->version != KVL_ABI_VERSION ||
	    shared->version != KVL_ABI_VERSION)
		panic("bad boot page", "magic %x, versions %u and %u; this kernel speaks %u",
		      boot->magic, boot->version, shared->version, KVL_ABI_VERSION);
	host_mark(KVL_MARK_FIRST_C);
	options_read((const void *)(KVL_DTB_GPA + boot->page_offset));
	layout_start(scenario_layout());
	turnstile_init(boot_options.seed, boot_options.seeded);
	trace_init();
	tlb_start(0, boot->root_gpa, SITE("boot"));
	pt_init();
	page_init();
	vmalloc_init();
	pageable_sections_init();
	arch_irq_enable();
	cpus_start(boot_options.ncpus);
	pt_drop_identity();
	host_mark(KVL_MARK_SCENARIO);
	host_checkpoint();
	scenario_run();
	host_mark(KVL_MARK_DONE);
	host_exit(0);
}
