/* SPDX-License-Identifier: MIT */
/* Asks the processor, for those who must say why something is skipped. */
#include "arch/x86_64/vmm/pcid.h"

#include <cpuid.h>

bool processor_has_pcid(void)
{
	unsigned eax, ebx, ecx, edx;

	return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && ecx & 1u << 17;
}
