/* SPDX-License-Identifier: MIT */
/* Owns which signal kicks. When it is needed: vcpu.c, pt_trap_test.c. */
#include "vmm/kick.h"

#include <signal.h>

#define KICK_SIGNAL (SIGRTMIN + 1)

static void kicked(int number)
{
	(void)number;
}

void kick_prepare(void)
{
	struct sigaction action = { .sa_handler = kicked };

	sigaction(KICK_SIGNAL, &action, NULL);
}

void kick_thread(pthread_t thread)
{
	pthread_kill(thread, KICK_SIGNAL);
}
