/* SPDX-License-Identifier: MIT */
/* From the word behind --engine to an engine. */
#ifndef KVL_CLI_ENGINE_H
#define KVL_CLI_ENGINE_H

#include "vmm/cli/options.h"
#include "vmm/engine.h"

/*
 * The engine of --engine. auto: KVM if it can be used, else QEMU if it is installed; says on stderr
 * which and why. NULL: none can be had, both reasons in @err.
 */
const struct engine *cli_engine(const struct options *options, struct err *err);

#endif
