/* SPDX-License-Identifier: MIT */
/*
 * A model of the machine's map, for the unit test and the fuzzer of the planner
 * (devices/abi/layout.c). It knows what layout.h and rows A1-A9 of the seed state, asks for a plan,
 * and looks at every interval between two boundaries that anybody names: nothing is planned a
 * second time.
 *
 *   layout_model.c   which options can work, and if not, why
 *   layout_map.c     who owns each address and each frame
 *   layout_core.c    the core's parts, and the testbed's own
 *   layout_room.c    sizes: lowmem is as large as it can be, and what is recovered from holes (A3)
 *   layout_arms.c    the arms' conversions (guest/scenario/layout.arms)
 */
#ifndef TEST_LAYOUT_MODEL_H
#define TEST_LAYOUT_MODEL_H

#include "devices/abi/layout.h"

#define SPACE_END GiB(4)
/* Of what has always the same size. */
#define MODEL_PAGEABLE MiB(2)
#define MODEL_GAP MiB(2)
#define MODEL_FIXMAP MiB(2)

/* What options say before anything is placed. */
struct layout_facts {
	const struct kvl_layout_request *request;
	u64 vmalloc, kva; /* asked for */
	u64 ukva;	  /* 2 MiB, and 8 bytes for each page below the split */
	u64 ukva_taken;	  /* of that, from the kernel's side */
	u64 low_ram_end;  /* gpa: of the RAM below the device gap */
	u64 ram_end;	  /* gpa: of all RAM */
	u64 core_end;	  /* gpa */
	u64 arena;	  /* bytes */
	u64 high_arena;	  /* gpa; where there is none: low_ram_end */
	u64 room;	  /* pageable, lowmem and vmalloc together have so many addresses */
	u64 limit;	  /* gpa: where lowmem ends in kind linear */
};

/* Defined by who uses the model: ends the test. What @a and @b are is said by the rule. */
_Noreturn void layout_violated(const char *rule, u64 a, u64 b);

static inline void rule(bool holds, const char *text, u64 a, u64 b)
{
	if (!holds)
		layout_violated(text, a, b);
}

static inline u64 range_end(struct kvl_range range)
{
	return range.start + range.bytes;
}

static inline bool in_range(struct kvl_range range, u64 at)
{
	return at - range.start < range.bytes;
}

/* Has @request planned into @plan and holds the answer against all rules. False: rightly
 * refused. */
bool layout_judge(const struct kvl_layout_request *request, struct kvl_layout *plan);

/* --- the parts, of a plan that was made ------------------------------------------------------- */
void layout_expect_map(const struct layout_facts *facts, const struct kvl_layout *plan);
void layout_expect_core(const struct layout_facts *facts, const struct kvl_layout *plan);
void layout_expect_room(const struct layout_facts *facts, const struct kvl_layout *plan);
void layout_expect_conversions(const struct kvl_layout *plan);

#endif
