/* SPDX-License-Identifier: MIT */
/*
 * Owns flash-mount's storm (--set storm=N): N rounds in which a few readers and writers use one chip on
 * all CPUs, in an order that the seed draws; many share a boot. Readers see words that say where they
 * are (flash_mount_known.c), so that a mapping that outlives its time shows as a wrong word, on whatever
 * host that can be seen, without a look at the trace. A reader of a round is one of these:
 *
 *   keeper    reads through the arm, which was opened before the first round: where the arm has a
 *             pointer to all of it, through one that all have in common, whatever was written meanwhile
 *   visitor   opens and closes the arm for itself
 *   user      reads the chip's pages mapped in the user space that it runs in (arm or not)
 *
 * Spaces come and go; each is dropped while its tasks still run, so that the last one unmaps the chip.
 */
#include "guest/scenario/flash_mount_storm.h"

#include "guest/lib/draw.h"
#include "guest/lib/string.h"
#include "guest/mm/vm.h"
#include "guest/scenario/flash_params.h"

#define READERS 3 /* at most, in a round */
#define READS 4	  /* pieces for each of them */
#define WRITES 2  /* sessions for each writer */
#define SPACES 2
#define USER_VA MiB(8)

struct storm_reader {
	struct flash_partition *known;
	enum { KEEPER, VISITOR, USER } kind;
	u64 draws;
	struct flash_reader keeps, visits;
	/* results, of all rounds */
	u64 seen[KNOWN_KINDS];
	u64 kinds[USER + 1];
	u32 errors;
	struct flash_mapping_stats visited; /* sums over the mappings of its visits */
};

struct storm {
	struct flash_partition known;
	const struct flash_partition *log;
	struct storm_reader reader[READERS];
	struct storm_writer writer[STORM_WRITERS];
	u32 nwriters; /* at most, in a round */
	struct mm *space[SPACES];
	u64 draws;
	u64 readers_asked, writers_asked, spaces_made;
};

/* --- readers ------------------------------------------------------------------------------------ */

static bool open_reader(struct flash_reader *reader, const struct flash_reader_ops *ops,
			struct flash_partition *known)
{
	*reader = (struct flash_reader){
		.ops = ops,
		.partition = known,
		.bytes = known->bytes,
		.bus_shift = __builtin_ctz(known->bank_width),
	};
	return ops->open(reader);
}

/* The piece is held while others run, and looked at again. */
static void read_piece(struct storm_reader *r, struct flash_reader *reader)
{
	u32 at = known_piece(draw_next(&r->draws)), half = PIECE_WORDS / 2;
	const volatile u32 *piece = flash_reader_get(reader, at, PIECE_BYTES, PIECE_BYTES);

	known_judge(piece, at, half, r->seen);
	task_yield();
	known_judge(piece + half, at + 4 * half, half, r->seen);
	flash_reader_put(reader);
	task_yield();
}

static void read_pieces(struct storm_reader *r, struct flash_reader *reader)
{
	const struct flash_reader_ops *ops = reader->ops;
	u32 errors = reader->errors;

	if (ops->begin && !ops->begin(reader)) {
		r->errors++;
		return;
	}
	for (u32 i = 0; i < READS; i++)
		read_piece(r, reader);
	if (ops->end)
		ops->end(reader);
	r->errors += reader->errors - errors;
}

static void add_stats(struct flash_mapping_stats *sum, const struct flash_reader *reader)
{
	struct flash_mapping_stats s;

	if (!reader->ops->mapping_stats)
		return;
	s = reader->ops->mapping_stats(reader);
	sum->faults += s.faults;
	sum->pages_ahead += s.pages_ahead;
	sum->pages_revoked += s.pages_revoked;
	sum->pages_mapped += s.pages_mapped;
}

static void visit(struct storm_reader *r)
{
	if (!open_reader(&r->visits, r->keeps.ops, r->known)) {
		r->errors++;
		return;
	}
	read_pieces(r, &r->visits);
	flash_reader_tell(&r->visits);
	add_stats(&r->visited, &r->visits);
	r->visits.ops->close(&r->visits);
}

static void read_as_user(struct storm_reader *r)
{
	u32 word[PIECE_WORDS];

	for (u32 i = 0; i < READS; i++) {
		u32 at = known_piece(draw_next(&r->draws));

		if (copy_from_user(word, USER_VA + at, sizeof(word)))
			known_judge(word, at, PIECE_WORDS, r->seen);
		else
			r->errors++;
		task_yield();
	}
	flash_words_read(READS * PIECE_BYTES / r->known->bank_width);
}

