/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: mm, VMAs with operations (user and kernel), mapping, faults, flushes.
 */
#ifndef GUEST_VM_H
#define GUEST_VM_H

#include "guest/mm/page.h"
#include "guest/task/sched.h"

struct vma;

struct fault {
	u64 va; /* faulting address */
	u64 pc;
	u64 error;		/* the processor's error code, for the trace */
	bool write, exec, user; /* what the access was */
	bool present;		/* there was a translation: a protection fault */
	bool has_fixup;		/* an access that may fail: to user memory, or store_nofault() */
};

enum fault_result {
	FAULT_DONE,  /* mapped: retry the access */
	FAULT_ERROR, /* cannot: user task killed, or kernel access fails */
};

/* Operations of a VMA; the same interface for user and kernel areas (seed row W1). */
struct vma_ops {
	const char *name;
	/* @vma: as it was when it was found. Called without locks; may wait, unless the faulting
	 * context is atomic (in_atomic()).
	 * NULL: all is mapped beforehand, a touch of anything else is a wild pointer. */
	enum fault_result (*fault)(struct vma *vma, const struct fault *fault);
	/* A page may be mapped read-only in an area that may be written: then the write comes as a
	 * fault, with fault->present. Otherwise that is a wild pointer. */
	bool maps_clean;
	/* Its pages are memory that nobody waits for: not a device's, nor a file's. */
	bool own_pages;
	void (*close)(struct vma *vma); /* before it is removed; may be NULL */
	/* Somebody has found the area, as a fault does, and its owner must stay until he is done
	 * with it. get() is called with the list of areas locked. NULL: nothing is to do. */
	void (*get)(const struct vma *vma);
	void (*put)(const struct vma *vma);
};

/*
 * Marks every table of functions that a page fault may call through: what takes such a table
 * refuses any other (fault_table_check()), so a link can be searched for all that a fault may need.
 */
#define FAULT_TABLE __attribute__((section(".data.rel.ro.fault_tables")))

/* Where frames of user memory come from; called in page faults, so marked FAULT_TABLE. */
struct frame_source {
	const char *name;
	struct page *(*alloc)(u64 nth); /* NULL: out of memory */
};

struct vma {
	u64 start, end; /* page-aligned [start, end) */
	u32 prot;	/* enum prot */
	bool copied;	/* its pages are the space's own: for a rule that splits (page_rule.h) */
	struct mm *mm;	/* &init_mm for a kernel VMA */
	const struct vma_ops *ops;
	void *private;	  /* owner's */
	u64 offset;	  /* owner's: e.g. offset into a device at start */
	struct vma *next; /* ascending */
};

#define UKVA_TABLES 4		    /* a leaf table for each 2 MiB, at most */
#define MM_SLOTS (2 * KVL_MAX_CPUS) /* two for each CPU: kva_per_map.c */

struct ukva_pool;

/* Flushes of all of a space, wherever it may be cached: guest/mm/mm_clock.h. */
struct mm_clock {
	volatile u64 begun, over;
};

struct mm {
	u32 id; /* 0 = init_mm */
	u64 root_gpa;
	u64 directory[4]; /* of each GiB, once it has been found; they stay as long as the space */
	struct spinlock pt_lock; /* orders every change of this space's tables */
	struct spinlock vma_lock;
	struct vma *vmas;
	u32 users;		     /* tasks, and who looks into it meanwhile */
	u32 sided;		     /* leaf table made last that has memory beside it: pt_side.c */
	struct mm *next;	     /* all spaces but init_mm */
	struct task *leaver;	     /* its last task, on the way out: mm_leave() */
	volatile u32 cpus;	     /* bit per CPU that has this root loaded */
	volatile u32 flushes;	     /* how many there were: tlb_tags.c */
	u64 ukva_table[UKVA_TABLES]; /* of its own part of kernel space; 0: none yet (ukva.h) */
	u16 ukva_entered[UKVA_TABLES]; /* tables of the space that stand in each of them */
	struct task *volatile slot_holder[MM_SLOTS]; /* of each slot; NULL: nobody */
	struct ukva_pool *ukva_pool;		     /* NULL: none yet (ukva.h) */
	struct mm_clock clock;
};

extern struct mm init_mm;

/* --- address spaces --- */
struct mm *mm_create(void);
void mm_get(struct mm *mm); /* by a user, for another: a task of it, or who looks into it */
void mm_put(struct mm *mm); /* drops a user; the last one unmaps and frees everything */
/* The task is about to leave the space, which its CPU has loaded. If it is the last user, areas
 * with pages of their own go while the tables are its own, and the load of the next root flushes
 * for all of them. */
void mm_leave(struct mm *mm);

/* --- VMAs --- */
/* User area at a fixed place. NULL: overlaps, or outside user space. */
struct vma *vma_map_user(struct mm *mm, u64 start, u64 bytes, u32 prot, const struct vma_ops *ops,
			 void *private, u64 offset);
/* Kernel area: address space from the vmalloc region, nothing mapped; faults go to @ops, which is
 * never NULL and outlives the area. NULL: no space. */
struct vma *vma_map_kernel(u64 bytes, u32 prot, const struct vma_ops *ops, void *private,
			   u64 offset);
/* The same at a fixed place in the kernel's pageable region. NULL: overlaps, or outside. */
struct vma *vma_map_kernel_at(u64 start, u64 bytes, u32 prot, const struct vma_ops *ops,
			      void *private, u64 offset);
