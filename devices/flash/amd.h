/* SPDX-License-Identifier: MIT */
/* AMD's command set, between its files: cycles (amd.c), status, codes, loading, erase,
 * protection. */
#ifndef KVL_FLASH_AMD_H
#define KVL_FLASH_AMD_H

#include "devices/flash/chip.h"

enum amd_command {
	AMD_CHIP_ERASE = 0x10,
	AMD_BYPASS = 0x20,
	AMD_WRITE_BUFFER = 0x25,
	AMD_CONFIRM_BUFFER = 0x29,
	AMD_SECTOR_ERASE = 0x30, /* and resume */
	AMD_BLANK_CHECK = 0x33,
	AMD_LOCK_REGISTER = 0x40,
	AMD_PPB_LOCK = 0x50, /* and resume a program */
	AMD_SUSPEND_PROGRAM = 0x51,
	AMD_READ_STATUS = 0x70,
	AMD_CLEAR_STATUS = 0x71,
	AMD_ERASE_SETUP = 0x80,
	AMD_SECURED_REGION = 0x88,
	AMD_AUTOSELECT = 0x90, /* and, before 00h, exit */
	AMD_QUERY = 0x98,
	AMD_PROGRAM = 0xA0,
	AMD_SUSPEND = 0xB0,
	AMD_PPB = 0xC0, /* persistent protection bits */
	AMD_DYB = 0xE0, /* dynamic protection bits */
	AMD_RESET = 0xF0,
};

/* What has come of a command: what is awaited next. */
enum amd_sequence {
	AMD_NO_SEQUENCE = 0,
	AMD_UNLOCK_1,  /* AAh */
	AMD_UNLOCK_2,  /* AAh, 55h */
	AMD_ERASE_1,   /* unlock, 80h */
	AMD_ERASE_2,   /* unlock, 80h, AAh */
	AMD_ERASE_3,   /* unlock, 80h, AAh, 55h */
	AMD_DATA,      /* A0h: the word to program */
	AMD_EXIT,      /* 90h: 00h */
	AMD_PPB_ERASE, /* 80h: 30h */
	AMD_BUFFER_COUNT,
	AMD_BUFFER_DATA,
	AMD_BUFFER_CONFIRM,
};

enum amd_halt {
	AMD_RUNNING_ON = 0,
	AMD_PROGRAM_FAILED, /* DQ5 */
	AMD_ERASE_FAILED,   /* DQ5 */
	AMD_BUFFER_ABORTED, /* DQ1 */
};

/* The status register of GL-S (001-98285, table 5.2). */
enum amd_status_bit {
	AMD_SR_READY = 0x80,
	AMD_SR_ERASE_SUSPENDED = 0x40,
	AMD_SR_ERASE_ERROR = 0x20,
	AMD_SR_PROGRAM_ERROR = 0x10,
	AMD_SR_BUFFER_ABORTED = 0x08,
	AMD_SR_PROGRAM_SUSPENDED = 0x04,
	AMD_SR_LOCKED = 0x02,
};

/* GL-S, which has a state machine of its own (001-98285, tables 5.6 to 5.8). */
static inline bool amd_is_gls(const struct flash_chip *chip)
{
	return chip->part->features & FLASH_STATUS_COMMAND;
}

/* Am29GL and S29GL, as against the older Am29LV and Am29DL. */
static inline bool amd_has_buffer(const struct flash_chip *chip)
{
	return chip->part->cfi.buffer_log2;
}

static inline bool amd_may_program(const struct flash_chip *chip)
{
	return !chip_program_rests(chip) &&
	       (!chip_erase_rests(chip) || chip->part->features & FLASH_PROGRAM_IN_SUSPEND);
}

/* --- amd.c --- */
bool amd_is_at(const struct flash_chip *chip, u32 word, u32 address);
bool amd_is_unlock_1(const struct flash_chip *chip, u32 word, u8 byte);
bool amd_is_unlock_2(const struct flash_chip *chip, u32 word, u8 byte);
/* True: this was one of the commands of the status register. */
bool amd_status_cycle(struct flash_chip *chip, u32 word, u8 byte);

/* --- amd_run.c --- */
/* A cycle while an operation runs; while status goes on until it is reset. */
void amd_busy_cycle(struct flash_chip *chip, u32 word, u8 byte);
void amd_halted_cycle(struct flash_chip *chip, enum amd_sequence awaited, u32 word, u8 byte);
void amd_resume(struct flash_chip *chip, u32 word, u8 byte);
void amd_stopped(struct flash_chip *chip, struct flash_op *op, enum flash_op_kind was);

/* --- amd_status.c --- */
/* Has every partition's mode follow from the state: after everything that changes it. */
void amd_show(struct flash_chip *chip);
/* What a read at @word returns while its partition is busy or halted; in a suspended sector. */
u16 amd_busy_word(struct flash_chip *chip, u32 word);
u16 amd_suspended_word(struct flash_chip *chip);
/* The status register: as it is, as a read returns it. */
u8 amd_status_register(const struct flash_chip *chip);
u16 amd_status_register_word(const struct flash_chip *chip);

/* --- amd_codes.c --- */
/* What autoselect and query mode show. */
u16 amd_code_word(const struct flash_chip *chip, u32 word);

/* --- amd_load.c --- */
/* The cycle behind A0h. */
void amd_program(struct flash_chip *chip, u32 word, u16 data);
/* 25h, and the cycles behind it: the count, the words, the confirmation. */
void amd_buffer_begin(struct flash_chip *chip, u32 word);
void amd_buffer_cycle(struct flash_chip *chip, enum amd_sequence awaited, u32 word, u16 data);

/* --- amd_erase.c --- */
void amd_erase_sector(struct flash_chip *chip, u32 word);
void amd_erase_chip(struct flash_chip *chip, u32 word);
/* More sectors can be named; a cycle while that is so. */
bool amd_window_is_open(const struct flash_chip *chip);
void amd_window_cycle(struct flash_chip *chip, u32 word, u8 byte);
/* A sector has been erased. True: the next one is being so. */
bool amd_erase_next(struct flash_chip *chip);
void amd_check_blank(struct flash_chip *chip, u32 word);
/* The sector of @word belongs to the erase that runs, rests or has failed. */
bool amd_is_selected(const struct flash_chip *chip, u32 word);
void amd_select_none(struct flash_chip *chip);

/* --- amd_protect.c --- */
void amd_protect_power_up(struct flash_chip *chip);
/* @sector is the number of an erase block. */
bool amd_is_protected(const struct flash_chip *chip, u32 sector);
/* How long a chip looks busy that is asked to change what is protected. */
struct flash_time amd_refusal_time(const struct flash_chip *chip, bool erase);
/* The secured region is shown, and is @words at @first. */
u32 amd_secured_first(const struct flash_chip *chip);
u32 amd_secured_words(const struct flash_chip *chip);
struct flash_cells amd_secured_cells(const struct flash_chip *chip);
bool amd_secured_is_locked(const struct flash_chip *chip);
/* One of the protection registers is shown (40h, 50h, C0h, E0h) … */
bool amd_shows_registers(const struct flash_chip *chip);
/* … what of it; a first cycle; the cycle behind A0h; 80h, 30h. */
u16 amd_register_word(const struct flash_chip *chip, u32 word);
void amd_register_cycle(struct flash_chip *chip, u8 byte);
void amd_register_program(struct flash_chip *chip, u32 word, u16 data);
void amd_register_erase(struct flash_chip *chip, u32 word);

#endif