static void reader_task(void *arg)
{
	struct storm_reader *r = arg;

	r->kinds[r->kind]++;
	switch (r->kind) {
	case KEEPER: read_pieces(r, &r->keeps); break;
	case VISITOR: visit(r); break;
	case USER: read_as_user(r); break;
	}
}

/* --- rounds ------------------------------------------------------------------------------------- */

static void make_space(struct storm *s, u32 i)
{
	struct flash_mapping *mapping;
	struct mm *mm = mm_create();

	mm->users++;
	if (flash_map_user(&s->known, mm, USER_VA, false, &mapping))
		panic("no room", "the chip at %lx in space %u", (u64)USER_VA, mm->id);
	s->space[i] = mm;
	s->spaces_made++;
}

/* Its tasks go on; with the last of them it ends, and its mapping. */
static void drop_space(struct storm *s, u32 i)
{
	mm_put(s->space[i]);
	s->space[i] = NULL;
}

/* Keepers and visitors run in a space, too, or in whatever is loaded. */
static struct task *start_reader(struct storm *s, u32 i)
{
	struct storm_reader *r = &s->reader[i];
	u64 drawn = draw_next(&s->draws);
	struct mm *mm = s->space[drawn / 4 % SPACES];

	r->kind = drawn % 4 < 2 ? KEEPER : drawn % 4 == 2 ? VISITOR : USER;
	r->draws = s->draws;
	s->readers_asked++;
	if (r->kind != USER && drawn / 8 % 2)
		mm = NULL;
	return task_start("reader", drawn / 16 % boot_options.ncpus, mm, reader_task, r);
}

static struct task *start_writer(struct storm *s, u32 i)
{
	u64 drawn = draw_next(&s->draws);

	s->writer[i].draws = s->draws;
	s->writers_asked++;
	return task_start("writer", drawn % boot_options.ncpus, NULL, storm_writer_task,
			  &s->writer[i]);
}

static void one_round(struct storm *s)
{
	struct task *task[READERS + STORM_WRITERS];
	u64 drawn = draw_next(&s->draws);
	u32 readers = 1 + drawn % READERS, n = 0;
	u32 writers = s->nwriters ? 1 + drawn / READERS % s->nwriters : 0;

	for (u32 i = 0; i < SPACES; i++)
		if (!s->space[i])
			make_space(s, i);
	for (u32 i = 0; i < writers; i++)
		task[n++] = start_writer(s, i);
	for (u32 i = 0; i < readers; i++)
		task[n++] = start_reader(s, i);
	if (drawn / 64 % 4 == 0)
		drop_space(s, drawn / 256 % SPACES);
	while (n)
		task_join(task[--n]);
}

/* --- what must hold ------------------------------------------------------------------------------- */

static void report_reads(const struct storm *s)
{
	u64 seen[KNOWN_KINDS] = { 0 }, kinds[USER + 1] = { 0 };
	u32 errors = 0;

	for (u32 i = 0; i < READERS; i++) {
		for (u32 kind = 0; kind < KNOWN_KINDS; kind++)
			seen[kind] += s->reader[i].seen[kind];
		for (u32 kind = KEEPER; kind <= USER; kind++)
			kinds[kind] += s->reader[i].kinds[kind];
		errors += s->reader[i].errors;
	}
	metric("storm_keepers", kinds[KEEPER]);
	metric("storm_visits", kinds[VISITOR]);
	metric("storm_users", kinds[USER]);
	check_equal("storm.words_right", seen[KNOWN_RIGHT], s->readers_asked * READS * PIECE_WORDS);
	check_equal("storm.status_words", seen[KNOWN_STATUS], 0);
	check_equal("storm.words_of_other_places", seen[KNOWN_ELSEWHERE], 0);
	check_equal("storm.erased_words", seen[KNOWN_ERASED], 0);
	check_equal("storm.read_errors", errors, 0);
}

static void report_writes(const struct storm *s, const struct flash_stats *before, u64 erases)
{
	const struct flash_stats *stats = flash_stats(s->log->chip);
	u64 erased = 0;
	u32 failed = 0, wrong = 0;

	for (u32 i = 0; i < STORM_WRITERS; i++) {
		erased += s->writer[i].erased;
		failed += s->writer[i].failed;
		wrong += s->writer[i].wrong;
	}
	metric("storm_spaces", s->spaces_made);
	metric("turns_lent", stats->turns_lent);
	metric("write_sessions", stats->sessions);
	metric("pages_revoked", stats->pages_revoked);
	check_equal("storm.sessions", stats->sessions - before->sessions,
		    s->writers_asked * WRITES);
	check_count("storm.erases", COUNT_FLASH_ERASES, erases, erased);
	check_equal("storm.failed_writes", failed, param_u64("expect_failed", 0));
	check_equal("storm.writer_read_back_wrong", wrong, 0);
	check_equal("storm.turns_out_of_order", stats->out_of_order, 0);
	check_equal("storm.suspensions", count_total(COUNT_FLASH_SUSPENDS), stats->suspensions);
	check_true("storm.suspensions_wanted", stats->turns_lent >= stats->suspensions);
}

