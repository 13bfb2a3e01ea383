/* SPDX-License-Identifier: MIT */
/* Findings as lines. */
#include "tests/static/code.h"

#include <stdarg.h>

static void line(FILE *out, const char *verdict, const char *format, va_list args)
{
	fprintf(out, "%s: ", verdict);
	vfprintf(out, format, args);
	fputc('\n', out);
}

void found_bad(struct findings *found, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line(found->out, "FAIL", format, args);
	va_end(args);
	found->failed++;
}

void found_good(struct findings *found, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line(found->out, "PASS", format, args);
	va_end(args);
}
