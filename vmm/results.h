/* SPDX-License-Identifier: MIT */
/* The guest's results, read out of the shared region with everything checked. */
#ifndef KVL_RESULTS_H
#define KVL_RESULTS_H

#include "vmm/run.h"

/*
 * Copies the records of the shared region at @shared into @result. EXIT_VMM and the record's number
 * for anything that a sane guest does not write: too many records, an unknown kind, a name without
 * end or with bytes that are no printable ASCII.
 */
int results_read(const u8 *shared, struct run_result *result, struct err *err);

#endif
