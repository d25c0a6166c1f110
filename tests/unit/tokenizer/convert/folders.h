/* The folders of tests/data/tokenizers-convert and tests/data/tokenizers-slow: see their README.md. */
#ifndef AP_TESTS_TOKENIZER_CONVERT_FOLDERS_H
#define AP_TESTS_TOKENIZER_CONVERT_FOLDERS_H

#include "base/path.h"

#include <yyjson.h>

/* Reads cases.jsonl of a data folder; each line is a document. Owned by the caller: folders_free(). Files are
 * then those of the same data folder. */
yyjson_doc **folders_read(size_t *n, const char *data);
void folders_free(yyjson_doc **cases, size_t n);

/* Makes a folder with the files of a case. Remove it with tempdir_remove(). */
void folders_make(ap__path *folder, yyjson_val *files);

/* Whether both are the same, members in any order. `place` (of `size` bytes) gets where they differ. A
 * missing member is as good as null, or as an empty list. */
int folders_equal(yyjson_val *expected, yyjson_val *found, char *place, size_t size);

#endif
