/* SPDX-License-Identifier: MIT */
/* The user program of scenario pfn: like the others it uses nothing outside its section. */
#include "guest/user/segment.h"

#include "guest/arch.h"
#include "guest/task/syscall.h"

USER_TEXT u64 user_segment_sum(u64 shape)
{
	const volatile u64 *word = (const volatile u64 *)SEGMENT_DATA_VA + SEGMENT_READ_WORD;
	u64 sum = 0, pages = segment_pages(shape);

	for (u64 page = 0; page < pages; page++)
		sum += word[page * SEGMENT_PAGE_WORDS];
	return sum;
}

USER_TEXT u64 user_segment_wrong(u64 shape)
{
	const volatile u64 *word = (const volatile u64 *)SEGMENT_DATA_VA + SEGMENT_WRITTEN_WORD;
	u64 wrong = 0, pages = segment_pages(shape);

	for (u64 page = 0; page < pages; page++)
		if (segment_is_written(shape, page))
			wrong += word[page * SEGMENT_PAGE_WORDS] != segment_stamp(shape, page);
	return wrong;
}

USER_TEXT void user_segment(u64 shape)
{
	volatile u64 *word = (volatile u64 *)SEGMENT_DATA_VA + SEGMENT_WRITTEN_WORD;
	volatile u64 on_stack = shape;
	u64 pages = segment_pages(shape), sum = user_segment_sum(shape);

	arch_user_syscall(SYS_REPORT, sum, segment_number(shape));
	for (u64 page = 0; page < pages; page++)
		if (segment_is_written(shape, page))
			word[page * SEGMENT_PAGE_WORDS] = segment_stamp(shape, page);
	arch_user_syscall(SYS_EXIT,
			  user_segment_wrong(shape) + (user_segment_sum(shape) != sum) +
				  (on_stack != shape),
			  0);
}
