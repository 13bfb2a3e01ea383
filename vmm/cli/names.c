/* SPDX-License-Identifier: MIT */
/*
 * Owns the check of the names on a command line (scenario, arm, parameters and their values)
 * against what the guest inside this program knows.
 */
#include "vmm/cli/names.h"

#include <stdio.h>
#include <string.h>

#include "devices/abi/segment.h"
#include "vmm/cli/parse.h"

static const char *name_of_scenario(const void *list, size_t i)
{
	const struct catalog *catalog = list;

	return i < catalog->nscenarios ? catalog->scenarios[i].name : NULL;
}

static const char *name_of_arm(const void *list, size_t i)
{
	const struct catalog_scenario *scenario = list;

	return i < scenario->narms ? scenario->arms[i].name : NULL;
}

static const char *name_of_param(const void *list, size_t i)
{
	const struct catalog_scenario *scenario = list;

	return i < scenario->nparams ? scenario->params[i].key : NULL;
}

static int check_arm(const struct catalog_scenario *scenario, const char *arm, const char *option,
		     struct err *err)
{
	char all[256] = "", hint[HINT_BYTES];

	if (!scenario->narms)
		return arm ? err_set(err, EXIT_USAGE, "%s: %s has no arms", option, scenario->name)
			   : 0;
	if (arm && !catalog_find_arm(scenario, arm))
		return err_set(err, EXIT_USAGE, "%s: %s has no arm \"%s\"; %s", option,
			       scenario->name, arm, name_hint(arm, name_of_arm, scenario, hint));
	if (arm)
		return 0;
	for (u32 i = 0; i < scenario->narms; i++) {
		strncat(all, i ? ", " : "", sizeof(all) - strlen(all) - 1);
		strncat(all, scenario->arms[i].name, sizeof(all) - strlen(all) - 1);
	}
	return err_set(err, EXIT_USAGE, "%s needs --arm: one of %s", scenario->name, all);
}

static int check_value(const struct catalog_param *param, const char *value, struct err *err)
{
	char what[80];
	u64 number;

	snprintf(what, sizeof(what), "--set %s", param->key);
	if (!strcmp(param->values, "number") || !strcmp(param->values, "bytes"))
		return parse_size(what, value, &number, err);
	if (!strchr(param->values, '|') || catalog_among(param->values, value) ||
	    !strcmp(value, param->fallback))
		return 0;
	return err_set(err, EXIT_USAGE, "%s: \"%s\" is not one of %s (default %s)", what, value,
		       param->values, param->fallback);
}

static int check_param(const struct catalog_scenario *scenario, const struct run_param *given,
		       struct err *err)
{
	char hint[HINT_BYTES];

	if (!scenario->nparams)
		return err_set(err, EXIT_USAGE, "--set: %s has no parameters", scenario->name);
	for (u32 i = 0; i < scenario->nparams; i++)
		if (strcmp(scenario->params[i].key, given->key) == 0)
			return check_value(&scenario->params[i], given->value, err);
	return err_set(err, EXIT_USAGE, "--set: %s has no parameter \"%s\"; %s", scenario->name,
		       given->key, name_hint(given->key, name_of_param, scenario, hint));
}

const struct catalog_scenario *names_find_scenario(const struct catalog *catalog, const char *name,
						   struct err *err)
{
	const struct catalog_scenario *scenario = catalog_find(catalog, name);
	char hint[HINT_BYTES];

	if (!scenario)
		err_set(err, EXIT_USAGE, "unknown scenario \"%s\"; %s (kvalab list)", name,
			name_hint(name, name_of_scenario, catalog, hint));
	return scenario;
}

int names_layout(const struct catalog *catalog, struct run_config *config, struct err *err)
{
	const struct catalog_scenario *layouts = catalog_layouts(catalog);
	const char *name = config->layout_name ? config->layout_name : layouts->arms[0].name;
	const struct catalog_arm *layout = catalog_find_arm(layouts, name);
	char hint[HINT_BYTES];

	if (!layout)
		return err_set(err, EXIT_USAGE, "--layout: there is no \"%s\"; %s", name,
			       name_hint(name, name_of_arm, layouts, hint));
	config->layout_name = layout->name;
	config->layout.kind = layout->layout;
	return 0;
}

/* Where the arms are layouts, the arm says which it is. */
static int layout_of_arm(const struct catalog *catalog, const struct catalog_scenario *scenario,
			 struct run_config *config, struct err *err)
{
	if (!scenario->arms_are_layouts)
		return names_layout(catalog, config, err);
	if (config->layout_name && strcmp(config->layout_name, config->arm))
		return err_set(err, EXIT_USAGE,
			       "--layout: the arms of %s are the layouts, and %s is another",
			       scenario->name, config->arm);
	config->layout_name = config->arm;
	return names_layout(catalog, config, err);
}

/* Where arms place the arena, they say where it is; --arena can only say the same. */
static int arena_of_arm(const struct catalog_scenario *scenario, struct run_config *config,
			struct err *err)
{
	bool highmem;

	if (!scenario->arms_place_arena)
		return 0;
	highmem = catalog_find_arm(scenario, config->arm)->arena_highmem;
	if (config->arena_zone_given && config->layout.arena_highmem != highmem)
		return err_set(err, EXIT_USAGE,
			       "--arena: arm %s of %s has page tables in %s: leave the zone out",
			       config->arm, scenario->name, highmem ? "highmem" : "lowmem");
	config->layout.arena_highmem = highmem;
	return 0;
}

/* --set carve=…: the one parameter that the layout hangs on, of whatever scenario has it. */
static void carve(struct run_config *config)
{
	for (u32 i = 0; i < config->nparams; i++)
		if (strcmp(config->param[i].key, "carve") == 0)
			config->layout.ukva_in_user = strcmp(config->param[i].value, "user") == 0;
}

int names_carve(struct run_config *config, struct err *err)
{
	static const struct catalog_param param = { "carve", "kernel|user", "kernel", "" };

	for (u32 i = 0; i < config->nparams; i++) {
		if (strcmp(config->param[i].key, param.key))
			return err_set(err, EXIT_USAGE,
				       "--set %s: of a layout there is carve alone (%s)",
				       config->param[i].key, param.values);
		if (check_value(&param, config->param[i].value, err))
			return -1;
	}
	carve(config);
	return 0;
}

/* One that goes with the run, where nobody has named another. */
static void give_segment(struct run_config *config)
{
	if (config->layout.segment_bytes)
		return;
	config->segment.bytes = KVL_SEGMENT_DEFAULT;
	config->layout.segment_bytes = KVL_SEGMENT_DEFAULT;
}

int names_check(const struct catalog *catalog, struct run_config *config, const char *arm_option,
		struct err *err)
{
	const struct catalog_scenario *scenario =
		names_find_scenario(catalog, config->scenario, err);

	if (!scenario)
		return -1;
	if (scenario->arms_are_layouts && !config->arm)
		config->arm = config->layout_name; /* the other name for it */
	if (check_arm(scenario, config->arm, arm_option, err) ||
	    layout_of_arm(catalog, scenario, config, err) || arena_of_arm(scenario, config, err))
		return -1;
	for (u32 i = 0; i < config->nparams; i++)
		if (check_param(scenario, &config->param[i], err))
			return -1;
	carve(config);
	if (scenario->needs_flash && !config->flash.file)
		return err_set(err, EXIT_USAGE,
			       "%s needs a chip: --flash file=PATH,chip=NAME (kvalab flash parts)",
			       scenario->name);
	if (scenario->needs_segment)
		give_segment(config);
	return 0;
}
