/* SPDX-License-Identifier: MIT */
/*
 * Owns the files of a comparison. What is in the object: compare_json.c. The page holds the same
 * object; what is made of it there: compare/, vmm/page/.
 */
#include "vmm/cli/compare_files.h"

#include <string.h>

#include "vmm/cli/json.h"
#include "vmm/page/page.h"
#include "vmm/trace/report_text.h"

bool compare_files_on_stdout(const struct options *options)
{
	return (options->json && strcmp(options->json, "-") == 0) ||
	       (options->report && strcmp(options->report, "-") == 0);
}

int compare_files_begin(struct compare_files *files, const struct options *options, struct err *err)
{
	if (options->json && options->report && strcmp(options->json, options->report) == 0)
		return err_set(err, EXIT_USAGE, "--report and --json cannot both go to %s",
			       options->report);
	if (json_begin(&files->object, options->json, err))
		return -1;
	if (!options->report || !replace_begin(&files->page, "--report", options->report, err))
		return 0;
	json_drop(&files->object, options->json);
	return -1;
}

static int end_page(struct replacement *page, const json_t *root, struct err *err)
{
	bool whole;

	page_begin(page->file, PAGE_COMPARE);
	fputs("<script type=\"application/json\" id=\"comparison\">", page->file);
	whole = !report_json(page->file, root);
	fputs("</script>\n", page->file);
	page_end(page->file, PAGE_COMPARE);
	if (whole || ferror(page->file))
		return replace_end(page, err);
	replace_drop(page);
	return err_set(err, EXIT_HOST, "--report: no memory to write %s", page->path);
}

int compare_files_end(struct compare_files *files, const struct comparison *comparison,
		      struct err *err)
{
	json_t *root = compare_json(comparison); /* NULL, no memory: both say so */
	int result = 0;

	if (comparison->options->report && end_page(&files->page, root, err))
		result = -1;
	if (comparison->options->json && json_end(&files->object, json_incref(root), err))
		result = -1;
	json_decref(root);
	return result;
}

void compare_files_drop(struct compare_files *files, const struct options *options)
{
	json_drop(&files->object, options->json);
	if (options->report)
		replace_drop(&files->page);
}
