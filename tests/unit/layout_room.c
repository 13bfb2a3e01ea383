/* SPDX-License-Identifier: MIT */
/*
 * Owns the sizes: what keeps its size, that lowmem could not be larger, and what it has more than
 * in kind linear (seed row A3). Lowmem is not computed: one page more has to break what is asked of
 * vmalloc.
 */
#include "tests/unit/layout_model.h"

static u64 least(u64 a, u64 b)
{
	return a < b ? a : b;
}

static u64 lowmem_bytes(const struct kvl_layout *plan)
{
	u64 bytes = 0;

	for (u32 i = 0; i < plan->nlowmem; i++)
		bytes += plan->lowmem[i].bytes;
	rule(bytes == kvl_lowmem_bytes(plan), "lowmem is its pieces (bytes, said)", bytes,
	     kvl_lowmem_bytes(plan));
	return bytes;
}

static u64 vmalloc_bytes(const struct kvl_layout *plan)
{
	u64 bytes = 0;

	for (u32 i = 0; i < plan->nvmalloc; i++)
		bytes += plan->vmalloc[i].bytes;
	rule(bytes == kvl_vmalloc_bytes(plan), "vmalloc is its ranges (bytes, said)", bytes,
	     kvl_vmalloc_bytes(plan));
	return bytes;
}

static void expect_sizes(const struct layout_facts *facts, const struct kvl_layout *plan)
{
	const struct {
		enum kvl_region_kind region;
		u64 bytes;
	} fixed[] = {
		{ KVL_REGION_PAGEABLE, MODEL_PAGEABLE }, { KVL_REGION_GAP, MODEL_GAP },
		{ KVL_REGION_KVA, facts->kva },		 { KVL_REGION_UKVA, facts->ukva },
		{ KVL_REGION_FIXMAP, MODEL_FIXMAP },
	};

	for (u32 i = 0; i < ARRAY_LEN(fixed); i++)
		rule(plan->region[fixed[i].region].bytes == fixed[i].bytes,
		     "a region has its size (which, bytes)", fixed[i].region,
		     plan->region[fixed[i].region].bytes);
	rule(vmalloc_bytes(plan) >= facts->vmalloc, "vmalloc has what was asked for (bytes, asked)",
	     vmalloc_bytes(plan), facts->vmalloc);
	rule(plan->region[KVL_REGION_VMALLOC].bytes >= facts->request->vmalloc_upper_bytes,
	     "vmalloc behind lowmem has what was asked for (bytes, asked)",
	     plan->region[KVL_REGION_VMALLOC].bytes, facts->request->vmalloc_upper_bytes);
	rule(plan->lowmem_end_gpa >= facts->core_end && plan->lowmem_end_gpa <= facts->high_arena,
	     "lowmem ends behind the core and before a high arena (gpa)", plan->lowmem_end_gpa, 0);
}

/* --- lowmem could not be larger --------------------------------------------------------------- */

/* The lowest frame that is highmem and need not be; false if there is none. */
static bool next_frame(const struct layout_facts *facts, const struct kvl_layout *plan, u64 *gpa)
{
	for (u32 i = 0; i < plan->nusable; i++) {
		u64 start = plan->usable[i].start;

		if (start < plan->lowmem_end_gpa)
			start = plan->lowmem_end_gpa;
		if (start < range_end(plan->usable[i]) && start < facts->high_arena) {
			*gpa = start;
			return true;
		}
	}
	return false;
}

/* The address that @gpa, the next frame, would have; where lowmem ends now is in the last piece. */
static u64 next_address(const struct kvl_layout *plan, u64 gpa)
{
	const struct kvl_piece *last = &plan->lowmem[plan->nlowmem - 1];
	u64 gpa_end = last->gpa + last->bytes, va_end = last->va + last->bytes;

	switch (plan->kind) {
	case KVL_LAYOUT_PACKED: return va_end;
	case KVL_LAYOUT_SECTIONS:
		if (ALIGN_DOWN(gpa, LARGE_BYTES) < gpa_end)
			return va_end + gpa - gpa_end;
		return ALIGN_UP(va_end, LARGE_BYTES) + gpa % LARGE_BYTES;
	default: return gpa + plan->page_offset;
	}
}

/*
 * With one page more, all vmalloc would be less than asked for, or that behind lowmem. In kind
 * intermixed vmalloc has all that lowmem has not, in the others what is behind lowmem.
 */
