/* SPDX-License-Identifier: MIT */
/* User tasks: a space with a copy of the programs' text, stacks, the way to CPL 3. */
#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/trace.h"
#include "guest/user/user.h"

struct start {
	struct process *process; /* NULL: none's */
	u64 pc, sp, arg;
};

/* At the first touch of a text page: a copy of that part of the section. */
static enum fault_result text_fault(struct vma *vma, const struct fault *fault)
{
	u64 va = ALIGN_DOWN(fault->va, PAGE_BYTES), offset = va - vma->start;
	u64 left = user_text_end - user_text_start - offset;
	u64 n = left < PAGE_BYTES ? left : PAGE_BYTES;
	struct page *page = page_alloc(ZONE_HIGHMEM, 0);

	if (!page)
		return FAULT_ERROR;
	page_fill(page, user_text_start + offset, n);
	if (!pt_map(vma->mm, va, page_gpa(page), vma->prot, SITE("user.text")))
		page_free(page); /* another thread was first */
	return FAULT_DONE;
}

static const struct vma_ops text_ops FAULT_TABLE = {
	.name = "user text",
	.own_pages = true,
	.fault = text_fault,
	.close = vma_free_pages,
};

struct mm *user_mm_create(void)
{
	struct mm *mm = mm_create();

	if (!vma_map_user(mm, USER_TEXT_VA, user_text_end - user_text_start, PROT_EXEC, &text_ops,
			  NULL, 0))
		panic("no room", "user text in a new space");
	return mm;
}

static void go_to_user(void *arg)
{
	struct start start = *(struct start *)arg;

	kfree(arg);
	current()->process = start.process;
	arch_enter_user(start.pc, start.sp, start.arg);
}

u64 user_address(void (*program)(u64))
{
	return USER_TEXT_VA + ((u64)program - (u64)user_text_start);
}

bool user_is_text(u64 va)
{
	return va - USER_TEXT_VA < (u64)(user_text_end - user_text_start);
}

u64 user_stack_top(u32 thread)
{
	return USER_STACK_TOP_VA + thread * 2 * USER_STACK_BYTES;
}

struct task *user_run(const char *name, u32 cpu, struct mm *mm, struct process *process,
		      void (*program)(u64), u64 arg, u32 thread)
{
	struct start *start = kalloc(sizeof(*start));

	*start = (struct start){ process, user_address(program), user_stack_top(thread) - 8, arg };
	return task_start(name, cpu, mm, go_to_user, start);
}

struct task *user_start(const char *name, u32 cpu, struct mm *mm, void (*program)(u64), u64 arg,
			u32 thread)
{
	u64 top = user_stack_top(thread);

	if (!vma_map_user(mm, top - USER_STACK_BYTES, USER_STACK_BYTES, PROT_WRITE, &anon_ops, NULL,
			  0))
		panic("no room", "stack %u in space %u", thread, mm->id);
	return user_run(name, cpu, mm, NULL, program, arg, thread);
}
