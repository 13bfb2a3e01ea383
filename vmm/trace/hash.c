/* SPDX-License-Identifier: MIT */
/*
 * The hash table of the model: grows, never shrinks. Keys come from the guest; one that chooses
 * them so that they fall together is refused, before it makes every look slow.
 */
#include "vmm/trace/hash.h"

#include <stdlib.h>

/* By chance, with at most one node a bucket on average, a chain has less than a quarter of this. */
#define CHAIN_MAX 64

static u32 bucket_of(const struct hash *hash, u64 key)
{
	return (u32)((key * 0x9e3779b97f4a7c15ull) >> 32) & (hash->nbuckets - 1);
}

static struct hash_node *same_key(struct hash_node *node, u64 key)
{
	while (node && node->key != key)
		node = node->next;
	return node;
}

struct hash_node *hash_find(const struct hash *hash, u64 key)
{
	return hash->nbuckets ? same_key(hash->bucket[bucket_of(hash, key)], key) : NULL;
}

struct hash_node *hash_again(const struct hash_node *node)
{
	return same_key(node->next, node->key);
}

static void link_node(struct hash *hash, struct hash_node *node)
{
	struct hash_node **head = &hash->bucket[bucket_of(hash, node->key)];

	node->next = *head;
	*head = node;
}

static bool grow(struct hash *hash)
{
	struct hash old = *hash;
	u32 nbuckets = old.nbuckets ? old.nbuckets * 2 : 256;
	struct hash_node **bucket = calloc(nbuckets, sizeof(struct hash_node *));

	if (!bucket)
		return false;
	hash->bucket = bucket;
	hash->nbuckets = nbuckets;
	for (u32 i = 0; i < old.nbuckets; i++)
		while (old.bucket[i]) {
			struct hash_node *node = old.bucket[i];

			old.bucket[i] = node->next;
			link_node(hash, node);
		}
	free(old.bucket);
	return true;
}

static bool chain_is_full(const struct hash *hash, u64 key)
{
	const struct hash_node *node = hash->bucket[bucket_of(hash, key)];
	u32 length = 0;

	for (; node && length < CHAIN_MAX; node = node->next)
		length++;
	return length == CHAIN_MAX;
}

bool hash_add(struct hash *hash, struct hash_node *node, u64 key)
{
	if ((hash->count >= hash->nbuckets && !grow(hash)) || chain_is_full(hash, key))
		return false;
	node->key = key;
	link_node(hash, node);
	hash->count++;
	return true;
}

void hash_remove(struct hash *hash, struct hash_node *node)
{
	struct hash_node **at = &hash->bucket[bucket_of(hash, node->key)];

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	hash->count--;
}

struct hash_node *hash_walk(const struct hash *hash, const struct hash_node *node)
{
	u32 i = 0;

	if (node) {
		if (node->next)
			return node->next;
		i = bucket_of(hash, node->key) + 1;
	}
	for (; i < hash->nbuckets; i++)
		if (hash->bucket[i])
			return hash->bucket[i];
	return NULL;
}

void hash_free(struct hash *hash)
{
	struct hash_node *node = hash_walk(hash, NULL);

	while (node) {
		struct hash_node *next = hash_walk(hash, node);

		free(node);
		node = next;
	}
	free(hash->bucket);
}
