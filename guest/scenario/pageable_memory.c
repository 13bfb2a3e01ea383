/* SPDX-License-Identifier: MIT */
/*
 * Tasks on all CPUs that visit pages. Each page says in eight places which one it is and how often
 * it was written, so that a frame that is another page's, an older copy of it, or a write that was
 * lost is seen by whoever reads it: a witness that knows nothing of the trace. Any task reads any
 * page; only one of them writes to it. Uses are not reported: between the change of an entry and
 * the flush a page may still be used, and is what it was.
 */
#include "guest/scenario/pageable.h"

#include "guest/lib/draw.h"

#define PLACES 8
#define PLACE_BYTES (PAGE_BYTES / PLACES)

struct visitor {
	struct pageable_run *r;
	struct task *task;
	u32 number;
	u64 draws;
};

/* What a page holds that was written @times times; never written, it is zero. */
static u64 word_of(u32 page, u32 times)
{
	return times ? (u64)(page + 1) << 32 | times : 0;
}

static u32 draw(struct visitor *v)
{
	return draw_next(&v->draws);
}

static u64 *place(const struct pageable_memory *m, u32 page, u32 n)
{
	return (u64 *)(m->base + page * PAGE_BYTES + n * PLACE_BYTES);
}

static void add(u32 *what, u32 n)
{
	__atomic_fetch_add(what, n, __ATOMIC_RELAXED);
}

/* A page that is being written may be seen before and after. */
static void read_place(struct pageable_memory *m, u32 page, u32 n)
{
	u32 oldest = __atomic_load_n(&m->done[page], __ATOMIC_SEQ_CST), times;
	u64 word = *(volatile u64 *)place(m, page, n);

	times = word;
	add(&m->pages_wrong, word != word_of(page, times));
	add(&m->writes_lost, times < oldest);
	add(&m->writes_early, times > __atomic_load_n(&m->begun[page], __ATOMIC_SEQ_CST));
}

static void write_page(struct pageable_memory *m, u32 page)
{
	u32 times = __atomic_add_fetch(&m->begun[page], 1, __ATOMIC_SEQ_CST);

	for (u32 n = 0; n < PLACES; n++)
		*(volatile u64 *)place(m, page, n) = word_of(page, times);
	__atomic_store_n(&m->done[page], times, __ATOMIC_SEQ_CST);
}

/* hot: of ten visits eight are to the first fifth of the pages. */
static u32 choose(struct visitor *v, u64 visit)
{
	u32 n = v->r->npages;

	switch (v->r->pattern) {
	case PATTERN_LOOP: return visit % n;
	case PATTERN_RANDOM: return draw(v) % n;
	case PATTERN_HOT: break;
	}
	return draw(v) % 10 < 8 ? draw(v) % (n < 5 ? 1 : n / 5) : draw(v) % n;
}

static void visitor_task(void *arg)
{
	struct visitor *v = arg;
	struct pageable_run *r = v->r;
	struct pageable_memory *m = r->memory;
	u64 written = 0;

	for (u64 visit = 0; visit < (u64)r->passes * r->npages; visit++) {
		u32 page = choose(v, visit);

		read_place(m, page, draw(v) % PLACES);
		if (page % r->ntasks == v->number && draw(v) % 100 < r->percent_written) {
			write_page(m, page);
			written++;
		}
		sched_point();
	}
	__atomic_fetch_add(&m->written, written, __ATOMIC_RELAXED);
}

static void read_all(struct pageable_memory *m)
{
	for (u32 page = 0; page < m->npages; page++)
		for (u32 n = 0; n < PLACES; n++)
			read_place(m, page, n);
}

void pageable_memory_work(struct pageable_run *r)
{
	struct visitor *v = kalloc(r->ntasks * sizeof(*v));
	u64 start = ticks_now();

	for (u32 i = 0; i < r->ntasks; i++) {
		v[i] = (struct visitor){
			.r = r,
			.number = i,
			.draws = draw_stream(boot_options.seed, i),
		};
		v[i].task =
			task_start("visitor", i % boot_options.ncpus, NULL, visitor_task, &v[i]);
	}
	for (u32 i = 0; i < r->ntasks; i++)
		task_join(v[i].task);
	r->memory->visits = (u64)r->ntasks * r->passes * r->npages;
	read_all(r->memory);
	r->memory_ticks = ticks_now() - start;
	kfree(v);
}

bool pageable_memory_open(struct pageable_run *r)
{
	struct pageable_memory *m = kalloc(sizeof(*m));

	m->base = r->ops->alloc(r, (u64)r->npages * PAGE_BYTES);
	if (!m->base) {
		kfree(m);
		return false;
	}
	m->npages = r->npages;
	m->begun = kalloc(m->npages * sizeof(u32));
	m->done = kalloc(m->npages * sizeof(u32));
	r->memory = m;
	return true;
}

void pageable_memory_close(struct pageable_run *r)
{
	struct pageable_memory *m = r->memory;

	r->ops->free(r, m->base);
	kfree(m->begun);
	kfree(m->done);
	kfree(m);
}
