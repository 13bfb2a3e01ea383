/* SPDX-License-Identifier: MIT */
/* A small flash chip on a bench: an array, a chip over it, and a record of what it told. */
#ifndef KVL_TEST_FLASH_RIG_H
#define KVL_TEST_FLASH_RIG_H

#include "devices/flash/flash.h"

enum rig_event_kind { RIG_COMMAND = 1, RIG_STATE, RIG_MODE, RIG_POWER_LOST };

struct rig_event {
	enum rig_event_kind kind;
	u64 a, b,
		c; /* command: offset, command, data; state: state, status; mode: mode; power: steps */
	u64 ns;
};

#define RIG_BYTES KiB(128)
#define RIG_MAX_EVENTS 16

struct rig {
	const struct flash_part *part;
	u8 array[2 * RIG_BYTES + 1]; /* of two chips; a word may be read at the last byte */
	struct flash_nv *nv[FLASH_MAX_CHIPS];
	u32 width; /* bytes of a bus word */
	struct flash_bank *bank;
	struct rig_event event[RIG_MAX_EVENTS];
	u32 nevents; /* goes on counting beyond RIG_MAX_EVENTS */
};

/* 4 blocks of 8 KiB, then 3 of 32 KiB; times of the 28f128j3. */
extern const struct flash_part rig_part;    /* on a 16-bit bus, without any feature */
extern const struct flash_part rig_part_x8; /* on an 8-bit bus, with a write buffer of 32 bytes */
/* On a 16-bit bus, with such a buffer and all that their families have. */
extern const struct flash_part rig_part_j3;
extern const struct flash_part rig_part_l18; /* four hardware partitions of 32 KiB */

enum {
	RIG_PROGRAM_NS = 210 * 1000,
	RIG_BUFFER_NS = 300 * 1000,
	RIG_ERASE_NS = 1000 * 1000 * 1000,
	RIG_SUSPEND_NS = 20 * 1000,
	RIG_UNLOCK_NS = 500 * 1000 * 1000,
};

/* A chip fresh from power-up over an array that is different everywhere. */
struct rig *rig_new(const struct flash_part *part);
struct rig *rig_new_bank(const struct flash_config *config);
void rig_free(struct rig *old);

/* The chip on the bench; each test gets a fresh one by these two (a checked fixture). */
extern struct rig *rig;
void rig_setup(void);
void rig_setup_x8(void);
void rig_setup_j3(void);
void rig_setup_l18(void);
void rig_teardown(void);
void rig_replace(const struct flash_config *config); /* a fresh bank of this kind */
void rig_renew(void);				     /* a fresh one of the same part */

/* What rig_new() puts at @offset. */
u8 rig_byte(u64 offset);

/* All bits of a bus word. */
u16 rig_word_mask(void);

/* The bus word there, and what the array holds, without a bus cycle. */
u16 rig_original_word(u64 offset);
u16 rig_array_word(u64 offset);

void rig_forget_events(void);

/* Bus cycles of one word. */
u16 rig_get(u64 offset, u64 ns);
void rig_put(u64 offset, u16 value, u64 ns);

/* Both cycles of a command. */
void rig_start_program(u64 offset, u16 data, u64 ns);
void rig_start_erase(u64 offset, u64 ns);

/* These end the test at the first byte or word that is not as required. */
void rig_require_untouched_except(u64 start, u64 bytes);
void rig_require_filled(struct flash_block block, u8 value);
void rig_require_busy(u64 ns); /* SR.7 is 0 everywhere, and nothing else is defined */
void rig_require_ready(u16 status, u64 ns);

#endif
