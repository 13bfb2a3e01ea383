/* SPDX-License-Identifier: MIT */
/*
 * Pages for a browser, which need nothing beside them: what the build has joined out of html, css
 * and js (scripts/page.sh), and between body and script the data, in elements <script
 * type="application/json">.
 */
#ifndef KVL_PAGE_PAGE_H
#define KVL_PAGE_PAGE_H

#include <stdio.h>

enum page { PAGE_TRACE, PAGE_COMPARE };

/* Head and body; then the caller writes its data, no character of which may end an element. */
void page_begin(FILE *out, enum page page);
/* The scripts. Whether @out took all of it, ferror() says. */
void page_end(FILE *out, enum page page);

#endif
