/* The options of the measuring programs. The source itself is included: they are no library. */
#include "../../../bench/common.c"

#include "unit/support/check.h"

#include <sys/wait.h>
#include <unistd.h>

static const bench_row ROWS[] = {
    {"--text", "FILE", NULL}, {"--rows", "N", "8"}, {"--model", "DIR", ""}, {NULL, NULL, NULL}};

/* Arguments behind the program's name, NULL at the end. */
static int count(char **argv) {
    int n = 0;
    while (argv[n]) n++;
    return n;
}

/* What a program prints that reads these, and how it ends: its status goes in front. */
static const char *output_of(char **argv) {
    static char text[1024];
    int ends[2], status = 0;
    fflush(NULL);
    assert_int_equal(0, pipe(ends));
    pid_t child = fork();
    if (!child) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        bench_options(count(argv), argv, ROWS);
        fflush(NULL);
        _exit(7);
    }
    assert_true(child > 0);
    close(ends[1]);
    size_t len = 0;
    for (ssize_t n; (n = read(ends[0], text + 2 + len, sizeof text - 3 - len)) > 0;) len += (size_t)n;
    close(ends[0]);
    assert_int_equal(child, waitpid(child, &status, 0));
    text[0] = WIFEXITED(status) ? (char)('0' + WEXITSTATUS(status)) : '-';
    text[1] = ' ';
    text[2 + len] = '\0';
    return text;
}

#define OUTPUT_OF(...) output_of((char *[]){"build/bench_x", __VA_ARGS__, NULL})

void test_values_are_those_given_or_of_the_table(void **state) {
    (void)state;
    char *argv[] = {"bench_x", "--text", "--rows", "--model", "m"};
    bench_options(5, argv, ROWS);
    assert_string_equal("--rows", bench_option("--text"));
    assert_string_equal("m", bench_option("--model"));
    assert_int_equal(8, bench_option_number("--rows"));
}

void test_help_prints_the_table(void **state) {
    (void)state;
    const char *text = "0 usage: bench_x OPTIONS\n"
                       "  --text FILE                           (needed)\n"
                       "  --rows N                              8\n"
                       "  --model DIR\n";
    assert_string_equal(text, OUTPUT_OF("--help"));
    assert_string_equal(text, OUTPUT_OF("--rows", "2", "--help"));
}

void test_what_is_wrong_ends_the_program(void **state) {
    (void)state;
    assert_string_equal("7 ", OUTPUT_OF("--text", "f"));
    assert_string_equal("1 bench: --row is no option; --help lists them\n",
                        OUTPUT_OF("--text", "f", "--row", "1"));
    assert_string_equal("1 bench: f is no option; --help lists them\n", OUTPUT_OF("f"));
    assert_string_equal("1 bench: --rows needs a value\n", OUTPUT_OF("--text", "f", "--rows"));
    assert_string_equal("1 bench: --text FILE is needed\n", OUTPUT_OF("--rows", "1"));
}
