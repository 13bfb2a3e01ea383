/* SPDX-License-Identifier: MIT */
/* The signal that makes a vCPU's thread leave KVM_RUN (KVM API section 5, "immediate_exit"). */
#ifndef KVL_KICK_H
#define KVL_KICK_H

#include <pthread.h>

/* Before the first kick: its handler does nothing. */
void kick_prepare(void);
/* One that comes before KVM_RUN is lost, and a device's wait may swallow one: repeat it. */
void kick_thread(pthread_t thread);

#endif
