/* SPDX-License-Identifier: MIT */
/* What the files of the model share: its tables, spaces, CPUs, readers of the chip and waits. */
#ifndef KVL_MODEL_INTERNAL_H
#define KVL_MODEL_INTERNAL_H

#include <sys/queue.h>

#include "arch/x86_64/vmm/pte.h"
#include "devices/abi/shared.h"
#include "vmm/trace/hash.h"
#include "vmm/trace/model.h"

#define MAX_PARTITIONS 32

/* Bounds against a guest that invents things without end. */
#define MAX_TABLES 65536u /* 256 MiB of entries */
#define MAX_SPACES 65536u
#define MAX_WAITS 4096u
#define MAX_READERS 65536u /* or four for each page of the chip, if that is less */
#define MAX_STALES 1048576u
#define MAX_KVAS 4096u
#define MAX_SOFT 65536u /* of all CPUs */
#define MAX_ORDER 14u	/* of a block of pages, as the guest's allocator has it */
#define MAX_NEEDS 1048576u
#define MAX_STORIES 65536u
#define MAX_POLICY_PAGES 1048576u

/* Larger requests are answered by a flush of everything, as in Linux (there above 33 pages). */
#define SHOOTDOWN_PAGES 512u

struct table {
	struct hash_node by_gpa;
	u64 mm;
	u64 base; /* the first address that it translates, if it is placed */
	bool placed;
	u32 links;     /* entries of other tables that lead to it */
	bool unlinked; /* none does any more: what it holds went with the last one */
	u32 level;
	u64 ticket;		/* of its allocation */
	struct reader **reader; /* by index; NULL while the table never had one */
	u64 entry[PTE_ENTRIES];
};

/* One entry changes, whatever its record claims of the place. */
struct change {
	u32 cpu; /* that did it; KVL_MAX_CPUS or more: the VMM */
	u16 site;
	u32 level;
	u64 mm; /* whose table */
	u64 va; /* the first address that the entry translates */
	u64 old, new;
	u64 ticket;
};

/*
 * Where a translation of @mm hangs: kernel tables and global leaves serve all spaces alike (space
 * 0).
 */
struct place {
	u64 space, va;
	u32 level;
};

/*
 * A reader translation: a present, cacheable leaf to a frame of the flash window (the driver's own
 * window, through which it commands the chip, is mapped uncached and is none).
 */
struct reader {
	LIST_ENTRY(reader) others; /* in model->untold or model->told */
	u64 va, mm;
	u64 set_ticket;
	u16 set_site;
};

/*
 * A stale translation: an entry of any level that the tables have no more, or allow less of, and
 * that a CPU may still hold. It is followed until none may.
 */
struct stale {
	struct hash_node by_place;  /* key: place_key() */
	struct stale_frame *frame;  /* what it leads to */
	LIST_ENTRY(stale) of_frame; /* others that lead there */
	LIST_ENTRY(stale) by_age;   /* in model->newest of its class, those removed last first */
	LIST_ENTRY(stale) of_chip;  /* in model->chip_stales, if chip */
	struct place place;
	u64 entry, mm;
	u32 held;  /* bit per CPU that may hold it */
	bool soft; /* held is what CPUs do hold: only an eviction takes it away */
	bool chip; /* it led to the chip, and no command has been judged since its removal */
	u64 set_ticket, removed_ticket; /* set_ticket 0: not followed */
	u16 set_site, removed_site;
	u64 reused_ticket;	     /* its frame was handed out again; 0: not yet */
	struct flushed_pages *pages; /* of a table of level 1 that was exchanged; NULL: none yet */
};

LIST_HEAD(readers, reader);
LIST_HEAD(stales, stale);

struct flushed_pages {
	u16 flushed[PTE_ENTRIES]; /* bit per CPU that has flushed the page since */
	u16 count[KVL_MAX_CPUS];
};

struct space {
	struct hash_node by_id;
	u64 root;
};

/*
 * A pt_set whose store has not been seen yet; only where stores are seen (struct model_config,
 * trapped).
 */
struct promised_store {
	bool open;
	u64 gpa, old, new, ticket; /* of the entry */
	u16 site;
};

