/* SPDX-License-Identifier: MIT */
/* The guest's console on its way to the sink: whole lines, so that lines of the log do not cut
 * them. */
#include "vmm/console.h"

void console_byte(struct vm *vm, u8 byte)
{
	vm->line[vm->line_bytes++] = (char)byte;
	if (byte == '\n' || vm->line_bytes == sizeof(vm->line))
		console_flush(vm);
}

void console_flush(struct vm *vm)
{
	vm_console(vm, vm->line, vm->line_bytes);
	vm->line_bytes = 0;
}
