/* SPDX-License-Identifier: MIT */
/* Owns the syntax of --tlb: hw, or soft[,entries=N][,policy=NAME][,pcid=on|off]; for compare a list
 * of these. */
#include <string.h>

#include "arch/x86_64/vmm/pcid.h"
#include "vmm/cli/options.h"
#include "vmm/cli/parse.h"

/* "entries=8": its value; NULL: it is no such setting. */
static const char *value_of(const char *word, const char *key)
{
	size_t n = strlen(key);

	return strncmp(word, key, n) == 0 && word[n] == '=' ? word + n + 1 : NULL;
}

/* The guest's processors may have PCIDs; that it does not drive them is no mistake of the
 * user's. */
static int skip_hardware(struct err *err)
{
	return err_set(
		err, EXIT_SKIPPED,
		"skipped: --tlb hw,pcid=on: %s; give --tlb soft,pcid=on, which models them",
		processor_has_pcid()
			? "this processor has PCIDs, but the guest does not use the hardware's"
			: "this processor has no PCIDs");
}

static int parse_pcid(struct run_tlb *tlb, const char *value, struct err *err)
{
	static const char *const names[] = { "off", "on" };
	u32 on;

	if (parse_choice("--tlb pcid", value, names, 2, &on, err))
		return -1;
	if (on && !tlb->entries)
		return skip_hardware(err);
	tlb->pcid = on;
	return 0;
}

static int parse_setting(struct run_tlb *tlb, const char *word, struct err *err)
{
	const char *entries = value_of(word, "entries"), *policy = value_of(word, "policy");
	const char *pcid = value_of(word, "pcid");
	u64 n;

	if (tlb && pcid)
		return parse_pcid(tlb, pcid, err);
	if (!tlb || !tlb->entries)
		return err_set(err, EXIT_USAGE, "--tlb: %s belongs behind soft", word);
	if (policy)
		return parse_choice("--tlb policy", policy, run_tlb_policy_names, 2, &tlb->policy,
				    err);
	if (parse_number("--tlb entries", entries, KVL_SOFT_MIN, KVL_SOFT_MAX, &n, err))
		return -1;
	tlb->entries = (u32)n;
	return 0;
}

static int add_kind(struct options *options, const char *word, struct err *err)
{
	static const char *const names[] = { "hw", "soft" };
	u32 soft;

	if (parse_choice("--tlb", word, names, 2, &soft, err))
		return -1;
	if (options->ntlbs == ARRAY_LEN(options->tlbs))
		return err_set(err, EXIT_USAGE, "--tlb: at most %zu", ARRAY_LEN(options->tlbs));
	options->tlbs[options->ntlbs++] =
		(struct run_tlb){ .entries = soft ? KVL_SOFT_DEFAULT : 0 };
	return 0;
}

static int add_word(struct options *options, const char *word, struct err *err)
{
	struct run_tlb *last = options->ntlbs ? &options->tlbs[options->ntlbs - 1] : NULL;

	if (value_of(word, "entries") || value_of(word, "policy") || value_of(word, "pcid"))
		return parse_setting(last, word, err);
	return add_kind(options, word, err);
}

static int refuse_twice(const struct options *options, struct err *err)
{
	char text[RUN_TLB_TEXT_BYTES];

	for (u32 i = 0; i < options->ntlbs; i++)
		for (u32 j = 0; j < i; j++)
			if (run_tlb_equal(&options->tlbs[i], &options->tlbs[j]))
				return err_set(err, EXIT_USAGE, "--tlb: %s is named twice",
					       run_tlb_text(options->tlbs[i], text));
	return 0;
}

int parse_tlb_list(struct options *options, const char *value, struct err *err)
{
	char *word = options_keep(options, value, err), *next;

	if (!word)
		return -1;
	for (; word; word = next) {
		next = strchr(word, ',');
		if (next)
			*next++ = '\0';
		if (add_word(options, word, err))
			return -1;
	}
	return refuse_twice(options, err);
}

int parse_tlb(struct options *options, const char *value, struct err *err)
{
	if (parse_tlb_list(options, value, err))
		return -1;
	if (options->ntlbs > 1)
		return err_set(err, EXIT_USAGE,
			       "--tlb: a run has one TLB, not %u (kvalab compare takes several)",
			       options->ntlbs);
	options_use_tlb(&options->run, options->tlbs[0]);
	return 0;
}

void options_use_tlb(struct run_config *config, struct run_tlb tlb)
{
	config->layout.soft_entries = tlb.entries;
	config->tlb_policy = tlb.policy;
	config->tlb_pcid = tlb.pcid;
}
