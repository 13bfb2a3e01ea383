/* SPDX-License-Identifier: MIT */
/*
 * hello's witness: a page of kernel space that another CPU has just read is made to show another
 * frame. After the flush that CPU must read the new one. Where translations can be stale (not on
 * kvm_pvm, docs/hosts.md; in a soft TLB on any host) a flush that was left out shows here, whatever
 * the trace says; and the trace says that the CPU may have used a stale one. A page beside it,
 * which stays, keeps the upper tables in use.
 */
#include "guest/arch.h"
#include "guest/mm/pt.h"
#include "guest/mm/vm.h"
#include "guest/scenario/hello.h"
#include "guest/trace.h"

enum { OLD = 1, NEW = 2 };

struct remap {
	volatile u64 *word;
	u64 before, beside, after;
	volatile bool has_read, is_new;
};

static u64 read_word(const struct remap *r)
{
	trace_use(r->word, false, SITE("hello.read"));
	return *r->word;
}

static void read_twice(void *arg)
{
	struct remap *r = arg;

	r->before = read_word(r);
	r->beside = r->word[PAGE_BYTES / sizeof(*r->word)];
	r->has_read = true;
	while (!r->is_new)
		task_spin();
	r->after = read_word(r);
}

static void show(volatile u64 *word, u64 entry)
{
	pt_replace(&init_mm, (u64)word, entry, SITE("hello.remap"));
	tlb_flush_range(&init_mm, (u64)word, PAGE_BYTES, SITE("hello.remap"));
}

void hello_remap(void)
{
	struct page *page = hello_page(NEW);
	struct remap r = { .word = vmalloc(2 * PAGE_BYTES, SITE("hello.vmalloc")) };
	u64 entry = pt_lookup(&init_mm, (u64)r.word);
	struct task *reader;

	*r.word = OLD;
	reader = task_start("reader", boot_options.ncpus - 1, NULL, read_twice, &r);
	while (!r.has_read)
		task_spin();
	show(r.word, arch_pte_leaf(page_gpa(page), PROT_WRITE));
	r.is_new = true;
	task_join(reader);
	check_equal("remap.before", r.before, OLD);
	check_equal("remap.after", r.after, NEW);
	show(r.word, entry);
	vfree((void *)(u64)r.word);
	page_free(page);
}
