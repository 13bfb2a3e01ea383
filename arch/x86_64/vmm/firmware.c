/* SPDX-License-Identifier: MIT */
/* Places reset.S at the end of a ROM and tells it where to go. */
#include <string.h>

#include "vmm/arch.h"

extern const u8 firmware_start[], firmware_entry[], firmware_info[], firmware_end[];

static void put32(u8 *at, u64 value)
{
	u32 low = (u32)value;

	memcpy(at, &low, sizeof(low));
}

void arch_firmware(u8 *rom, u64 rom_bytes, u64 entry_gpa, u64 start_info_gpa)
{
	u8 *code = rom + rom_bytes - (firmware_end - firmware_start);

	memcpy(code, firmware_start, (size_t)(firmware_end - firmware_start));
	put32(code + (firmware_entry - firmware_start), entry_gpa);
	put32(code + (firmware_info - firmware_start), start_info_gpa);
}
