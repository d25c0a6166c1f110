#include "feeds.h"

#include "common.h"

#include <stdlib.h>
#include <string.h>

static size_t parse_ids(int64_t *out, const char *line) {
    size_t n = 0;
    for (char *end = NULL;; line = end) {
        long id = strtol(line, &end, 10);
        if (end == line) return n;
        out[n++] = id;
    }
}

static bench_feed make_feed(char *const *lines, size_t n_rows) {
    bench_feed out = {.n_rows = n_rows};
    for (size_t row = 0; row < n_rows; row++) {
        int64_t *ids = bench_alloc((strlen(lines[row]) / 2 + 1) * sizeof *ids);
        size_t n = parse_ids(ids, lines[row]);
        if (n > out.n_columns) out.n_columns = n;
        free(ids);
    }
    size_t size = n_rows * out.n_columns * sizeof(int64_t);
    out.ids = bench_alloc(size);
    out.mask = bench_alloc(size);
    out.types = bench_alloc(size);
    for (size_t row = 0; row < n_rows; row++) {
        size_t n = parse_ids(out.ids + row * out.n_columns, lines[row]);
        for (size_t i = 0; i < n; i++) out.mask[row * out.n_columns + i] = 1;
    }
    return out;
}

size_t bench_feeds_read(bench_feed **out, const char *path, size_t batch_size) {
    bench_lines lines;
    size_t n = 0;
    if (batch_size == 0) bench_die("--batch must not be 0");
    bench_read_lines(&lines, path);
    *out = bench_alloc((lines.n_lines / batch_size + 1) * sizeof **out);
    for (size_t i = 0; i < lines.n_lines; i += batch_size)
        (*out)[n++] =
            make_feed(lines.line + i, lines.n_lines - i < batch_size ? lines.n_lines - i : batch_size);
    return n;
}

int64_t *bench_feed_input(const bench_feed *feed, const char *name) {
    if (strcmp(name, "input_ids") == 0) return feed->ids;
    if (strcmp(name, "attention_mask") == 0) return feed->mask;
    if (strcmp(name, "token_type_ids") == 0) return feed->types;
    bench_die("the model has an input %s, which is not fed", name);
}
