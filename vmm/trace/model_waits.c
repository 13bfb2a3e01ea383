/* SPDX-License-Identifier: MIT */
/*
 * Waits that began and have not ended, one per task and object; and that none begins where waiting
 * is forbidden (seed row W17).
 */
#include "vmm/trace/model_internal.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/trace/schema.h"

typedef unsigned long long ull;

static bool grow(struct model *model)
{
	u32 room = model->wait_room ? model->wait_room * 2 : 16;
	struct open_wait *wait;

	if (room > MAX_WAITS)
		return false;
	wait = realloc(model->wait, room * sizeof(*wait));
	if (!wait)
		return false;
	model->wait = wait;
	model->wait_room = room;
	return true;
}

static const char *what_is_waited_for(u32 what)
{
	const char *word = field_word(event_by_id(KVL_EV_WAIT_BEGIN), 0, what);

	return word ? word : "something";
}

static void check_context(struct model *model, u32 cpu, const struct kvl_record *record)
{
	bool irqs_on = record->h[1];
	u64 locks = record->a[1];

	if (irqs_on && !locks)
		return;
	model_add_finding(model, FINDING_ATOMIC_WAIT, record->ticket,
			  "task %llu on CPU %u waits for %s %#llx (%s) with %llu locks held, "
			  "interrupts %s",
			  (ull)record->a[2], cpu, what_is_waited_for(record->h[0]),
			  (ull)record->a[0], model_site(model, record->site), (ull)locks,
			  irqs_on ? "on" : "off");
}

void model_wait_begin(struct model *model, u32 cpu, const struct kvl_record *record)
{
	check_context(model, cpu, record);
	if (model->nwaits == model->wait_room && !grow(model)) {
		model_overflow(model, record->ticket, "open waits");
		return;
	}
	model->wait[model->nwaits++] = (struct open_wait){
		.object = record->a[0],
		.task = record->a[2],
		.ticket = record->ticket,
		.what = record->h[0],
		.site = record->site,
		.cpu = cpu,
	};
}

/* Kept in the order in which they began. */
static void remove_wait(struct model *model, u32 i)
{
	model->nwaits--;
	memmove(&model->wait[i], &model->wait[i + 1], (model->nwaits - i) * sizeof(*model->wait));
}

/* The latest first: a task's waits are nested. */
void model_wait_end(struct model *model, const struct kvl_record *record)
{
	for (u32 i = model->nwaits; i-- > 0;) {
		const struct open_wait *wait = &model->wait[i];

		if (wait->task == record->a[2] && wait->object == record->a[0] &&
		    wait->what == record->h[0]) {
			remove_wait(model, i);
			return;
		}
	}
	model_add_finding(model, FINDING_BAD_RECORD, record->ticket,
			  "wait_end of task %llu for object %#llx (%s): it did not wait",
			  (ull)record->a[2], (ull)record->a[0], model_site(model, record->site));
}

void model_waits_finish(struct model *model)
{
	for (u32 i = 0; i < model->nwaits; i++) {
		const struct open_wait *wait = &model->wait[i];

		model_add_finding(model, FINDING_OPEN_WAIT, wait->ticket,
				  "task %llu on CPU %u waits for %s %#llx (%s) and never ended it",
				  (ull)wait->task, wait->cpu, what_is_waited_for(wait->what),
				  (ull)wait->object, model_site(model, wait->site));
	}
}
