/* SPDX-License-Identifier: MIT */
/*
 * The user programs of processes. Like the others they use nothing outside their section. Their
 * stacks stay within a page, which each of them writes to.
 */
#include "guest/user/family.h"

#include "guest/arch.h"
#include "guest/task/process.h"
#include "guest/task/syscall.h"

#define DATA ((volatile u64 *)PROCESS_DATA_VA)

USER_TEXT void user_family_write(u64 who, u64 pages)
{
	for (u64 page = 0; page < pages; page++)
		for (u64 i = 0; i < FAMILY_PAGE_WORDS; i += FAMILY_STRIDE)
			DATA[page * FAMILY_PAGE_WORDS + i] = family_word(who, page, i);
}

USER_TEXT u64 user_family_wrong(u64 who, u64 pages)
{
	u64 wrong = 0;

	for (u64 page = 0; page < pages; page++)
		for (u64 i = 0; i < FAMILY_PAGE_WORDS; i += FAMILY_STRIDE)
			wrong += DATA[page * FAMILY_PAGE_WORDS + i] !=
				 (who == FAMILY_ZERO ? 0 : family_word(who, page, i));
	return wrong;
}

USER_TEXT void user_family_child(u64 shape, u64 nth)
{
	volatile u64 wrong = DATA[FAMILY_MARK] != nth;
	u64 memory = family_size(shape, FAMILY_MEMORY);

	wrong = wrong + user_family_wrong(FAMILY_PARENT, memory);
	user_family_write(FAMILY_CHILD + nth, memory);
	wrong = wrong + user_family_wrong(FAMILY_CHILD + nth, memory);
	arch_user_syscall(SYS_EXEC, (u64)user_errand, shape | wrong << FAMILY_WRONG_SHIFT);
	arch_user_syscall(SYS_EXIT, wrong + 1, 0);
	__builtin_unreachable();
}

USER_TEXT void user_family(u64 shape)
{
	volatile u64 child[FAMILY_MOST_BATCH], wrong = 0;
	u64 memory = family_size(shape, FAMILY_MEMORY), forks = family_size(shape, FAMILY_FORKS);

	user_family_write(FAMILY_PARENT, memory);
	for (u64 born = 0, joined = 0; joined < forks;) {
		while (born < forks && born - joined < family_size(shape, FAMILY_BATCH)) {
			u64 number = arch_user_syscall(SYS_FORK, 0, 0);

			if (!number)
				user_family_child(shape, born);
			child[born % FAMILY_MOST_BATCH] = number;
			DATA[FAMILY_MARK] = ++born;
		}
		for (; joined < born; joined++)
			wrong = wrong +
				arch_user_syscall(SYS_WAIT, child[joined % FAMILY_MOST_BATCH], 0);
	}
	wrong = wrong + user_family_wrong(FAMILY_PARENT, memory) + (DATA[FAMILY_MARK] != forks);
	arch_user_syscall(SYS_EXIT, wrong, 0);
}

/* Page after page, into the first one of its data. */
USER_TEXT u64 user_family_read(u64 pages)
{
	u64 wrong = 0;

	for (u64 page = 0; page < pages; page++) {
		wrong += arch_user_syscall(SYS_READ, page, PROCESS_DATA_VA) != 0;
		for (u64 i = 0; i < FAMILY_PAGE_WORDS; i++)
			wrong += DATA[i] != family_word(FAMILY_FILE, page, i);
	}
	return wrong;
}

/* Each comes where the last one was, and is zero. */
USER_TEXT u64 user_family_map(u64 times)
{
	u64 wrong = 0;

	for (u64 i = 0; i < times; i++) {
		u64 va = arch_user_syscall(SYS_MAP, 1, 0);
		volatile u64 *word = (volatile u64 *)va;

		if (va != PROCESS_MAP_VA)
			return wrong + 1;
		wrong += *word != 0;
		*word = family_word(FAMILY_ERRAND, 0, i);
		wrong += *word != family_word(FAMILY_ERRAND, 0, i);
		wrong += arch_user_syscall(SYS_UNMAP, va, 0) != 0;
	}
	return wrong;
}

/* It is read first, so that the page comes clean whatever the processor reads to add. */
USER_TEXT u64 user_family_add(void)
{
	u64 *sum = (u64 *)PROCESS_SEGMENT_VA, before = *(volatile u64 *)sum;

	return __atomic_fetch_add(sum, 1, __ATOMIC_RELAXED) < before;
}

USER_TEXT void user_errand(u64 shape)
{
	volatile u64 wrong = shape >> FAMILY_WRONG_SHIFT;
	u64 memory = family_size(shape, FAMILY_MEMORY);

	wrong = wrong + user_family_wrong(FAMILY_ZERO, memory) + DATA[FAMILY_MARK];
	user_family_write(FAMILY_ERRAND, memory);
	wrong = wrong + user_family_wrong(FAMILY_ERRAND, memory);
	wrong = wrong + user_family_read(family_size(shape, FAMILY_READS));
	wrong = wrong + user_family_map(family_size(shape, FAMILY_MAPS));
	wrong = wrong + user_family_add();
	arch_user_syscall(SYS_EXIT, wrong, 0);
}

USER_TEXT void user_team(u64 team)
{
	volatile u64 members = team & 0xffff, times = team >> 16;

	for (u64 i = 0; i < times; i++) {
		__atomic_fetch_add((u64 *)PROCESS_DATA_VA, 1, __ATOMIC_RELAXED);
		arch_user_syscall(SYS_YIELD, 0, 0);
	}
	while (*DATA < members * times)
		arch_user_syscall(SYS_YIELD, 0, 0);
	arch_user_syscall(SYS_EXIT, *DATA - members * times, 0);
}
