/* SPDX-License-Identifier: MIT */
/*
 * Takes the version, the uuid, some numbers and the site names back out of a "metadata" that
 * metadata.c wrote.
 * Not a TSDL parser: it knows the one form in which metadata.c writes these. The text is untrusted.
 */
#include "vmm/trace/metadata.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "devices/abi/layout.h"
#include "vmm/trace/metadata_layout.h"

#define MAX_SITES 65536u

/* The text behind the first @key, or NULL. */
static const char *behind(const char *text, const char *key)
{
	const char *at = text ? strstr(text, key) : NULL;

	return at ? at + strlen(key) : NULL;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_uuid(const char *text, u8 *uuid)
{
	for (u32 i = 0; i < TRACE_UUID_BYTES; i++) {
		int high, low;

		if (*text == '-')
			text++;
		high = hex_digit(text[0]);
		low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0)
			return false;
		uuid[i] = (u8)(high << 4 | low);
		text += 2;
	}
	return *text == '"';
}

/* One character of a quoted string; moves *@text. Escaped bytes are shown as '?'. */
static char unescape(const char **text)
{
	const char *at = *text;

	if (at[0] != '\\') {
		*text = at + 1;
		return isprint((unsigned char)at[0]) ? at[0] : '?';
	}
	for (*text = at + 1; **text >= '0' && **text <= '7' && *text < at + 4;)
		(*text)++;
	if (*text > at + 1)
		return '?';
	if (at[1])
		*text = at + 2;
	return at[1] == '"' || at[1] == '\\' ? at[1] : '?';
}

/* Parses a quoted string at *@text into @name; false if it does not end. */
static bool parse_name(const char **text, char *name)
{
	size_t n = 0;

	if (**text != '"')
		return false;
	for ((*text)++; **text && **text != '"';) {
		char c = unescape(text);

		if (n < SITE_NAME_MAX)
			name[n++] = c;
	}
	name[n] = '\0';
	if (**text != '"')
		return false;
	(*text)++;
	return true;
}

/* The env block, from its first key to its end; NULL: none, or no memory. */
static char *copy_env(const char *text)
{
	const char *start = behind(text, "\nenv {"), *end = start ? strstr(start, "\n};") : NULL;

	return end ? strndup(start, (size_t)(end - start)) : NULL;
}

bool metadata_env(const struct metadata_parsed *parsed, const char *key, char *value, size_t bytes)
{
	char line[64];
	const char *at;
	size_t n = 0;
	bool quoted;

	snprintf(line, sizeof(line), "\n\t%s = ", key);
	at = behind(parsed->env, line);
	value[0] = '\0';
	if (!at)
		return false;
	quoted = *at == '"';
	for (at += quoted; *at && *at != (quoted ? '"' : ';') && n < bytes - 1;)
		value[n++] = unescape(&at);
	value[n] = '\0';
	return true;
}

/* One line '"name" = index' with the index that must come next. */
static bool parse_site(const char **text, u32 index, char *name)
{
	char *end;

	*text += strspn(*text, " \t\n,");
	if (!parse_name(text, name) || strncmp(*text, " = ", 3))
		return false;
	if (strtoul(*text + 3, &end, 10) != index)
		return false;
	*text = end;
	return true;
}

static int parse_sites(const char *text, struct metadata_parsed *out, struct err *err)
{
	u32 room = 64;

	out->nsites = 0;
	out->site = malloc(room * sizeof(*out->site));
	while (out->site && out->nsites < MAX_SITES) {
		if (!parse_site(&text, out->nsites, out->site[out->nsites]))
			return err_set(err, EXIT_VMM,
				       "metadata: the list of sites breaks off at %u", out->nsites);
		out->nsites++;
		if (text[0] == '\n' && text[1] == '}')
			return 0;
		if (out->nsites == room) {
			char(*more)[SITE_NAME_MAX + 1];

			room *= 2;
			more = realloc(out->site, room * sizeof(*more));
			if (!more)
				free(out->site);
			out->site = more;
		}
	}
	return err_set(err, EXIT_VMM, "metadata: no room for %u sites", out->nsites);
}

/* The number behind "\n\t@key = " of the env block. */
static bool env_number(const char *text, const char *key, u64 *out)
{
	char line[40];
	const char *at;
	char *end;

	snprintf(line, sizeof(line), "\n\t%s = ", key);
	at = behind(text, line);
	if (!at || !isdigit((unsigned char)*at))
		return false;
	*out = strtoull(at, &end, 10);
	return *end == ';';
}

/* What it translates is the layout's: metadata_read_layout(). */
static bool parse_soft(const char *text, struct metadata_parsed *out)
{
	u64 entries, pcid;

	if (!env_number(text, "soft_entries", &entries) || entries > KVL_SOFT_MAX ||
	    !env_number(text, "soft_pcid", &pcid) || pcid > (entries != 0))
		return false;
	out->soft_entries = (u32)entries;
	out->soft_pcid = pcid;
	return true;
}

int metadata_parse(const char *text, struct metadata_parsed *out, struct err *err)
{
	const char *version = behind(text, "\n\tkvalab_trace_version = ");
	const char *uuid = behind(text, "\n\tuuid = \"");
	const char *lossy = behind(text, "\n\tlossy = "), *cpus = behind(text, "\n\tcpus = ");
	const char *tier = behind(text, "\n\ttier = \"");
	const char *flash_gpa = behind(text, "\n\tflash_gpa = ");
	const char *flash_bytes = behind(text, "\n\tflash_bytes = ");
	const char *sites = behind(text, "\nenum site : u16_t {\n");

	memset(out, 0, sizeof(*out));
	if (strncmp(text, "/* CTF 1.8 */", 13) || !version || !uuid || !lossy || !cpus || !tier ||
	    !flash_gpa || !flash_bytes || !sites)
		return err_set(err, EXIT_VMM, "metadata: not of a kvalab trace, or damaged");
	if (strtoul(version, NULL, 10) != KVL_TRACE_VERSION)
		return err_set(err, EXIT_VMM,
			       "metadata: trace of version %lu, this program reads version %d",
			       strtoul(version, NULL, 10), KVL_TRACE_VERSION);
	if (!parse_uuid(uuid, out->uuid))
		return err_set(err, EXIT_VMM, "metadata: the uuid is damaged");
	if (!parse_soft(text, out))
		return err_set(err, EXIT_VMM, "metadata: what it says of the TLB cannot be");
	out->lossy = strtoul(lossy, NULL, 10) != 0;
	out->trapped = strncmp(tier, "trap\"", 5) == 0;
	out->flash_gpa = strtoull(flash_gpa, NULL, 10);
	out->flash_bytes = strtoull(flash_bytes, NULL, 10);
	out->ncpus = (u32)strtoul(cpus, NULL, 10);
	if (!out->ncpus || out->ncpus > KVL_MAX_CPUS)
		return err_set(err, EXIT_VMM, "metadata: %u CPUs, not 1 to %d", out->ncpus,
			       KVL_MAX_CPUS);
	out->env = copy_env(text);
	if (!metadata_read_layout(out))
		err_set(err, EXIT_VMM, "metadata: what it says of the layout cannot be");
	else if (!parse_sites(sites, out, err))
		return 0;
	metadata_free(out);
	return -1;
}

void metadata_free(struct metadata_parsed *parsed)
{
	free(parsed->site);
	free(parsed->env);
	memset(parsed, 0, sizeof(*parsed));
}
