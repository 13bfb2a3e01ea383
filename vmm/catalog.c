/* SPDX-License-Identifier: MIT */
/*
 * Reads the guest's own tables of scenarios (devices/abi/catalog.h) out of the relocated image.
 * Pointers there are guest-virtual; each is followed with its bounds checked, and what it points to
 * is copied.
 */
#include "vmm/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "devices/abi/catalog.h"
#include "devices/abi/platform.h"
#include "vmm/image.h"
#include "vmm/varies.h"

/* More rows than this is a table without its end. */
#define MAX_ROWS 256

/* The structures hold pointers of the guest's size; the host reads them as they lie. */
_Static_assert(sizeof(void *) == 8, "guest pointers are 64 bit");

static u64 guest_address(const void *pointer)
{
	return (u64)(uintptr_t)pointer;
}

static int bad(struct err *err, const char *what)
{
	return err_set(err, EXIT_VMM, "the guest image's catalog is damaged: %s", what);
}

/* Copies a string that must be there (@required), or may be a null pointer. */
static int copy_string(const struct image *image, const void *from, bool required, const char **out,
		       struct err *err)
{
	const char *text = from ? image_string(image, guest_address(from)) : "";

	if (!text || (required && !*text))
		return bad(err, "a string is missing or lies outside the image");
	*out = strdup(text);
	return *out ? 0 : err_set(err, EXIT_HOST, "no memory for the catalog");
}

/*
 * Number of rows of @row_bytes before the one whose first pointer is NULL; -1: the table does not
 * end inside the image.
 */
static s64 count_rows(const struct image *image, u64 va, u64 row_bytes)
{
	for (u32 n = 0; n < MAX_ROWS; n++) {
		const void *row = image_at(image, va + n * row_bytes, row_bytes);
		u64 first;

		if (!row)
			return -1;
		memcpy(&first, row, sizeof(first));
		if (!first)
			return n;
	}
	return -1;
}

/* What an arm's ops begin with, for the host; all ones if they are nowhere. */
static u64 first_of_ops(const struct image *image, u64 ops)
{
	const void *at = image_at(image, ops, sizeof(u64));
	u64 first = UINT64_MAX;

	if (at)
		memcpy(&first, at, sizeof(first));
	return first;
}

static int read_ops(const struct image *image, u64 ops, const struct catalog_scenario *scenario,
		    struct catalog_arm *arm, struct err *err)
{
	u64 first = first_of_ops(image, ops);

	if (scenario->arms_are_layouts && first >= KVL_LAYOUT_KINDS)
		return bad(err, "an arm's layout is of no kind that there is");
	if (scenario->arms_place_arena && first > 1)
		return bad(err, "an arm has page tables in no zone that there is");
	if (scenario->arms_are_layouts)
		arm->layout = (enum kvl_layout_kind)first;
	if (scenario->arms_place_arena)
		arm->arena_highmem = first == 1;
	return 0;
}

static int read_arms(const struct image *image, u64 va, struct catalog_scenario *out,
		     struct err *err)
{
	s64 n = va ? count_rows(image, va, sizeof(struct arm)) : 0;
	struct catalog_arm *arms;

	if (n < 0)
		return bad(err, "a table of arms does not end");
	out->arms = arms = calloc((size_t)n + 1, sizeof(*arms));
	if (!arms)
		return err_set(err, EXIT_HOST, "no memory for the catalog");
	for (; out->narms < n; out->narms++) {
		struct catalog_arm *arm = &arms[out->narms];
		struct arm row;

		memcpy(&row, image_at(image, va + out->narms * sizeof(row), sizeof(row)),
		       sizeof(row));
		if (copy_string(image, row.name, true, &arm->name, err) ||
		    copy_string(image, row.about, false, &arm->about, err))
			return -1;
		if (read_ops(image, guest_address(row.ops), out, arm, err))
			return -1;
	}
	return 0;
}

static int read_params(const struct image *image, u64 va, struct catalog_scenario *out,
		       struct err *err)
{
	s64 n = va ? count_rows(image, va, sizeof(struct scenario_param)) : 0;
	struct catalog_param *params;

	if (n < 0)
		return bad(err, "a table of parameters does not end");
	out->params = params = calloc((size_t)n + 1, sizeof(*params));
	if (!params)
		return err_set(err, EXIT_HOST, "no memory for the catalog");
	for (; out->nparams < n; out->nparams++) {
		struct catalog_param *param = &params[out->nparams];
		struct scenario_param row;

		memcpy(&row, image_at(image, va + out->nparams * sizeof(row), sizeof(row)),
		       sizeof(row));
		if (copy_string(image, row.key, true, &param->key, err) ||
		    copy_string(image, row.values, false, &param->values, err) ||
		    copy_string(image, row.fallback, false, &param->fallback, err) ||
		    copy_string(image, row.about, false, &param->about, err))
			return -1;
	}
	return 0;
}

static int bad_condition(const struct catalog_scenario *scenario,
			 const struct catalog_varies *varies, struct err *err)
{
	return err_set(
		err, EXIT_VMM,
		"the guest image's catalog: %s declares that %s varies where \"%s\", which cannot "
		"be read: words KEY=VALUE|VALUE or KEY!=VALUE, KEY \"arm\" or a parameter, VALUE "
		"one that there is",
		scenario->name, varies->count, varies->when);
}

static int read_varies(const struct image *image, u64 va, struct catalog_scenario *out,
		       struct err *err)
{
	s64 n = va ? count_rows(image, va, sizeof(struct scenario_varies)) : 0;
	struct catalog_varies *rows;

