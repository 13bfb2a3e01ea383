/* SPDX-License-Identifier: MIT */
/*
 * The user program of flash-xip. Like the others it uses nothing outside its section; it is run
 * where the section lies in flash, and each page of code behind it holds a copy of the section.
 */
#include "guest/user/xip.h"

#include "guest/arch.h"
#include "guest/task/syscall.h"

USER_TEXT u64 user_xip_step(u64 sum, u64 page)
{
	return (sum ^ *(const volatile u64 *)(page + PAGE_BYTES - 8)) * XIP_FACTOR;
}

/* Through the copy of the step in each page of code. */
USER_TEXT u64 user_xip_run(u64 sum, u64 pages)
{
	u64 page = USER_TEXT_VA, in_page = (u64)user_xip_step - USER_TEXT_VA;

	for (u64 i = 0; i < pages; i++) {
		page += PAGE_BYTES;
		sum = ((u64(*)(u64, u64))(page + in_page))(sum, page);
	}
	return sum;
}

/* Words of the data area that are not what they should be. */
USER_TEXT u64 user_xip_look(u64 pages)
{
	const volatile u64 *word = (const volatile u64 *)XIP_DATA_VA;
	u64 wrong = 0;

	for (u64 i = 0; i < pages * XIP_PAGE_WORDS; i++)
		wrong += word[i] != xip_word(i);
	return wrong;
}

USER_TEXT void user_xip(u64 shape)
{
	volatile u64 on_stack = shape;
	u64 code = shape & 0xff, pages = shape >> 8 & 0xff, rounds = shape >> 16;

	for (u64 round = 0; round < rounds; round++) {
		u64 sum = user_xip_run(round, code), wrong = user_xip_look(pages);

		arch_user_syscall(SYS_REPORT, sum, round << 32 | wrong);
	}
	arch_user_syscall(SYS_EXIT, on_stack != shape, 0);
}
