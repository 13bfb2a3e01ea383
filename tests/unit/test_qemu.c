/* SPDX-License-Identifier: MIT */
/* Engine qemu without QEMU: its registers as text, its protocol, its command line. */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/suite.h"
#include "vmm/arch.h"
#include "vmm/qemu/qemu.h"

/* --- registers: texts as QEMU 7.2 prints them, the middle left out ---------------------------- */
static const char long_mode[] =
	"\r\nCPU#0\r\n"
	"RAX=0000000000000001 RBX=0000000000000004 RCX=0000000000000020 RDX=0000000000000505\r\n"
	"RSI=00000000c10109b5 RDI=0000000000000005 RBP=00000000c104dc30 RSP=00000000c104dc18\r\n"
	"R8 =0000000000000008 R9 =0000000000000009 R10=0000000000000010 R11=00000000c104dff8\r\n"
	"R12=00000000c10227e8 R13=00000000c104dca0 R14=00000000c102879c R15=00000000c104dd18\r\n"
	"RIP=00000000c101ec9b RFL=00000046 [---Z-P-] CPL=3 II=0 A20=1 SMM=0 HLT=0\r\n"
	"ES =0010 0000000000000000 ffffffff 00cf9300 DPL=0 DS   [-WA]\r\n"
	"CS =0008 0000000000000000 ffffffff 00af9b00 DPL=0 CS64 [-RA]\r\n"
	"SS =0011 0000000000000000 ffffffff 00cf9300 DPL=0 DS   [-WA]\r\n"
	"TR =0028 00000000c1051bc0 00000067 00008900 DPL=0 TSS64-avl\r\n"
	"CR0=80010011 CR2=00000000f2000008 CR3=0000000001800000 CR4=00000020\r\n"
	"DR0=0000000000000000 DR1=0000000000000000 DR2=0000000000000000 DR3=0000000000000000 \r\n"
	"EFER=0000000000000d00\r\n";

static const char reset[] = "\r\nCPU#0\r\n"
			    "EAX=00000001 EBX=00000000 ECX=00000000 EDX=00060fb1\r\n"
			    "ESI=00000000 EDI=00000000 EBP=00000000 ESP=00000007\r\n"
			    "EIP=0000fff0 EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0\r\n"
			    "CS =f000 ffff0000 0000ffff 00009b00\r\n"
			    "SS =0000 00000000 0000ffff 00009300\r\n"
			    "TR =0000 00000000 0000ffff 00008b00\r\n"
			    "CR0=60000010 CR2=00000000 CR3=00000000 CR4=00000000\r\n"
			    "EFER=0000000000000000\r\n";

START_TEST(registers_of_long_mode)
{
	struct arch_state s;

	ck_assert(arch_qemu_state(long_mode, &s));
	ck_assert_uint_eq(s.reg[STATE_RAX], 1);
	ck_assert_uint_eq(s.reg[STATE_RDI], 5);
	ck_assert_uint_eq(s.reg[STATE_R8], 8);
	ck_assert_uint_eq(s.reg[STATE_R8 + 2], 0x10);
	ck_assert_uint_eq(s.reg[15], 0xc104dd18);
	ck_assert_uint_eq(s.rip, 0xc101ec9b);
	ck_assert_uint_eq(s.rflags, 0x46);
	ck_assert_uint_eq(s.cr2, 0xf2000008);
	ck_assert_uint_eq(s.cr3, 0x1800000);
	ck_assert_uint_eq(s.efer, 0xd00);
	ck_assert_uint_eq(s.cs, 8);
	ck_assert_uint_eq(s.ss, 0x11);
	ck_assert_uint_eq(s.tr, 0x28);
	ck_assert_uint_eq(s.cpl, 3);
	ck_assert(s.code64 && !s.code32);
}
END_TEST

START_TEST(registers_after_reset)
{
	struct arch_state s;

	ck_assert(arch_qemu_state(reset, &s));
	ck_assert_uint_eq(s.reg[STATE_RSP], 7);
	ck_assert_uint_eq(s.rip, 0xfff0);
	ck_assert_uint_eq(s.rflags, 2);
	ck_assert_uint_eq(s.cs_base, 0xffff0000);
	ck_assert(!s.code64 && !s.code32);
}
END_TEST

/* Whatever is missing, nothing is made up. */
START_TEST(registers_cut_short)
{
	struct arch_state s;
	char *text = strdup(long_mode);

	for (size_t n = 0; n < strlen(long_mode) - 3; n++) {
		memcpy(text, long_mode, sizeof(long_mode));
		text[n] = '\0';
		if (n < strlen(long_mode) - strlen("0000000000000d00\r\n"))
			ck_assert(!arch_qemu_state(text, &s));
	}
	free(text);
}
END_TEST

