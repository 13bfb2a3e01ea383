/* SPDX-License-Identifier: MIT */
/* The console's UART: what leaves it, and what its registers say to software that polls. */
#include <check.h>
#include <string.h>

#include "devices/uart/uart16550.h"
#include "tests/unit/suite.h"

struct line {
	u8 byte[512];
	u32 n;
};

static struct line line;
static struct uart16550 uart;

static void take(void *owner, u8 byte)
{
	struct line *to = owner;

	ck_assert_uint_lt(to->n, sizeof(to->byte));
	to->byte[to->n++] = byte;
}

static void setup(void)
{
	line = (struct line){ .n = 0 };
	uart_init(&uart, take, &line);
}

START_TEST(registers_after_reset)
{
	static const u8 wanted[UART_REGISTERS] = { 0x00, 0x00, 0x01, 0x00, 0x00, 0x60, 0xB0, 0x00 };

	for (u32 reg = 0; reg < UART_REGISTERS; reg++)
		ck_assert_uint_eq(uart_read(&uart, reg), wanted[reg]);
}
END_TEST

START_TEST(every_byte_leaves_once_and_in_order)
{
	for (u32 byte = 0; byte < 256; byte++) {
		ck_assert_uint_eq(uart_read(&uart, UART_LSR) & UART_LSR_THRE, UART_LSR_THRE);
		uart_write(&uart, UART_THR, (u8)byte);
		ck_assert_uint_eq(uart_read(&uart, UART_LSR), 0x60);
	}
	ck_assert_uint_eq(line.n, 256);
	for (u32 i = 0; i < 256; i++)
		ck_assert_uint_eq(line.byte[i], i);
	ck_assert_uint_eq(uart_read(&uart, UART_THR), 0); /* RBR: nothing is received */
}
END_TEST

START_TEST(divisor_latch_hides_data_and_interrupt_enable)
{
	uart_write(&uart, UART_IER, 0xFF);
	uart_write(&uart, UART_LCR, 0x83);
	uart_write(&uart, 0, 0x0C);
	uart_write(&uart, 1, 0xA5);
	ck_assert_uint_eq(line.n, 0); /* the divisor is not printed */
	ck_assert_uint_eq(uart_read(&uart, 0), 0x0C);
	ck_assert_uint_eq(uart_read(&uart, 1), 0xA5);
	uart_write(&uart, 0, 0x01); /* each half keeps the other */
	ck_assert_uint_eq(uart_read(&uart, 1), 0xA5);
	uart_write(&uart, UART_LCR, 0x03);
	ck_assert_uint_eq(uart_read(&uart, 0), 0x00);
	ck_assert_uint_eq(uart_read(&uart, UART_IER), 0x0F); /* four bits exist */
	uart_write(&uart, UART_THR, 'x');
	ck_assert_uint_eq(line.n, 1);
}
END_TEST

START_TEST(registers_keep_what_they_can)
{
	for (u32 value = 0; value < 256; value++) {
		uart_write(&uart, UART_LCR, (u8)value);
		uart_write(&uart, UART_MCR, (u8)value);
		uart_write(&uart, UART_SCR, (u8)value);
		uart_write(&uart, UART_LSR, (u8)value);
		uart_write(&uart, UART_MSR, (u8)value);
		ck_assert_uint_eq(uart_read(&uart, UART_LCR), value);
		ck_assert_uint_eq(uart_read(&uart, UART_MCR), value & 0x1F);
		ck_assert_uint_eq(uart_read(&uart, UART_SCR), value);
		ck_assert_uint_eq(uart_read(&uart, UART_LSR), 0x60);
	}
}
END_TEST

START_TEST(no_interrupt_is_ever_pending)
{
	uart_write(&uart, UART_IER, 0x0F);
	ck_assert_uint_eq(uart_read(&uart, UART_IIR), 0x01);
	uart_write(&uart, UART_FCR, 0xC7);
	ck_assert_uint_eq(uart_read(&uart, UART_IIR), 0xC1); /* a 16550 with working FIFOs */
	uart_write(&uart, UART_FCR, 0x00);
	ck_assert_uint_eq(uart_read(&uart, UART_IIR), 0x01);
}
END_TEST

/* RTS, DTR, OUT1, OUT2 come back as CTS, DSR, RI, DCD; the usual presence test writes 1Ah. */
START_TEST(loopback_shows_modem_outputs_and_keeps_data_inside)
{
	static const u8 inputs[16] = { 0x00, 0x20, 0x10, 0x30, 0x40, 0x60, 0x50, 0x70,
				       0x80, 0xA0, 0x90, 0xB0, 0xC0, 0xE0, 0xD0, 0xF0 };

	for (u32 outputs = 0; outputs < 16; outputs++) {
		uart_write(&uart, UART_MCR, (u8)(0x10 | outputs));
		ck_assert_uint_eq(uart_read(&uart, UART_MSR), inputs[outputs]);
		uart_write(&uart, UART_THR, 'x');
	}
	ck_assert_uint_eq(line.n, 0);
	uart_write(&uart, UART_MCR, 0x03);
	ck_assert_uint_eq(uart_read(&uart, UART_MSR), 0xB0);
	uart_write(&uart, UART_THR, 'x');
	ck_assert_uint_eq(line.n, 1);
}
END_TEST

START_TEST(any_register_number_is_harmless)
{
	uart_init(&uart, NULL, NULL);
	for (u32 reg = 0; reg < 64; reg++) {
		uart_write(&uart, reg, 0);
		uart_read(&uart, reg);
	}
	uart_write(&uart, UINT32_MAX, 0x5A);
	ck_assert_uint_eq(uart_read(&uart, UART_SCR), 0x5A);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("uart");
	TCase *tcase = tcase_create("16550");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, registers_after_reset);
	tcase_add_test(tcase, every_byte_leaves_once_and_in_order);
	tcase_add_test(tcase, divisor_latch_hides_data_and_interrupt_enable);
	tcase_add_test(tcase, registers_keep_what_they_can);
	tcase_add_test(tcase, no_interrupt_is_ever_pending);
	tcase_add_test(tcase, loopback_shows_modem_outputs_and_keeps_data_inside);
	tcase_add_test(tcase, any_register_number_is_harmless);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