struct cpu_state {
	/* tickets of its last flushes of that scope, or of its first record */
	u64 flushed_space, flushed_all;
	u32 tag; /* of the root that it has loaded; without PCIDs always 0 */
	/*
	 * of those that nobody asked of it, and up to where an IPI that was needed would have
	 * flushed all: model_needed.c
	 */
	u64 own_space[KVL_TLB_TAGS], own_all, stabbed;
	u64 full_flush, root_flush;	  /* the last ones under a policy: model_policy.c */
	bool flush_took;		  /* its flush, or evictions for it, took something stale */
	u32 soft_entries;		  /* that its soft TLB holds */
	u32 soft_under[KVL_TLB_TAGS + 1]; /* of these, by tag; the last: global ones */
	u64 last_ticket;		  /* of the record before the one that is judged */
	/*
	 * Its last record is this pt_set, whose store may be to come; ticket 0: it is something
	 * else.
	 */
	struct change changing;
	struct promised_store promised;
	bool just_loaded; /* its last record is a root_load, which comes before the load itself */
	bool loaded, loaded_before; /* there was one; and one before */
	u64 mm;			    /* whose root it has loaded */
	u64 root, root_before;
	u64 task;    /* of the last task_switch */
	u64 owed_mm; /* whose root that task still needs; 0: none */
};

/* What a target has flushed since the begin. */
struct shootdown_answer {
	bool all, took; /* took: something stale fell to it */
	u32 npages;
	u64 page[SHOOTDOWN_PAGES / 64]; /* bit per page of the request */
};

struct shootdown {
	bool open;
	u64 number, va, bytes;
	u64 first_page;
	u32 npages; /* above SHOOTDOWN_PAGES: only a flush of everything answers it */
	u32 cpus, acked;
	struct shootdown_answer answer[KVL_MAX_CPUS];
};

struct chip_partition {
	enum kvl_flash_mode mode;
	enum kvl_flash_state state;
};

/* A page, or a table page, to which stale translations lead. */
struct stale_frame {
	struct hash_node by_frame; /* key: model_reuse.c's */
	struct stales stales;	   /* those that no reuse window is open for first */
};

struct open_wait {
	u64 object, task, ticket;
	u16 what, site;
	u32 cpu;
};

struct model {
	struct model_config config;
	bool incomplete;
	u64 last_ticket;

	u64 nfindings, count[FINDING_KINDS];
	u32 nkept;
	struct finding finding[FINDINGS_KEPT];

	struct hash tables, spaces;
	struct cpu_state cpu[KVL_MAX_CPUS];
	u32 running;				  /* bit per CPU of which there was a record */
	struct shootdown shootdown[KVL_MAX_CPUS]; /* by the CPU that began it */
	u32 shooting;				  /* bit per CPU whose shootdown is open */

	struct hash stales, stale_frames;
	u32 stales_at[PTE_LEVELS + 1]; /* how many of each level */
	struct stales newest[2];       /* [1] global, [0] others */
	struct stales chip_stales;
	struct hash kvas;

	struct readers untold, told; /* by a finding; at a command, only untold ones are new */
	u32 nreaders;
	struct chip_partition partition[MAX_PARTITIONS];
	bool chip_session; /* by the guest's marks */

	struct hash soft;    /* what the CPUs' soft TLBs hold */
	struct hash stories; /* of stale uses: those that were told */
	struct hash needs;
	u32 needs_sweep_at; /* number at which those that matter to nobody are forgotten */
	u32 needs_at[PTE_LEVELS + 1];
	struct need *chip_needs;
	bool needs_lost; /* more than are followed */
	struct hash policy_pages;
	u64 policy_entries, policy_bytes; /* gathered for the next flush */
	struct oracle oracle;
	struct site_flushes *by_site; /* of each site of the config */
	bool booted;		      /* the scenario has begun: the direct map is complete */

	struct open_wait *wait;
	u32 nwaits, wait_room;
};

/* A site's name; never NULL. */
const char *model_site(const struct model *model, u16 site);

/* One flush instruction, asked for by that site; it took something stale, or not. */
void model_count_flush(struct model *model, u16 site, u32 scope, bool took);
void model_count_ipi(struct model *model, u16 site, bool took);

/* A bound of the above is reached, or memory: reported, and the rest is not judged. */
void model_overflow(struct model *model, u64 ticket, const char *what);

