/* SPDX-License-Identifier: MIT */
/*
 * The transmitting half of a 16550D UART as a function of register accesses: what a polled console
 * needs. No port numbers, no clock, no interrupt line: the owner maps the eight registers and takes
 * the bytes.
 */
#ifndef KVL_UART16550_H
#define KVL_UART16550_H

#include "devices/abi/types.h"

#define UART_REGISTERS 8

/* Register offsets (PC16550D data sheet, "Summary of Registers"). */
enum uart_register {
	UART_THR = 0, /* write; RBR on read; divisor latch low byte when LCR has DLAB set */
	UART_IER = 1, /* divisor latch high byte when LCR has DLAB set */
	UART_IIR = 2, /* read; FCR on write */
	UART_FCR = 2,
	UART_LCR = 3,
	UART_MCR = 4,
	UART_LSR = 5,
	UART_MSR = 6,
	UART_SCR = 7,
};

enum {
	UART_LCR_DLAB = 0x80,
	UART_LSR_THRE = 0x20, /* transmitter holding register empty */
	UART_LSR_TEMT = 0x40, /* transmitter empty */
	UART_MCR_LOOP = 0x10,
	UART_FCR_ENABLE = 0x01,
	UART_IIR_NONE = 0x01, /* no interrupt pending */
	UART_IIR_FIFO = 0xC0, /* FIFOs enabled */
};

/* Called from within uart_write() for each byte that leaves the transmitter. */
typedef void uart_output(void *owner, u8 byte);

struct uart16550 {
	uart_output *output;
	void *owner;
	u16 divisor;
	u8 ier, fcr, lcr, mcr, scr;
};

/* Master reset. @output may be NULL: bytes are then thrown away. */
void uart_init(struct uart16550 *uart, uart_output *output, void *owner);

/* One 8-bit access to register @reg (only its low three bits are decoded, as on the chip). */
u8 uart_read(const struct uart16550 *uart, u32 reg);
void uart_write(struct uart16550 *uart, u32 reg, u8 value);

#endif
