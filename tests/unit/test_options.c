/* SPDX-License-Identifier: MIT */
/* The command line taken apart: values, names, repetitions, conflicts, help. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"
#include "vmm/cli/options.h"
#include "vmm/cli/parse.h"
#include "vmm/trace/packet.h"

static struct options options;
static struct err err;

static void setup(void)
{
	options_init(&options);
	memset(&err, 0, sizeof(err));
}

static void teardown(void)
{
	options_free(&options);
}

/* Parses @line, words separated by one blank. */
static int parse_as(enum option_command command, const char *line)
{
	static char text[512];
	const char *argv[41] = { NULL };
	int argc = 0;

	snprintf(text, sizeof(text), "%s", line);
	for (char *word = strtok(text, " "); word && argc < 40; word = strtok(NULL, " "))
		argv[argc++] = word;
	return options_parse(&options, command, argc, argv, &err);
}

/* --- what must be refused --------------------------------------------------------------------- */
static const struct {
	const char *line, *text; /* part of the message */
} wrong[] = {
	{ "--memm 1G", "did you mean --mem?" },
	{ "--tir ring", "did you mean --tier?" },
	{ "--mem=1G --mem=2G", "--mem is given twice" },
	{ "--mem", "--mem needs a value" },
	{ "--lossy=yes", "--lossy takes no value" },
	{ "--mem 12Q", "\"12Q\" is not a size" },
	{ "--mem -1", "not a size" },
	{ "--mem 1GB", "not a size" },
	{ "--mem 99999999999G", "does not fit into 64 bits" },
	{ "--mem 99999999999999999999", "does not fit into 64 bits" },
	{ "--mem 0x", "not a size" },
	{ "--split 4G", "not one of 1G, 2G, 3G" },
	{ "--vmalloc 0", "must be at least 2M" },
	{ "--hole 256M", "is not START:SIZE" },
	{ "--hole 256M:x", "\"x\" is not a size" },
	{ "--dtb-overlay /nowhere", "--dtb-overlay: device tree /nowhere cannot be opened" },
	{ "--dtb-overlay /dev/null", "device tree /dev/null is not a regular file" },
	{ "--cpus 0", "not between 1 and 16" },
	{ "--cpus 17", "not between 1 and 16" },
	{ "--cpus two", "not a number" },
	{ "--arena himem", "did you mean highmem?" },
	{ "--arena ,160M", "not one of lowmem, highmem" },
	{ "--arena 160M,highmem", "not a size" },
	{ "--arena 0", "must be at least 2M" },
	{ "--arena highmem,", "\"\" is not a size" },
	{ "--arena lowmem,0", "must be at least 2M" },
	{ "--tlb sotf", "not one of hw, soft; did you mean soft?" },
	{ "--tlb ,", "not one of hw, soft" },
	{ "--tlb soft,entries=7", "7 is not between 8 and 1024" },
	{ "--tlb soft,entries=1025", "1025 is not between 8 and 1024" },
	{ "--tlb soft,entries=", "not a number" },
	{ "--tlb soft,policy=lru", "not one of fifo, random" },
	{ "--tlb soft,ways=2", "not one of hw, soft" },
	{ "--tlb hw,entries=8", "entries=8 belongs behind soft" },
	{ "--tlb soft,pcid=yes", "not one of off, on" },
	{ "--tlb pcid=on", "pcid=on belongs behind soft" },
	{ "--tlb policy=fifo", "policy=fifo belongs behind soft" },
	{ "--tlb hw,soft", "a run has one TLB, not 2" },
	{ "--tier trip", "not one of ring, trap, off, auto; did you mean trap?" },
	{ "--schedule frei", "did you mean free?" },
	{ "--set writer", "is not KEY=VALUE" },
	{ "--set =x", "is not KEY=VALUE" },
	{ "--set a=1 --set a=2", "a is given twice" },
	{ "--seed 18446744073709551616", "not between" },
	{ "--seed 18446744073709551615", "not between 0 and 9223372036854775807" },
	{ "--seed 9223372036854775808", "not between 0 and 9223372036854775807" },
	{ "--timeout 0", "not between 1 and" },
	{ "--gdb 65536", "not between 0 and 65535" },
	{ "--gdb 0 --timeout 9", "exclude each other" },
	{ "--tier off --trace t", "exclude each other" },
	{ "--tier off --lossy", "exclude each other" },
	{ "--tier trap --lossy", "exclude each other" },
	{ "--flash-clock real", "needs --flash" },
	{ "--flash-speed inf", "not a number between 1e-06 and 1e+09" },
	{ "--flash-speed nan", "not a number between" },
	{ "--flash-speed -1", "not a number between" },
	{ "--flash-speed 0", "not a number between" },
	{ "--flash-speed 9.9e-7", "not a number between" },
	{ "--flash-speed 1.1e9", "not a number between" },
	{ "--flash-speed 1e308", "not a number between" },
	{ "--flash-speed 2x", "not a number between" },
	{ "--flash file=f,chip=28f128j3 --flash-speed 2", "needs --flash-clock real" },
	{ "--flash file=f", "chip= is missing" },
	{ "--flash chip=28f128j3", "file= is missing" },
	{ "--flash file=f,chip=28f128", "did you mean 28f128j3?" },
	{ "--flash fiel=f,chip=28f128j3", "did you mean file?" },
	{ "--flash file=f,chip=28f128j3,partition=a:0", "not LABEL:START:SIZE" },
	{ "--flash file=f,chip=28f128j3,partition=:0:128K", "not LABEL:START:SIZE" },
	{ "--flash file=f,chip=28f128j3,partition=a:0:32M", "does not lie on the 28f128j3" },
	{ "--flash file=f,chip=28f128j3,partition=a:0:0", "does not lie on the 28f128j3" },
	{ "--flash file=f,chip=28f128j3,partition=a:128K:0xffffffffffffffff", "does not lie" },
	{ "--flash file=f,chip=28f128j3,partition=a:4K:128K", "erase blocks" },
	{ "--flash file=f,chip=28f128j3,partition=a:0:4K", "erase blocks" },
	{ "--flash file=f,chip=28f128j3,partition=a:0:256K,partition=b:128K:128K", "overlap" },
	{ "--flash file=f,chip=28f128j3,partition=a:0:128K,partition=a:1M:128K", "named a" },
	{ "--flash file=f,chip=28f128j3,partition=abcdefghijklmnopqrstuvwxyz:0:128K", "longer" },
	{ "--disk 0", "is no multiple of 512 bytes" },
	{ "--disk 513", "is no multiple of 512 bytes" },
	{ "--disk 1025G", "is no multiple of 512 bytes, 1024G at most" },
	{ "--disk disk.img", "\"disk.img\" is not a size" },
	{ "--disk file=", "file= is empty" },
	{ "--disk file=,readonly", "file= is empty" },
	{ "--disk file=x,readonly,", "\"readonly,\" behind the file is not \"readonly\"" },
	{ "--disk file=x,ro", "\"ro\" behind the file" },
	{ "--disk 1M --disk 2M", "given twice" },
	{ "--json=", "name is empty" },
	{ "--log loud", "not one of error, warn, info, debug" },
	{ "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34",
	  "one argument too many" },
	{ "--event pt_set", "unknown option --event" }, /* belongs to another command */
};