void vma_unmap(struct vma *vma);  /* unmaps, flushes everywhere, frees */
void vma_remove(struct vma *vma); /* the same, but the caller keeps @vma itself */
struct vma *vma_find(struct mm *mm, u64 va);
/* What the area at @va is now; its owner stays until vma_put(). False: there is none. */
bool vma_get(struct mm *mm, u64 va, struct vma *copy);
/* The same of the first one with @ops that ends behind @va. */
bool vma_get_next(struct mm *mm, u64 va, const struct vma_ops *ops, struct vma *copy);
void vma_put(const struct vma *copy);
/* For an owner, who alone changes his areas: his first one that ends behind @va; NULL: none. */
struct vma *vma_find_of(struct mm *mm, u64 va, const void *private);
/* Cuts @vma in two at @at, which lies inside, and returns the second; its offset goes on. */
struct vma *vma_split(struct vma *vma, u64 at);
/* @vma takes in the one that begins where it ends: who asks keeps that from then on. */
void vma_join(struct vma *vma, struct vma *behind);
/* Off the list of its space: what it maps stays, and itself is the caller's. */
void vma_take_out(struct vma *vma);
/* To @start in @room, an area that keeps addresses free for that, and begins behind it from then
 * on. */
void vma_move(struct vma *vma, u64 start, struct vma *room);
/* vma_unmap() as the space ends, when nobody is in it any more: owners may look for their areas
 * until these are closed. */
void vma_end(struct vma *vma);
/* Takes the page at @va out of @mm, if there is one, and frees it once no CPU can reach it any
 * more. */
void vma_free_page(struct mm *mm, u64 va, u16 site);
/* A close operation for areas that own their pages: unmaps, flushes and frees each. */
void vma_free_pages(struct vma *vma);

/* --- mapping: all change entries through pt_set() with @site, under mm->pt_lock --- */
/* Maps one page. Was something there already, nothing is changed and false returned. The table
 * pages come from the arena. No flush: not present to present needs none. */
bool pt_map(struct mm *mm, u64 va, u64 gpa, u32 prot, u16 site) __attribute__((warn_unused_result));
/* The same where nothing can be: "mapped already" ends the run. */
void pt_map_new(struct mm *mm, u64 va, u64 gpa, u32 prot, u16 site);
/* Maps a range of consecutive frames; PROT_LARGE: with large leaves (all of it aligned to them).
 * Entries that are there already stay. Returns how many were made. */
u32 pt_map_range(struct mm *mm, u64 va, u64 gpa, u64 bytes, u32 prot, u16 site);
/* Removes the leaves of [va, va+bytes). Returns how many there were. The caller flushes. */
u32 pt_unmap(struct mm *mm, u64 va, u64 bytes, u16 site);
/* The leaf entry for @va, 0 if none. */
u64 pt_lookup(struct mm *mm, u64 va);
/* How much that leaf translates; 0: none. */
u64 pt_leaf_bytes(struct mm *mm, u64 va);
/* The entry of a leaf table for @va, whatever it says: also one that is not present, which has what
 * its area keeps there (pfn_map.h). 0: nothing, or no table. And makes it @entry, whatever it was,
 * and returns that; the caller flushes, if that was present. */
u64 pt_leaf(struct mm *mm, u64 va);
u64 pt_leaf_set(struct mm *mm, u64 va, u64 entry, u16 site);
/* Replaces a present leaf; returns the old entry. The caller flushes, unless it only allows more: a
 * CPU that has the old one faults once, and looks again. */
u64 pt_replace(struct mm *mm, u64 va, u64 entry, u16 site);

/*
 * What the direct map allows for one page of lowmem behind the core, flushed everywhere. A large
 * leaf is split, and stays so (as Linux's set_memory_ro() and the like do). Returns whether one
 * was.
 */
bool pt_protect_lowmem(u64 va, u32 prot, u16 site);

/* Table pages in use, all spaces, boot tables included. */
u64 pt_tables_in_use(void);
u64 pt_tables_free(void); /* that the arena has left */

/* --- flushes: everywhere the space may be cached; returns when every CPU has acknowledged --- */
void tlb_flush_range(struct mm *mm, u64 va, u64 bytes, u16 site);
/* All of it; who keeps to the space's clock (mm_clock.h) can tell from then on. */
void tlb_flush_space(struct mm *mm, u16 site);

/* --- anonymous memory: zeroed highmem pages on first touch, freed with the area --- */
extern const struct vma_ops anon_ops;

/* --- vmalloc: what shares its addresses (guest/mm/vmalloc.h), a guard page behind each. What ends
 * an area takes its first address, and is a named failure with any other; @site is who asks. --- */
void *vmalloc(u64 bytes, u16 site); /* highmem pages, mapped now; NULL: no memory or no space */
void vfree(void *address);
/* @n pages one after the other, which stay the caller's. NULL: no space. */
void *vmap(struct page *const *pages, u32 n, u32 prot, u16 site);
void vunmap(void *address);
/* Device memory, uncached, 4 KiB or 2 MiB leaves. NULL: no space. */
void *ioremap(u64 gpa, u64 bytes, u16 site);
void iounmap(void *address);
/* Is it an address of these? As well as the layout can tell (guest/mm/is_vmalloc.h): exactly, or
 * whether it could be one. Never true for user space and the kernel's other regions but lowmem. */
bool is_vmalloc_addr(u64 va);

/* --- short-lived local mapping of any page: two slots per CPU, not across a wait --- */
void *kmap_local(struct page *page);
void kunmap_local(void *address); /* last mapped first unmapped */
/* By such a mapping: @page is the @bytes at @from, and zero behind them. */
void page_fill(struct page *page, const void *from, u64 bytes);

/* --- user memory: true if all bytes were copied --- */
bool copy_from_user(void *to, u64 va, size_t bytes);
bool copy_to_user(u64 va, const void *from, size_t bytes);

/* --- the kernel's own: false if no store is allowed there (as copy_to_kernel_nofault()) --- */
bool store_nofault(u64 *to, u64 value);

#endif
