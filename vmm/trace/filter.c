/* SPDX-License-Identifier: MIT */
/* Owns what a list of event names chooses. */
#include "vmm/trace/filter.h"

#include <stdio.h>
#include <string.h>

#include "vmm/trace/schema.h"

int filter_check(const char *const *name, u32 n, struct err *err)
{
	char known[768] = "";

	for (u32 i = 0; i < n; i++) {
		if (event_by_name(name[i]))
			continue;
		for (size_t e = 0; e < event_schema_count; e++) {
			size_t used = strlen(known);

			snprintf(known + used, sizeof(known) - used, " %s", event_schema[e].name);
		}
		return err_set(err, EXIT_USAGE, "unknown event \"%.32s\"; there are:%s", name[i],
			       known);
	}
	return 0;
}

bool filter_names(const char *const *name, u32 n, u16 id)
{
	const struct event_schema *event = event_by_id(id);

	for (u32 i = 0; event && i < n; i++)
		if (!strcmp(event->name, name[i]))
			return true;
	return false;
}
