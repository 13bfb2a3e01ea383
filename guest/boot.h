/* SPDX-License-Identifier: MIT */
/* The steps of the start (main.c) that live in other files of this folder. */
#ifndef GUEST_BOOT_H
#define GUEST_BOOT_H

/* Reads the device tree at @fdt into boot_options. */
void options_read(const void *fdt);

/* Entry in C, on the first CPU's boot stack. */
_Noreturn void kernel_main(void);

#endif