static const struct {
	const char *line, *text;
} wrong_for_compare[] = {
	{ "--arms copy,,fault", "a name is missing" },
	{ "--arms ,", "a name is missing" },
	{ "--arms copy,fault,copy", "copy is named twice" },
	{ "--cpus 1,17", "not between 1 and 16" },
	{ "--cpus 2,0x2", "0x2 is named twice" },
	{ "--hosts kvm,all", "all stands alone" },
	{ "--hosts all,kvm", "all stands alone" },
	{ "--hosts all,all", "all stands alone" },
	{ "--hosts kvm,kvm", "kvm is named twice" },
	{ "--hosts amd", "did you mean" },
	{ "--engine kvm", "unknown option --engine" },
	{ "--trace d", "unknown option --trace" },
	{ "--tlb hw,soft,hw", "hw is named twice" },
	{ "--tlb soft,soft,policy=fifo", "soft,entries=64,policy=fifo is named twice" },
	{ "--tlb hw,soft,soft,entries=8,hw,entries=9", "belongs behind soft" },
	{ "--flash-clock real", "needs --flash" },
};

START_TEST(wrong_options_of_compare_say_why)
{
	ck_assert_int_eq(parse_as(FOR_COMPARE, wrong_for_compare[_i].line), -1);
	ck_assert_int_eq(err.status, EXIT_USAGE);
	ck_assert_msg(strstr(err.text, wrong_for_compare[_i].text), "%s: \"%s\"",
		      wrong_for_compare[_i].line, err.text);
}
END_TEST

