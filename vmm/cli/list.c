/* SPDX-License-Identifier: MIT */
/* kvalab list: the scenarios, arms and parameters that the guest image inside this program knows. */
#include "vmm/catalog.h"
#include "vmm/cli/cli.h"

static void print_scenario(const struct catalog_scenario *scenario)
{
	printf("%s: %s%s\n", scenario->name, scenario->about,
	       scenario->needs_flash ? " (needs --flash)" : "");
	for (u32 i = 0; i < scenario->narms; i++)
		printf("  --arm %-12s %s\n", scenario->arms[i].name, scenario->arms[i].about);
	for (u32 i = 0; i < scenario->nparams; i++) {
		const struct catalog_param *param = &scenario->params[i];

		printf("  --set %s=%s", param->key, param->values);
		printf(*param->fallback ? " (default %s)\n" : "%s\n", param->fallback);
		printf("        %-12s %s\n", "", param->about);
	}
}

int cmd_list(struct options *options)
{
	struct err err;
	const struct catalog *catalog = catalog_load(&err);

	(void)options;
	if (!catalog)
		return cli_fail(&err);
	for (u32 i = 0; i < catalog->nscenarios; i++)
		print_scenario(&catalog->scenarios[i]);
	catalog_free(catalog);
	return EXIT_OK;
}
