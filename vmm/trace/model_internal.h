/* SPDX-License-Identifier: MIT */
/* What the files of the model share: its tables, spaces, CPUs, readers of the chip and waits. */
#ifndef KVL_MODEL_INTERNAL_H
#define KVL_MODEL_INTERNAL_H

#include "arch/x86_64/vmm/pte.h"
#include "devices/abi/shared.h"
#include "vmm/trace/hash.h"
#include "vmm/trace/model.h"

#define MAX_PARTITIONS 32

/* Bounds against a guest that invents things without end. */
#define MAX_TABLES 65536u /* 256 MiB of entries */
#define MAX_SPACES 65536u
#define MAX_READERS 65536u /* or four for each page of the chip, if that is less */
#define MAX_WAITS 4096u

/* Larger requests are answered by a flush of everything, as in Linux (there above 33 pages). */
#define SHOOTDOWN_PAGES 512u

/*
 * A reader translation: a present, cacheable leaf to a frame of the flash window (the driver's own
 * window, through which it commands the chip, is mapped uncached and is none). It is followed from
 * the moment it is set until no CPU may hold it any more.
 */
struct reader {
	struct hash_node by_place;  /* key: space, first address, level */
	struct reader *next, *prev; /* in model->untold or model->told */
	u64 va, entry, mm;
	u64 space; /* whose CPUs reach it; 0: all */
	u32 level;
	u32 dropped; /* bit per CPU that has flushed its page since it was removed */
	bool told;   /* a finding has named all that was to be said of it as it is now */
	u64 set_ticket, removed_ticket; /* removed_ticket 0: it is present */
	u16 set_site, removed_site;
};

struct table {
	struct hash_node by_gpa;
	u64 mm;
	u64 base; /* the first address that it translates, if it is placed */
	bool placed;
	u32 links; /* entries of other tables that lead to it */
	u32 level;
	struct reader **reader; /* by index; NULL while the table never had one */
	u64 entry[PTE_ENTRIES];
};

struct space {
	struct hash_node by_id;
	u64 root;
};

/* A pt_set whose store has not been seen yet; only where stores are seen (struct model_config, trapped). */
struct promised_store {
	bool open;
	u64 gpa, old, new, ticket; /* of the entry */
	u16 site;
};

struct cpu_state {
	bool runs; /* there was a record of it */
	u64 flushed_space,
		flushed_all; /* tickets of its last flushes of that scope, or its first */
	bool loaded;	     /* and a root_load among them */
	bool just_loaded; /* its last record is a root_load, which comes before the load itself */
	u64 mm;		  /* whose root it has loaded */
	u64 root, root_before;
	u64 task;    /* of the last task_switch */
	u64 owed_mm; /* whose root that task still needs; 0: none */
	struct promised_store promised;
};

/* What a target has flushed since the begin. */
struct shootdown_answer {
	bool all;
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

struct open_wait {
	u64 object, task, ticket;
	u16 what, site;
	u32 cpu;
};

struct model {
	struct model_config config;
	bool incomplete;

	u64 nfindings, count[FINDING_KINDS];
	u32 nkept;
	struct finding finding[FINDINGS_KEPT];

	struct hash tables, spaces;
	struct cpu_state cpu[KVL_MAX_CPUS];
	struct shootdown shootdown[KVL_MAX_CPUS]; /* by the CPU that began it */
	u32 shooting;				  /* bit per CPU whose shootdown is open */

	struct hash readers;	      /* all, by place */
	struct reader *untold, *told; /* lists of them: at a command, only untold ones are new */
	u32 sweep_at;		      /* number of readers at which those nobody holds are freed */
	struct chip_partition partition[MAX_PARTITIONS];

	struct open_wait *wait;
	u32 nwaits, wait_room;
};

/* A site's name; never NULL. */
const char *model_site(const struct model *model, u16 site);

/* A bound of the above is reached, or memory: reported, and the rest is not judged. */
void model_overflow(struct model *model, u64 ticket, const char *what);

/* --- model_tables.c --- */
struct table *model_table(const struct model *model, u64 gpa); /* NULL: no such live table */
void model_table_alloc(struct model *model, const struct kvl_record *record);
void model_table_free(struct model *model, const struct kvl_record *record);
void model_pt_set(struct model *model, const struct kvl_record *record);
void model_tables_free(struct model *model);

/* --- model_spaces.c --- */
struct space *model_space(const struct model *model, u64 id);
u64 model_cpu_root(const struct model *model, u32 cpu); /* 0: unknown */
void model_mm_create(struct model *model, const struct kvl_record *record);
void model_mm_destroy(struct model *model, const struct kvl_record *record);
void model_root_load(struct model *model, u32 cpu, const struct kvl_record *record);
void model_task_switch(struct model *model, u32 cpu, const struct kvl_record *record);
void model_fault_enter(struct model *model, u32 cpu, const struct kvl_record *record);

/* --- model_flash.c: row W5 --- */
void model_entry_changes(struct model *model, struct table *table, u32 index, u64 va, u64 entry,
			 const struct kvl_record *record);
/* One flush instruction: KVL_FLUSH_PAGE drops the page of @va only, whatever size is reported. */
void model_tlb_flush(struct model *model, u32 cpu, u32 scope, u64 va, u64 ticket);
void model_flash_command(struct model *model, const struct kvl_record *record);
void model_flash_state(struct model *model, const struct kvl_record *record);
void model_flash_mode(struct model *model, const struct kvl_record *record);

/* --- model_shootdowns.c --- */
void model_shootdown_begin(struct model *model, u32 cpu, const struct kvl_record *record);
void model_shootdown_end(struct model *model, u32 cpu, const struct kvl_record *record);
void model_ipi_ack(struct model *model, u32 cpu, const struct kvl_record *record);
/* One flush instruction, or the load of a root (KVL_FLUSH_SPACE). */
void model_cpu_flushes(struct model *model, u32 cpu, u32 scope, u64 va, u64 ticket);

/* --- model_stores.c --- */
void model_store_promised(struct model *model, u32 cpu, const struct kvl_record *record);
void model_store(struct model *model, const struct kvl_record *record);
void model_stores_finish(struct model *model);

/* --- model_waits.c --- */
void model_wait_begin(struct model *model, u32 cpu, const struct kvl_record *record);
void model_wait_end(struct model *model, const struct kvl_record *record);
void model_waits_finish(struct model *model);

#endif