START_TEST(wrong_options_say_why)
{
	ck_assert_int_eq(parse_as(FOR_RUN, wrong[_i].line), -1);
	ck_assert_int_eq(err.status, EXIT_USAGE);
	ck_assert_msg(strstr(err.text, wrong[_i].text), "%s: \"%s\"", wrong[_i].line, err.text);
}
END_TEST

/* Holes grow to whole pages; what is none stays what it is, for the planner to refuse. */
START_TEST(holes_are_rounded)
{
	static const struct {
		const char *words;
		struct kvl_range hole;
		bool grown;
	} row[] = {
		{ "--hole 100M:5000", { MiB(100), KiB(8) }, true },
		{ "--hole 104857601:1", { MiB(100), KiB(4) }, true },
		{ "--hole 104861695:2", { MiB(100), KiB(8) }, true },
		{ "--hole 104861696:4096", { MiB(100) + KiB(4), KiB(4) }, false },
		{ "--hole 4097:0", { 4097, 0 }, false },
		{ "--hole 1:18446744073709551615", { 1, UINT64_MAX }, false },
	};

	ck_assert_int_eq(parse_as(FOR_LAYOUT, row[_i].words), 0);
	ck_assert_uint_eq(options.run.layout.hole[0].start, row[_i].hole.start);
	ck_assert_uint_eq(options.run.layout.hole[0].bytes, row[_i].hole.bytes);
	ck_assert(options.run.board.hole_grown[0] == row[_i].grown);
}
END_TEST

static void board_hole(const char *name, u64 start, u64 no_ram, u64 end)
{
	u32 i = options.run.layout.nholes++;

	options.run.layout.hole[i] = (struct kvl_range){ start, end - start };
	options.run.board.hole_name[i] = name;
	options.run.board.hole_no_ram[i] = no_ram;
}

/* Of a board's holes goes what is no RAM of its own and lies behind this machine's. */
START_TEST(a_boards_gaps_end_with_ram)
{
	const struct kvl_range *hole = options.run.layout.hole;

	board_hole("no RAM", MiB(256), MiB(256), MiB(384));
	board_hole("a@0 to no RAM", MiB(448), MiB(496), GiB(4));
	board_hole("b@0 to no RAM", MiB(508), MiB(516), GiB(4));
	board_hole("no RAM", MiB(600), MiB(600), MiB(700));
	board_hole("c@0", MiB(800), MiB(801), MiB(801));
	ck_assert_int_eq(parse_as(FOR_LAYOUT, "--hole 1G:4K --mem 512M"), 0);
	ck_assert_uint_eq(options.run.layout.nholes, 5);
	ck_assert_uint_eq(kvl_range_end(hole[0]), MiB(384));
	ck_assert_uint_eq(kvl_range_end(hole[1]), MiB(512));
	ck_assert_uint_eq(kvl_range_end(hole[2]), MiB(516));
	ck_assert_uint_eq(kvl_range_end(hole[3]), MiB(801));
	ck_assert_str_eq(options.run.board.hole_name[3], "c@0");
	ck_assert_uint_eq(hole[4].start, GiB(1));
	ck_assert_ptr_null(options.run.board.hole_name[4]);
}
END_TEST

START_TEST(too_many_holes_and_parameters_are_refused)
{
	int failed = 0;

	for (u32 i = 0; i <= KVL_MAX_HOLES && !failed; i++)
		failed = parse_as(FOR_RUN, "--hole 256M:4K");
	ck_assert_int_eq(failed, -1);
	ck_assert_uint_eq(options.run.layout.nholes, KVL_MAX_HOLES);
	options_free(&options);
	options_init(&options);
	failed = 0;
	for (u32 i = 0; i < 40 && !failed; i++) {
		char line[40];

		snprintf(line, sizeof(line), "--set key%u=1", i);
		failed = parse_as(FOR_RUN, line);
	}
	ck_assert_int_eq(failed, -1);
	ck_assert_uint_le(options.run.nparams, ARRAY_LEN(options.run.param));
}
END_TEST

