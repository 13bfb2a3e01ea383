/* SPDX-License-Identifier: MIT */
/* A chained hash table of 64-bit keys. Nodes are the caller's, first in his own struct. */
#ifndef KVL_TRACE_HASH_H
#define KVL_TRACE_HASH_H

#include "devices/abi/types.h"

struct hash_node {
	struct hash_node *next;
	u64 key;
};

struct hash {
	struct hash_node **bucket;
	u32 nbuckets; /* a power of two; 0 before the first node */
	u32 count;
};

/* The first node of @key, or NULL; with hash_again() the others of the same key. */
struct hash_node *hash_find(const struct hash *hash, u64 key);
struct hash_node *hash_again(const struct hash_node *node);

/* Adds @node under @key, even if there is one. False: out of memory, or too many keys fall
 * together. */
bool hash_add(struct hash *hash, struct hash_node *node, u64 key);
void hash_remove(struct hash *hash, struct hash_node *node);

/* For walks over all: the node after @node (NULL: the first). Nothing may be added meanwhile. */
struct hash_node *hash_walk(const struct hash *hash, const struct hash_node *node);

/* Frees the table and each node by free(). */
void hash_free(struct hash *hash);

#endif