/* --- model_tables.c --- */
struct table *model_table(const struct model *model, u64 gpa); /* NULL: no such live table */
void model_table_alloc(struct model *model, const struct kvl_record *record);
void model_table_free(struct model *model, u32 cpu, const struct kvl_record *record);
void model_pt_set(struct model *model, u32 cpu, const struct kvl_record *record);
void model_tables_free(struct model *model);

/* What an address leads to, by the tables. */
struct translation {
	bool present, writable;
	bool lost; /* not present: the walk met a table that is none any more */
	u64 gpa, entry;
	u32 level; /* of the leaf */
};
/*
 * From the table @gpa of @level down; @older: only through tables that were allocated before that
 * ticket.
 */
struct translation model_walk(const struct model *model, u64 gpa, u32 level, u64 va, u64 older);
/* By a leaf; and by any entry of a table of @level, as the tables below were before that ticket. */
struct translation model_leaf(u64 entry, u32 level, u64 va);
struct translation model_entry_translate(const struct model *model, u64 entry, u32 level, u64 va,
					 u64 older);
/* As @cpu finds it: by its root or, of a directory that its space has yet to copy, by init_mm's. */
struct translation model_translate(const struct model *model, u32 cpu, u64 va);

/* --- model_spaces.c --- */
struct space *model_space(const struct model *model, u64 id);
u64 model_cpu_root(const struct model *model, u32 cpu); /* 0: unknown */
void model_mm_create(struct model *model, const struct kvl_record *record);
void model_mm_destroy(struct model *model, const struct kvl_record *record);
void model_root_load(struct model *model, u32 cpu, const struct kvl_record *record);
void model_task_switch(struct model *model, u32 cpu, const struct kvl_record *record);
void model_fault_enter(struct model *model, u32 cpu, const struct kvl_record *record);

/* --- model_stale.c --- */
struct place model_place(const struct change *change);
u64 place_key(struct place place);
bool place_is(struct place a, struct place b);
/* Does the change leave CPUs with more than the tables allow? (Not present to present: no.) */
bool model_leaves_stale(const struct change *change);
/* CPUs that reach the table of @change now. */
u32 model_reach(const struct model *model, const struct change *change);
/*
 * The CPUs of @held still have what the change took away. @reader: what it was to the chip, or
 * NULL.
 */
void model_keep_stale(struct model *model, const struct change *change, u32 held,
		      const struct reader *reader);
/* Works out who may still have it. */
void model_left_behind(struct model *model, const struct change *change,
		       const struct reader *reader);
/* The stale translations of @place; @after: the one before, or NULL. */
struct stale *model_stale_at(const struct model *model, struct place place, struct stale *after);
void model_stale_drop(struct model *model, struct stale *stale, u32 cpus, u64 ticket);
/*
 * One flush instruction on @cpu: KVL_FLUSH_PAGE drops the page of @va only. True: it took
 * something.
 */
bool model_stale_flush(struct model *model, u32 cpu, u32 scope, u64 va, u64 ticket);
void model_chip_judged(struct stale *stale);
void model_stales_free(struct model *model);
/* May @cpu still find @va by it? */
bool model_stale_holds(const struct stale *stale, u32 cpu, u64 va);
/* What @stale makes of @va. */
struct translation model_stale_translate(const struct model *model, const struct stale *stale,
					 u64 va);

/* --- model_reuse.c: frames handed out again while a CPU may still reach them --- */
bool model_reuse_follow(struct model *model, struct stale *stale); /* false: no memory */
/* The same translation was there again meanwhile, and is stale once more. */
void model_reuse_again(struct model *model, struct stale *stale, u64 ticket);
void model_reuse_forget(struct model *model, struct stale *stale, u64 ticket);
void model_page_alloc(struct model *model, const struct kvl_record *record);
void model_table_reused(struct model *model, const struct kvl_record *record);
void model_reuse_finish(struct model *model, u64 ticket);

/* --- model_use.c: uses of stale translations --- */
struct use {
	u32 cpu;
	u64 va;
	bool write;
	u16 site;
	u64 ticket;
	struct translation now; /* what the tables say: filled by model_judge_use() */
};
void model_judge_use(struct model *model, struct use *use);
void model_use(struct model *model, u32 cpu, const struct kvl_record *record);
/* Does it answer the use otherwise than the tables do? */
bool model_use_differs(const struct translation *through, const struct use *use);
/* May @cpu hold another translation of @va than the tables have? */
bool model_holds_another(struct model *model, u32 cpu, u64 va);
/* For people: "gpa 0x1000, writable"; @text has @room. */
const char *model_lead_to(const struct translation *to, char *text, size_t room);