/* --- what must work --------------------------------------------------------------------------- */
START_TEST(defaults)
{
	ck_assert_int_eq(parse_as(FOR_RUN, "hello"), 0);
	ck_assert_uint_eq(options.nwords, 1);
	ck_assert_uint_eq(options.run.layout.mem_bytes, GiB(1));
	ck_assert_uint_eq(options.run.layout.page_offset, GiB(3));
	ck_assert_uint_eq(options.run.layout.ncpus, 2);
	ck_assert_uint_eq(options.run.seed, 1);
	ck_assert_int_eq(options.run.schedule, SCHEDULE_SEEDED);
	ck_assert_int_eq(options.run.tier, TIER_RING);
	ck_assert_uint_gt(options.run.timeout_s, 0);
	ck_assert_ptr_null(options.run.flash.file);
	ck_assert_ptr_null(options.run.trace_dir);
	ck_assert(!options.run.layout.arena_highmem && !options.run.arena_zone_given);
}
END_TEST

START_TEST(every_option_reaches_its_field)
{
	ck_assert_int_eq(
		parse_as(FOR_RUN,
			 "flash-mount --arm=fault --cpus 4 --mem 2G --hole 0x10000000:16M "
			 "--hole 1G:4k --split 1G --vmalloc 64M --kva=50m --arena highmem,160M"),
		0);
	ck_assert_str_eq(options.run.arm, "fault");
	ck_assert_uint_eq(options.run.layout.ncpus, 4);
	ck_assert_uint_eq(options.run.layout.mem_bytes, GiB(2));
	ck_assert_uint_eq(options.run.layout.nholes, 2);
	ck_assert_uint_eq(options.run.layout.hole[0].start, MiB(256));
	ck_assert_uint_eq(options.run.layout.hole[1].bytes, KiB(4));
	ck_assert_uint_eq(options.run.layout.page_offset, GiB(1));
	ck_assert_uint_eq(options.run.layout.kva_bytes, MiB(50));
	ck_assert(options.run.layout.arena_highmem);
	ck_assert_uint_eq(options.run.layout.arena_bytes, MiB(160));
	ck_assert_int_eq(parse_as(FOR_RUN, "--schedule free --trace d --seed 0x7fffffffffffffff "
					   "--timeout 9 --strict-io --lossy --json - --log debug "
					   "--engine auto --set a=b=c"),
			 0);
	ck_assert_int_eq(options.run.schedule, SCHEDULE_FREE);
	ck_assert_str_eq(options.run.trace_dir, "d");
	ck_assert_uint_eq(options.run.seed, INT64_MAX);
	ck_assert(options.run.strict_io && options.run.lossy && options.engine == ENGINE_AUTO);
	ck_assert_int_eq(options.log, LOG_DEBUG);
	ck_assert_str_eq(options.run.param[0].key, "a");
	ck_assert_str_eq(options.run.param[0].value, "b=c");
}
END_TEST

START_TEST(compare_keeps_what_its_runs_get)
{
	ck_assert_int_eq(parse_as(FOR_COMPARE,
				  "x --arms b,a --cpus=4,1 --hosts qemu,kvm --seed 7 "
				  "--set a=b --set c=d=e --hole 1G:4K --lossy --json -"),
			 0);
	ck_assert_uint_eq(options.narms, 2);
	ck_assert_str_eq(options.arms[0], "b");
	ck_assert_uint_eq(options.ncpus, 2);
	ck_assert_uint_eq(options.cpus[0], 4);
	ck_assert_uint_eq(options.nhosts, 2);
	ck_assert_int_eq(options.hosts[0], HOST_QEMU);
	ck_assert_int_eq(options.hosts[1], HOST_KVM);
	ck_assert(!options.all_hosts);
	ck_assert_uint_eq(options.npassed, 5); /* not --json: it is compare's own */
	ck_assert_str_eq(options.passed[2].name, "--set");
	ck_assert_str_eq(options.passed[2].value, "c=d=e");
	ck_assert_str_eq(options.passed[4].name, "--lossy");
	ck_assert_ptr_null(options.passed[4].value);
	options_free(&options);
	options_init(&options);
	ck_assert_int_eq(parse_as(FOR_COMPARE, "x --hosts all"), 0);
	ck_assert_uint_eq(options.nhosts, HOSTS_NAMED);
	ck_assert(options.all_hosts);
}
END_TEST

