/* SPDX-License-Identifier: MIT */
/*
 * The device tree, read in one linear pass (a look-up by path walks the tree again each time), and
 * what it says: boot_options, the scenario's parameters.
 */
#include <libfdt.h>

#include "devices/abi/dt.h"
#include "guest/boot.h"
#include "guest/kernel.h"
#include "guest/lib/string.h"

#define MAX_PARAMS 32

struct boot_options boot_options;

static struct {
	const char *key, *value;
} params[MAX_PARAMS];
static u32 nparams;

struct property {
	const char *name;
	const u8 *value;
	int bytes;
};

/* Where the pass is: names of the nodes from the root's children downward. */
struct place {
	const char *node[4];
	int depth;
};

static u64 cells(const struct property *p, u32 first, u32 ncells)
{
	u64 value = 0;

	if ((int)((first + ncells) * 4) > p->bytes)
		panic("bad device tree", "property %s has %d bytes", p->name, p->bytes);
	for (u32 i = first * 4; i < (first + ncells) * 4; i++)
		value = value << 8 | p->value[i];
	return value;
}

static bool is_text(const struct property *p)
{
	return p->bytes > 0 && p->value[p->bytes - 1] == 0;
}

static const char *text(const struct property *p)
{
	if (!is_text(p))
		panic("bad device tree", "property %s is no string", p->name);
	return (const char *)p->value;
}

static bool node_is(const struct place *at, int depth, const char *name)
{
	size_t n = strlen(name);
	const char *node = at->depth > depth ? at->node[depth] : "";

	return strncmp(node, name, n) == 0 && (node[n] == 0 || node[n] == '@');
}

static bool is(const struct property *p, const char *name)
{
	return strcmp(p->name, name) == 0;
}

static void chosen(const struct property *p)
{
	struct boot_options *o = &boot_options;

	if (is(p, DT_SCENARIO))
		str_copy(o->scenario, text(p), sizeof(o->scenario));
	else if (is(p, DT_ARM))
		str_copy(o->arm, text(p), sizeof(o->arm));
	else if (is(p, DT_SEED))
		o->seed = cells(p, 0, 2);
	else if (is(p, DT_SCHEDULE))
		o->seeded = strcmp(text(p), "seeded") == 0;
	else if (is(p, DT_MEM))
		o->request.mem_bytes = cells(p, 0, 2);
	else if (is(p, DT_PAGE_OFFSET))
		o->request.page_offset = cells(p, 0, 2);
	else if (is(p, DT_LAYOUT))
		str_copy(o->layout, text(p), sizeof(o->layout));
	else if (is(p, DT_VMALLOC))
		o->request.vmalloc_bytes = cells(p, 0, 2);
	else if (is(p, DT_VMALLOC_UPPER))
		o->request.vmalloc_upper_bytes = cells(p, 0, 2);
	else if (is(p, DT_KVA))
		o->request.kva_bytes = cells(p, 0, 2);
	else if (is(p, DT_UKVA_IN_USER))
		o->request.ukva_in_user = cells(p, 0, 1);
	else if (is(p, DT_ARENA_HIGH))
		o->request.arena_highmem = cells(p, 0, 1);
	else if (is(p, DT_ARENA_BYTES))
		o->request.arena_bytes = cells(p, 0, 2);
	else if (is(p, DT_TLB_ENTRIES))
		o->request.soft_entries = cells(p, 0, 1);
	else if (is(p, DT_TLB_POLICY))
		o->tlb_random = strcmp(text(p), "random") == 0;
	else if (is(p, DT_TLB_PCID))
		o->tlb_pcid = cells(p, 0, 1);
	else if (is(p, DT_SEGMENT))
		o->request.segment_bytes = cells(p, 0, 2);
}

static void param(const struct property *p)
{
	if (nparams == MAX_PARAMS)
		panic("bad device tree", "more than %u parameters", MAX_PARAMS);
	params[nparams].key = p->name;
	params[nparams++].value = text(p);
}

static void hole(const struct property *p)
{
	struct kvl_layout_request *request = &boot_options.request;

	if (is(p, "label") && request->nholes)
		boot_options.hole_label[request->nholes - 1] = text(p);
	if (!is(p, "reg"))
		return;
	if (request->nholes == KVL_MAX_HOLES)
		panic("bad device tree", "more than %u holes", KVL_MAX_HOLES);
	request->hole[request->nholes].start = cells(p, 0, 2);
	request->hole[request->nholes++].bytes = cells(p, 2, 2);
}

static void flash(const struct property *p)
{
	if (is(p, "reg")) {
		boot_options.flash_gpa = cells(p, 0, 2);
		boot_options.flash_bytes = cells(p, 2, 2);
	} else if (is(p, "bank-width")) {
		boot_options.flash_bank_width = cells(p, 0, 1);
	} else if (is(p, DT_FLASH_READ_NS)) {
		boot_options.flash_read_ns = cells(p, 0, 1);
	}
}

