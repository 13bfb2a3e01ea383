/* SPDX-License-Identifier: MIT */
/*
 * Owns flash-mount's storm (--set storm=N): N rounds in which a few readers and writers use one
 * chip on all CPUs, in an order that the seed draws; many share a boot. Readers see words that say
 * where they are (flash_mount_known.c), so that a mapping that outlives its time shows as a wrong
 * word, on whatever host that can be seen, without a look at the trace. What must hold afterwards
 * is flash_mount_storm_report.c's. A reader of a round is one of these:
 *
 *   keeper    reads through the arm, which was opened before the first round: where the arm has a
 *             pointer to all of it, through one that all have in common, whatever was written
 *             meanwhile
 *   visitor   opens and closes the arm for itself
 *   user      reads the chip's pages mapped in the user space that it runs in (arm or not)
 *
 * Spaces come and go; each is dropped while its tasks still run, so that the last one unmaps the
 * chip.
 */
#include "guest/scenario/flash_mount_storm.h"

#include "guest/lib/draw.h"
#include "guest/lib/string.h"
#include "guest/mm/vm.h"
#include "guest/scenario/flash_params.h"

#define USER_VA MiB(8)

/* --- readers ---------------------------------------------------------------------------------- */

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
	for (u32 i = 0; i < STORM_READS; i++)
		read_piece(r, reader);
	if (ops->end)
		ops->end(reader);
	r->errors += reader->errors - errors;
}

static void visit(struct storm_reader *r)
{
	if (!open_reader(&r->visits, r->keeps.ops, r->known)) {
		r->errors++;
		return;
	}
	read_pieces(r, &r->visits);
	flash_reader_tell(&r->visits);
	storm_add_mapping(&r->visited, &r->visits);
	r->visits.ops->close(&r->visits);
}

static void read_as_user(struct storm_reader *r)
{
	u32 word[PIECE_WORDS];

	for (u32 i = 0; i < STORM_READS; i++) {
		u32 at = known_piece(draw_next(&r->draws));

		if (copy_from_user(word, USER_VA + at, sizeof(word)))
			known_judge(word, at, PIECE_WORDS, r->seen);
		else
			r->errors++;
		task_yield();
	}
	flash_words_read(STORM_READS * PIECE_BYTES / r->known->bank_width);
}

static void reader_task(void *arg)
{
	struct storm_reader *r = arg;

	r->kinds[r->kind]++;
	switch (r->kind) {
	case STORM_KEEPER: read_pieces(r, &r->keeps); break;
	case STORM_VISITOR: visit(r); break;
	case STORM_USER: read_as_user(r); break;
	}
}

/* --- rounds ----------------------------------------------------------------------------------- */

static void make_space(struct storm *s, u32 i)
{
	struct flash_mapping *mapping;
	struct mm *mm = mm_create();

	mm_get(mm);
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
	struct mm *mm = s->space[drawn / 4 % STORM_SPACES];

	r->kind = drawn % 4 < 2 ? STORM_KEEPER : drawn % 4 == 2 ? STORM_VISITOR : STORM_USER;
	r->draws = draw_stream(s->children, s->readers_asked + s->writers_asked);
	s->readers_asked++;
	if (r->kind != STORM_USER && drawn / 8 % 2)
		mm = NULL;
	return task_start("reader", drawn / 16 % boot_options.ncpus, mm, reader_task, r);
}

static struct task *start_writer(struct storm *s, u32 i)
{
	u64 drawn = draw_next(&s->draws);

	s->writer[i].draws = draw_stream(s->children, s->readers_asked + s->writers_asked);
	s->writers_asked++;
	return task_start("writer", drawn % boot_options.ncpus, NULL, storm_writer_task,
			  &s->writer[i]);
}

static void one_round(struct storm *s)
{
	struct task *task[STORM_READERS + STORM_WRITERS];
	u64 drawn = draw_next(&s->draws);
	u32 readers = 1 + drawn % STORM_READERS, n = 0;
	u32 writers = s->nwriters ? 1 + drawn / STORM_READERS % s->nwriters : 0;

	for (u32 i = 0; i < STORM_SPACES; i++)
		if (!s->space[i])
			make_space(s, i);
	for (u32 i = 0; i < writers; i++)
		task[n++] = start_writer(s, i);
	for (u32 i = 0; i < readers; i++)
		task[n++] = start_reader(s, i);
	if (drawn / 64 % 4 == 0)
		drop_space(s, drawn / 256 % STORM_SPACES);
	while (n)
		task_join(task[--n]);
}

/* --- run -------------------------------------------------------------------------------------- */

/* Where an arm has a pointer to all of it, all keepers have it from the first. */
static bool is_shared(const struct storm *s)
{
	return s->reader[0].keeps.base;
}

static bool open_keepers(struct storm *s, const struct flash_reader_ops *ops)
{
	for (u32 i = 0; i < STORM_READERS; i++) {
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
	for (u32 i = is_shared(s) ? 1 : STORM_READERS; i; i--)
		s->reader[i - 1].keeps.ops->close(&s->reader[i - 1].keeps);
}

static enum flash_error begin(struct storm *s)
{
	struct flash_writes writes = flash_writes_param("mixed");
	enum flash_error error = known_fill(&s->known);
	u64 block = 0;

	s->draws = draw_stream(boot_options.seed, 0);
	s->children = draw_stream(boot_options.seed, 1);
	s->nwriters = writes.erases || writes.programs ? STORM_WRITERS : 0;
	for (u32 i = 0; i < s->nwriters && !error; i++) {
		s->writer[i] = (struct storm_writer){
			.log = s->log,
			.erases = writes.erases,
			.programs = writes.programs,
			.block = block,
			.steps = STORM_WRITES,
		};
		error = storm_writer_begin(&s->writer[i]);
		block += flash_partition_block_bytes(s->log, block);
	}
	return error;
}

static void end(struct storm *s)
{
	for (u32 i = 0; i < STORM_SPACES; i++)
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
	storm_report(s, &before, erases);
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
