/* SPDX-License-Identifier: MIT */
/* kvalab probe: its two ways to say what was found. */
#ifndef KVL_CLI_PROBE_H
#define KVL_CLI_PROBE_H

#include <jansson.h>
#include <stdio.h>

#include "vmm/probe.h"

/* For people, at most 100 columns wide but for what an error says. */
void probe_print(FILE *out, const struct probe *probe);

/* Schema kvalab-probe-2 (docs/hosts.md); what is not known is null. NULL: no memory. */
json_t *probe_json(const struct probe *probe);

#endif
