/* SPDX-License-Identifier: MIT */
/* A small chip of AMD's command set on a bench that has a clock of its own. */
#ifndef KVL_TEST_AMD_RIG_H
#define KVL_TEST_AMD_RIG_H

#include "devices/flash/flash.h"

#define AMD_RIG_BYTES KiB(128)
#define AMD_RIG_EVENTS 32

/* 4 sectors of 8 KiB, then 3 of 32 KiB. */
extern const struct flash_part amd_rig_gln; /* S29GL-N: buffer, protection, bypass, x8 and x16 */
extern const struct flash_part amd_rig_gls; /* S29GL-S: status register, no window, no bypass */
extern const struct flash_part amd_rig_lv;  /* Am29LV: no buffer, DQ5 where a 1 is asked for */
extern const struct flash_part amd_rig_dl;  /* Am29DL: banks of 32 KiB and 96 KiB */

/* Their times. */
enum {
	AMD_PROGRAM_US = 60,
	AMD_PROGRAM_MAX_US = 256,
	AMD_BUFFER_US = 240, /* full: 32 bytes */
	AMD_ERASE_US = 500000,
	AMD_ERASE_MAX_US = 3500000,
	AMD_WINDOW_US = 50,
	AMD_SUSPEND_ERASE_US = 6,
	AMD_SUSPEND_PROGRAM_US = 5,
	AMD_CHECK_US = 6200,
	AMD_RESUME_US = 100, /* GL-S */
};

/* Bits of the status. */
enum { DQ7 = 0x80, DQ6 = 0x40, DQ5 = 0x20, DQ3 = 0x08, DQ2 = 0x04, DQ1 = 0x02 };

enum amd_event_kind { AMD_COMMAND_EVENT = 1, AMD_STATE_EVENT, AMD_MODE_EVENT };

struct amd_event {
	enum amd_event_kind kind;
	u32 partition;
	u64 a, b, c; /* command: offset, command, data; state: state, status; mode: mode */
	u64 ns;
};

struct amd_rig {
	struct flash_config config;
	u8 array[2 * AMD_RIG_BYTES];
	struct flash_nv *nv[FLASH_MAX_CHIPS];
	struct flash_bank *bank;
	u64 ns; /* the clock */
	struct amd_event event[AMD_RIG_EVENTS];
	u32 nevents; /* goes on counting beyond AMD_RIG_EVENTS */
};

extern struct amd_rig *amd_rig;

/* A bank fresh from the factory over an array that is different everywhere; and away with it. */
void amd_open(const struct flash_config *config);
void amd_open_part(const struct flash_part *part);
void amd_open_x8(const struct flash_part *part);
void amd_close(void);
/* The power goes, and comes again; the array and what the chip keeps stay. */
void amd_power_cycle(void);

/* What amd_open() puts into word @word, and what is there now, without a bus cycle. */
u16 amd_original(u32 word);
u16 amd_cells(u32 word);

/* Time passes. */
void amd_pass_us(u64 us);

/* Bus cycles; @word is a word of the bus. */
u16 amd_get(u32 word);
void amd_put(u32 word, u16 data);

/* First words of the sectors 0 to 6, and words in all. */
u32 amd_sector(u32 sector);
u32 amd_words(void);

/* AAh, 55h; the same and @command, at the addresses of the bus's width. */
void amd_unlock(void);
void amd_command(u8 command);
u32 amd_at(u32 address); /* the bus word that has an @address of the data sheet's x16 tables */

void amd_start_program(u32 word, u16 data);
void amd_start_erase(u32 word);
/* 25h for @n words; then 29h. */
void amd_load_begin(u32 word, u32 n);
void amd_load_confirm(u32 word);

/* GL-S: 70h and the read. */
u8 amd_status_register_now(void);

/* Which of @mask changed between two reads at @word. */
u8 amd_toggling(u32 word, u8 mask);

/* These end the test at the first word that is not as required. */
void amd_require_array(void);			      /* all reads return the cells */
void amd_require_untouched_except(u32 word, u32 n);   /* cells are as at the start */
void amd_require_erased(u32 word, u32 n);	      /* cells are all ones */
void amd_require_shown(u32 first, u32 last, bool is); /* sectors, for mapping */

void amd_forget_events(void);
void amd_require_event(u32 index, enum amd_event_kind kind, u64 a, u64 b, u64 c, u64 ns);

#endif
