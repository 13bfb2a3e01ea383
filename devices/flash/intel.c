/* SPDX-License-Identifier: MIT */
/*
 * Owns the bus cycles of Intel's command sets 0001 and 0003: what a write means in each state, and
 * what a read returns. Leaves to intel_load.c what is collected before it is programmed (write
 * buffer, factory programming), to intel_protect.c locks and protection registers, to chip.c the
 * operations.
 *
 * Sources: the "next state" tables of L30 (251903) and P30 (306666) and what the W30 data sheet
 * says of its partitions; for the J3 290667, sections 4.1 to 4.9, and 208032, "suspend" for what is
 * accepted while it rests. docs/flash-model.md has the tables, and what each line follows.
 */
#include "devices/flash/intel.h"

/* --- reads ------------------------------------------------------------------------------------ */
static bool is_p30(const struct flash_chip *chip)
{
	return chip->part->features & FLASH_STATES_P30;
}

static const struct flash_op *busy_op(const struct flash_chip *chip)
{
	return op_runs(&chip->program) ? &chip->program : &chip->erase;
}

static bool rests_in(const struct flash_op *op, u32 partition)
{
	return op->kind && op->suspended && op->partition == partition;
}

/* What is defined of the status while SR.7 is 0: with partitions SR.0, in BEFP too. */
static u8 busy_status(const struct flash_chip *chip, u32 partition)
{
	if (chip->intel.befp)
		return chip_is_busy(chip) ? SR_ELSEWHERE : 0;
	return busy_op(chip)->partition == partition ? 0 : SR_ELSEWHERE;
}

static u8 intel_status(const struct flash_chip *chip, u32 partition)
{
	u8 status = SR_READY | chip->intel.errors[partition];

	if (chip_is_busy(chip) || chip->intel.befp)
		return busy_status(chip, partition);
	if (rests_in(&chip->erase, partition))
		status |= SR_ERASE_SUSPENDED;
	if (rests_in(&chip->program, partition))
		status |= SR_PROGRAM_SUSPENDED;
	return status;
}

/*
 * While SR.7 is 0 the bits below it are not driven (J3-65nm data sheet, 7.3; W30: "SR.6-1 are
 * invalid"), but for SR.0 where it has a meaning.
 */
static u16 read_status(const struct flash_chip *chip, u32 partition)
{
	u8 status = intel_status(chip, partition), driven = SR_READY;

	if (status & SR_READY)
		return status;
	if (chip->part->nruns || chip->intel.befp)
		driven |= SR_ELSEWHERE;
	return status | (chip_undefined(chip) & (u8)~driven);
}

/* P30: "read device identifier" and "query" address one map, at the offsets from the partition. */
static u16 read_id(const struct flash_chip *chip, u32 word, bool query)
{
	u64 bytes = (u64)word * chip->array.word_bytes;
	struct flash_hw_partition partition = flash_hw_partition_at(chip->part, bytes);
	u32 first = (u32)(partition.start / chip->array.word_bytes), at = word - first;
	u32 address = chip_address(chip, at);
	struct flash_block block = chip_block_of(chip, word);
	u16 value;

	if (chip_address(chip, word - chip_first_word(chip, &block)) == 2)
		return intel_block_status(chip, word);
	if (address == 0)
		return chip->part->manufacturer;
	if (address == 1)
		return chip->part->device[0];
	if (address == 5 && is_p30(chip))
		return chip->intel.configuration;
	if ((!query || is_p30(chip)) && intel_otp_word(chip, at, &value))
		return value;
	return query || is_p30(chip) ? chip_query_word(chip, at) : 0;
}

/* Of a word that an operation has in hand, running or suspended, nothing is promised. */
static bool is_in_hand(const struct flash_chip *chip, u32 word)
{
	return op_has(&chip->erase, &chip->array, word, 1) ||
	       op_has(&chip->program, &chip->array, word, 1);
}

