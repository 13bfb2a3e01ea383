/* SPDX-License-Identifier: MIT */
/* Owns the object of kvalab layout --json. Its fields: docs/layout-map.md. */
#include "vmm/cli/json.h"
#include "vmm/cli/layout.h"

#define SCHEMA "kvalab-layout-1"

/* Addresses and sizes of a plan are below 2^63. */
static json_t *number(u64 value)
{
	return json_integer((json_int_t)value);
}

static json_t *box_json(const struct layout_box *box)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "kind", layout_box_name(box->kind),
			 "name", json_text(box->name), "number",
			 box->number ? number(box->number) : json_null(), "start",
			 number(box->start), "bytes", number(box->bytes), "other",
			 box->other == LAYOUT_NOWHERE ? json_null() : number(box->other));
}

/* Without memory there is no object, and without it none that it is part of. */
static json_t *column_json(const struct layout_column *column)
{
	json_t *array = json_array();

	for (u32 i = 0; i < column->nboxes; i++) {
		if (json_array_append_new(array, box_json(&column->box[i]))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *figures_json(const struct layout_figures *figures)
{
	json_t *object = json_object();

	for (u32 i = 0; i < LAYOUT_FIGURES; i++) {
		if (json_object_set_new(object, layout_figure[i].name,
					number(layout_figure[i].of(figures)))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *all_json(const struct layout_view *view)
{
	json_t *object = json_object();

	for (u32 kind = 0; kind < KVL_LAYOUT_KINDS; kind++) {
		if (json_object_set_new(object, view->name[kind],
					figures_json(&view->figures[kind]))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

json_t *layout_json(const struct layout_view *view)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "schema", SCHEMA, "layout",
			 view->name[view->run->layout.kind], "mem",
			 number(view->run->layout.mem_bytes), "split",
			 number(view->run->layout.page_offset), "kernel",
			 column_json(&view->map.kernel), "physical",
			 column_json(&view->map.physical), "layouts", all_json(view));
}
