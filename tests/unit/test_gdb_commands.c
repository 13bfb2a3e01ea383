/* SPDX-License-Identifier: MIT */
/* gdb's commands over a machine that is an array: what must be refused, and what is answered. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"
#include "vmm/gdb/commands.h"
#include "vmm/gdb/description.h"

#define MEMORY_VA 0x1000
#define RIP 16
#define UNKNOWN "xxxxxxxxxxxxxxxxxxxx" /* an x87 register */

static struct {
	u8 values[3][GDB_REGISTER_BYTES];
	u8 memory[64];
	u64 at_break; /* 0: none */
	bool refuses; /* registers */
} fake;

static bool fake_read_registers(void *owner, u32 cpu, u8 *values)
{
	(void)owner;
	ck_assert_uint_lt(cpu, 3);
	memcpy(values, fake.values[cpu], GDB_REGISTER_BYTES);
	return !fake.refuses;
}

static bool fake_write_registers(void *owner, u32 cpu, const u8 *values)
{
	(void)owner;
	ck_assert_uint_lt(cpu, 3);
	memcpy(fake.values[cpu], values, GDB_REGISTER_BYTES);
	return !fake.refuses;
}

/* Bytes of memory from @va on, at most @bytes. */
static size_t there(u64 va, size_t bytes)
{
	u64 offset = va - MEMORY_VA;

	if (offset >= sizeof(fake.memory))
		return 0;
	return bytes < sizeof(fake.memory) - offset ? bytes : sizeof(fake.memory) - (size_t)offset;
}

static size_t fake_read_memory(void *owner, u32 cpu, u64 va, u8 *out, size_t bytes)
{
	size_t n = there(va, bytes);

	(void)owner, (void)cpu;
	memcpy(out, fake.memory + (n ? va - MEMORY_VA : 0), n);
	return n;
}

static bool fake_write_memory(void *owner, u32 cpu, u64 va, const u8 *in, size_t bytes)
{
	(void)owner, (void)cpu;
	if (there(va, bytes) < bytes)
		return false;
	memcpy(fake.memory + (va - MEMORY_VA), in, bytes);
	return true;
}

static bool fake_insert_break(void *owner, u32 cpu, u64 va)
{
	(void)owner, (void)cpu;
	fake.at_break = va;
	return there(va, 1);
}

static void fake_remove_break(void *owner, u64 va)
{
	(void)owner;
	ck_assert_uint_eq(fake.at_break, va);
	fake.at_break = 0;
}

static void fake_describe(void *owner, u32 cpu, char *text, size_t bytes)
{
	(void)owner;
	snprintf(text, bytes, "CPU %u", cpu);
}

static const struct gdb_target target = { .ncpus = 3,
					  .image_va = 0xC1010000,
					  .read_registers = fake_read_registers,
					  .write_registers = fake_write_registers,
					  .read_memory = fake_read_memory,
					  .write_memory = fake_write_memory,
					  .insert_break = fake_insert_break,
					  .remove_break = fake_remove_break,
					  .describe = fake_describe };
static struct gdb_session session;

static void setup(void)
{
	memset(&fake, 0, sizeof(fake));
	for (u32 i = 0; i < sizeof(fake.memory); i++)
		fake.memory[i] = (u8)i;
	for (u32 cpu = 0; cpu < 3; cpu++)
		fake.values[cpu][gdb_register_offset(RIP)] = (u8)(0x10 + cpu);
	gdb_session_init(&session, &target, (struct gdb_stop){ 1, GDB_SIGTRAP, true });
}

static enum gdb_next command(const char *text)
{
	return gdb_command(&session, text, strlen(text));
}

static const char *ask(const char *text)
{
	ck_assert_msg(command(text) == GDB_REPLY, "%s", text);
	session.reply[session.reply_bytes] = '\0';
	return session.reply;
}

#define ANSWERS(text, reply) ck_assert_str_eq(ask(text), reply)

