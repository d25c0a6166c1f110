/* Keeping the start-up cache below its limit. */
#ifndef AP_BACKEND_CACHE_TRIM_H
#define AP_BACKEND_CACHE_TRIM_H

#include "backend/cache.h"

/* Removes what was used longest ago until the folders beside `entry` take no more than its limit, and what
 * dead processes left half written. An entry that exceeds the limit alone is removed and marked, so that it
 * is not written again at every start. */
void ap__cache_trim(const ap__cache_entry *entry);

/* Whether the entry is marked so. */
bool ap__cache_is_too_large(const ap__cache_entry *entry);

#endif
