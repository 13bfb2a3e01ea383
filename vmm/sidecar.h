/* SPDX-License-Identifier: MIT */
/*
 * The sidecar of a flash file: what its chips keep beside the array (protection registers, lock
 * bits, wear, erases that were interrupted), in FILE.nv. Array and sidecar together are the chip.
 */
#ifndef KVL_SIDECAR_H
#define KVL_SIDECAR_H

#include "devices/flash/flash.h"
#include "vmm/err.h"

struct sidecar {
	void *map; /* NULL: not open */
	size_t bytes;
	const struct flash_part *part;
	struct flash_nv *nv[FLASH_MAX_CHIPS]; /* inside the map: a store is a change of the file */
	bool made;     /* there was none: the chips are fresh from the factory */
	bool replaced; /* somebody has rewritten the array since: interrupted erases are forgotten */
};

/*
 * Whether sidecar_open() would take the sidecar of flash file @path, if there is one; changes
 * nothing, so that a run that is refused for it leaves the flash file alone, too. EXIT_USAGE,
 * EXIT_HOST.
 */
int sidecar_check(const char *path, const struct flash_config *bank, struct err *err);

/*
 * Opens the sidecar of flash file @path, or makes one, for the chips of @bank over @array (all of
 * it, as the bus sees it). The caller holds the flash file's lock. EXIT_USAGE: it is of another
 * part, or of another arrangement, or no sidecar, or may not be opened. EXIT_HOST: no room.
 */
int sidecar_open(struct sidecar *sidecar, const char *path, const struct flash_config *bank,
		 const u8 *array, struct err *err);
void sidecar_close(struct sidecar *sidecar, const u8 *array, u64 array_bytes);

/*
 * For those who only look: the bank that the sidecar of @path is of, and a private copy of it,
 * which sidecar_drop() frees, if it is found. Unreadable: it is damaged, or of no part that is
 * known, or may not be opened.
 */
enum sidecar_found { SIDECAR_NONE, SIDECAR_FOUND, SIDECAR_UNREADABLE };
enum sidecar_found sidecar_peek(struct sidecar *sidecar, const char *path,
				struct flash_config *bank);
void sidecar_drop(struct sidecar *sidecar);

/* The name of the sidecar of @path, from malloc; NULL: no memory. */
char *sidecar_path(const char *path);

#endif
