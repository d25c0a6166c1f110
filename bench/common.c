#include "common.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_CALLS_PER_TURN 1000000L

void bench_die(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

void *bench_alloc(size_t size_bytes) {
    void *ptr = calloc(1, size_bytes ? size_bytes : 1);
    if (!ptr) bench_die("out of memory (%zu bytes)", size_bytes);
    return ptr;
}

static double seconds(clockid_t clock) {
    struct timespec t;
    if (clock_gettime(clock, &t) != 0) bench_die("clock_gettime: %s", strerror(errno));
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double bench_wall_s(void) { return seconds(CLOCK_MONOTONIC); }

double bench_cpu_s(void) { return seconds(CLOCK_PROCESS_CPUTIME_ID); }

/* The whole file, NUL-terminated. */
static char *read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) bench_die("%s: %s", path, strerror(errno));
    size_t len = 0, capacity = 1 << 16;
    char *text = bench_alloc(capacity);
    for (size_t n; (n = fread(text + len, 1, capacity - len - 1, file)) > 0;) {
        len += n;
        if (len + 1 < capacity) continue;
        capacity *= 2;
        text = realloc(text, capacity);
        if (!text) bench_die("out of memory (%zu bytes)", capacity);
    }
    if (ferror(file)) bench_die("%s: read error", path);
    fclose(file);
    text[len] = '\0';
    return text;
}

void bench_read_lines(bench_lines *out, const char *path) {
    char *text = read_file(path);
    size_t n_max = 1;
    for (const char *p = text; *p; p++) n_max += *p == '\n';
    out->line = bench_alloc(n_max * sizeof *out->line);
    out->n_lines = 0;
    for (char *save = NULL, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        out->line[out->n_lines++] = line;
    if (out->n_lines == 0) bench_die("%s: no lines", path);
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t n) {
    qsort(values, n, sizeof *values, compare_doubles);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static long parse_number(const char *text, const char *what) {
    char *end = NULL;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno || end == text || (*end && *end != '\n') || number < 0)
        bench_die("%s: not a number: %s", what, text);
    return number;
}

static void serve_turn(bench_call_fn call, void *ctx, size_t n_calls) {
    double *wall = bench_alloc(n_calls * sizeof *wall);
    double cpu_before = bench_cpu_s();
    for (size_t i = 0; i < n_calls; i++) {
        double before = bench_wall_s();
        call(ctx);
        wall[i] = bench_wall_s() - before;
    }
    double cpu = (bench_cpu_s() - cpu_before) / (double)n_calls;
    printf("{\"n\": %zu, \"wall_s\": %.9f, \"cpu_s\": %.9f}\n", n_calls, median(wall, n_calls), cpu);
    fflush(stdout);
    free(wall);
}

void bench_serve_turns(bench_call_fn call, void *ctx) {
    char line[64];
    puts("{\"ready\": true}");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        long n_calls = parse_number(line, "standard input");
        if (n_calls < 1 || n_calls > MAX_CALLS_PER_TURN) bench_die("standard input: %ld calls", n_calls);
        serve_turn(call, ctx, (size_t)n_calls);
    }
}

/* -- options ------------------------------------------------------------------------------------------- */

/* Of the program. */
static struct {
    int argc;
    char **argv;
    const bench_row *rows;
} options;

static const bench_row *find_row(const char *name) {
    const bench_row *row = options.rows;
    while (row->name && strcmp(row->name, name) != 0) row++;
    return row->name ? row : NULL;
}

/* NULL: it was not given. */
static const char *find_value(const char *name) {
    for (int i = 1; i + 1 < options.argc; i += 2)
        if (strcmp(options.argv[i], name) == 0) return options.argv[i + 1];
    return NULL;
}

static void print_usage(const char *program) {
    const char *slash = strrchr(program, '/');
    printf("usage: %s OPTIONS\n", slash ? slash + 1 : program);
    for (const bench_row *row = options.rows; row->name; row++) {
        int n = printf("  %s %s", row->name, row->value);
        if (!row->fallback || *row->fallback)
            printf("%*s%s", n < 40 ? 40 - n : 1, "", row->fallback ? row->fallback : "(needed)");
        putchar('\n');
    }
}

void bench_options(int argc, char **argv, const bench_row *rows) {
    options.argc = argc;
    options.argv = argv;
    options.rows = rows;
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--help") == 0) {
            print_usage(argv[0]);
            exit(0);
        }
        if (!find_row(argv[i])) bench_die("%s is no option; --help lists them", argv[i]);
        if (i + 1 == argc) bench_die("%s needs a value", argv[i]);
    }
    for (const bench_row *row = rows; row->name; row++)
        if (!row->fallback && !find_value(row->name)) bench_die("%s %s is needed", row->name, row->value);
}

const char *bench_option(const char *name) {
    const bench_row *row = find_row(name);
    if (!row) bench_die("%s is not in the program's table of options", name);
    const char *value = find_value(name);
    return value ? value : row->fallback;
}

long bench_option_number(const char *name) { return parse_number(bench_option(name), name); }