START_TEST(flash_reaches_its_fields)
{
	ck_assert_int_eq(parse_as(FOR_RUN, "--flash file=/x,chip=28f128j3,partition=rootfs:0:2M,"
					   "partition=log:2M:14M --flash-clock real --flash-speed "
					   "2.5 --flash-reads trap"),
			 0);
	ck_assert_str_eq(options.run.flash.file, "/x");
	ck_assert_ptr_eq(options.run.flash.bank.part, flash_part_find("28f128j3"));
	ck_assert_uint_eq(options.run.flash.npartitions, 2);
	ck_assert_str_eq(options.run.flash.partition[1].label, "log");
	ck_assert_uint_eq(options.run.flash.partition[1].offset, MiB(2));
	ck_assert_int_eq(options.run.flash.clock, CLOCK_REAL);
	ck_assert(options.run.flash.speed > 2.4 && options.run.flash.speed < 2.6);
	ck_assert(options.run.flash.trap_reads);
}
END_TEST

START_TEST(a_disk_is_zeros_or_a_file)
{
	ck_assert_int_eq(parse_as(FOR_RUN, "hello"), 0);
	ck_assert(!options.run.disk.given);
	ck_assert_int_eq(parse_as(FOR_RUN, "hello --disk 16M"), 0);
	ck_assert(options.run.disk.given && !options.run.disk.file && !options.run.disk.readonly);
	ck_assert_uint_eq(options.run.disk.bytes, MiB(16));
	options_free(&options);
	options_init(&options);
	ck_assert_int_eq(parse_as(FOR_COMPARE, "hello --disk file=/x/y,readonly"), 0);
	ck_assert_str_eq(options.run.disk.file, "/x/y");
	ck_assert(options.run.disk.readonly);
	ck_assert_uint_eq(options.npassed, 0); /* compare gives each run its own */
	options_free(&options);
	options_init(&options);
	ck_assert_int_eq(parse_as(FOR_RUN, "hello --disk=file=y"), 0);
	ck_assert_str_eq(options.run.disk.file, "y");
	ck_assert(!options.run.disk.readonly);
}
END_TEST

START_TEST(the_slowest_and_the_fastest_chip)
{
	static const char *const speed[] = { "1e-6", "1e9" };
	char line[100];

	snprintf(line, sizeof(line),
		 "--flash file=/x,chip=28f128j3 --flash-clock real "
		 "--flash-speed %s",
		 speed[_i]);
	ck_assert_int_eq(parse_as(FOR_RUN, line), 0);
	ck_assert(options.run.flash.speed == strtod(speed[_i], NULL));
}
END_TEST

START_TEST(words_and_help)
{
	ck_assert_int_eq(parse_as(FOR_RUN, "-- --mem"), 0);
	ck_assert_str_eq(options.word[0], "--mem");
	ck_assert_int_eq(parse_as(FOR_OTHER, "-h"), 0);
	ck_assert(options.help);
	ck_assert_int_eq(parse_as(FOR_TRACE, "--cpu vmm --event a --event b --limit 3 --tsc"), 0);
	ck_assert_uint_eq(options.print.cpu, TRACE_CPU_VMM);
	ck_assert_uint_eq(options.nevents, 2);
	ck_assert_int_eq(parse_as(FOR_TRACE, "--event c,d,"), 0);
	ck_assert_uint_eq(options.nevents, 5);
	ck_assert_str_eq(options.event[2], "c");
	ck_assert_str_eq(options.event[3], "d");
	ck_assert_str_eq(options.event[4], ""); /* which no event is called: trace print says so */
}
END_TEST

/* A terminal has 80 columns; "…" is one column of three bytes. */
START_TEST(help_fits_a_terminal)
{
	static const enum option_command command[] = { FOR_RUN,	  FOR_LAYOUT, FOR_PROBE,
						       FOR_TRACE, FOR_OTHER,  FOR_COMPARE };
	char *text = NULL, *line, *rest;
	size_t bytes, lines = 0;
	FILE *out = open_memstream(&text, &bytes);

	ck_assert_ptr_nonnull(out);
	options_help(out, command[_i]);
	fclose(out);
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		ck_assert_msg(strlen(line) <= 80 + (strstr(line, "…") ? 2 : 0), "%s", line);
		lines++;
	}
	ck_assert_uint_ge(lines, 1);
	ck_assert(command[_i] == FOR_RUN || command[_i] == FOR_COMPARE || lines <= 20);
	free(text);
}
END_TEST

