/* SPDX-License-Identifier: MIT */
/*
 * Bounce buffers (seed row T11: "transparently"): in front of a store whose device does not reach
 * all of RAM. A page that it cannot reach is copied through one of lowmem, at an address that it
 * gets for this (mm/kva.h).
 */
#ifndef GUEST_BOUNCE_H
#define GUEST_BOUNCE_H

#include "guest/mm/pageable.h"

struct bounce {
	struct page_store store; /* behind it */
	u64 end_gpa;		 /* the device reaches no byte from there on */
	u64 bounces;		 /* pages that were copied */
};

/* @bounce and what its store needs outlive what is returned. False from it: out of memory, too. */
struct page_store bounce_page_store(struct bounce *bounce);

#endif
