/* SPDX-License-Identifier: MIT */
/* Owns the short sessions by which scenarios write to a chip that others read meanwhile. */
#include "guest/scenario/flash_sessions.h"

#include "guest/lib/string.h"

#define WORDS 16 /* bus words programmed in a session */
#define MAX_BYTES (WORDS * 4)

static void write_one(struct flash_sessions *s, u64 at, u32 bytes, bool erase)
{
	u8 want[MAX_BYTES], got[MAX_BYTES];

	memset(want, erase ? 0xff : 0, bytes);
	s->error = erase ? flash_partition_erase(&s->log, 0)
			 : flash_partition_program(&s->log, at, want, bytes);
	if (!s->error)
		s->error = flash_partition_read(&s->log, at, got, bytes);
	if (s->error)
		return;
	s->done++;
	s->wrong += memcmp(want, got, bytes) != 0;
}

void flash_session(struct flash_sessions *s)
{
	u32 bytes = WORDS * s->log.bank_width;
	u64 places;

	if (!flash_sessions_wanted(s) || s->error)
		return;
	places = flash_partition_block_bytes(&s->log, 0) / bytes;
	write_one(s, s->done % places * bytes, bytes,
		  s->erases && (!s->programs || s->done % 2 == 0));
}
