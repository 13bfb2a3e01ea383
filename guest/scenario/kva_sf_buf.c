/* SPDX-License-Identifier: MIT */
/*
 * Arm sf-buf: FreeBSD's sf_bufs on i386 (sys/i386/i386/vm_machdep.c: sf_buf_alloc(), sf_buf_free();
 * Alan Cox). A page keeps its address until nobody holds it and it is the one that was put longest
 * ago; then its entry is overwritten. Of each address is known which CPUs have flushed it since.
 * share=private: a CPU that gets an address flushes it for itself, if it has not yet; share=shared:
 * for all that have not. FreeBSD finds a page's sf_buf by a hash; page->kva is that here.
 */
#include <bsd/sys/queue.h>

#include "guest/arch.h"
#include "guest/scenario/kva.h"
#include "guest/trace.h"

struct sf_buf {
	struct page *page; /* NULL: none, or it has been freed */
	u32 refs;
	u32 cpus; /* bit per CPU that cannot have an older translation */
	TAILQ_ENTRY(sf_buf) unused;
};

static struct {
	struct spinlock lock;
	struct sf_buf *buf;	     /* by slot */
	TAILQ_HEAD(, sf_buf) unused; /* held by nobody, the first for the longest time */
	bool private;
} pool = { .lock = SPINLOCK("sf-buf") };

static void start(void)
{
	pool.private = kva_ops->reach == KVA_WHERE_ASKED;
	pool.buf = lowmem_array(kva_window.slots, sizeof(*pool.buf));
	TAILQ_INIT(&pool.unused);
	for (u32 i = 0; i < kva_window.slots; i++)
		TAILQ_INSERT_TAIL(&pool.unused, &pool.buf[i], unused);
}

static void stop(void)
{
	for (u32 i = 0; i < kva_window.slots; i++) {
		if (pool.buf[i].page)
			pool.buf[i].page->kva = 0;
		kva_slot_clear(i, SITE("sf_buf.stop"));
	}
	kva_flush_window(SITE("sf_buf.stop"));
	lowmem_array_free(pool.buf);
}

static void recycle(struct sf_buf *buf, struct page *page)
{
	u32 slot = buf - pool.buf;

	if (buf->page)
		buf->page->kva = 0;
	kva_slot_set(slot, page, SITE("sf_buf.map"));
	buf->page = page;
	buf->cpus = 0;
	page->kva = slot + 1;
}

static struct sf_buf *find(struct page *page)
{
	struct sf_buf *buf;

	if (page->kva)
		return &pool.buf[page->kva - 1];
	buf = TAILQ_FIRST(&pool.unused);
	if (buf)
		recycle(buf, page);
	return buf;
}

static void *make_valid(struct sf_buf *buf)
{
	u32 slot = buf - pool.buf, cpus = pool.private ? 1u << cpu_id() : cpus_online();
	u64 va = kva_slot_address(slot);

	if (cpus & ~buf->cpus) {
		if (pool.private)
			tlb_cpu_page(va, init_mm.id, SITE("sf_buf.flush"));
		else
			kva_flush_slot(slot, SITE("sf_buf.flush"));
		buf->cpus |= cpus;
	}
	return (void *)va;
}

static void *get(struct page *page)
{
	void *address = NULL;
	struct sf_buf *buf;

	spin_lock(&pool.lock);
	buf = find(page);
	if (buf) {
		if (!buf->refs++)
			TAILQ_REMOVE(&pool.unused, buf, unused);
		address = make_valid(buf);
	}
	spin_unlock(&pool.lock);
	return address;
}

static void put(struct page *page, void *address)
{
	struct sf_buf *buf;

	spin_lock(&pool.lock);
	buf = &pool.buf[page->kva - 1];
	if (!page->kva || !buf->refs || kva_address_slot(address) != page->kva - 1)
		panic("bad kva_put", "page %lx: nobody holds %p", page_gpa(page), address);
	if (!--buf->refs)
		TAILQ_INSERT_TAIL(&pool.unused, buf, unused);
	spin_unlock(&pool.lock);
}

static void *address_of(struct page *page)
{
	void *address;

	spin_lock(&pool.lock);
	address = make_valid(&pool.buf[page->kva - 1]);
	spin_unlock(&pool.lock);
	return address;
}

static u64 held(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < kva_window.slots; i++)
		sum += pool.buf[i].refs;
	return sum;
}

/* Its entry stays until another page gets the address, as the next one. */
static void forget(struct page *page)
{
	struct sf_buf *buf;

	spin_lock(&pool.lock);
	if (!page->kva) { /* another page has got its address meanwhile */
		spin_unlock(&pool.lock);
		return;
	}
	buf = &pool.buf[page->kva - 1];
	if (buf->refs)
		panic("page in use", "page %lx, which is freed, is held at an address",
		      page_gpa(page));
	buf->page = NULL;
	page->kva = 0;
	TAILQ_REMOVE(&pool.unused, buf, unused);
	TAILQ_INSERT_HEAD(&pool.unused, buf, unused);
	spin_unlock(&pool.lock);
}

static void predict(const struct kva_work *work, struct kva_forms *forms)
{
	u64 others = pool.private ? 0 : work->cpus - 1;

	*forms = (struct kva_forms){
		.entries = kva_exactly(work->maps),
		.page_flushes = kva_exactly(work->maps * (1 + others)),
		.ipis = kva_exactly(work->maps * others),
		.no_ipis = pool.private,
	};
}

static const struct kva_ops *choose(void);

#define SF_BUF_OPS(where)                                                                      \
	.choose = choose, .reach = where, .slot_bytes = sizeof(struct sf_buf), .start = start, \
	.stop = stop, .get = get, .put = put, .page_kva = address_of, .held = held,            \
	.forget = forget, .predict = predict

const struct kva_ops kva_sf_buf FAULT_TABLE = { SF_BUF_OPS(KVA_WHERE_ASKED) };
static const struct kva_ops shared FAULT_TABLE = { SF_BUF_OPS(KVA_ANYWHERE) };

static const struct kva_ops *choose(void)
{
	return param_choice("share", "private", "shared") ? &shared : &kva_sf_buf;
}