/* Factory programming has its partition between two fills, too. */
static bool has_partition(const struct flash_chip *chip, u32 partition)
{
	if (chip->intel.befp)
		return chip_partition_of(chip, chip->intel.load.start) == partition;
	return chip_is_busy(chip) && busy_op(chip)->partition == partition;
}

static enum flash_view intel_view(const struct flash_chip *chip, const struct flash_block *block)
{
	u32 partition = flash_hw_partition_at(chip->part, block->start).index;

	return has_partition(chip, partition) ? FLASH_VIEW_BUSY : FLASH_VIEW_ARRAY;
}

static u16 read_array(const struct flash_chip *chip, u32 word, u32 partition)
{
	if (has_partition(chip, partition) || is_in_hand(chip, word))
		return chip_undefined(chip);
	return chip_array_word(chip, word);
}

static u16 intel_read(struct flash_chip *chip, u32 word)
{
	u32 partition = chip_partition_of(chip, word);

	switch (chip->mode[partition]) {
	case KVL_FLASH_READ_STATUS: return read_status(chip, partition);
	case KVL_FLASH_READ_ID: return read_id(chip, word, false);
	case KVL_FLASH_READ_CFI: return read_id(chip, word, true);
	case KVL_FLASH_READ_ARRAY:
	case KVL_FLASH_READ_OTHER: break;
	}
	return read_array(chip, word, partition);
}

/* --- the status register ---------------------------------------------------------------------- */
void intel_error(struct flash_chip *chip, u32 word, u8 bits)
{
	chip->intel.errors[chip_partition_of(chip, word)] |= bits;
}

bool intel_may_change(struct flash_chip *chip, u32 word, u8 error_bit)
{
	u8 error = 0;

	if (chip->bank->config.faults.vpp_low)
		error |= SR_VPP_LOW;
	if (intel_is_locked(chip, word))
		error |= SR_LOCKED;
	if (error)
		intel_error(chip, word, error | error_bit);
	return !error;
}

/* --- second cycles ---------------------------------------------------------------------------- */
/* Into a block whose erase rests nothing may be programmed; what happens then nobody says. */
static u16 data_for(const struct flash_chip *chip, u32 word, u16 data)
{
	return is_in_hand(chip, word) ? data | chip_undefined(chip) : data;
}

static void program(struct flash_chip *chip, u32 word, u8 command, u16 data)
{
	u16 cells = data_for(chip, word, data);

	if (!intel_may_change(chip, word, SR_PROGRAM_ERROR))
		return;
	chip_tell_command(chip, word, command, data);
	chip_program(chip, word, &chip->array, word, &cells, 1, chip->part->program);
}

static void erase(struct flash_chip *chip, u32 word)
{
	if (!intel_may_change(chip, word, SR_ERASE_ERROR))
		return;
	chip_tell_command(chip, word, INTEL_ERASE, INTEL_CONFIRM);
	chip_erase(chip, word, chip->bank->now_ns);
}

/* J3, 4.6: anything but the confirmation is an invalid sequence; nothing happens by accident. */
static bool confirmed(struct flash_chip *chip, u32 word, u16 data)
{
	if ((data & 0xFF) == INTEL_CONFIRM)
		return true;
	intel_error(chip, word, SR_SEQUENCE_ERROR);
	return false;
}

static void second_cycle(struct flash_chip *chip, u8 setup, u32 word, u16 data)
{
	switch (setup) {
	case INTEL_PROGRAM:
	case INTEL_PROGRAM_ALTERNATE: program(chip, word, setup, data); break;
	case INTEL_ERASE:
		if (confirmed(chip, word, data))
			erase(chip, word);
		break;
	case INTEL_BLANK_CHECK:
		if (confirmed(chip, word, data))
			chip_check(chip, word);
		break;
	case INTEL_WRITE_TO_BUFFER: intel_buffer_cycle(chip, word, data); break;
	case INTEL_BEFP:
		if (confirmed(chip, word, data))
			intel_befp_begin(chip, word, data);
		break;
	case INTEL_LOCK_SETUP: intel_lock_cycle(chip, word, data); break;
	case INTEL_PROGRAM_OTP: intel_otp_cycle(chip, word, data); break;
	default: break; /* INTEL_DROPPED, INTEL_CONFIGURE_STS: nothing to be seen */
	}
}