static void partition(const struct property *p)
{
	struct boot_options *o = &boot_options;
	struct flash_partition_info *info = &o->flash_partition[o->flash_npartitions - 1];

	if (is(p, "label")) {
		str_copy(info->label, text(p), sizeof(info->label));
	} else if (is(p, "reg")) {
		info->offset = cells(p, 0, 1);
		info->bytes = cells(p, 1, 1);
	}
}

/* What the device tree says of another place than the same address is for no device of ours. */
static void dma_bus(const struct property *p)
{
	if (!is(p, "dma-ranges"))
		return;
	if (cells(p, 0, 2) || cells(p, 2, 2))
		panic("bad device tree", "dma-ranges that do not begin at 0");
	boot_options.dma_end_gpa = cells(p, 4, 2);
}

static void disk(const struct property *p)
{
	if (is(p, "reg")) {
		boot_options.disk_gpa = cells(p, 0, 2);
		boot_options.disk_bytes = cells(p, 2, 2);
	}
}

static void node(const struct place *at)
{
	if (at->depth == 2 && node_is(at, 0, "cpus") && node_is(at, 1, "cpu"))
		boot_options.ncpus++;
	if (at->depth == 3 && node_is(at, 0, "flash") && node_is(at, 2, "partition") &&
	    boot_options.flash_npartitions++ == ARRAY_LEN(boot_options.flash_partition))
		panic("bad device tree", "more than %lu flash partitions",
		      ARRAY_LEN(boot_options.flash_partition));
}

static void property(const struct place *at, const struct property *p)
{
	if (node_is(at, 0, "chosen")) {
		if (at->depth == 1)
			chosen(p);
		else if (at->depth == 2 && node_is(at, 1, DT_NODE_PARAMS))
			param(p);
	} else if (node_is(at, 0, "flash")) {
		if (at->depth == 1)
			flash(p);
		else if (at->depth == 3 && node_is(at, 2, "partition"))
			partition(p);
	} else if (node_is(at, 0, DT_NODE_DMA)) {
		if (at->depth == 1)
			dma_bus(p);
		else if (node_is(at, 1, DT_NODE_DISK))
			disk(p);
	} else if (at->depth == 2 && node_is(at, 0, "reserved-memory") &&
		   node_is(at, 1, DT_NODE_HOLE)) {
		hole(p);
	}
}

static void read_tree(const void *fdt)
{
	struct place at = { .depth = -1 };
	int offset = 0, next;

	for (;; offset = next) {
		u32 tag = fdt_next_tag(fdt, offset, &next);
		struct property p;

		switch (tag) {
		case FDT_BEGIN_NODE:
			if (at.depth == (int)ARRAY_LEN(at.node))
				panic("bad device tree", "too deep");
			if (at.depth >= 0)
				at.node[at.depth] = fdt_get_name(fdt, offset, NULL);
			at.depth++;
			node(&at);
			break;
		case FDT_END_NODE: at.depth--; break;
		case FDT_PROP:
			p.value = fdt_getprop_by_offset(fdt, offset, &p.name, &p.bytes);
			if (!p.value)
				panic("bad device tree", "property at %d", offset);
			property(&at, &p);
			break;
		case FDT_END:
			if (next < 0)
				panic("bad device tree", "error %d at %d", next, offset);
			return;
		}
	}
}

void options_read(const void *fdt)
{
	if (fdt_check_header(fdt))
		panic("bad device tree", "no header at %p", fdt);
	read_tree(fdt);
	boot_options.request.ncpus = boot_options.ncpus;
}

const char *param_text(const char *key, const char *fallback)
{
	for (u32 i = 0; i < nparams; i++)
		if (strcmp(params[i].key, key) == 0)
			return params[i].value;
	return fallback;
}

bool param_choice(const char *key, const char *no, const char *yes)
{
	const char *text = param_text(key, no);

	if (strcmp(text, yes) != 0 && strcmp(text, no) != 0)
		usage_failure("%s=%s: must be %s or %s", key, text, no, yes);
	return strcmp(text, yes) == 0;
}

static u32 unit_shift(char unit)
{
	switch (unit) {
	case 'K': return 10;
	case 'M': return 20;
	case 'G': return 30;
	}
	return 0;
}

static bool parse_size(const char *s, u64 *value)
{
	const char *start = s;
	u32 shift;

	*value = 0;
	for (; *s >= '0' && *s <= '9'; s++) {
		if (*value > (~0ull - 9) / 10)
			return false;
		*value = *value * 10 + *s - '0';
	}
	if (s == start)
		return false;
	shift = unit_shift(*s);
	s += shift != 0;
	if (*value > ~0ull >> shift)
		return false;
	*value <<= shift;
	return *s == 0;
}

u64 param_u64(const char *key, u64 fallback)
{
	const char *s = param_text(key, NULL);
	u64 value;

	if (!s)
		return fallback;
	if (!parse_size(s, &value))
		usage_failure("--set %s=%s: not a number (digits, then K, M or G)", key, s);
	return value;
}

u32 param_number(const char *key, u32 fallback, u32 least, u32 most)
{
	u64 n = param_u64(key, fallback);

	if (n < least || n > most)
		usage_failure("%s=%lu: must be from %u to %u", key, n, least, most);
	return n;
}
