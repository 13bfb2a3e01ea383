/* SPDX-License-Identifier: MIT */
/* Arm lowmem: the arena is in lowmem, so each table has an address, and takes one: those of all
 * tasks together. Nothing has to be mapped. */
#include "guest/scenario/task_pt.h"

static u64 map(const struct table *table)
{
	return table_direct_address(table->gpa);
}

static void unmap(u64 address)
{
	(void)address;
}

static u64 address_bytes(u64 tables)
{
	return tables * PAGE_BYTES;
}

const struct table_way task_pt_lowmem FAULT_TABLE = {
	.map = map,
	.unmap = unmap,
	.address_bytes = address_bytes,
	.predict = table_forms_of_work,
};
