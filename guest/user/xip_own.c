/* SPDX-License-Identifier: MIT */
/* The user program of pfn's part in flash. Like the others it uses nothing outside its section. */
#include "guest/user/xip_own.h"

#include "guest/arch.h"
#include "guest/task/syscall.h"

USER_TEXT u64 user_xip_own_wrong(u64 shape, u64 rounds)
{
	const volatile u64 *word = (const volatile u64 *)XIP_DATA_VA;
	u64 words = xip_own_size(shape, XIP_OWN_PAGES) * XIP_PAGE_WORDS, wrong = 0;

	for (u64 i = 0; i < words; i++)
		wrong += word[i] != xip_own_word(shape, rounds, i);
	return wrong;
}

USER_TEXT void user_xip_own_write(u64 shape, u64 rounds)
{
	volatile u64 *word = (volatile u64 *)XIP_DATA_VA;
	u64 words = xip_own_written(shape, rounds) * XIP_PAGE_WORDS;

	for (u64 i = 0; i < words; i += XIP_PAGE_WORDS)
		word[i] = xip_own_word(shape, rounds, i);
}

USER_TEXT void user_xip_own(u64 shape)
{
	volatile u64 on_stack = shape;
	u64 rounds = xip_own_size(shape, XIP_OWN_ROUNDS);

	for (u64 round = 0; round < rounds; round++) {
		u64 sum = user_xip_run(round, xip_own_size(shape, XIP_OWN_CODE));
		u64 wrong = user_xip_own_wrong(shape, round);

		user_xip_own_write(shape, round + 1);
		arch_user_syscall(SYS_REPORT, sum, round << 32 | wrong);
	}
	arch_user_syscall(SYS_EXIT, user_xip_own_wrong(shape, rounds) + (on_stack != shape), 0);
}
