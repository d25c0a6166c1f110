/*
 * A tokenizer through the C API, as a program that takes turns (common.h).
 *
 * --mode encode: a call of a turn encodes every line of the text, one after the other. batch: all lines by
 * one call, on --threads threads. load: loads, encodes the first line, ends. ids: writes the ids of each line
 * and 0xFFFFFFFF behind them, as 32-bit numbers, to standard output. The programs of others do the same.
 */
#include "../common.h"

#include <accelpipe/tokenizer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct bench {
    ap_tokenizer *tokenizer;
    ap_encode_options options;
    ap_text *texts;
    ap_encode_input *inputs;
    size_t n;
} bench;

static void check(ap_status status, const ap_error *err) {
    if (status) bench_die("%s: %s", ap_status_name(status), err->message);
}

static ap_encoding *encode(const bench *b, size_t i) {
    ap_error err = AP_ERROR_INIT;
    ap_encoding *encoding = NULL;
    check(ap_tokenizer_encode_input(&encoding, b->tokenizer, &b->inputs[i], &b->options, &err), &err);
    return encoding;
}

static void encode_lines(void *ctx) {
    const bench *b = ctx;
    size_t n_tokens = 0;
    for (size_t i = 0; i < b->n; i++) {
        ap_encoding *encoding = encode(b, i);
        n_tokens += ap_encoding_get_n(encoding);
        ap_encoding_destroy(encoding);
    }
    if (!n_tokens) bench_die("no tokens");
}

static void encode_batch(void *ctx) {
    const bench *b = ctx;
    ap_error err = AP_ERROR_INIT;
    ap_encodings *encodings = NULL;
    check(ap_tokenizer_encode_batch(&encodings, b->tokenizer, b->inputs, b->n, &b->options, &err), &err);
    if (ap_encodings_get_n(encodings) != b->n) bench_die("encodings are missing");
    ap_encodings_destroy(encodings);
}

static void write_ids(const bench *b) {
    static const uint32_t end = UINT32_MAX;
    for (size_t i = 0; i < b->n; i++) {
        size_t n;
        ap_encoding *encoding = encode(b, i);
        const uint32_t *ids = ap_encoding_get_ids(encoding, &n);
        fwrite(ids, sizeof *ids, n, stdout);
        fwrite(&end, sizeof end, 1, stdout);
        ap_encoding_destroy(encoding);
    }
    if (fflush(stdout)) bench_die("standard output: cannot write");
}

static void prepare(bench *b) {
    ap_error err = AP_ERROR_INIT;
    bench_lines lines;
    check(ap_tokenizer_create(&b->tokenizer, bench_option("--tokenizer"), &err), &err);
    bench_read_lines(&lines, bench_option("--text"));
    b->n = lines.n_lines;
    b->texts = bench_alloc(b->n * sizeof *b->texts);
    b->inputs = bench_alloc(b->n * sizeof *b->inputs);
    for (size_t i = 0; i < b->n; i++) {
        b->texts[i] = (ap_text){lines.line[i], strlen(lines.line[i])};
        b->inputs[i] = (ap_encode_input){.texts = &b->texts[i], .n_texts = 1};
    }
    b->options = (ap_encode_options)AP_ENCODE_OPTIONS_INIT;
    b->options.return_tokens = b->options.return_offsets = AP_SWITCH_OFF; /* Nor do the others make them. */
    b->options.n_threads = bench_option_number("--threads");
    if (!bench_option_number("--special")) b->options.add_special_tokens = AP_SWITCH_OFF;
}

static const bench_row OPTIONS[] = {
    {"--mode", "encode|batch|load|ids", NULL},
    {"--tokenizer", "FILE", NULL},
    {"--text", "FILE", NULL},
    {"--special", "0|1", "1"},
    {"--threads", "N", "1"},
    {NULL, NULL, NULL},
};

int main(int argc, char **argv) {
    bench_options(argc, argv, OPTIONS);
    bench b = {0};
    const char *mode = bench_option("--mode");
    prepare(&b);
    if (!strcmp(mode, "encode"))
        bench_serve_turns(encode_lines, &b);
    else if (!strcmp(mode, "batch"))
        bench_serve_turns(encode_batch, &b);
    else if (!strcmp(mode, "load"))
        ap_encoding_destroy(encode(&b, 0));
    else if (!strcmp(mode, "ids"))
        write_ids(&b);
    else
        bench_die("--mode %s", mode);
    free(b.inputs);
    free(b.texts);
    ap_tokenizer_destroy(b.tokenizer);
    return 0;
}
