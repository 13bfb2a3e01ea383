/* SPDX-License-Identifier: MIT */
/*
 * Arm resident: what there was. Memory is vmalloc()'s, the sections stay in the frames that they
 * were loaded into.
 */
#include "guest/lib/string.h"
#include "guest/scenario/pageable.h"
#include "guest/trace.h"

static bool resident_open(struct pageable_run *r)
{
	(void)r;
	return true;
}

static void resident_close(struct pageable_run *r)
{
	(void)r;
}

static void *resident_alloc(struct pageable_run *r, u64 bytes)
{
	void *memory = vmalloc(bytes, SITE("memory.alloc"));

	(void)r;
	if (memory)
		memset(memory, 0, bytes);
	return memory;
}

static void resident_free(struct pageable_run *r, void *memory)
{
	(void)r;
	vfree(memory);
}

static void resident_drop(struct pageable_run *r)
{
	(void)r;
}

static struct pageable_account resident_account(const struct pageable_run *r)
{
	(void)r;
	return (struct pageable_account){ 0 };
}

static u32 resident_frames(const struct pageable_run *r)
{
	return r->npages + (pageable_text().bytes + pageable_data().bytes) / PAGE_BYTES;
}

const struct pageable_ops pageable_resident = {
	.open = resident_open,
	.close = resident_close,
	.alloc = resident_alloc,
	.free = resident_free,
	.drop_sections = resident_drop,
	.account = resident_account,
	.frames = resident_frames,
};