/* --- the protocol ----------------------------------------------------------------------------- */
static struct qmp *qmp;
static int theirs;
static char events[256];

static void on_event(void *owner, const char *name, const json_t *data)
{
	(void)owner;
	snprintf(events + strlen(events), sizeof(events) - strlen(events), "%s%s ", name,
		 json_is_object(data) ? "+" : "");
}

static void setup(void)
{
	int end[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, end), 0);
	qmp = calloc(1, sizeof(*qmp));
	ck_assert_ptr_nonnull(qmp);
	qmp->fd = end[0];
	qmp->event = on_event;
	theirs = end[1];
	events[0] = '\0';
}

static void teardown(void)
{
	close(qmp->fd);
	if (theirs >= 0)
		close(theirs);
	free(qmp);
}

/* What QEMU will have said before it is asked. */
static void said(const char *text)
{
	ck_assert_int_eq(write(theirs, text, strlen(text)), (ssize_t)strlen(text));
}

START_TEST(a_command_and_its_answer)
{
	char sent[256] = "";
	struct err err;
	json_t *value;

	said("{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"
	     "{\"event\": \"STOP\", \"data\": {\"a\": 1}}\r\n{\"return\": \"text\"}\r\n");
	value = qmp_command(qmp, "stop", json_pack("{s:i}", "n", 3), &err);
	ck_assert_str_eq(json_string_value(value), "text");
	json_decref(value);
	ck_assert_str_eq(events, "STOP+ ");
	ck_assert_int_gt(read(theirs, sent, sizeof(sent) - 1), 0);
	ck_assert_str_eq(sent, "{\"execute\":\"stop\",\"arguments\":{\"n\":3}}");
}
END_TEST

START_TEST(an_error_is_told)
{
	struct err err;

	said("{\"error\": {\"class\": \"GenericError\", \"desc\": \"not now\"}}\r\n");
	ck_assert_int_eq(qmp_do(qmp, "cont", &err), -1);
	ck_assert_str_eq(err.text, "QEMU does not do cont: not now");
}
END_TEST

START_TEST(garbage_is_no_answer)
{
	static const char *const garbage[] = { "\n\n{}\n[]\n", "}{\n", "{\"return\"\n",
					       "{\"event\": 7}\n", "{\"error\": 1}\n" };
	struct err err;

	said(garbage[_i]);
	close(theirs);
	theirs = -1;
	ck_assert_int_eq(qmp_do(qmp, "cont", &err), -1);
	ck_assert_str_eq(events, "");
}
END_TEST

/* What comes after its time is not the next command's answer. */
START_TEST(a_late_answer)
{
	struct err err;

	ck_assert_int_eq(qmp_do(qmp, "stop", &err), -1);
	ck_assert_str_eq(err.text, "QEMU does not do stop: no answer in 5 s");
	said("{\"return\": {}}\r\n");
	ck_assert_int_eq(qmp_do(qmp, "cont", &err), -1);
	ck_assert_str_eq(err.text, "QEMU does not do cont: it has ceased to answer");
}
END_TEST

static void *flood(void *arg)
{
	char block[4096];

	(void)arg;
	memset(block, 'x', sizeof(block));
	for (u32 i = 0; i < 64; i++)
		if (send(theirs, block, sizeof(block), MSG_NOSIGNAL) < 0)
			break;
	return NULL;
}

/* A line without end must not be kept without end. */
START_TEST(a_line_that_does_not_end)
{
	json_t *answer;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, flood, NULL), 0);
	while (!qmp->closed)
		qmp_receive(qmp, 1000, &answer);
	ck_assert_uint_eq(qmp->bytes, sizeof(qmp->buffer));
	close(qmp->fd);
	qmp->fd = -1;
	pthread_join(thread, NULL);
}
END_TEST

/* --- the command line ------------------------------------------------------------------------- */
static bool has(char **argv, const char *option, const char *value)
{
	for (; argv[0] && argv[1]; argv++)
		if (strcmp(argv[0], option) == 0 && strstr(argv[1], value))
			return true;
	return false;
}

