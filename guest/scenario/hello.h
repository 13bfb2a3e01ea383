/* SPDX-License-Identifier: MIT */
#ifndef GUEST_HELLO_H
#define GUEST_HELLO_H

#include "guest/scenario/scenario.h"

extern const struct scenario_param hello_params[];
void hello_run(const struct arm *arm);

struct page;

/* A highmem page whose first word is @word. */
struct page *hello_page(u64 word);
/* A flush that is needed is seen to work (hello_remap.c). */
void hello_remap(void);
/* Rounds of random maps, uses and flushes by all CPUs (hello_storm.c). */
void hello_storm(u64 rounds);
/* A kernel area whose pages come at their first touch (hello_lazy.c). */
void hello_lazy(void);
/* The parts with user tasks (hello_user.c). */
void hello_user(void);
/* The part of kernel space that is each space's own (hello_ukva.c). */
void hello_ukva(void);

/* Tasks that go round the CPUs, and whose root they run on (hello_move.c). */
void hello_move(void);

/* Pages to the disk and back, if there is one (hello_disk.c). */
void hello_disk(void);

/* The shared segment, if there is one (hello_segment.c), and a store to it. */
void hello_segment(void);
void hello_write_to_segment(void);

/* A process that forks @forks times (hello_process.c). */
void hello_process(u32 forks);

/* --set fail=…: what must not happen, on purpose (hello_fail.c). False: no such failure. */
bool hello_fail(const char *how);

#endif
