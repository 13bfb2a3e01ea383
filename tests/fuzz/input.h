/* SPDX-License-Identifier: MIT */
/* The bytes of an input that are still to be read. */
#ifndef KVL_FUZZ_INPUT_H
#define KVL_FUZZ_INPUT_H

#include <stddef.h>

#include "devices/abi/types.h"

struct input {
	const u8 *at;
	size_t left;
};

/* The next one; 00h where there is none. */
static inline u8 input_byte(struct input *input)
{
	if (!input->left)
		return 0;
	input->left--;
	return *input->at++;
}

#endif