START_TEST(command_line)
{
	struct run_config config = { .icount = _i };
	struct vm vm = { .config = &config, .ncpus = 3, .layout.machine_bytes = GiB(5) + MiB(2) };
	struct qemu qemu = { .vm = &vm,
			     .program = "/bin/qemu",
			     .ram_fd = 5,
			     .firmware_fd = 6,
			     .chip = { .array = _i ? (u8 *)1 : NULL, .fd = 7 } };
	char **argv = qemu_command(&qemu, 8);

	ck_assert_ptr_nonnull(argv);
	ck_assert_str_eq(argv[0], "/bin/qemu");
	ck_assert(has(argv, "-m", "5370806272B"));
	ck_assert(has(argv, "-smp", "3"));
	ck_assert(has(argv, "-S", "")); /* else a guest that ends at once is not heard */
	ck_assert(has(argv, "-machine", "max-ram-below-4g=3G"));
	ck_assert(has(argv, "-object", "size=5370806272B,mem-path=/proc/self/fd/5,share=on"));
	ck_assert(has(argv, "-accel", _i ? "thread=single" : "thread=multi"));
	ck_assert_int_eq(has(argv, "-icount", "shift=0"), _i);
	ck_assert(has(argv, "-drive", "unit=0,format=raw,readonly=on,file=/proc/self/fd/6"));
	ck_assert_int_eq(has(argv, "-drive", "unit=1,format=raw,file=/proc/self/fd/7"), _i);
	ck_assert(has(argv, "-device", "isa-debug-exit,iobase=0xf4"));
	ck_assert(has(argv, "-chardev", "socket,id=qmp,fd=8"));
	qemu_free_command(argv);
}
END_TEST

/* RAM is no longer all of it; what completes the segment's last large page follows, if anything. */
START_TEST(command_line_with_a_segment)
{
	struct run_config config = { .icount = true };
	struct vm vm = { .config = &config,
			 .ncpus = 1,
			 .layout.machine_bytes = GiB(3) + MiB(2),
			 .layout.segment = { GiB(4), _i ? MiB(2) : MiB(1) },
			 .segment_fd = 9 };
	struct qemu qemu = { .vm = &vm, .program = "/bin/qemu", .ram_fd = 5, .firmware_fd = 6 };
	char **argv = qemu_command(&qemu, 8);

	ck_assert_ptr_nonnull(argv);
	ck_assert(has(argv, "-m", "3223322624B"));
	ck_assert(!has(argv, "-machine", "memory-backend"));
	ck_assert(
		has(argv, "-object", "id=ram,size=3221225472B,mem-path=/proc/self/fd/5,share=on"));
	ck_assert(
		has(argv, "-object", _i ? "id=segment,size=2097152B" : "id=segment,size=1048576B"));
	ck_assert(has(argv, "-object", "mem-path=/proc/self/fd/9,share=on,readonly=on"));
	ck_assert(has(argv, "-numa", "node,nodeid=1,memdev=segment"));
	ck_assert_int_eq(has(argv, "-object", "memory-backend-ram,id=rest,size=1048576B"), !_i);
	ck_assert_int_eq(has(argv, "-numa", "node,nodeid=2,memdev=rest"), !_i);
	qemu_free_command(argv);
}
END_TEST

/* The code at reset ends in a jump to where it is told, and is where the reset vector is. */
START_TEST(firmware)
{
	u8 rom[4096];
	u32 found = 0;

	memset(rom, 0xAA, sizeof(rom));
	arch_firmware(rom, sizeof(rom), 0x1010000, 0x6000);
	ck_assert_uint_eq(rom[sizeof(rom) - 257], 0xAA);
	ck_assert_uint_eq(rom[sizeof(rom) - 16], 0xE9); /* jmp rel16, backwards */
	ck_assert_uint_eq(rom[sizeof(rom) - 14], 0xFF);
	for (u32 i = sizeof(rom) - 256; i < sizeof(rom) - 8; i++) {
		u32 pair[2];

		memcpy(pair, rom + i, sizeof(pair));
		found += pair[0] == 0x1010000 && pair[1] == 0x6000;
	}
	ck_assert_uint_eq(found, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("qemu");
	TCase *plain = tcase_create("plain"), *protocol = tcase_create("protocol");

	tcase_add_test(plain, registers_of_long_mode);
	tcase_add_test(plain, registers_after_reset);
	tcase_add_test(plain, registers_cut_short);
	tcase_add_loop_test(plain, command_line, 0, 2);
	tcase_add_loop_test(plain, command_line_with_a_segment, 0, 2);
	tcase_add_test(plain, firmware);
	suite_add_tcase(suite, plain);
	tcase_add_checked_fixture(protocol, setup, teardown);
	tcase_add_test(protocol, a_command_and_its_answer);
	tcase_set_timeout(protocol, 60);
	tcase_add_test(protocol, an_error_is_told);
	tcase_add_test(protocol, a_late_answer);
	tcase_add_loop_test(protocol, garbage_is_no_answer, 0, 5);
	tcase_add_test(protocol, a_line_that_does_not_end);
	suite_add_tcase(suite, protocol);
	return run_suite(suite);
}