/* --- first cycles ----------------------------------------------------------------------------- */
/* From here until Read Array, reads return status: between the cycles, and ever after. */
static void await_more(struct flash_chip *chip, u32 partition, u8 command)
{
	chip->intel.setup = command;
	chip_set_mode(chip, partition, KVL_FLASH_READ_STATUS);
	if (command == INTEL_WRITE_TO_BUFFER)
		intel_buffer_begin(chip);
}

/* The part has this command at all. */
static bool is_setup(const struct flash_chip *chip, u8 command)
{
	const struct flash_part *part = chip->part;

	switch (command) {
	case INTEL_PROGRAM:
	case INTEL_PROGRAM_ALTERNATE:
	case INTEL_ERASE: return true;
	case INTEL_WRITE_TO_BUFFER: return part->cfi.buffer_log2;
	case INTEL_BEFP: return part->features & FLASH_BEFP;
	case INTEL_BLANK_CHECK: return part->features & FLASH_BLANK_CHECK;
	case INTEL_LOCK_SETUP: return part->features & (FLASH_LOCK_INSTANT | FLASH_LOCK_STORED);
	case INTEL_PROGRAM_OTP: return part->features & FLASH_OTP;
	case INTEL_CONFIGURE_STS: return part->features & FLASH_LOCK_STORED; /* J3 */
	}
	return false;
}

/* L30 next state table; 208032: "commands allowed while suspended". */
static bool is_taken_now(const struct flash_chip *chip, u8 command)
{
	const struct flash_part *part = chip->part;

	if (chip_program_rests(chip))
		return command == INTEL_CONFIGURE_STS;
	if (!chip_erase_rests(chip))
		return true;
	switch (command) {
	case INTEL_PROGRAM:
	case INTEL_PROGRAM_ALTERNATE:
	case INTEL_WRITE_TO_BUFFER: return part->features & FLASH_PROGRAM_IN_SUSPEND;
	case INTEL_LOCK_SETUP: return part->features & FLASH_LOCK_INSTANT;
	case INTEL_CONFIGURE_STS: return true;
	}
	return false;
}

/* The nested program goes on before the erase (290667, 4.7; L30 next state table). */
static void resume(struct flash_chip *chip, u32 word)
{
	struct flash_op *op = chip_program_rests(chip) ? &chip->program : &chip->erase;

	if (!op->kind)
		return;
	if (!is_p30(chip)) /* J3-65nm: "automatically" status; W30: 70h has to ask for it */
		chip_set_mode(chip, op->partition, KVL_FLASH_READ_STATUS);
	chip_tell_command(chip, word, INTEL_CONFIRM, INTEL_CONFIRM);
	chip_resume(chip, op);
}

static bool set_read_mode(struct flash_chip *chip, u32 partition, u8 command)
{
	switch (command) {
	case INTEL_READ_ARRAY: chip_set_mode(chip, partition, KVL_FLASH_READ_ARRAY); break;
	case INTEL_READ_STATUS: chip_set_mode(chip, partition, KVL_FLASH_READ_STATUS); break;
	case INTEL_READ_ID: chip_set_mode(chip, partition, KVL_FLASH_READ_ID); break;
	case INTEL_READ_QUERY: chip_set_mode(chip, partition, KVL_FLASH_READ_CFI); break;
	default: return false;
	}
	return true;
}

