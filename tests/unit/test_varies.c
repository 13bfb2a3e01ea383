/* SPDX-License-Identifier: MIT */
/* Declared differences, from a scenario made by hand: what is well-formed, and when it applies. */
#include <check.h>
#include <string.h>

#include "tests/unit/suite.h"
#include "vmm/varies.h"

static const struct catalog_arm arms[] = { { .name = "fault" }, { .name = "copy" } };
static const struct catalog_param params[] = {
	{ "writer", "off|erase|mixed", "mixed", "" },
	{ "blocks", "number", "2", "" },
};

/* A scenario that declares one count under @when. */
static struct catalog_varies varies;
static const struct catalog_scenario scenario = { .name = "made-up",
						  .narms = ARRAY_LEN(arms),
						  .arms = arms,
						  .nparams = ARRAY_LEN(params),
						  .params = params,
						  .nvaries = 1,
						  .varies = &varies };
static struct run_config config;

static void declare(const char *when)
{
	varies = (struct catalog_varies){ "waits", when, "it takes longer" };
}

START_TEST(what_is_no_condition_is_refused)
{
	static const char *const wrong[] = {
		"writer",
		"=off",
		"!=off",
		"writer=",
		"writer!=",
		"speed=1",
		"arm=point",
		"arm=",
		"writer=offf",
		"writer=off|",
		"writer=off|banana",
		"|",
		"writer==",
		"writer=off x",
		"x writer=off",
	};
	char text[300];

	for (u32 i = 0; i < ARRAY_LEN(wrong); i++) {
		declare(wrong[i]);
		ck_assert_msg(!varies_valid(&scenario, &varies), "%s", wrong[i]);
	}
	memset(text, 'a', sizeof(text));
	memcpy(text, "writer=", 7);
	text[sizeof(text) - 1] = '\0';
	declare(text);
	ck_assert(!varies_valid(&scenario, &varies));
}
END_TEST

/* With the parameters of the row (NULL: not given) and the arm. */
static const struct {
	const char *when, *arm, *writer, *blocks;
	bool holds;
} row[] = {
	{ "", "fault", NULL, NULL, true },
	{ "  ", NULL, NULL, NULL, true },
	{ "writer=mixed", "fault", NULL, NULL, true }, /* by its fallback */
	{ "writer=mixed", "fault", "off", NULL, false },
	{ "writer=erase|mixed", "fault", "erase", NULL, true },
	{ "writer!=off", "fault", "off", NULL, false },
	{ "writer!=off|erase", "fault", "erase", NULL, false },
	{ "writer!=off|erase", "fault", "mixed", NULL, true },
	{ "writer!=off blocks!=0", "fault", NULL, "0", false },
	{ "writer!=off blocks!=0", "fault", NULL, "1", true },
	{ "writer!=off  blocks!=0 ", "fault", "off", "1", false },
	{ "arm=fault", "fault", NULL, NULL, true },
	{ "arm=fault", "copy", NULL, NULL, false },
	{ "arm!=copy writer=off", "fault", "off", NULL, true },
};

START_TEST(a_condition_holds_where_it_says)
{
	const char *why;

	config = (struct run_config){ 0 };
	if (row[_i].writer)
		config.param[config.nparams++] = (struct run_param){ "writer", row[_i].writer };
	if (row[_i].blocks)
		config.param[config.nparams++] = (struct run_param){ "blocks", row[_i].blocks };
	declare(row[_i].when);
	ck_assert(varies_valid(&scenario, &varies));
	why = varies_why(&scenario, row[_i].arm, &config, "waits");
	ck_assert_msg(!!why == row[_i].holds, "%s", row[_i].when);
	ck_assert_ptr_null(varies_why(&scenario, row[_i].arm, &config, "wait"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("varies");
	TCase *tcase = tcase_create("varies");

	tcase_add_test(tcase, what_is_no_condition_is_refused);
	tcase_add_loop_test(tcase, a_condition_holds_where_it_says, 0, ARRAY_LEN(row));
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
