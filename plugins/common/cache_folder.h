/* A folder of the start-up cache, as sys/backend_plugin.h promises it: what the plugin's runtime wrote, and a
 * manifest. The manifest comes last, and says how long the other files are: a disk that was full or a machine
 * that lost power leaves files that are too short, and those are found by their size. It also lists the files
 * beside the model that the model takes its weights from, whose change the library cannot see. */
#ifndef COMMON_CACHE_FOLDER_H
#define COMMON_CACHE_FOLDER_H

#include "onnx.h"

#include <accelpipe/sys/backend_plugin.h>
#include <sys/stat.h>

/* What a folder is made from. */
typedef struct cache_source {
    const ap_host *host;
    const char *header; /* First line of the manifest: names the plugin and the meaning of its files. */
    const ap_model_ref *model;
    const onnx_text *external; /* Names of files beside the model with its weights. */
    size_t n_external;
} cache_source;

/* A folder that is being written. */
typedef struct cache_writer cache_writer;

/* Whether the model's folder is there and whole, and the files beside the model are as they were. A folder
 * that is of no use is removed. Of `source`, what the manifest holds (`external`) is not needed. */
bool cache_folder_find(const cache_source *source);

/* Removes the model's folder.   @param why for the log. */
void cache_folder_drop(const cache_source *source, const char *why);

/* Starts a folder for the model, of about `factor` times the size of the model and the files beside it.
 * @param model_bytes size of the model itself.
 * @return NULL when the model is not for the cache, or the folder cannot be made: it is then opened without.
 */
cache_writer *cache_writer_begin(const cache_source *source, uint64_t model_bytes, unsigned factor);

/* Where the plugin writes; borrowed until the end. */
const char *cache_writer_get_folder(const cache_writer *writer);

/* Gives the folder its name, so that others see it; with `is_written` false, removes it. Takes the writer;
 * NULL is fine. */
void cache_writer_end(cache_writer *writer, bool is_written);

#endif