static void expect_maximal(const struct layout_facts *facts, const struct kvl_layout *plan)
{
	u64 gpa, end, behind, all;

	if (!next_frame(facts, plan, &gpa))
		return;
	end = next_address(plan, gpa) + PAGE_BYTES - plan->page_offset;
	behind = facts->room > end ? facts->room - end : 0;
	all = behind;
	if (plan->kind == KVL_LAYOUT_INTERMIXED)
		all = facts->room - MODEL_PAGEABLE - lowmem_bytes(plan) - PAGE_BYTES;
	rule(end > facts->room || all < facts->vmalloc ||
		     behind < facts->request->vmalloc_upper_bytes,
	     "lowmem is as large as it can be (next gpa, vmalloc with it)", gpa, all);
	/* RAM is plentiful: vmalloc has no more than asked for, but for what is less than a
	 * section */
	if (plan->kind == KVL_LAYOUT_LINEAR || plan->kind == KVL_LAYOUT_PACKED)
		rule(vmalloc_bytes(plan) == facts->vmalloc, "vmalloc is as asked for (bytes)",
		     vmalloc_bytes(plan), facts->vmalloc);
	if (plan->kind == KVL_LAYOUT_SECTIONS)
		rule(vmalloc_bytes(plan) < facts->vmalloc + LARGE_BYTES,
		     "vmalloc is as asked for, in sections (bytes)", vmalloc_bytes(plan),
		     facts->vmalloc);
}

/* --- row A3 ----------------------------------------------------------------------------------- */

/* In [start, end). */
static u64 hole_bytes(const struct kvl_layout_request *request, u64 start, u64 end)
{
	u64 bytes = 0;

	for (u32 i = 0; i < request->nholes; i++) {
		u64 from = request->hole[i].start, to = range_end(request->hole[i]);

		from = from > start ? from : start;
		to = least(to, end);
		bytes += from < to ? to - from : 0;
	}
	return bytes;
}

static bool is_all_hole(const struct kvl_layout_request *request, u64 section)
{
	return hole_bytes(request, section, section + LARGE_BYTES) == LARGE_BYTES;
}

/* Kind sections: bytes of sections behind the core and below the limit that are all hole. */
static u64 whole_sections(const struct layout_facts *facts)
{
	u64 bytes = 0;

	for (u64 at = facts->core_end; at < facts->limit; at += LARGE_BYTES)
		bytes += is_all_hole(facts->request, at) ? LARGE_BYTES : 0;
	return bytes;
}

/* Kind sections: of the @bytes that come to lowmem in sections from the limit on, what holes
 * spoil. */
static u64 spoilt(const struct layout_facts *facts, u64 bytes)
{
	u64 lost = 0;

	for (u64 at = facts->limit; bytes && at < facts->high_arena; at += LARGE_BYTES) {
		if (is_all_hole(facts->request, at))
			continue;
		lost += hole_bytes(facts->request, at, at + LARGE_BYTES);
		bytes -= LARGE_BYTES;
	}
	return lost;
}

/*
 * Recovered, that is lowmem beyond what kind linear has with the same options, is the least of: the
 * bytes of holes below the linear limit that the kind can use; usable RAM from the limit on (below
 * a high arena); and what the extension allows. For each kind:
 *
 *   linear       nothing
 *   packed       holes behind the core. The extension lies at the addresses of these: no bound
 *   sections     sections behind the core that are all hole; as many are taken from the limit on,
 *                passing over those that are all hole, and what holes have of them is lost
 *   intermixed   all holes. The extension is [limit, limit + vmalloc - vmalloc_upper), less holes
 */
static u64 recoverable(const struct layout_facts *facts)
{
	const struct kvl_layout_request *request = facts->request;
	u64 limit = facts->limit, top = facts->high_arena, extension;
	u64 ram = top - limit - hole_bytes(request, limit, top);

	switch (request->kind) {
	case KVL_LAYOUT_PACKED: return least(ram, hole_bytes(request, facts->core_end, limit));
	case KVL_LAYOUT_SECTIONS:
		extension = whole_sections(facts);
		return least(ram, extension - spoilt(facts, extension));
	case KVL_LAYOUT_INTERMIXED:
		extension = facts->vmalloc - request->vmalloc_upper_bytes;
		extension -= hole_bytes(request, limit, limit + extension);
		return least(least(ram, hole_bytes(request, MODEL_PAGEABLE, limit)), extension);
	default: return 0;
	}
}

static void expect_recovered(const struct layout_facts *facts, const struct kvl_layout *plan)
{
	struct kvl_layout_request request = *facts->request;
	struct kvl_layout_failure why;
	struct kvl_layout linear;
	u64 recovered, said = recoverable(facts);
	int failed;

	request.kind = KVL_LAYOUT_LINEAR;
	failed = kvl_layout_plan(&request, &linear, &why);
	rule(!failed, "what works, works in kind linear (error)", why.error, 0);
	recovered = lowmem_bytes(plan) - lowmem_bytes(&linear);
	rule(recovered == said, "lowmem recovered is as row A3 says (bytes, said)", recovered,
	     said);
}

void layout_expect_room(const struct layout_facts *facts, const struct kvl_layout *plan)
{
	expect_sizes(facts, plan);
	expect_maximal(facts, plan);
	expect_recovered(facts, plan);
}