START_TEST(distances)
{
	ck_assert_uint_eq(edit_distance("", ""), 0);
	ck_assert_uint_eq(edit_distance("", "abc"), 3);
	ck_assert_uint_eq(edit_distance("abc", ""), 3);
	ck_assert_uint_eq(edit_distance("hello", "hello"), 0);
	ck_assert_uint_eq(edit_distance("helo", "hello"), 1);
	ck_assert_uint_eq(edit_distance("hlelo", "hello"), 1);
	ck_assert_uint_eq(edit_distance("kitten", "sitting"), 3);
}
END_TEST

static void tlb_is(struct run_tlb tlb, const char *want)
{
	char text[RUN_TLB_TEXT_BYTES];

	ck_assert_str_eq(run_tlb_text(tlb, text), want);
}

START_TEST(a_run_has_one_tlb)
{
	static const struct {
		const char *line, *text;
	} of[] = {
		{ "", "hw" },
		{ "--tlb hw", "hw" },
		{ "--tlb soft", "soft,entries=64,policy=fifo" },
		{ "--tlb soft,entries=8", "soft,entries=8,policy=fifo" },
		{ "--tlb hw,pcid=off", "hw" },
		{ "--tlb soft,pcid=on", "soft,entries=64,policy=fifo,pcid=on" },
		{ "--tlb=soft,policy=random,entries=1024", "soft,entries=1024,policy=random" },
	};

	ck_assert_int_eq(parse_as(FOR_RUN, of[_i].line), 0);
	tlb_is(run_tlb(&options.run), of[_i].text);
}
END_TEST

START_TEST(compare_takes_several_tlbs)
{
	ck_assert_int_eq(parse_as(FOR_COMPARE, "x --tlb hw,soft,entries=8,soft,policy=random"), 0);
	ck_assert_uint_eq(options.ntlbs, 3);
	tlb_is(options.tlbs[0], "hw");
	tlb_is(options.tlbs[1], "soft,entries=8,policy=fifo");
	tlb_is(options.tlbs[2], "soft,entries=64,policy=random");
	ck_assert_uint_eq(options.npassed, 0);
}
END_TEST

START_TEST(long_names_do_no_harm)
{
	char name[5000];

	memset(name, 'a', sizeof(name));
	name[0] = name[1] = '-';
	name[sizeof(name) - 1] = '\0';
	ck_assert_uint_ge(edit_distance(name, "--mem"), 1);
	ck_assert_int_eq(options_parse(&options, FOR_RUN, 1, (const char *[]){ name }, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "unknown option"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("options");
	TCase *tcase = tcase_create("options");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, wrong_options_say_why, 0, ARRAY_LEN(wrong));
	tcase_add_loop_test(tcase, wrong_options_of_compare_say_why, 0,
			    ARRAY_LEN(wrong_for_compare));
	tcase_add_test(tcase, compare_keeps_what_its_runs_get);
	tcase_add_loop_test(tcase, holes_are_rounded, 0, 6);
	tcase_add_test(tcase, a_boards_gaps_end_with_ram);
	tcase_add_test(tcase, too_many_holes_and_parameters_are_refused);
	tcase_add_test(tcase, defaults);
	tcase_add_test(tcase, every_option_reaches_its_field);
	tcase_add_test(tcase, flash_reaches_its_fields);
	tcase_add_loop_test(tcase, a_disk_is_zeros_or_a_file, 0, 2);
	tcase_add_loop_test(tcase, the_slowest_and_the_fastest_chip, 0, 2);
	tcase_add_test(tcase, words_and_help);
	tcase_add_loop_test(tcase, help_fits_a_terminal, 0, 6);
	tcase_add_test(tcase, distances);
	tcase_add_loop_test(tcase, a_run_has_one_tlb, 0, 5);
	tcase_add_test(tcase, compare_takes_several_tlbs);
	tcase_add_test(tcase, long_names_do_no_harm);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
