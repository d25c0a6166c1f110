/* The start-up cache: folders that backends write when they open a model, and read when they open it again.
 *
 * The cache is never needed: whatever goes wrong with it is a line in the log. Many processes may use one
 * cache; a folder appears by a rename and goes by a rename, and who has opened its files keeps them. */
#ifndef AP_BACKEND_CACHE_H
#define AP_BACKEND_CACHE_H

#include "backend/loader.h"
#include "base/path.h"

/* The place of one session in the cache. */
typedef struct ap__cache_entry {
    ap__path path; /* "": this session has none. */
    uint64_t max_bytes;
} ap__cache_entry;

/* The user's cache folder for this library, whether it is there or not.
 * @param explicit_dir goes before all else; NULL: none.   @return AP_ENOTFOUND the user has no such place. */
ap_status ap__cache_root(ap__path *out, const char *explicit_dir, ap_error *err);

/* The folder for a model, made from all that its content depends on. The folder above it is there and belongs
 * to the user; so does the folder itself, if it is there. */
void ap__cache_entry_find(ap__cache_entry *out, const ap__backend *backend,
                          const ap__session_options *options);

/* To be called when the session is open: counts the use; when the folder is new, makes room for it.
 * @param is_hit the session came from the folder. */
void ap__cache_entry_use(const ap__cache_entry *entry, bool is_hit);

#endif
