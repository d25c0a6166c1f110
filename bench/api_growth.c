/*
 * Memory over many calls: texts of random lengths in lists of random sizes, through the C API.
 *
 * A call has 1 to --rows texts of 1 to --tokens tokens each, all in one batch. Prints a JSON line with the
 * resident set after --warm calls, at every tenth of the rest, and after --calls.
 */
#include "api.h"
#include "common.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { N_SPECIAL = 2, N_POINTS = 10 }; /* [CLS] and [SEP]. */

static const char word[] = "a "; /* One token of its own in every vocabulary. */

typedef struct bench {
    ap_pipeline *pipe;
    size_t max_tokens, max_rows;
    char *text;    /* max_tokens words. */
    uint64_t seed; /* Of the random numbers: xorshift64. */
} bench;

static size_t random_below(bench *b, size_t n) {
    b->seed ^= b->seed << 13;
    b->seed ^= b->seed >> 7;
    b->seed ^= b->seed << 17;
    return (size_t)((b->seed >> 11) % n);
}

static long resident_kb(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file || fscanf(file, "%*s %ld", &pages) != 1) bench_die("/proc/self/statm cannot be read");
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static ap_value *create_texts(bench *b, size_t n_rows) {
    ap_error err = AP_ERROR_INIT;
    ap_value *texts = NULL, *text = NULL;
    bench_check(ap_value_create_list(&texts, &err), &err);
    for (size_t i = 0; i < n_rows; i++) {
        size_t n_tokens = random_below(b, b->max_tokens) + 1,
               n_words = n_tokens > N_SPECIAL ? n_tokens - N_SPECIAL : 0;
        bench_check(ap_value_create_string(&text, b->text, n_words * strlen(word), &err), &err);
        bench_check(ap_value_list_append_take(texts, text, &err), &err);
    }
    return texts;
}

static void call(bench *b) {
    char json[64];
    ap_error err = AP_ERROR_INIT;
    ap_value *result = NULL, *params = NULL;
    size_t n_rows = random_below(b, b->max_rows) + 1;
    ap_value *texts = create_texts(b, n_rows);
    snprintf(json, sizeof json, "{\"batch_size\": %zu}", n_rows);
    bench_check(ap_value_from_json(&params, json, AP_NUL_TERMINATED, &err), &err);
    bench_check(ap_pipeline_call(&result, b->pipe, texts, params, &err), &err);
    ap_value_destroy(result);
    ap_value_destroy(params);
    ap_value_destroy(texts);
}

static const bench_row OPTIONS[] = {
    {"--calls", "N", "100000"}, {"--warm", "N", "5000"}, {"--tokens", "N", "512"},
    {"--rows", "N", "8"},       BENCH_PIPELINE_OPTIONS,  {NULL, NULL, NULL},
};

int main(int argc, char **argv) {
    bench_options(argc, argv, OPTIONS);
    bench b = {.pipe = bench_create_pipeline(), .seed = 88172645463325252u};
    size_t n_calls = (size_t)bench_option_number("--calls"), n_warm = (size_t)bench_option_number("--warm");
    b.max_tokens = (size_t)bench_option_number("--tokens");
    b.max_rows = (size_t)bench_option_number("--rows");
    if (!b.max_tokens || !b.max_rows || n_calls <= n_warm)
        bench_die("--tokens, --rows or --calls is too small");
    b.text = bench_alloc(b.max_tokens * strlen(word) + 1);
    for (size_t i = 0; i < b.max_tokens; i++) memcpy(b.text + i * strlen(word), word, sizeof word);
    size_t step = (n_calls - n_warm + N_POINTS - 1) / N_POINTS;
    for (size_t i = 1; i <= n_calls; i++) {
        call(&b);
        if (i != n_calls && (i < n_warm || (i - n_warm) % step)) continue;
        printf("{\"calls\": %zu, \"rss_kb\": %ld}\n", i, resident_kb());
        fflush(stdout);
    }
    ap_pipeline_destroy(b.pipe);
    return 0;
}
