/*
 * What the measuring programs share: clocks, files, and the turns in which they are made to run.
 *
 * Two programs that are compared stay loaded side by side, and a script gives each a turn after the other, so
 * that both see the same minutes of a noisy machine. A turn is one line on standard input, the number of
 * calls to make; the answer is one JSON line on standard output. The end of standard input ends the program.
 */
#ifndef ACCELPIPE_BENCH_COMMON_H
#define ACCELPIPE_BENCH_COMMON_H

#include <stddef.h>

/* Prints "program: message" on standard error and exits with status 1. */
void bench_die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* malloc() and calloc() that end the program when there is no memory. */
void *bench_alloc(size_t size_bytes);

double bench_wall_s(void);

/* CPU time of all threads of this process. */
double bench_cpu_s(void);

/* The lines of a text file, without their newlines and without empty ones. Never freed. */
typedef struct bench_lines {
    char **line;
    size_t n_lines;
} bench_lines;

void bench_read_lines(bench_lines *out, const char *path);

/* One call of what is measured. */
typedef void (*bench_call_fn)(void *ctx);

/* Says {"ready": true}, then serves turns until standard input ends. The answer to "N":
 * {"n": N, "wall_s": median time of a call, "cpu_s": mean CPU time of a call}. */
void bench_serve_turns(bench_call_fn call, void *ctx);

/* An option of a program; each takes a value. */
typedef struct bench_row {
    const char *name, *value; /* "--text" and "FILE"; NULL ends a table. */
    const char *fallback;     /* NULL: the option is needed; "": it may be missing. */
} bench_row;

/* Reads the arguments by the program's table, before anything else: --help prints the table and ends the
 * program, and so does an option that is not in it, has no value, or is missing. */
void bench_options(int argc, char **argv, const bench_row *rows);

/* The value that was given, else the fallback. */
const char *bench_option(const char *name);

/* The same as a number that is not negative. */
long bench_option_number(const char *name);

#endif
