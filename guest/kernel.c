/* SPDX-License-Identifier: MIT */
/*
 * Console output, the named failure, counters. Boot is in main.c, the reading of the device tree in
 * options.c, the calls to the host in host.c.
 */
#include "guest/kernel.h"

#include <stdarg.h>

#include "guest/arch.h"
#include "guest/lib/string.h"
#include "guest/task/sched.h"
#include "guest/task/turnstile.h"
#include "guest/trace.h"

static struct kvl_shared *shared(void)
{
	return (struct kvl_shared *)KVL_SHARED_VA;
}

/* --- console ------------------------------------------------------------------------------- */

struct output {
	char *to; /* NULL: console */
	size_t room;
};

static void put(struct output *out, char c)
{
	if (!out->to) {
		arch_console_putc(c);
	} else if (out->room > 1) {
		*out->to++ = c;
		out->room--;
	}
}

static void put_padded(struct output *out, const char *text, size_t n, int width, bool left,
		       char pad)
{
	for (int i = n; !left && i < width; i++)
		put(out, pad);
	for (size_t i = 0; i < n; i++)
		put(out, text[i]);
	for (int i = n; left && i < width; i++)
		put(out, ' ');
}

static void put_number(struct output *out, u64 value, u32 base, bool negative, int width, bool left,
		       char pad)
{
	char digits[24];
	u32 at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	if (negative && pad == '0') {
		put(out, '-');
		width--;
	} else if (negative) {
		digits[--at] = '-';
	}
	put_padded(out, digits + at, sizeof(digits) - at, width, left, pad);
}

static void format_to(struct output *out, const char *f, va_list args)
{
	for (; *f; f++) {
		bool left = false, wide = false;
		char pad = ' ';
		int width = 0, precision = -1;

		if (*f != '%') {
			put(out, *f);
			continue;
		}
		for (f++; *f == '-' || *f == '0'; f++)
			*f == '-' ? (left = true) : (pad = '0');
		for (; *f >= '0' && *f <= '9'; f++)
			width = width * 10 + *f - '0';
		if (*f == '.') {
			f++;
			if (*f == '*') {
				precision = va_arg(args, int);
				f++;
			}
		}
		for (; *f == 'l' || *f == 'z'; f++)
			wide = true;
		switch (*f) {
		case 'd': {
			s64 v = wide ? va_arg(args, long) : va_arg(args, int);

			put_number(out, v < 0 ? -(u64)v : (u64)v, 10, v < 0, width, left, pad);
			break;
		}
		case 'u':
		case 'x': {
			u64 v = wide ? va_arg(args, unsigned long) : va_arg(args, unsigned int);

			put_number(out, v, *f == 'u' ? 10 : 16, false, width, left, pad);
			break;
		}
		case 'p':
			put_number(out, (u64)va_arg(args, void *), 16, false, width, left, pad);
			break;
		case 's': {
			const char *given = va_arg(args, const char *);
			const char *s = given ? given : "(null)";
			size_t n = precision < 0 ? strlen(s) : strnlen(s, precision);

			put_padded(out, s, n, width, left, ' ');
			break;
		}
		case 'c': put(out, va_arg(args, int)); break;
		default:
			put(out, '%');
			if (!*f)
				return;
			put(out, *f);
		}
	}
}

static struct spinlock console_lock = SPINLOCK("console");

void printk(const char *format, ...)
{
	struct output out = { NULL, 0 };
	va_list args;

	va_start(args, format);
	spin_lock(&console_lock);
	format_to(&out, format, args);
	spin_unlock(&console_lock);
	va_end(args);
}

/* printk() for the failing CPU: takes no lock. */
static void print_now(const char *format, ...)
{
	struct output out = { NULL, 0 };
	va_list args;

	va_start(args, format);
	format_to(&out, format, args);
	va_end(args);
}

/* --- the named failure ----------------------------------------------------------------------- */

/* The text by which the host explains the exit status: "name: text", or the text alone. */
static const char *leave_reason(const char *name, const char *format, va_list args)
{
	struct output out = { shared()->reason, sizeof(shared()->reason) };

	for (const char *p = name; *p; p++)
		put(&out, *p);
	if (*name) {
		put(&out, ':');
		put(&out, ' ');
	}
	format_to(&out, format, args);
	*out.to = 0;
	return shared()->reason;
}

static _Noreturn void fail(const void *frame, const char *name, const char *format, va_list args)
{
	static volatile u32 failed; /* CPU number + 1 */
	u64 pc[16];
	u32 first, n;

	arch_irq_save();
	turnstile_stop();
	first = 0;
	if (!__atomic_compare_exchange_n(&failed, &first, cpu_id() + 1, false, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED)) {
		if (first == cpu_id() + 1)
			host_exit(4); /* a failure while failing: the first reason stands */
		for (;;)
			arch_relax(); /* another CPU failed first: it ends the run */
	}
	print_now("\npanic: %s\n  CPU %u, task %u (%s)%s\n", leave_reason(name, format, args),
		  cpu_id(), current()->id, current()->name,
		  current()->magic == TASK_MAGIC ? "" : ", STACK OVERRUN");
	n = arch_backtrace(pc, ARRAY_LEN(pc), frame);
	for (u32 i = 0; i < n; i++)
		print_now("  from %lx\n", pc[i]);
	host_exit(4);
}

void panic(const char *name, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail(NULL, name, format, args);
}

void panic_at(const void *frame, const char *name, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail(frame, name, format, args);
}

/* libfdt is compiled with a stack guard. */
_Noreturn void __stack_chk_fail(void);
void __stack_chk_fail(void)
{
	panic("stack overrun", "in libfdt");
}

void usage_failure(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	leave_reason("", format, args);
	host_exit(2);
}

void skip_run(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	leave_reason("skipped", format, args);
	host_exit(77);
}

/* --- counters --------------------------------------------------------------------------------- */

u64 counters[KVL_MAX_CPUS][COUNTERS];

u64 count_total(enum counter which)
{
	u64 sum = 0;

	for (u32 cpu = 0; cpu < KVL_MAX_CPUS; cpu++)
		sum += counters[cpu][which];
	return sum;
}

const char *counter_name(enum counter which)
{
	static const char *const name[COUNTERS] = {
#define X(id, text) [COUNT_##id] = text,
		KERNEL_COUNTERS(X)
#undef X
	};

	return name[which];
}
