/* SPDX-License-Identifier: MIT */
/*
 * hello's look at the per-task kernel space (seed rows B1, B2): it has the protection of kernel
 * space and the locality of user space, whichever side it is carved from (--set carve=…).
 *
 *   ukva.side        it lies where it was asked for
 *   ukva.word        kernel code of two spaces reads at one address, and finds each its own page
 *   ukva.killed      user code of the same space that reads or writes there is killed
 *   ukva.copied      it is no address for copy_from_user() and copy_to_user()
 *   ukva.stored      where nothing is mapped in it, a store that may fail does
 *   ukva.user_area   no user area reaches into it
 */
#include "guest/lib/string.h"
#include "guest/mm/fault.h"
#include "guest/mm/ukva.h"
#include "guest/scenario/hello.h"
#include "guest/trace.h"
#include "guest/user/user.h"

#define SPACES 2

static const u64 words[SPACES] = { 0xb1, 0xb2 };

struct look {
	u64 word;
	u32 copied, stored; /* how many of those that must not succeed did */
};

/* By a task of the space. Behind the slot that is set nothing is mapped. */
static void look_at_slot(void *arg)
{
	u64 at = ukva_slot_address(0), copy = 0;
	struct look *look = arg;

	look->word = *(volatile u64 *)at;
	look->copied =
		copy_from_user(&copy, at, sizeof(copy)) + copy_to_user(at, &copy, sizeof(copy));
	look->stored = store_nofault((u64 *)(at + PAGE_BYTES), 1);
}

static void check_kernel_access(struct mm *mm, u64 word)
{
	struct look look = { .word = 0 };

	task_join(task_start("own", boot_options.ncpus - 1, mm, look_at_slot, &look));
	check_equal("ukva.word", look.word, word);
	check_equal("ukva.copied", look.copied, 0);
	check_equal("ukva.stored", look.stored, 0);
}

static void check_user_access(struct mm *mm)
{
	void (*const programs[])(u64) = { user_read, user_touch };

	for (u32 i = 0; i < ARRAY_LEN(programs); i++)
		check_equal("ukva.killed",
			    task_join(user_start("intruder", 0, mm, programs[i],
						 ukva_slot_address(0), i)),
			    -1);
	check_true("ukva.user_area", !vma_map_user(mm, layout.user_end - PAGE_BYTES, 2 * PAGE_BYTES,
						   PROT_WRITE, &anon_ops, NULL, 0));
}

static u64 first_word(struct page *page)
{
	u64 *address = kmap_local(page), word = *address;

	kunmap_local(address);
	return word;
}

static void end_space(struct mm *mm, struct page *page, u64 word)
{
	ukva_slot_clear(mm, 0, SITE("hello.ukva"));
	tlb_flush_range(mm, ukva_slot_address(0), PAGE_BYTES, SITE("hello.ukva"));
	check_equal("ukva.word_after", first_word(page), word);
	mm_put(mm);
	page_free(page);
}

void hello_ukva(void)
{
	bool in_user = ukva_region()->start < layout.page_offset;
	struct page *page[SPACES];
	struct mm *mm[SPACES];

	check_equal("ukva.side", in_user, param_choice("carve", "kernel", "user"));
	for (u32 i = 0; i < SPACES; i++) {
		mm[i] = user_mm_create();
		mm_get(mm[i]);
		page[i] = hello_page(words[i]);
		ukva_slot_set(mm[i], 0, page[i], SITE("hello.ukva"));
	}
	for (u32 i = 0; i < SPACES; i++) {
		check_kernel_access(mm[i], words[i]);
		check_user_access(mm[i]);
	}
	for (u32 i = 0; i < SPACES; i++)
		end_space(mm[i], page[i], words[i]);
}
