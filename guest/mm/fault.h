/* SPDX-License-Identifier: MIT */
/* The fault path, called by the architecture's trap code. */
#ifndef GUEST_FAULT_H
#define GUEST_FAULT_H

#include "guest/mm/vm.h"

/*
 * Resolves @fault: true = retry the access; false = an access of the kernel that may fail cannot be
 * resolved, go on at its fixup. Anything that cannot be answered so does not return: the user
 * task is killed, or the run ends with a named failure.
 */
bool fault_handle(const struct fault *fault);

/* A named failure if @table, called @name, is not marked FAULT_TABLE (vm.h). */
void fault_table_check(const void *table, const char *name);

#endif
