/* SPDX-License-Identifier: MIT */
/* Owns the words of kvalab probe: what this host is in the first lines, then each thing in a
 * row. */
#include <stdarg.h>
#include <string.h>

#include "vmm/cli/probe.h"

#define LEFT 34 /* columns of what is said of */
#define WIDTH 100

__attribute__((format(printf, 3, 4))) static void row(FILE *out, const char *left,
						      const char *format, ...)
{
	va_list args;

	fprintf(out, "  %-*s ", LEFT, left);
	va_start(args, format);
	vfprintf(out, format, args);
	va_end(args);
	fputc('\n', out);
}

static const char *class_words(const char *class_name)
{
	static const struct {
		const char *name, *words;
	} class[] = {
		{ "kvm_intel", "hardware virtualization (VMX)" },
		{ "kvm_amd", "hardware virtualization (SVM)" },
		{ "kvm_pvm", "no hardware virtualization: supervisor code is emulated" },
	};

	for (size_t i = 0; i < ARRAY_LEN(class); i++)
		if (!strcmp(class[i].name, class_name))
			return class[i].words;
	return "its module is not known";
}

static void print_kvm(FILE *out, const struct probe *probe)
{
	const struct kvm_host *host = &probe->host;
	const struct kvm_detail *detail = &probe->detail;
	char left[64];

	fprintf(out, "KVM\n");
	row(out, "/dev/kvm", "%s",
	    probe->kvm.status == EXIT_OK ? "usable" : "cannot be used (what to do: below)");
	if (probe->kvm.status == EXIT_OK) {
		row(out, "host class", "%s: %s", host->class_name, class_words(host->class_name));
		row(out, "paging", "%s", host->paging);
		row(out, "limits", "%u vCPUs, %u memory slots", host->max_vcpus, host->max_slots);
	}
	for (u32 i = 0; i < detail->nparams; i++) {
		snprintf(left, sizeof(left), "%s %s", detail->param[i].module,
			 detail->param[i].name);
		row(out, left, "%s", detail->param[i].value);
	}
	row(out, "trap tier", "%s", probe->trap.status == EXIT_OK ? "works" : "no");
}

static void print_caps(FILE *out, const struct kvm_detail *detail)
{
	if (detail->ncaps)
		fprintf(out, "\nKVM's capabilities that kvalab uses\n");
	for (u32 i = 0; i < detail->ncaps; i++) {
		const struct kvm_cap_answer *cap = &detail->cap[i];

		row(out, cap->name, "%s",
		    cap->there	  ? "yes"
		    : cap->needed ? "no: it is needed"
				  : "no: not needed, but it counts instructions");
	}
}

/* In the unit that leaves one to three digits before the point. */
static void print_figure(FILE *out, const struct figure_row *figure, double value)
{
	static const char *const rate[] = { "/s", "thousand/s", "million/s", "billion/s" };
	static const char *const time[] = { "ns", "us", "ms", "s" };
	u32 unit = 0;

	if (value <= 0) {
		row(out, figure->words, "%8s", "-");
		return;
	}
	for (; value >= 999.5 && unit < 3; unit++)
		value /= 1000;
	row(out, figure->words, "%8.3g %s", value, figure->per_s ? rate[unit] : time[unit]);
}

static void print_figures(FILE *out, const struct probe *probe)
{
	if (!probe->engine || probe->measured.status != EXIT_OK)
		return;
	fprintf(out, "\nFigures, measured now on engine %s\n", probe->engine->name);
	for (u32 i = 0; i < FIGURES; i++)
		print_figure(out, &figure_table[i], probe->figures.value[i]);
}

static void print_counts(FILE *out, const struct probe *probe)
{
	fprintf(out, "\nWhere instruction counts come from\n");
	row(out, "insn_emulation (ticks on KVM)", "%s",
	    probe->kvm.status != EXIT_OK ? "no: there is no KVM"
	    : probe->host.counts_insns	 ? "yes: KVM counts all of the guest's supervisor code"
					 : "no: ticks on KVM are cycles of the TSC");
	row(out, "perf with exclude_host", "%s",
	    probe->perf.status == EXIT_OK ? "works; this version does not use it" : "no");
	row(out, "icount (--engine qemu --cpus 1)", "%s",
	    probe->qemu.status == EXIT_OK ? "yes" : "no: QEMU is not installed");
}

static void print_engines(FILE *out, const struct probe *probe)
{
	fprintf(out, "\nWhat can run a guest here\n");
	row(out, "engine kvm", "%s", probe->kvm.status == EXIT_OK ? "yes" : "no");
	if (probe->qemu.status == EXIT_OK)
		row(out, "engine qemu", "yes: %s, version %.*s", probe->qemu_path,
		    (int)strcspn(probe->qemu_version, " "), probe->qemu_version);
	else
		row(out, "engine qemu", "no");
	if (probe->box.status == EXIT_OK && probe->qemu.status == EXIT_OK)
		row(out, "a KVM host in a box", "yes: %s%s", probe->box_path,
		    probe->box_kernel ? "" : " (needs the network once)");
	else
		row(out, "a KVM host in a box", "no");
}

#define ADVICE_LEFT 15

/* @text in lines of WIDTH columns, the first of which has begun. */
static void print_wrapped(FILE *out, const char *text)
{
	int column = ADVICE_LEFT;

	while (*text) {
		int n = (int)strcspn(text, " ");

		if (column > ADVICE_LEFT && column + 1 + n > WIDTH) {
			fprintf(out, "\n%*s", ADVICE_LEFT, "");
			column = ADVICE_LEFT;
		}
		column += fprintf(out, "%s%.*s", column > ADVICE_LEFT ? " " : "", n, text);
		text += n + (text[n] == ' ');
	}
	fputc('\n', out);
}

static void print_advice(FILE *out, const struct probe *probe)
{
	struct probe_advice advice[PROBE_MAX_ADVICE];
	u32 n = probe_advice(probe, advice);

	if (n)
		fprintf(out, "\nWhat is missing, and what to do\n");
	for (u32 i = 0; i < n; i++) {
		fprintf(out, "  %-*s ", ADVICE_LEFT - 3, advice[i].missing);
		print_wrapped(out, advice[i].text);
	}
}

void probe_print(FILE *out, const struct probe *probe)
{
	print_kvm(out, probe);
	print_figures(out, probe);
	print_counts(out, probe);
	print_engines(out, probe);
	print_advice(out, probe);
	print_caps(out, &probe->detail);
}
