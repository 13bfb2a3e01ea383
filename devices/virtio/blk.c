/* SPDX-License-Identifier: MIT */
/*
 * Owns the requests of a block device: header, data, status (5.2.6). A request may be cut into
 * descriptors in any way (2.7.4); only which of them the device reads and which it writes counts.
 * Registers and rings: mmio.c, queue.c.
 *
 * Nothing is moved before all is checked: a request that is refused has changed no sector and no
 * byte of data.
 */
#include "devices/virtio/blk.h"

#include <string.h>

#define VENDOR 0x4c56414bu /* "KVAL" */

/* --- what a chain holds ----------------------------------------------------------------------- */
/* A stretch of one direction's segments. */
struct stretch {
	const struct virtio_segment *segment;
	u32 n;
	u64 skip, bytes; /* of it all */
};

typedef bool piece_fn(void *with, u8 *piece, u64 bytes);

/* Calls @move for each piece; false as soon as one is false. */
static bool each_piece(struct stretch s, piece_fn *move, void *with)
{
	for (u32 i = 0; i < s.n && s.bytes; i++) {
		u64 left = s.segment[i].bytes, n;

		if (s.skip >= left) {
			s.skip -= left;
			continue;
		}
		left -= s.skip;
		n = left < s.bytes ? left : s.bytes;
		if (!move(with, s.segment[i].at ? s.segment[i].at + s.skip : NULL, n))
			return false;
		s.bytes -= n;
		s.skip = 0;
	}
	return true;
}

static bool is_reached(void *unused, u8 *piece, u64 bytes)
{
	(void)unused;
	(void)bytes;
	return piece;
}

static bool copy_out(void *with, u8 *piece, u64 bytes)
{
	u8 **to = with;

	memcpy(*to, piece, bytes);
	*to += bytes;
	return true;
}

static bool copy_in(void *with, u8 *piece, u64 bytes)
{
	const u8 **from = with;

	memcpy(piece, *from, bytes);
	*from += bytes;
	return true;
}

static struct stretch reads(const struct virtio_chain *chain, u64 skip, u64 bytes)
{
	return (struct stretch){ chain->segment, chain->nread, skip, bytes };
}

static struct stretch writes(const struct virtio_chain *chain, u64 skip, u64 bytes)
{
	return (struct stretch){ chain->segment + chain->nread, chain->nwrite, skip, bytes };
}

/* --- what it asks for ------------------------------------------------------------------------- */
struct request {
	struct virtio_blk *blk;
	struct virtio_blk_header header;
	struct stretch in, out; /* data that the device writes, and reads */
	u64 offset;		/* of the disk: where the next piece goes, or comes from */
	u32 pieces;
};

/* What a driver did not take binds neither side. */
static bool has_taken(const struct request *r, u64 feature)
{
	return r->blk->mmio.driver_features & feature;
}

static const struct stretch *data_of(const struct request *r)
{
	return r->in.bytes ? &r->in : &r->out;
}

static u64 first_gpa(struct stretch s)
{
	u32 i = 0;

	if (!s.bytes)
		return 0;
	for (; s.skip >= s.segment[i].bytes; i++)
		s.skip -= s.segment[i].bytes;
	return s.segment[i].gpa + s.skip;
}

/* The status is the last byte of all that the device writes. */
static enum virtio_fault read_request(const struct virtio_chain *chain, struct request *r)
{
	const u64 header_bytes = sizeof(r->header);
	u8 *to = (u8 *)&r->header;

	if (chain->read_bytes < header_bytes)
		return VIRTIO_FAULT_HEADER;
	if (!chain->write_bytes)
		return VIRTIO_FAULT_STATUS;
	if (!each_piece(reads(chain, 0, header_bytes), is_reached, NULL) ||
	    !each_piece(writes(chain, chain->write_bytes - 1, 1), is_reached, NULL))
		return VIRTIO_FAULT_ADDRESS;
	each_piece(reads(chain, 0, header_bytes), copy_out, &to);
	r->out = reads(chain, header_bytes, chain->read_bytes - header_bytes);
	r->in = writes(chain, 0, chain->write_bytes - 1);
	return VIRTIO_OK;
}

static bool fits(void *with, u8 *piece, u64 bytes)
{
	struct request *r = with;

	(void)piece;
	r->pieces++;
	if (has_taken(r, VIRTIO_BLK_F_SIZE_MAX) && bytes > VIRTIO_BLK_SIZE_MAX)
		return false;
	return !has_taken(r, VIRTIO_BLK_F_SEG_MAX) || r->pieces <= VIRTIO_BLK_SEG_MAX;
}

/*
 * Reads and writes: whole sectors, of the disk, in one direction, in memory that the bus reaches.
 */
static enum virtio_blk_outcome check_data(struct request *r)
{
	const struct virtio_blk_storage *storage = &r->blk->storage;
	bool write = r->header.type == VIRTIO_BLK_T_OUT;
	const struct stretch *data = write ? &r->out : &r->in;
	u64 sectors = data->bytes / VIRTIO_BLK_SECTOR;

	if (write && storage->readonly)
		return VIRTIO_BLK_READ_ONLY;
	if ((write ? r->in.bytes : r->out.bytes) || !sectors || data->bytes % VIRTIO_BLK_SECTOR ||
	    !each_piece(*data, fits, r))
		return VIRTIO_BLK_SHAPE;
	if (r->header.sector > storage->sectors || sectors > storage->sectors - r->header.sector)
		return VIRTIO_BLK_RANGE;
	return each_piece(*data, is_reached, NULL) ? VIRTIO_BLK_DONE : VIRTIO_BLK_UNREACHABLE;
}

