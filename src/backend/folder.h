/* Folders that hold files only, as those of the start-up cache do. */
#ifndef AP_BACKEND_FOLDER_H
#define AP_BACKEND_FOLDER_H

#include <accelpipe/status.h>
#include <stdbool.h>

/* Removes a folder and the files in it; a folder in it stays, and then so does the folder. Links are removed,
 * never followed. */
void ap__folder_remove(const char *path);

/* Whether `path` is a folder, not a link to one, of this user, and nobody else may write to it. */
bool ap__folder_is_private(const char *path);

/* Whether that is so and nobody else may look into it either, and all in it are files of this user.
 * `size_bytes` (may be NULL) gets what they take. */
bool ap__folder_is_ours(const char *path, uint64_t *size_bytes);

#endif
