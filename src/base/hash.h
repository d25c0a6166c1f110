/* Hashing of short keys for in-memory tables, and a digest for names of files. */
#ifndef AP_BASE_HASH_H
#define AP_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Differs from process to process, so that a stranger's keys cannot be made to collide. */
uint64_t ap__hash(const void *bytes, size_t len);

/* The same in every process and version: FNV-1a, 64 bits. Start with AP__DIGEST_START. */
uint64_t ap__digest(uint64_t digest, const void *bytes, size_t len);

#define AP__DIGEST_START 0xcbf29ce484222325u

#endif
