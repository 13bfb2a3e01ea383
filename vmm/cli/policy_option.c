/* SPDX-License-Identifier: MIT */
/* Owns what --policy takes: another way of flushing, by name, some with a number
 * (model_policy.c). */
#include <string.h>

#include "vmm/cli/options.h"
#include "vmm/cli/parse.h"

static const struct {
	const char *name; /* with = behind it: a number follows */
	enum policy_kind kind;
} policies[] = {
	{ "eager", POLICY_EAGER }, { "broadcast", POLICY_BROADCAST }, { "batch=", POLICY_BATCH },
	{ "lazy=", POLICY_LAZY },  { "mask", POLICY_MASK },	      { "seq", POLICY_SEQ },
};

/* After nothing at all, as after no entry: that is eager. */
static int parse_lazy(struct flush_policy *policy, const char *text, struct err *err)
{
	if (parse_size("--policy: lazy", text, &policy->amount, err))
		return -1;
	if (!policy->amount)
		return err_set(
			err, EXIT_USAGE,
			"--policy: lazy: %s is nothing to wait for: at least 1 byte, or eager",
			text);
	return 0;
}

static int parse_amount(struct flush_policy *policy, const char *text, struct err *err)
{
	if (policy->kind == POLICY_BATCH)
		return parse_number("--policy: batch", text, 1, UINT32_MAX, &policy->amount, err);
	if (policy->kind == POLICY_LAZY)
		return parse_lazy(policy, text, err);
	return 0;
}

static int add_policy(struct options *options, const char *value, struct err *err)
{
	struct flush_policy *policy = &options->policy[options->npolicies];

	if (options->npolicies == CHECK_MAX_POLICIES)
		return err_set(err, EXIT_USAGE, "--policy: at most %u", CHECK_MAX_POLICIES);
	for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
		size_t bytes = strlen(policies[i].name);

		if (strncmp(value, policies[i].name, bytes) ||
		    (value[bytes] && policies[i].name[bytes - 1] != '='))
			continue;
		policy->kind = policies[i].kind;
		options->policy_name[options->npolicies++] = value;
		return parse_amount(policy, value + bytes, err);
	}
	return err_set(
		err, EXIT_USAGE,
		"--policy: \"%s\" must be eager, broadcast, batch=N (entries), lazy=BYTES, mask or "
		"seq",
		value);
}

int parse_policy(struct options *options, const char *value, struct err *err)
{
	char *piece = options_keep(options, value, err), *next;

	for (; piece; piece = next) {
		next = strchr(piece, ',');
		if (next)
			*next++ = '\0';
		if (add_policy(options, piece, err))
			return -1;
		if (!next)
			return 0;
	}
	return -1;
}
