/* SPDX-License-Identifier: MIT */
/* Out-of-line copies of arch_inline.h's functions, for callers that take their address. */
#define ARCH_INLINE
#include "guest/arch.h"
