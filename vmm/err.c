/* SPDX-License-Identifier: MIT */
/*
 * Error objects of the host program: text and exit status of the first thing that went wrong.
 * Printing them is the command line's business.
 */
#include "vmm/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, enum exit_status status, const char *format, ...)
{
	va_list args;

	err->status = status;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return -1;
}

int err_errno(struct err *err, enum exit_status status, const char *format, ...)
{
	int error = errno;
	size_t used;
	va_list args;

	err->status = status;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", strerror(error));
	return -1;
}

int err_prefix(struct err *err, const char *format, ...)
{
	char text[sizeof(err->text)];
	size_t used;
	va_list args;

	memcpy(text, err->text, sizeof(text));
	text[sizeof(text) - 1] = '\0';
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", text);
	return -1;
}
