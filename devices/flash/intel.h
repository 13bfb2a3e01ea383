/* SPDX-License-Identifier: MIT */
/* Intel's command sets, between their three files: cycles (intel.c), loading, protection. */
#ifndef KVL_FLASH_INTEL_H
#define KVL_FLASH_INTEL_H

#include "devices/flash/chip.h"

enum intel_command {
	INTEL_NO_SETUP = 0,
	INTEL_LOCK = 0x01,
	INTEL_SET_CONFIGURATION = 0x03,
	INTEL_PROGRAM_ALTERNATE = 0x10,
	INTEL_ERASE = 0x20,
	INTEL_LOCK_DOWN = 0x2F,
	INTEL_PROGRAM = 0x40,
	INTEL_CLEAR_STATUS = 0x50,
	INTEL_LOCK_SETUP = 0x60,
	INTEL_READ_STATUS = 0x70,
	INTEL_BEFP = 0x80,
	INTEL_READ_ID = 0x90,
	INTEL_READ_QUERY = 0x98,
	INTEL_SUSPEND = 0xB0,
	INTEL_CONFIGURE_STS = 0xB8,
	INTEL_BLANK_CHECK = 0xBC,
	INTEL_PROGRAM_OTP = 0xC0,
	INTEL_CONFIRM = 0xD0, /* and resume */
	INTEL_WRITE_TO_BUFFER = 0xE8,
	INTEL_DROPPED = 0xFE, /* setup: of a command that is not taken now; eats one more cycle */
	INTEL_READ_ARRAY = 0xFF,
};

enum intel_status_bit {
	SR_READY = 0x80,
	SR_ERASE_SUSPENDED = 0x40,
	SR_ERASE_ERROR = 0x20,
	SR_PROGRAM_ERROR = 0x10,
	SR_VPP_LOW = 0x08,
	SR_PROGRAM_SUSPENDED = 0x04,
	SR_LOCKED = 0x02,
	SR_ELSEWHERE =
		0x01, /* while busy: it is another partition that is; BEFP: not ready for data */
	/* both at once: command sequence error */
	SR_SEQUENCE_ERROR = SR_ERASE_ERROR | SR_PROGRAM_ERROR,
};

/* Sets @bits in the status register of the partition of @word. */
void intel_error(struct flash_chip *chip, u32 word, u8 bits);

/* Starts to program or erase at @word, unless that is forbidden: then the status says why. */
bool intel_may_change(struct flash_chip *chip, u32 word, u8 error_bit);

/* --- intel_load.c --- */
void intel_buffer_begin(struct flash_chip *chip);
/* A cycle behind E8h: the count, the words, the confirmation. */
void intel_buffer_cycle(struct flash_chip *chip, u32 word, u16 data);
/* The cycle behind 80h, and all after it until the end. */
void intel_befp_begin(struct flash_chip *chip, u32 word, u16 data);
void intel_befp_cycle(struct flash_chip *chip, u32 word, u16 data);

/* --- intel_protect.c --- */
void intel_protect_power_up(struct flash_chip *chip);
/* The cycle behind 60h. */
void intel_lock_cycle(struct flash_chip *chip, u32 word, u16 data);
/* The cycle behind C0h. */
void intel_otp_cycle(struct flash_chip *chip, u32 word, u16 data);
bool intel_is_locked(const struct flash_chip *chip, u32 word);
/* What identifier mode shows of the block of @word. */
u16 intel_block_status(const struct flash_chip *chip, u32 word);
/* And of the protection registers at @word of a partition. False: there are none. */
bool intel_otp_word(const struct flash_chip *chip, u32 word, u16 *value);

#endif