/* What no command begins with: P30's output goes to the array but for these, a J3's stays. */
static void not_a_command(struct flash_chip *chip, u32 partition, u8 command)
{
	switch (command) {
	case INTEL_LOCK:
	case INTEL_SET_CONFIGURATION:
	case INTEL_LOCK_DOWN:
	case INTEL_SUSPEND: return;
	}
	if (is_p30(chip))
		chip_set_mode(chip, partition, KVL_FLASH_READ_ARRAY);
}

static void first_cycle(struct flash_chip *chip, u32 word, u8 command)
{
	u32 partition = chip_partition_of(chip, word);

	if (set_read_mode(chip, partition, command))
		return;
	if (command == INTEL_CLEAR_STATUS)
		chip->intel.errors[partition] = 0; /* J3, 4.5: the read mode stays */
	else if (command == INTEL_CONFIRM)
		resume(chip, word);
	else if (is_setup(chip, command))
		await_more(chip, partition, is_taken_now(chip, command) ? command : INTEL_DROPPED);
	else
		not_a_command(chip, partition, command);
}

/* Blank checks, lock bits and protection registers are not suspended. */
static void suspend(struct flash_chip *chip)
{
	struct flash_op *op = chip_running(chip);
	u32 features = chip->part->features;

	if (op == &chip->program && features & FLASH_SUSPEND_PROGRAM &&
	    op->cells.base == chip->array.base)
		chip_suspend(chip, op);
	if (op == &chip->erase && features & FLASH_SUSPEND_ERASE && op->kind == FLASH_OP_ERASE)
		chip_suspend(chip, op);
}

/*
 * While the write state machine runs, a J3 takes only the suspension: Read Array (4.1), Read
 * Identifier Codes (4.3) and Clear Status (4.5) are not recognised. A P30 changes its read modes as
 * ever, and an idle partition's status can be cleared.
 */
static void while_busy(struct flash_chip *chip, u32 word, u8 command)
{
	u32 partition = chip_partition_of(chip, word);

	if (command == INTEL_SUSPEND)
		suspend(chip);
	if (!is_p30(chip) || set_read_mode(chip, partition, command))
		return;
	if (command == INTEL_CLEAR_STATUS && busy_op(chip)->partition != partition)
		chip->intel.errors[partition] = 0;
	else if (is_setup(chip, command))
		chip_set_mode(chip, partition, KVL_FLASH_READ_STATUS);
	else if (command != INTEL_CLEAR_STATUS && command != INTEL_CONFIRM)
		not_a_command(chip, partition, command);
}

static void intel_write(struct flash_chip *chip, u32 word, u16 data)
{
	u8 setup = chip->intel.setup;

	chip->intel.setup = INTEL_NO_SETUP;
	if (chip->intel.befp)
		intel_befp_cycle(chip, word, data);
	else if (chip_is_busy(chip))
		while_busy(chip, word, data & 0xFF);
	else if (setup)
		second_cycle(chip, setup, word, data);
	else
		first_cycle(chip, word, data & 0xFF);
}

/* --- the end of an operation ------------------------------------------------------------------ */
static u8 failure_of(const struct flash_chip *chip, const struct flash_op *op)
{
	return op == &chip->program ? SR_PROGRAM_ERROR : SR_ERASE_ERROR;
}

static void intel_stopped(struct flash_chip *chip, struct flash_op *op, enum flash_op_kind was)
{
	u8 *errors = &chip->intel.errors[op->partition];

	if (op->kind)
		return; /* it only rests */
	if (op->failed)
		*errors |= failure_of(chip, op);
	if (was == FLASH_OP_CHECK && !chip_is_blank(chip, op->start, op->words))
		*errors |= SR_ERASE_ERROR;
}

static void intel_power_up(struct flash_chip *chip)
{
	chip->intel = (struct intel_state){ .configuration = 0xBFCF }; /* P30: its default */
	intel_protect_power_up(chip);
}

const struct flash_command_set flash_intel_set = {
	.read = intel_read,
	.write = intel_write,
	.stopped = intel_stopped,
	.power_up = intel_power_up,
	.status = intel_status,
	.view = intel_view,
};
