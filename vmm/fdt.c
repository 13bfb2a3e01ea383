/* SPDX-License-Identifier: MIT */
/*
 * The device tree: what the machine has and what the guest is asked to do, with libfdt's sequential
 * writer. Names: devices/abi/dt.h. Every call's result is gathered; the first failure counts.
 */
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "devices/abi/dt.h"
#include "vmm/boot.h"
#include "vmm/flashdev.h"

struct writer {
	void *fdt;
	int error; /* libfdt's; 0: none so far */
};

static void note(struct writer *w, int error)
{
	if (!w->error)
		w->error = error;
}

static void begin(struct writer *w, const char *name)
{
	note(w, fdt_begin_node(w->fdt, name));
}

static void begin_at(struct writer *w, const char *name, u64 address)
{
	char text[64];

	snprintf(text, sizeof(text), "%s@%llx", name, (unsigned long long)address);
	begin(w, text);
}

static void end(struct writer *w)
{
	note(w, fdt_end_node(w->fdt));
}

static void put_u32(struct writer *w, const char *name, u32 value)
{
	note(w, fdt_property_u32(w->fdt, name, value));
}

static void put_u64(struct writer *w, const char *name, u64 value)
{
	note(w, fdt_property_u64(w->fdt, name, value));
}

static void put_text(struct writer *w, const char *name, const char *value)
{
	note(w, fdt_property_string(w->fdt, name, value));
}

static void put_flag(struct writer *w, const char *name)
{
	note(w, fdt_property(w->fdt, name, NULL, 0));
}

static void put_cells(struct writer *w, u32 address_cells, u32 size_cells)
{
	put_u32(w, "#address-cells", address_cells);
	put_u32(w, "#size-cells", size_cells);
}

static void put_reg(struct writer *w, u64 start, u64 bytes)
{
	fdt64_t reg[2] = { cpu_to_fdt64(start), cpu_to_fdt64(bytes) };

	note(w, fdt_property(w->fdt, "reg", reg, sizeof(reg)));
}

static void memory_node(struct writer *w, u64 start, u64 end_gpa)
{
	if (start >= end_gpa)
		return;
	begin_at(w, "memory", start);
	put_text(w, "device_type", "memory");
	put_reg(w, start, end_gpa - start);
	end(w);
}

static void write_memory(struct writer *w, const struct kvl_layout *layout)
{
	u64 low_end = layout->ram_end_gpa < KVL_LOW_RAM_END_GPA ? layout->ram_end_gpa
								: KVL_LOW_RAM_END_GPA;

	memory_node(w, KVL_RAM_START_GPA, low_end);
	memory_node(w, KVL_HIGH_RAM_GPA, layout->ram_end_gpa);
}

static void begin_reserved(struct writer *w, const char *name, const struct kvl_range *range,
			   bool no_map)
{
	begin_at(w, name, range->start);
	put_reg(w, range->start, range->bytes);
	if (no_map)
		put_flag(w, "no-map");
}

static void reserved_node(struct writer *w, const char *name, const struct kvl_range *range,
			  bool no_map)
{
	begin_reserved(w, name, range, no_map);
	end(w);
}

static void hole_node(struct writer *w, const struct kvl_range *hole, const char *label)
{
	begin_reserved(w, DT_NODE_HOLE, hole, true);
	if (label)
		put_text(w, "label", label);
	end(w);
}

static void write_reserved(struct writer *w, const struct run_config *config,
			   const struct kvl_layout *layout)
{
	begin(w, "reserved-memory");
	put_cells(w, 2, 2);
	put_flag(w, "ranges");
	for (u32 i = 0; i < layout->nholes; i++)
		hole_node(w, &layout->hole[i],
			  board_hole_name(&config->board, &config->layout, layout->hole[i].start));
	reserved_node(w, DT_NODE_ARENA, &layout->arena, false);
	reserved_node(w, DT_NODE_SHARED, &layout->shared, true);
	if (layout->soft.bytes)
		reserved_node(w, DT_NODE_SOFT, &layout->soft, true);
	if (layout->segment.bytes)
		reserved_node(w, DT_NODE_SEGMENT, &layout->segment, true);
	end(w);
}

static void write_cpus(struct writer *w, u32 ncpus)
{
	begin(w, "cpus");
	put_cells(w, 1, 0);
	for (u32 i = 0; i < ncpus; i++) {
		begin_at(w, "cpu", i);
		put_text(w, "device_type", "cpu");
		put_u32(w, "reg", i);
		end(w);
	}
	end(w);
}

static void partition_node(struct writer *w, const struct run_flash_partition *partition)
{
	fdt32_t reg[2] = { cpu_to_fdt32((u32)partition->offset),
			   cpu_to_fdt32((u32)partition->bytes) };

	begin_at(w, "partition", partition->offset);
	put_text(w, "label", partition->label);
	note(w, fdt_property(w->fdt, "reg", reg, sizeof(reg)));
	end(w);
}

static void write_partitions(struct writer *w, const struct run_flash *flash)
{
	const struct run_flash_partition whole = { "all", 0, flash_bank_bytes(&flash->bank) };

	begin(w, "partitions");
	put_text(w, "compatible", "fixed-partitions");
	put_cells(w, 1, 1);
	for (u32 i = 0; i < flash->npartitions; i++)
		partition_node(w, &flash->partition[i]);
	if (!flash->npartitions)
		partition_node(w, &whole);
	end(w);
}