/* --- what is done ----------------------------------------------------------------------------- */
static bool read_piece(void *with, u8 *piece, u64 bytes)
{
	struct request *r = with;
	u64 offset = r->offset;

	r->offset += bytes;
	return r->blk->storage.read(r->blk->storage.owner, offset, piece, bytes);
}

static bool write_piece(void *with, u8 *piece, u64 bytes)
{
	struct request *r = with;
	u64 offset = r->offset;

	r->offset += bytes;
	return r->blk->storage.write(r->blk->storage.owner, offset, piece, bytes);
}

/*
 * 5.2.6.2: a write is stable when it completes, but where the driver can ask for that by itself. No
 * CONFIG_WCE is offered, so that FLUSH alone is the way to ask.
 */
static bool commit(const struct request *r)
{
	const struct virtio_blk_storage *storage = &r->blk->storage;

	return has_taken(r, VIRTIO_BLK_F_FLUSH) || storage->flush(storage->owner);
}

static enum virtio_blk_outcome move_data(struct request *r)
{
	enum virtio_blk_outcome outcome = check_data(r);
	bool write = r->header.type == VIRTIO_BLK_T_OUT;

	if (outcome)
		return outcome;
	r->offset = r->header.sector * VIRTIO_BLK_SECTOR;
	if (!each_piece(*data_of(r), write ? write_piece : read_piece, r))
		return VIRTIO_BLK_STORAGE;
	return !write || commit(r) ? VIRTIO_BLK_DONE : VIRTIO_BLK_STORAGE;
}

static enum virtio_blk_outcome flush(struct request *r)
{
	const struct virtio_blk_storage *storage = &r->blk->storage;

	if (r->in.bytes || r->out.bytes)
		return VIRTIO_BLK_SHAPE;
	return storage->flush(storage->owner) ? VIRTIO_BLK_DONE : VIRTIO_BLK_STORAGE;
}

static enum virtio_blk_outcome get_id(struct request *r)
{
	const u8 *from = (const u8 *)r->blk->storage.id;

	if (r->in.bytes != VIRTIO_BLK_ID_BYTES || r->out.bytes)
		return VIRTIO_BLK_SHAPE;
	if (!each_piece(r->in, is_reached, NULL))
		return VIRTIO_BLK_UNREACHABLE;
	each_piece(r->in, copy_in, &from);
	return VIRTIO_BLK_DONE;
}

static enum virtio_blk_outcome execute(struct request *r)
{
	switch (r->header.type) {
	case VIRTIO_BLK_T_IN:
	case VIRTIO_BLK_T_OUT: return move_data(r);
	case VIRTIO_BLK_T_FLUSH: return flush(r);
	case VIRTIO_BLK_T_GET_ID: return get_id(r);
	default: return VIRTIO_BLK_UNSUPPORTED;
	}
}

static void tell(const struct request *r, enum virtio_blk_outcome outcome)
{
	const struct virtio_blk_storage *storage = &r->blk->storage;
	struct virtio_blk_told told = { .type = r->header.type,
					.outcome = outcome,
					.sector = r->header.sector,
					.gpa = first_gpa(*data_of(r)),
					.bytes = data_of(r)->bytes };

	storage->told(storage->owner, &told);
}

/*
 * 2.7.8: so many bytes have been written from the first on that the device writes. Data that was
 * not read has not been, so that a read which fails has written none, although its status stands
 * behind.
 */
static enum virtio_fault use(void *device, const struct virtio_chain *chain, u32 *written)
{
	struct request r = { .blk = device };
	enum virtio_fault fault = read_request(chain, &r);
	enum virtio_blk_outcome outcome;
	const u8 *from;
	u8 status;

	if (fault)
		return fault;
	outcome = execute(&r);
	tell(&r, outcome);
	status = !outcome			     ? VIRTIO_BLK_S_OK
		 : outcome == VIRTIO_BLK_UNSUPPORTED ? VIRTIO_BLK_S_UNSUPP
						     : VIRTIO_BLK_S_IOERR;
	from = &status;
	each_piece(writes(chain, chain->write_bytes - 1, 1), copy_in, &from);
	*written = outcome && r.in.bytes ? 0 : (u32)chain->write_bytes;
	return VIRTIO_OK;
}

/* --- life ------------------------------------------------------------------------------------- */
void virtio_blk_init(struct virtio_blk *blk, const struct virtio_blk_storage *storage,
		     const struct virtio_memory *memory)
{
	blk->storage = *storage;
	blk->config = (struct virtio_blk_config){ .capacity = storage->sectors,
						  .size_max = VIRTIO_BLK_SIZE_MAX,
						  .seg_max = VIRTIO_BLK_SEG_MAX };
	blk->kind = (struct virtio_kind){
		.id = VIRTIO_ID_BLOCK,
		.vendor = VENDOR,
		.features = VIRTIO_BLK_F_SIZE_MAX | VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_FLUSH |
			    (storage->readonly ? VIRTIO_BLK_F_RO : 0),
		.config = &blk->config,
		.config_bytes = sizeof(blk->config),
		.use = use,
	};
	virtio_mmio_init(&blk->mmio, &blk->kind, blk, memory);
}
