/* SPDX-License-Identifier: MIT */
#include "tests/unit/model_rig.h"

#include <check.h>
#include <string.h>

#include "tests/unit/suite.h"

static const char *const sites[] = { "", "flash.map", "flash.unmap", "flash.flush" };
struct model *model;
u64 ticket;

void record(u32 cpu, u16 id, u16 site, u16 h0, u16 h1, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
	struct kvl_record r = { ++ticket, id, site, { h0, h1 }, 0, { a0, a1, a2, a3, a4 } };

	model_record(model, cpu, &r);
}

void load_root(u32 cpu, u64 mm)
{
	record(cpu, KVL_EV_ROOT_LOAD, 0, 0, 0, mm, mm ? 0x21000 : 0x20000, 0, 0, 0);
}

void model_setup(const struct model_config *config)
{
	struct model_config with_sites = *config;

	with_sites.ncpus = with_sites.ncpus ? with_sites.ncpus : 2;
	with_sites.site = sites;
	with_sites.nsites = 4;
	ticket = 0;
	model = model_create(&with_sites);
	record(VMM, KVL_EV_TABLE_ALLOC, 0, 0, 4, 0x20000, 0, 0, 0, 0);
	record(VMM, KVL_EV_MM_CREATE, 0, 0, 0, 0, 0x20000, 0, 0, 0);
	record(VMM, KVL_EV_TABLE_ALLOC, 0, 0, 4, 0x21000, 1, 0, 0, 0);
	record(VMM, KVL_EV_MM_CREATE, 0, 0, 0, 1, 0x21000, 0, 0, 0);
	record(VMM, KVL_EV_TABLE_ALLOC, 0, 0, 1, KERNEL_TABLE, 0, 0, 0, 0);
	record(VMM, KVL_EV_TABLE_ALLOC, 0, 0, 1, USER_TABLE, 1, 0, 0, 0);
	record(VMM, KVL_EV_TABLE_ALLOC, 0, 0, 2, LARGE_TABLE, 0, 0, 0, 0);
	for (u32 cpu = 0; cpu < with_sites.ncpus; cpu++)
		load_root(cpu, 0);
}

void model_setup_chip(void)
{
	model_setup(&(struct model_config){ .flash = { RIG_FLASH, MiB(16) } });
}

static void link_table(u64 va, u64 table, u16 level, u64 to, u64 mm)
{
	record(0, KVL_EV_PT_SET, 0, (u16)pte_index(va, level), level, va, table, 0, TO_TABLE(to),
	       mm);
}

void hang_tables(void)
{
	record(VMM, KVL_EV_TABLE_ALLOC, 0, 0, 3, 0x13000, 0, 0, 0, 0);
	record(VMM, KVL_EV_TABLE_ALLOC, 0, 0, 3, 0x14000, 1, 0, 0, 0);
	record(VMM, KVL_EV_TABLE_ALLOC, 0, 0, 2, USER_LARGE_TABLE, 1, 0, 0, 0);
	link_table(KERNEL_VA, 0x20000, 4, 0x13000, 0);
	link_table(KERNEL_VA, 0x13000, 3, LARGE_TABLE, 0);
	link_table(KERNEL_VA, LARGE_TABLE, 2, KERNEL_TABLE, 0);
	link_table(USER_VA, 0x21000, 4, 0x14000, 1);
	link_table(KERNEL_VA, 0x14000, 3, LARGE_TABLE, 1);
	link_table(USER_VA, 0x14000, 3, USER_LARGE_TABLE, 1);
	link_table(USER_VA, USER_LARGE_TABLE, 2, USER_TABLE, 1);
}

void model_setup_hung(void)
{
	model_setup(&(struct model_config){ 0 });
	hang_tables();
}

void model_teardown(void)
{
	model_destroy(model);
}

void set_at(u16 site, u64 va, u64 table, u16 level, u64 old, u64 new)
{
	record(0, KVL_EV_PT_SET, site, (u16)pte_index(va, level), level, va, table, old, new,
	       table == USER_TABLE);
}

void set(u64 old, u64 new)
{
	set_at(new ? MAP : UNMAP, KERNEL_VA, KERNEL_TABLE, 1, old, new);
}

void use(u32 cpu, u64 va, bool write)
{
	record(cpu, KVL_EV_USE, FLUSH, write, 0, va, 0, 0, 0, 0);
}

void read_it(u32 cpu)
{
	use(cpu, KERNEL_VA + 8, false);
}

void flush(u32 cpu, u16 scope, u64 va)
{
	record(cpu, KVL_EV_TLB_FLUSH, FLUSH, scope, 0, va, PAGE_BYTES, 0, 0, 0);
}

void expect(u32 n, const char *part)
{
	u32 found = 0;

	for (u32 i = 0; i < model_findings(model); i++)
		found += strstr(model_finding(model, i)->text, part) != NULL;
	ck_assert_msg(model_findings(model) == n && found == n, "%u findings, %u of them fit: %s",
		      model_findings(model), found,
		      model_findings(model) ? model_finding(model, 0)->text : "");
}

void expect_none(void)
{
	expect(0, "");
}
