/* --out-dir: arrays of results go into .npy files of a folder, and {"$array": {...}} stands for them. */
#ifndef CLI_ARRAYS_H
#define CLI_ARRAYS_H

#include <accelpipe/value.h>

typedef struct cli_arrays {
    const char *folder; /* NULL: arrays stay nested lists. */
    size_t n_written;
} cli_arrays;

/* Makes the folder when it is missing. @return AP_EIO */
ap_status cli_arrays_open(cli_arrays *arrays, const char *folder, ap_error *err);

/* Replaces every tensor of `*value`, whose address may change. Without a folder: does nothing. */
ap_status cli_arrays_replace(cli_arrays *arrays, ap_value **value, ap_error *err);

#endif
