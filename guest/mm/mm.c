/* SPDX-License-Identifier: MIT */
/* Address spaces: birth, list, end. Their tables are in pt.c, their areas in vma.c. */
#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/pt.h"
#include "guest/mm/ukva.h"
#include "guest/mm/vm.h"

static struct spinlock list_lock = SPINLOCK("list of spaces");
static struct mm *list;
static u32 last_id;

struct mm *mm_list_lock(void)
{
	spin_lock(&list_lock);
	return list;
}

void mm_list_unlock(void)
{
	spin_unlock(&list_lock);
}

struct mm *mm_create(void)
{
	struct mm *mm = kalloc(sizeof(*mm));

	mm->pt_lock.name = "tables";
	mm->vma_lock.name = "areas";
	spin_lock(&list_lock);
	mm->id = ++last_id;
	spin_unlock(&list_lock);
	pt_create(mm);
	spin_lock(&list_lock); /* on the list only once it has a root */
	mm->next = list;
	list = mm;
	spin_unlock(&list_lock);
	return mm;
}

void mm_leave(struct mm *mm)
{
	struct vma *next;

	if (__atomic_load_n(&mm->users, __ATOMIC_ACQUIRE) > 1)
		return;
	mm->leaver = current();
	for (struct vma *vma = mm->vmas; vma; vma = next) {
		next = vma->next;
		if (vma->ops->own_pages)
			vma_unmap(vma);
	}
}

static void mm_destroy(struct mm *mm)
{
	if (mm->cpus)
		panic("space in use", "space %u ends while CPUs %x have it loaded", mm->id,
		      mm->cpus);
	ukva_end(mm);
	while (mm->vmas)
		vma_end(mm->vmas);
	spin_lock(&list_lock);
	for (struct mm **at = &list; *at; at = &(*at)->next) {
		if (*at == mm) {
			*at = mm->next;
			break;
		}
	}
	spin_unlock(&list_lock);
	pt_destroy(mm);
	kfree(mm);
}

void mm_get(struct mm *mm)
{
	__atomic_fetch_add(&mm->users, 1, __ATOMIC_SEQ_CST);
}

void mm_put(struct mm *mm)
{
	if (__atomic_sub_fetch(&mm->users, 1, __ATOMIC_ACQ_REL) == 0)
		mm_destroy(mm);
}
