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

/* The value that follows `name` in the arguments, else `fallback`; without a fallback (NULL) the program
 * ends. */
const char *bench_option(int argc, char **argv, const char *name, const char *fallback);

/* The same as a number that is not negative. */
long bench_option_number(int argc, char **argv, const char *name, const char *fallback);

#endif