static void write_flash(struct writer *w, const struct run_flash *flash)
{
	char compatible[96];
	int vendor;
	u64 gpa;

	if (!flash->file)
		return;
	gpa = flashdev_gpa(flash->bank.part);
	vendor = snprintf(compatible, sizeof(compatible) - sizeof(DT_FLASH_COMPATIBLE), "%s",
			  flash->bank.part->compatible);
	memcpy(compatible + vendor + 1, DT_FLASH_COMPATIBLE, sizeof(DT_FLASH_COMPATIBLE));
	begin_at(w, "flash", gpa);
	note(w, fdt_property(w->fdt, "compatible", compatible,
			     vendor + 1 + (int)sizeof(DT_FLASH_COMPATIBLE)));
	put_reg(w, gpa, flash_bank_bytes(&flash->bank));
	put_u32(w, "bank-width", flash_bus_bytes(&flash->bank));
	put_u32(w, DT_FLASH_READ_NS, flash->bank.part->read_ns);
	write_partitions(w, flash);
	end(w);
}

/* The bus reaches memory below 4 GiB only, address for address. */
static void write_dma_ranges(struct writer *w)
{
	fdt64_t cells[3] = { cpu_to_fdt64(0), cpu_to_fdt64(0), cpu_to_fdt64(KVL_DMA_END_GPA) };

	note(w, fdt_property(w->fdt, "dma-ranges", cells, sizeof(cells)));
}

static void write_disk(struct writer *w, const struct run_disk *disk)
{
	if (!disk->given)
		return;
	begin_at(w, DT_NODE_DMA, KVL_DISK_GPA);
	put_text(w, "compatible", "simple-bus");
	put_cells(w, 2, 2);
	put_flag(w, "ranges");
	write_dma_ranges(w);
	begin_at(w, DT_NODE_DISK, KVL_DISK_GPA);
	put_text(w, "compatible", DT_DISK_COMPATIBLE);
	put_reg(w, KVL_DISK_GPA, KVL_DISK_BYTES);
	end(w);
	end(w);
}

static void write_chosen(struct writer *w, const struct run_config *config)
{
	begin(w, "chosen");
	put_text(w, DT_SCENARIO, config->scenario);
	put_text(w, DT_ARM, config->arm ? config->arm : "");
	put_u64(w, DT_SEED, config->seed);
	put_text(w, DT_SCHEDULE, config->schedule == SCHEDULE_SEEDED ? "seeded" : "free");
	put_u64(w, DT_MEM, config->layout.mem_bytes);
	put_u64(w, DT_PAGE_OFFSET, config->layout.page_offset);
	put_text(w, DT_LAYOUT, config->layout_name ? config->layout_name : "");
	put_u64(w, DT_VMALLOC, config->layout.vmalloc_bytes);
	put_u64(w, DT_VMALLOC_UPPER, config->layout.vmalloc_upper_bytes);
	put_u64(w, DT_KVA, config->layout.kva_bytes);
	put_u32(w, DT_UKVA_IN_USER, config->layout.ukva_in_user);
	put_u32(w, DT_ARENA_HIGH, config->layout.arena_highmem);
	put_u64(w, DT_ARENA_BYTES, config->layout.arena_bytes);
	put_u32(w, DT_TLB_ENTRIES, config->layout.soft_entries);
	put_text(w, DT_TLB_POLICY, run_tlb_policy_names[config->tlb_policy]);
	put_u32(w, DT_TLB_PCID, config->tlb_pcid);
	if (config->layout.segment_bytes)
		put_u64(w, DT_SEGMENT, config->layout.segment_bytes);
	begin(w, DT_NODE_PARAMS);
	for (u32 i = 0; i < config->nparams; i++)
		put_text(w, config->param[i].key, config->param[i].value);
	end(w);
	end(w);
}

static void write_tree(struct writer *w, const struct run_config *config,
		       const struct kvl_layout *layout)
{
	begin(w, "");
	put_cells(w, 2, 2);
	put_text(w, "compatible", "kvalab");
	write_memory(w, layout);
	write_reserved(w, config, layout);
	write_cpus(w, config->layout.ncpus);
	write_flash(w, &config->flash);
	write_disk(w, &config->disk);
	write_chosen(w, config);
	end(w);
}

int fdt_write(const struct run_config *config, const struct kvl_layout *layout, void *out,
	      size_t room, struct err *err)
{
	struct writer w = { .fdt = out };

	note(&w, fdt_create(out, (int)room));
	note(&w, fdt_finish_reservemap(out));
	write_tree(&w, config, layout);
	note(&w, fdt_finish(out));
	if (w.error == -FDT_ERR_NOSPACE)
		return err_set(
			err, EXIT_USAGE,
			"the device tree does not fit %zu bytes: fewer or shorter --set values",
			room);
	if (w.error)
		return err_set(err, EXIT_VMM, "the device tree cannot be made: libfdt says %s",
			       fdt_strerror(w.error));
	return (int)fdt_totalsize(out);
}
