/* SPDX-License-Identifier: MIT */
/* Owns the XML that tells gdb which registers there are, and in which order. */
#include "vmm/gdb/description.h"

#include <stdarg.h>
#include <stdio.h>

#include "vmm/gdb/registers.h"

struct xml {
	char *text;
	size_t n;
};

__attribute__((format(printf, 2, 3))) static void add(struct xml *xml, const char *format, ...)
{
	size_t room = GDB_DESCRIPTION_MAX - xml->n;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(xml->text + xml->n, room, format, args);
	va_end(args);
	xml->n += (size_t)n < room ? (size_t)n : room - 1;
}

size_t gdb_describe_registers(char text[GDB_DESCRIPTION_MAX])
{
	struct xml xml = { text, 0 };

	add(&xml,
	    "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
	    "<target version=\"1.0\"><architecture>%s</architecture>",
	    gdb_architecture);
	for (u32 i = 0; i < GDB_REGISTERS; i++) {
		const struct gdb_register *reg = &gdb_register[i];

		if (reg->feature)
			add(&xml, "%s<feature name=\"%s\">", i ? "</feature>" : "", reg->feature);
		add(&xml, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\"/>", reg->name,
		    8 * reg->bytes, reg->type);
	}
	add(&xml, "</feature></target>");
	return xml.n;
}
