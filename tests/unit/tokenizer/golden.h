/* Runs golden cases of a tokenizer: the format is that of tests/data/tokenizers/README.md. */
#ifndef AP_TESTS_TOKENIZER_GOLDEN_H
#define AP_TESTS_TOKENIZER_GOLDEN_H

#include <accelpipe/status.h>
#include <stddef.h>

typedef struct golden_report {
    size_t n_cases, n_passed;
    ap_status load_status;    /* Of the tokenizer itself; the cases are not run when it failed. */
    char first_failure[1024]; /* "" when there is none. */
} golden_report;

/* The folder has texts/inputs.jsonl, goldens/NAME.jsonl and NAME/tokenizer.json or tokenizer.json.gz.
 * Returns 0, or -1 when a file of the test itself cannot be read. */
int golden_run(golden_report *out, const char *folder, const char *name);

/* Reads a file, a gzipped one when there is only FILE.gz. Owned by the caller: free(). NULL when there is
 * none. */
char *golden_read(const char *path, size_t *len);

#endif