/* W1: each page that a fault has mapped is mapped now, or was taken away once. */
static void report_mappings(const struct storm *s)
{
	struct flash_mapping_stats sum = { 0 };

	add_stats(&sum, &s->reader[0].keeps);
	for (u32 i = 0; i < READERS; i++) {
		sum.faults += s->reader[i].visited.faults + s->reader[i].visited.pages_ahead;
		sum.pages_revoked +=
			s->reader[i].visited.pages_revoked + s->reader[i].visited.pages_mapped;
	}
	metric("mapping_faults", sum.faults);
	check_equal("storm.pages_mapped_or_revoked", sum.pages_revoked + sum.pages_mapped,
		    sum.faults + sum.pages_ahead);
}

/* --- run ------------------------------------------------------------------------------------------ */

/* Where an arm has a pointer to all of it, all keepers have it from the first. */
static bool is_shared(const struct storm *s)
{
	return s->reader[0].keeps.base;
}

static bool open_keepers(struct storm *s, const struct flash_reader_ops *ops)
{
	for (u32 i = 0; i < READERS; i++) {
		struct storm_reader *r = &s->reader[i];

		r->known = &s->known;
		if (i && is_shared(s))
			r->keeps = s->reader[0].keeps;
		else if (!open_reader(&r->keeps, ops, &s->known))
			return false;
	}
	return true;
}

static void close_keepers(struct storm *s)
{
	for (u32 i = is_shared(s) ? 1 : READERS; i; i--)
		s->reader[i - 1].keeps.ops->close(&s->reader[i - 1].keeps);
}

static enum flash_error begin(struct storm *s)
{
	struct flash_writes writes = flash_writes_param("mixed");
	enum flash_error error = known_fill(&s->known);
	u64 block = 0;

	s->draws = boot_options.seed;
	s->nwriters = writes.erases || writes.programs ? STORM_WRITERS : 0;
	for (u32 i = 0; i < s->nwriters && !error; i++) {
		s->writer[i] = (struct storm_writer){
			.log = s->log,
			.erases = writes.erases,
			.programs = writes.programs,
			.block = block,
			.steps = WRITES,
		};
		error = storm_writer_begin(&s->writer[i]);
		block += flash_partition_block_bytes(s->log, block);
	}
	return error;
}

static void end(struct storm *s)
{
	for (u32 i = 0; i < SPACES; i++)
		if (s->space[i])
			drop_space(s, i);
	close_keepers(s);
}

static void refuse(const struct flash_mount *m)
{
	if (strcmp(m->provoke, "none") || m->reads_contents || param_choice("hot", "off", "on"))
		usage_failure("storm: nothing is mounted, so leave out provoke, contents and hot");
	if (m->partition.bytes < KNOWN_BYTES)
		usage_failure("storm: partition %s of %lu bytes has no room for %lu",
			      m->partition.label, m->partition.bytes, (u64)KNOWN_BYTES);
	if (m->log.bytes < STORM_WRITERS * m->log.block_bytes)
		usage_failure("storm: partition %s has no %u erase blocks", m->log.label,
			      STORM_WRITERS);
}

static void blow(struct storm *s, u64 rounds)
{
	const struct flash_stats before = *flash_stats(s->log->chip);
	u64 erases = count_total(COUNT_FLASH_ERASES), start = ticks_now();

	for (u64 i = 0; i < rounds; i++)
		one_round(s);
	metric("storm_ticks", ticks_now() - start);
	report_reads(s);
	report_writes(s, &before, erases);
	report_mappings(s);
	printk("storm: %lu rounds, %lu readers and %lu writers of one chip\n", rounds,
	       s->readers_asked, s->writers_asked);
}

void flash_mount_storm(const struct flash_mount *m, const struct flash_reader_ops *ops, u64 rounds)
{
	struct storm *s = kalloc(sizeof(*s));
	enum flash_error error;

	refuse(m);
	s->known = m->partition;
	s->known.bytes = KNOWN_BYTES;
	s->log = &m->log;
	error = begin(s);
	check_equal("storm.filled", error, FLASH_OK);
	if (!error) {
		bool opened = open_keepers(s, ops);

		check_true("reader_opened", opened);
		if (opened) {
			blow(s, rounds);
			end(s);
		}
	}
	kfree(s);
}
