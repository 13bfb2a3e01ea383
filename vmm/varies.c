/* SPDX-License-Identifier: MIT */
/*
 * Owns the conditions of declared differences: words "KEY=VALUES" or "KEY!=VALUES", read from the
 * guest image and trusted no more than the rest of it. Who may declare what: devices/abi/catalog.h.
 */
#include "vmm/varies.h"

#include <string.h>

#define WORD_MAX_CHARS 127

struct condition {
	char text[WORD_MAX_CHARS + 1];
	const char *key, *values; /* into text */
	bool unlike;
};

/* The word at *@next, which moves on; false: there is none, or it is no condition (*@bad). */
static bool take_word(const char **next, struct condition *out, bool *bad)
{
	const char *word = *next + strspn(*next, " ");
	size_t n = strcspn(word, " ");
	char *equals;

	if (!n)
		return false;
	*next = word + n;
	*bad = true;
	if (n > WORD_MAX_CHARS)
		return false;
	memcpy(out->text, word, n);
	out->text[n] = '\0';
	equals = strchr(out->text, '=');
	if (!equals)
		return false;
	out->values = equals + 1;
	out->unlike = equals > out->text && equals[-1] == '!';
	equals[out->unlike ? -1 : 0] = '\0';
	out->key = out->text;
	*bad = !*out->key || !*out->values;
	return !*bad;
}

static const struct catalog_param *find_param(const struct catalog_scenario *scenario,
					      const char *key)
{
	for (u32 i = 0; i < scenario->nparams; i++)
		if (strcmp(scenario->params[i].key, key) == 0)
			return &scenario->params[i];
	return NULL;
}

static bool has_value(const struct catalog_scenario *scenario, const char *key, const char *value)
{
	const struct catalog_param *param;

	if (strcmp(key, "arm") == 0)
		return catalog_find_arm(scenario, value);
	param = find_param(scenario, key);
	return param && *value &&
	       (!strchr(param->values, '|') || catalog_among(param->values, value));
}

static bool names_what_there_is(const struct catalog_scenario *scenario, struct condition *word)
{
	char values[WORD_MAX_CHARS + 1], *value = values, *end;

	memcpy(values, word->values, strlen(word->values) + 1);
	for (; value; value = end) {
		end = strchr(value, '|');
		if (end)
			*end++ = '\0';
		if (!has_value(scenario, word->key, value))
			return false;
	}
	return true;
}

bool varies_valid(const struct catalog_scenario *scenario, const struct catalog_varies *varies)
{
	const char *next = varies->when;
	struct condition word;
	bool bad = false;

	while (take_word(&next, &word, &bad))
		if (!names_what_there_is(scenario, &word))
			return false;
	return !bad;
}

static const char *value_of(const struct catalog_scenario *scenario, const char *arm,
			    const struct run_config *config, const char *key)
{
	if (strcmp(key, "arm") == 0)
		return arm ? arm : "";
	for (u32 i = 0; i < config->nparams; i++)
		if (strcmp(config->param[i].key, key) == 0)
			return config->param[i].value;
	return find_param(scenario, key)->fallback;
}

static bool applies(const struct catalog_scenario *scenario, const char *arm,
		    const struct run_config *config, const struct catalog_varies *varies)
{
	const char *next = varies->when;
	struct condition word;
	bool bad = false;

	while (take_word(&next, &word, &bad))
		if (catalog_among(word.values, value_of(scenario, arm, config, word.key)) ==
		    word.unlike)
			return false;
	return true;
}

const char *varies_why(const struct catalog_scenario *scenario, const char *arm,
		       const struct run_config *config, const char *count)
{
	for (u32 i = 0; i < scenario->nvaries; i++)
		if (strcmp(scenario->varies[i].count, count) == 0 &&
		    applies(scenario, arm, config, &scenario->varies[i]))
			return scenario->varies[i].why;
	return NULL;
}
