/* SPDX-License-Identifier: MIT */
/*
 * Owns what must hold after flash-mount's storm: closed forms of what was asked for, no word that
 * is not its place's, and the mappings' account.
 */
#include "guest/scenario/flash_mount_storm.h"

void storm_add_mapping(struct flash_mapping_stats *sum, const struct flash_reader *reader)
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

static void report_reads(const struct storm *s)
{
	u64 seen[KNOWN_KINDS] = { 0 }, kinds[STORM_KINDS] = { 0 };
	u32 errors = 0;

	for (u32 i = 0; i < STORM_READERS; i++) {
		for (u32 kind = 0; kind < KNOWN_KINDS; kind++)
			seen[kind] += s->reader[i].seen[kind];
		for (u32 kind = 0; kind < STORM_KINDS; kind++)
			kinds[kind] += s->reader[i].kinds[kind];
		errors += s->reader[i].errors;
	}
	metric("storm_keepers", kinds[STORM_KEEPER]);
	metric("storm_visits", kinds[STORM_VISITOR]);
	metric("storm_users", kinds[STORM_USER]);
	check_equal("storm.words_right", seen[KNOWN_RIGHT],
		    s->readers_asked * STORM_READS * PIECE_WORDS);
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
		    s->writers_asked * STORM_WRITES);
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

	storm_add_mapping(&sum, &s->reader[0].keeps);
	for (u32 i = 0; i < STORM_READERS; i++) {
		sum.faults += s->reader[i].visited.faults + s->reader[i].visited.pages_ahead;
		sum.pages_revoked +=
			s->reader[i].visited.pages_revoked + s->reader[i].visited.pages_mapped;
	}
	metric("mapping_faults", sum.faults);
	check_equal("storm.pages_mapped_or_revoked", sum.pages_revoked + sum.pages_mapped,
		    sum.faults + sum.pages_ahead);
}

void storm_report(const struct storm *s, const struct flash_stats *before, u64 erases)
{
	report_reads(s);
	report_writes(s, before, erases);
	report_mappings(s);
}
