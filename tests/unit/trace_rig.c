/* SPDX-License-Identifier: MIT */
/* The guest's half of the trace protocol (guest/trace.c), step by step, so that tests can stop
 * it. */
#include "tests/unit/trace_rig.h"
#include "tests/unit/suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const rig_sites[] = { "", "pt.map", "flash.unmap", "odd \"name\"\\\n\377" };
const u32 rig_nsites = ARRAY_LEN(rig_sites);

void rig_init(struct rig *rig, u32 ncpus)
{
	size_t bytes = KVL_RINGS_OFFSET + (size_t)ncpus * KVL_RING_PACKETS * KVL_PACKET_BYTES;

	memset(rig, 0, sizeof(*rig));
	rig->ncpus = ncpus;
	rig->shared = aligned_alloc(PAGE_BYTES, bytes);
	ck_assert_ptr_nonnull(rig->shared);
	memset(rig->shared, 0, bytes);
	snprintf(rig->dir, sizeof(rig->dir), "%s/kvalab-test-XXXXXX",
		 access("/dev/shm", W_OK) ? "." : "/dev/shm");
	ck_assert_ptr_nonnull(mkdtemp(rig->dir));
	snprintf(rig->trace_dir, sizeof(rig->trace_dir), "%s/trace", rig->dir);
}

void rig_open(struct rig *rig, bool files)
{
	struct trace_config config = {
		.dir = files ? rig->trace_dir : NULL,
		.ncpus = rig->ncpus,
		.shared = (u8 *)rig->shared,
		.site = rig_sites,
		.nsites = rig_nsites,
		.scenario = "hello",
		.arm = "",
		.host_class = "kvm",
		.seed = 7,
		.symbols_text = "1000 start\n2000 middle\n",
		.model = rig->model,
	};

	rig->trace = trace_open(&config, &rig->err);
	ck_assert_msg(rig->trace != NULL, "%s", rig->err.text);
}

static void remove_all(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char name[512];

	while (dir && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (unlink(name))
			remove_all(name);
	}
	if (dir)
		closedir(dir);
	rmdir(path);
}

void rig_done(struct rig *rig)
{
	trace_close(rig->trace);
	model_destroy(rig->model);
	free(rig->shared);
	remove_all(rig->dir);
}

struct kvl_record *rig_slot(struct rig *rig, u32 cpu, u64 number)
{
	u64 packet = cpu * KVL_RING_PACKETS + number / KVL_PACKET_RECORDS % KVL_RING_PACKETS;
	u8 *start = (u8 *)rig->shared + KVL_RINGS_OFFSET + packet * KVL_PACKET_BYTES + 64;

	return (struct kvl_record *)(void *)start + number % KVL_PACKET_RECORDS;
}

u64 rig_ticket(struct rig *rig)
{
	return __atomic_fetch_add(&rig->shared->ticket, 1, __ATOMIC_SEQ_CST);
}

void rig_commit(struct rig *rig, u32 cpu, const struct kvl_record *record)
{
	struct kvl_cpu_shared *mine = &rig->shared->cpu[cpu];

	*rig_slot(rig, cpu, mine->head) = *record;
	__atomic_store_n(&mine->head, mine->head + 1, __ATOMIC_RELEASE);
}

u64 rig_event(struct rig *rig, u32 cpu, u16 id, u16 site, u16 h0, u16 h1, u64 a0, u64 a1, u64 a2,
	      u64 a3, u64 a4)
{
	struct kvl_record record = { 0, id, site, { h0, h1 }, 1, { a0, a1, a2, a3, a4 } };

	record.ticket = rig_ticket(rig);
	rig_commit(rig, cpu, &record);
	return record.ticket;
}

u64 rig_use(struct rig *rig, u32 cpu)
{
	return rig_event(rig, cpu, KVL_EV_USE, 1, 0, 0, 0x1234, 0, 0, 0, 0);
}

bool rig_full(const struct rig *rig, u32 cpu)
{
	const struct kvl_cpu_shared *mine = &rig->shared->cpu[cpu];

	return mine->head - __atomic_load_n(&mine->tail, __ATOMIC_ACQUIRE) == KVL_RING_RECORDS;
}

static int open_in(const struct rig *rig, const char *name, int flags)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", rig->trace_dir, name);
	return open(path, flags, 0644);
}

u8 *rig_read(const struct rig *rig, const char *name, size_t *bytes)
{
	int fd = open_in(rig, name, O_RDONLY);
	struct stat info;
	u8 *data;

	if (fd < 0)
		return NULL;
	ck_assert_int_eq(fstat(fd, &info), 0);
	*bytes = (size_t)info.st_size;
	data = malloc(*bytes + 1);
	ck_assert_ptr_nonnull(data);
	ck_assert_int_eq(read(fd, data, *bytes), *bytes);
	data[*bytes] = 0;
	close(fd);
	return data;
}

void rig_write(const struct rig *rig, const char *name, const void *data, size_t bytes)
{
	int fd = open_in(rig, name, O_WRONLY | O_CREAT | O_TRUNC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, bytes), bytes);
	close(fd);
}