	if (n < 0)
		return bad(err, "a table of declared differences does not end");
	out->varies = rows = calloc((size_t)n + 1, sizeof(*rows));
	if (!rows)
		return err_set(err, EXIT_HOST, "no memory for the catalog");
	for (; out->nvaries < n; out->nvaries++) {
		struct catalog_varies *varies = &rows[out->nvaries];
		struct scenario_varies row;

		memcpy(&row, image_at(image, va + out->nvaries * sizeof(row), sizeof(row)),
		       sizeof(row));
		if (copy_string(image, row.count, true, &varies->count, err) ||
		    copy_string(image, row.when, false, &varies->when, err) ||
		    copy_string(image, row.why, true, &varies->why, err))
			return -1;
		if (!varies_valid(out, varies))
			return bad_condition(out, varies, err);
	}
	return 0;
}

static int read_scenario(const struct image *image, u64 va, struct catalog_scenario *out,
			 struct err *err)
{
	struct scenario row;

	memcpy(&row, image_at(image, va, sizeof(row)), sizeof(row));
	out->needs_flash = row.needs_flash != 0;
	out->needs_segment = row.needs_segment != 0;
	out->arms_are_layouts = row.arms_are_layouts != 0;
	out->arms_place_arena = row.arms_place_arena != 0;
	if (copy_string(image, row.name, true, &out->name, err) ||
	    copy_string(image, row.about, false, &out->about, err) ||
	    read_arms(image, guest_address(row.arms), out, err) ||
	    read_params(image, guest_address(row.params), out, err))
		return -1;
	return read_varies(image, guest_address(row.varies), out, err);
}

static int read_all(const struct image *image, struct catalog *catalog, struct err *err)
{
	const struct image_symbol *table = image_symbol_find(image, "scenarios");
	struct catalog_scenario *rows;
	s64 n;

	if (!table)
		return bad(err, "there is no symbol \"scenarios\"");
	n = count_rows(image, table->va, sizeof(struct scenario));
	if (n < 0)
		return bad(err, "the table of scenarios does not end");
	catalog->scenarios = rows = calloc((size_t)n + 1, sizeof(*rows));
	if (!rows)
		return err_set(err, EXIT_HOST, "no memory for the catalog");
	for (u32 i = 0; i < n; i++) {
		catalog->nscenarios = i + 1; /* also when it fails half-way: catalog_free() */
		if (read_scenario(image, table->va + i * sizeof(struct scenario), &rows[i], err))
			return -1;
	}
	return 0;
}

const struct catalog *catalog_read(const struct image *image, struct err *err)
{
	struct catalog *catalog = calloc(1, sizeof(*catalog));

	if (!catalog) {
		err_set(err, EXIT_HOST, "no memory for the catalog");
		return NULL;
	}
	if (read_all(image, catalog, err)) {
		catalog_free(catalog);
		return NULL;
	}
	return catalog;
}

const struct catalog *catalog_load(struct err *err)
{
	const struct catalog *catalog;
	struct image image;

	if (image_open_embedded(&image, GiB(3), err))
		return NULL;
	catalog = catalog_read(&image, err);
	image_close(&image);
	return catalog;
}

const struct catalog_scenario *catalog_find(const struct catalog *catalog, const char *scenario)
{
	for (u32 i = 0; i < catalog->nscenarios; i++)
		if (!strcmp(catalog->scenarios[i].name, scenario))
			return &catalog->scenarios[i];
	return NULL;
}

const struct catalog_arm *catalog_find_arm(const struct catalog_scenario *scenario, const char *arm)
{
	for (u32 i = 0; i < scenario->narms; i++)
		if (!strcmp(scenario->arms[i].name, arm))
			return &scenario->arms[i];
	return NULL;
}

const struct catalog_scenario *catalog_layouts(const struct catalog *catalog)
{
	for (u32 i = 0; i < catalog->nscenarios; i++)
		if (catalog->scenarios[i].arms_are_layouts)
			return &catalog->scenarios[i];
	return NULL;
}

bool catalog_among(const char *values, const char *value)
{
	size_t n = strlen(value);

	for (;; values++) {
		size_t name_bytes = strcspn(values, "|");

		if (name_bytes == n && memcmp(values, value, n) == 0)
			return true;
		values += name_bytes;
		if (!*values)
			return false;
	}
}

/* What the catalog owns is const to its readers; only here is it given back. */
static void drop(const void *owned)
{
	free((void *)(uintptr_t)owned);
}

static void free_scenario(const struct catalog_scenario *scenario)
{
	/* The row at [n] may be half-filled when reading failed; it is zero otherwise. */
	for (u32 i = 0; scenario->arms && i <= scenario->narms; i++) {
		drop(scenario->arms[i].name);
		drop(scenario->arms[i].about);
	}
	for (u32 i = 0; scenario->params && i <= scenario->nparams; i++) {
		drop(scenario->params[i].key);
		drop(scenario->params[i].values);
		drop(scenario->params[i].fallback);
		drop(scenario->params[i].about);
	}
	for (u32 i = 0; scenario->varies && i <= scenario->nvaries; i++) {
		drop(scenario->varies[i].count);
		drop(scenario->varies[i].when);
		drop(scenario->varies[i].why);
	}
	drop(scenario->varies);
	drop(scenario->arms);
	drop(scenario->params);
	drop(scenario->name);
	drop(scenario->about);
}

void catalog_free(const struct catalog *catalog)
{
	if (!catalog)
		return;
	for (u32 i = 0; i < catalog->nscenarios; i++)
		free_scenario(&catalog->scenarios[i]);
	drop(catalog->scenarios);
	drop(catalog);
}