/* --- model_kva.c: addresses in use --- */
void model_kva_get(struct model *model, u32 cpu, const struct kvl_record *record);
void model_kva_put(struct model *model, u32 cpu, const struct kvl_record *record);
void model_kva_changes(struct model *model, const struct change *change);
void model_kvas_finish(struct model *model);

/* --- model_needed.c: how many IPIs would have been enough --- */
void model_needed_removed(struct model *model, const struct change *change, bool chip);
void model_needed_flush(struct model *model, u32 cpu, u32 scope, u64 va, u64 ticket);
/* One that leaves nothing stale. */
void model_needed_exchanged(struct model *model, const struct change *change);
void model_needed_use(struct model *model, const struct use *use);
void model_needed_command(struct model *model, u64 ticket);
/* Was @entry taken away from @place after @since? Then @change says how. */
bool model_taken_since(const struct model *model, struct place place, u64 entry, u64 since,
		       struct change *change);

/* --- model_policy.c: what if --- */
void model_policy_removed(struct model *model, const struct change *change);
void model_policy_made(struct model *model, const struct change *change);
void model_policy_use(struct model *model, u32 cpu, u64 va, u64 ticket);
void model_policy_root(struct model *model, u32 cpu, u64 ticket);

/* --- model_soft.c: what the CPUs' soft TLBs hold --- */
bool model_is_soft(const struct model *model, u64 va);
/* Keeps what CPUs hold of what the change took away: leaves, also those below an upper entry. */
void model_soft_left_behind(struct model *model, const struct change *change,
			    const struct reader *reader);
void model_tlb_fill(struct model *model, u32 cpu, const struct kvl_record *record);
void model_tlb_evict(struct model *model, u32 cpu, const struct kvl_record *record);
void model_soft_flushed(struct model *model, u32 cpu, const struct kvl_record *record, u32 scope,
			u64 va);

/* What @cpu's soft TLB can use, under the loaded tag or global, for the leaf of @level at @va; 0:
 * nothing. */
u64 model_soft_entry(const struct model *model, u32 cpu, u64 va, u32 level);
/* How many it can use: of the loaded tag, and global. */
u32 model_soft_usable(const struct model *model, u32 cpu);
/* Does it hold @entry there under any tag? */
bool model_soft_holds(const struct model *model, u32 cpu, u64 va, u64 entry, u32 level);

/* --- audit_soft.c --- */
/* Compares it with the private tables in guest memory; returns how many entries were looked at. */
u64 model_audit_soft(struct model *model, const struct gmem *mem, const struct audit_cpu *running);

/* --- model_flash.c: row W5 --- */
bool model_is_reader(const struct model *model, u64 entry, u32 level);
struct reader *model_chip_unmapped(struct model *model, struct table *table, u32 index);
void model_chip_mapped(struct model *model, struct table *table, u32 index,
		       const struct change *change);
void model_flash_command(struct model *model, const struct kvl_record *record);
void model_flash_mark(struct model *model, const struct kvl_record *record);
void model_flash_state(struct model *model, const struct kvl_record *record);
void model_flash_mode(struct model *model, const struct kvl_record *record);
void model_readers_free(struct model *model);

/* --- model_shootdowns.c --- */
void model_shootdown_begin(struct model *model, u32 cpu, const struct kvl_record *record);
void model_shootdown_end(struct model *model, u32 cpu, const struct kvl_record *record);
void model_ipi_ack(struct model *model, u32 cpu, const struct kvl_record *record);
void model_flush(struct model *model, u32 cpu, const struct kvl_record *record);
/* The load of a root flushes too, and nobody has asked for it. */
void model_root_flushes(struct model *model, u32 cpu, const struct kvl_record *record);

/* --- model_stores.c --- */
void model_store_promised(struct model *model, u32 cpu, const struct kvl_record *record);
void model_store(struct model *model, const struct kvl_record *record);
void model_stores_finish(struct model *model);

/* --- model_waits.c --- */
void model_wait_begin(struct model *model, u32 cpu, const struct kvl_record *record);
void model_wait_end(struct model *model, const struct kvl_record *record);
void model_waits_finish(struct model *model);

#endif
