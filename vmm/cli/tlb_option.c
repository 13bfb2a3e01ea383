/* SPDX-License-Identifier: MIT */
/* Owns the syntax of --tlb: hw, or soft[,entries=N][,policy=NAME]; for compare a list of these. */
#include <string.h>

#include "vmm/cli/options.h"
#include "vmm/cli/parse.h"

/* "entries=8": its value; NULL: it is no such setting. */
static const char *value_of(const char *word, const char *key)
{
	size_t n = strlen(key);

	return strncmp(word, key, n) == 0 && word[n] == '=' ? word + n + 1 : NULL;
}

static int parse_setting(struct run_tlb *tlb, const char *word, struct err *err)
{
	const char *entries = value_of(word, "entries"), *policy = value_of(word, "policy");
	u64 n;

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

	if (value_of(word, "entries") || value_of(word, "policy"))
		return parse_setting(last, word, err);
	return add_kind(options, word, err);
}

static int refuse_twice(const struct options *options, struct err *err)
{
	char text[RUN_TLB_TEXT_BYTES];

	for (u32 i = 0; i < options->ntlbs; i++)
		for (u32 j = 0; j < i; j++)
			if (options->tlbs[i].entries == options->tlbs[j].entries &&
			    options->tlbs[i].policy == options->tlbs[j].policy)
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
}
