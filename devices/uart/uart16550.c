/* SPDX-License-Identifier: MIT */
/*
 * Owns the registers of a 16550D (PC16550D data sheet, "Summary of Registers"), as far as
 * software that polls can tell. Leaves to its owner: where the registers lie, and what becomes of
 * the bytes.
 *
 * Known limits: nothing is ever received, so RBR reads 0 and LSR never has DR set. There is no
 * interrupt line: IER keeps what was written, but IIR always says "none pending". The line is
 * infinitely fast, whatever the divisor, and a byte leaves whole, whatever word length LCR asks
 * for. MSR shows a terminal that is present and ready; its delta bits are never set.
 */
#include "devices/uart/uart16550.h"

enum {
	IER_BITS = 0x0F,
	MCR_BITS = 0x1F,
	MCR_DTR = 0x01,
	MCR_RTS = 0x02,
	MCR_OUT1 = 0x04,
	MCR_OUT2 = 0x08,
	MSR_CTS = 0x10,
	MSR_DSR = 0x20,
	MSR_RI = 0x40,
	MSR_DCD = 0x80,
};

void uart_init(struct uart16550 *uart, uart_output *output, void *owner)
{
	*uart = (struct uart16550){ .output = output, .owner = owner };
}

static bool divisor_access(const struct uart16550 *uart)
{
	return uart->lcr & UART_LCR_DLAB;
}

/* In loopback the four modem inputs are wired to the four outputs (data sheet, MCR bit 4). */
static u8 modem_status(const struct uart16550 *uart)
{
	u8 mcr = uart->mcr;

	if (!(mcr & UART_MCR_LOOP))
		return MSR_CTS | MSR_DSR | MSR_DCD;
	return (mcr & MCR_RTS ? MSR_CTS : 0) | (mcr & MCR_DTR ? MSR_DSR : 0) |
	       (mcr & MCR_OUT1 ? MSR_RI : 0) | (mcr & MCR_OUT2 ? MSR_DCD : 0);
}

u8 uart_read(const struct uart16550 *uart, u32 reg)
{
	switch (reg % UART_REGISTERS) {
	case UART_THR: return divisor_access(uart) ? uart->divisor & 0xFF : 0;
	case UART_IER: return divisor_access(uart) ? uart->divisor >> 8 : uart->ier;
	case UART_IIR: return UART_IIR_NONE | (uart->fcr & UART_FCR_ENABLE ? UART_IIR_FIFO : 0);
	case UART_LCR: return uart->lcr;
	case UART_MCR: return uart->mcr;
	case UART_LSR: return UART_LSR_THRE | UART_LSR_TEMT;
	case UART_MSR: return modem_status(uart);
	default: return uart->scr;
	}
}

/* A byte that is looped back does not reach the line: SOUT stays marking (MCR bit 4). */
static void transmit(const struct uart16550 *uart, u8 byte)
{
	if (uart->output && !(uart->mcr & UART_MCR_LOOP))
		uart->output(uart->owner, byte);
}

void uart_write(struct uart16550 *uart, u32 reg, u8 value)
{
	switch (reg % UART_REGISTERS) {
	case UART_THR:
		if (divisor_access(uart))
			uart->divisor = (uart->divisor & 0xFF00) | value;
		else
			transmit(uart, value);
		break;
	case UART_IER:
		if (divisor_access(uart))
			uart->divisor = (u16)(value << 8) | (uart->divisor & 0xFF);
		else
			uart->ier = value & IER_BITS;
		break;
	case UART_FCR: uart->fcr = value; break;
	case UART_LCR: uart->lcr = value; break;
	case UART_MCR: uart->mcr = value & MCR_BITS; break;
	case UART_SCR: uart->scr = value; break;
	default: break; /* LSR and MSR: writes are for factory tests only */
	}
}
