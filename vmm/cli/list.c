/* SPDX-License-Identifier: MIT */
/* kvalab list: the scenarios, arms and parameters that the guest image inside this program
 * knows. */
#include <string.h>

#include "vmm/catalog.h"
#include "vmm/cli/cli.h"
#include "vmm/cli/names.h"

static void print_scenario(const struct catalog_scenario *scenario)
{
	printf("%s: %s%s%s\n", scenario->name, scenario->about,
	       scenario->needs_flash ? " (needs --flash)" : "",
	       scenario->needs_segment ? " (takes --segment, or has one of 1 MiB)" : "");
	for (u32 i = 0; i < scenario->narms; i++)
		printf("  --arm %-12s %s\n", scenario->arms[i].name, scenario->arms[i].about);
	for (u32 i = 0; i < scenario->nparams; i++) {
		const struct catalog_param *param = &scenario->params[i];

		printf("  --set %s=%s", param->key, param->values);
		printf(*param->fallback ? " (default %s)\n" : "%s\n", param->fallback);
		printf("        %-12s %s\n", "", param->about);
	}
}

/* Counts with the same condition and reason stand together. */
static void print_varies(const struct catalog_scenario *scenario)
{
	bool begin = true;

	if (scenario->nvaries)
		printf("  with QEMU's flash as the chip may differ\n");
	for (u32 i = 0; i < scenario->nvaries; i++) {
		const struct catalog_varies *this = &scenario->varies[i], *next = this + 1;
		bool more = i + 1 < scenario->nvaries && strcmp(this->when, next->when) == 0 &&
			    strcmp(this->why, next->why) == 0;

		printf("%s%s%s", begin ? "    " : " ", this->count, more ? "," : "");
		if (!more)
			printf("\n        %s%s\n        %s\n", *this->when ? "where " : "always",
			       this->when, this->why);
		begin = !more;
	}
}

static int print_one(const struct catalog *catalog, const char *name)
{
	struct err err;
	const struct catalog_scenario *scenario = names_find_scenario(catalog, name, &err);

	if (!scenario)
		return cli_fail(&err);
	print_scenario(scenario);
	print_varies(scenario);
	return EXIT_OK;
}

int cmd_list(struct options *options)
{
	struct err err;
	const struct catalog *catalog = catalog_load(&err);
	int status = EXIT_OK;

	if (!catalog)
		return cli_fail(&err);
	if (options->nwords)
		status = print_one(catalog, options->word[0]);
	else
		for (u32 i = 0; i < catalog->nscenarios; i++)
			print_scenario(&catalog->scenarios[i]);
	catalog_free(catalog);
	return status;
}