/* --- what must be refused --------------------------------------------------------------------- */
START_TEST(malformed_commands)
{
	static const char *const bad[] = {
		"p",
		"pg",
		"p2f",
		"pffffffffffffffff1",
		"p1;",
		"P",
		"P0",
		"P0=",
		"P0=12",
		"P0=zz34567812345678",
		"P2f=00",
		("P18=" UNKNOWN),
		"G",
		"G00",
		"m",
		"m,",
		"m1000",
		"m1000,",
		"m1000,4;",
		"mg,1",
		"M1000,2",
		"M1000,2:1",
		"M1000,1:zz",
		"M1000,801:00",
		"M1000,ffffffffffffffff:",
		"X1000,2:a",
		"X1000",
		"X1000,1:",
		"X1000,1:ab",
		"Hg4",
		"Hc",
		"Hx1",
		"H",
		"Hg1x",
		"T",
		"T0",
		"T4",
		"T-1",
		"c1000",
		"s1",
		"C",
		"Cx",
		"S",
		"vCont",
		"vCont;",
		"vCont;x",
		"vCont;c:4",
		"vCont;C",
		"vCont;c:",
		"vCont;c;",
		"vCont;s:1x",
		"vContc",
		"Z0",
		"Z0,",
		"Z0,1000",
		"Z0,1000,",
		"Z0,1000,1x",
		"qXfer:features:read:target.xml:",
		"qXfer:features:read:target.xml:0",
		"qXfer:features:read:target.xml:fffff,1",
		"qThreadExtraInfo,4",
	};

	for (u32 i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(!strcmp(ask(bad[i]), "E16"), "%s: %s", bad[i], session.reply);
	ck_assert_uint_eq(fake.memory[0], 0);
	ck_assert_uint_eq(fake.at_break, 0);
}
END_TEST

START_TEST(what_is_not_there)
{
	static const char *const unknown[] = {
		"",
		"!",
		"R",
		"Z1,1000,1",
		"Z2,1000,8",
		"Z",
		"z3,1000,8",
		"vX",
		"qX",
		"QX",
		"b",
		"vMustReplyEmpty",
		"qXfer:features:read:x.xml:0,10",
	};

	for (u32 i = 0; i < ARRAY_LEN(unknown); i++)
		ANSWERS(unknown[i], "");
}
END_TEST

START_TEST(addresses_that_lead_nowhere)
{
	ANSWERS("m2000,4", "E0e");
	ANSWERS("mffffffffffffffff,4", "E0e");
	ANSWERS("M103f,2:0000", "E0e");
	ANSWERS("X2000,1:a", "E0e");
	ANSWERS("Z0,2000,1", "E0e");
	fake.refuses = true;
	ANSWERS("g", "E16");
	ANSWERS("p0", "E16");
	ANSWERS("P0=0000000000000000", "E16");
}
END_TEST

/* Whatever comes, the reply stays in its place. */
START_TEST(noise)
{
	static const char first[] = "?gGpPmMXZzHTcsCSvqQDk0";
	static const char rest[] = "0123456789abcdef,:;=-+qCvontSuppred\x01\xff";
	char text[GDB_PACKET_MAX + 1];

	srand((unsigned)_i);
	for (u32 i = 0; i < 20000; i++) {
		u32 n = (u32)rand() % (i % 100 ? 40 : GDB_PACKET_MAX);

		text[0] = first[(u32)rand() % (sizeof(first) - 1)];
		for (u32 at = 1; at < n; at++)
			text[at] = rest[(u32)rand() % (sizeof(rest) - 1)];
		text[n] = '\0';
		fake.at_break = 0;
		if (text[0] != 'z')
			gdb_command(&session, text, n);
		ck_assert_uint_le(session.reply_bytes, GDB_PACKET_MAX);
		ck_assert_uint_lt(session.cpu, 3);
	}
}
END_TEST

/* --- registers -------------------------------------------------------------------------------- */
START_TEST(registers)
{
	char all[2 * GDB_REGISTER_BYTES + 2] = "G";

	ANSWERS("p10", "1100000000000000"); /* of the CPU that has stopped */
	ANSWERS("Hg3", "OK");
	ANSWERS("p10", "1200000000000000");
	ANSWERS("p18", UNKNOWN);
	ANSWERS("P10=8877665544332211", "OK");
	ANSWERS("p10", "8877665544332211");
	strcpy(all + 1, ask("g"));
	ck_assert_uint_eq(strlen(all + 1), 2 * GDB_REGISTER_BYTES);
	all[1 + 2 * gdb_register_offset(RIP)] = '0';
	ANSWERS(all, "OK");
	ANSWERS("p10", "0877665544332211");
	ANSWERS("Hg0", "OK");
	ANSWERS("p10", "1100000000000000");
}
END_TEST

START_TEST(the_description_names_all_of_them)
{
	char xml[GDB_DESCRIPTION_MAX], got[GDB_DESCRIPTION_MAX];
	size_t n = gdb_describe_registers(xml), done = 0;

	ck_assert_uint_lt(n, sizeof(xml) - 1);
	ck_assert_str_eq(xml + n - strlen("</feature></target>"), "</feature></target>");
	ck_assert_uint_eq(gdb_register_offset(GDB_REGISTERS), GDB_REGISTER_BYTES);
	for (u32 i = 0; i < GDB_REGISTERS; i++) {
		char name[40];

		snprintf(name, sizeof(name), "<reg name=\"%s\"", gdb_register[i].name);
		ck_assert_ptr_nonnull(strstr(xml, name));
	}
	while (done < n) {
		char text[80];
		const char *piece;

		snprintf(text, sizeof(text), "qXfer:features:read:target.xml:%zx,%x", done,
			 _i ? 100 : 0xFFFFFFFF);
		piece = ask(text);
		strcpy(got + done, piece + 1);
		done += session.reply_bytes - 1;
		ck_assert_int_eq(piece[0], done < n ? 'm' : 'l');
	}
	ck_assert_str_eq(got, xml);
}
END_TEST

/* --- memory ----------------------------------------------------------------------------------- */
START_TEST(memory)
{
	ANSWERS("m1001,3", "010203");
	ANSWERS("m1000,0", "");
	ANSWERS("m103e,ffffffff", "3e3f");
	ANSWERS("M1001,2:fffe", "OK");
	ANSWERS("m1000,4", "00fffe03");
	ANSWERS("X1000,0:", "OK");
	ck_assert_int_eq(gdb_command(&session, "X1000,3:\0:\xff", 11), GDB_REPLY);
	ANSWERS("m1000,4", "003aff03");
}
END_TEST

START_TEST(breakpoints)
{
	ANSWERS("Z0,1004,1", "OK");
	ck_assert_uint_eq(fake.at_break, 0x1004);
	ANSWERS("z0,1004,1", "OK");
	ck_assert_uint_eq(fake.at_break, 0);
}
END_TEST

/* --- threads, going on ------------------------------------------------------------------------ */
START_TEST(threads)
{
	ANSWERS("?", "T05thread:2;");
	ANSWERS("qSupported:multiprocess+;swbreak+",
		"PacketSize=1000;QStartNoAckMode+;qXfer:features:read+;vContSupported+;swbreak+");
	ANSWERS("?", "T05thread:2;swbreak:;");
	ANSWERS("qfThreadInfo", "m1,2,3");
	ANSWERS("qsThreadInfo", "l");
	ANSWERS("qC", "QC2");
	ANSWERS("T3", "OK");
	ANSWERS("qThreadExtraInfo,1", "4350552030");
	ANSWERS("qOffsets", "TextSeg=c1010000");
	ANSWERS("qAttached", "1");
}
END_TEST

START_TEST(who_goes_on)
{
	static const struct {
		const char *hc, *text;
		enum gdb_action action[3];
	} row[] = {
		{ "Hc-1", "c", { GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE } },
		{ "Hc0", "C05", { GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE } },
		{ "Hc-1", "s", { GDB_STAND, GDB_STEP, GDB_STAND } },
		{ "Hc1", "s", { GDB_STEP, GDB_STAND, GDB_STAND } },
		{ "Hc3", "S0", { GDB_STAND, GDB_STAND, GDB_STEP } },
		{ "Hc1", "vCont;c", { GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE } },
		{ "Hc1", "vCont;s:2", { GDB_STAND, GDB_STEP, GDB_STAND } },
		{ "Hc1", "vCont;s:2;c", { GDB_CONTINUE, GDB_STEP, GDB_CONTINUE } },
		{ "Hc1", "vCont;c;s:2", { GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE } },
		{ "Hc1", "vCont;S05:3;c:1", { GDB_CONTINUE, GDB_STAND, GDB_STEP } },
		{ "Hc1", "vCont;s:-1", { GDB_STEP, GDB_STEP, GDB_STEP } },
		{ "Hc1", "vCont;s:0", { GDB_STEP, GDB_STAND, GDB_STAND } },
	};

	ANSWERS(row[_i].hc, "OK");
	ck_assert_int_eq(command(row[_i].text), GDB_RUN);
	for (u32 cpu = 0; cpu < 3; cpu++)
		ck_assert_int_eq(session.action[cpu], row[_i].action[cpu]);
}
END_TEST

START_TEST(ends)
{
	ck_assert_int_eq(command("k"), GDB_KILL);
	ck_assert_int_eq(command("vKill;1"), GDB_KILL);
	ck_assert_int_eq(command("D"), GDB_DETACH);
	gdb_say_exit(&session, 124);
	session.reply[session.reply_bytes] = '\0';
	ck_assert_str_eq(session.reply, "W7c");
	ANSWERS("QStartNoAckMode", "OK");
	ck_assert(session.no_ack);
}
END_TEST

START_TEST(text_for_the_user_fits)
{
	char text[2 * GDB_PACKET_MAX];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	gdb_say_text(&session, text);
	ck_assert_uint_le(session.reply_bytes, GDB_PACKET_MAX);
	gdb_say_text(&session, "hi");
	session.reply[session.reply_bytes] = '\0';
	ck_assert_str_eq(session.reply, "O6869");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gdb_commands");
	TCase *tcase = tcase_create("gdb_commands");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, malformed_commands);
	tcase_add_test(tcase, what_is_not_there);
	tcase_add_test(tcase, addresses_that_lead_nowhere);
	tcase_add_loop_test(tcase, noise, 0, 3);
	tcase_add_test(tcase, registers);
	tcase_add_loop_test(tcase, the_description_names_all_of_them, 0, 2);
	tcase_add_test(tcase, memory);
	tcase_add_test(tcase, breakpoints);
	tcase_add_test(tcase, threads);
	tcase_add_loop_test(tcase, who_goes_on, 0, 12);
	tcase_add_test(tcase, ends);
	tcase_add_test(tcase, text_for_the_user_fits);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
