/* SPDX-License-Identifier: MIT */
#ifndef X86_PCID_H
#define X86_PCID_H

#include <stdbool.h>

/* Has the processor that runs this program PCIDs (CPUID.01H:ECX[17])? */
bool processor_has_pcid(void);

#endif
