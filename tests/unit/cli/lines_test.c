/* Lines from a pipe that is fed in pieces. */
#include "lines.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct feed {
    int fd;
    const char *text;
    size_t len, piece;
} feed;

static void *write_pieces(void *ctx) {
    feed *f = ctx;
    for (size_t i = 0; i < f->len; i += f->piece) {
        size_t n = f->len - i < f->piece ? f->len - i : f->piece;
        if (write(f->fd, f->text + i, n) != (ssize_t)n) break;
    }
    close(f->fd);
    return NULL;
}

typedef struct reading {
    pthread_t writer;
    feed feed;
    int fd;
    cli_lines lines;
} reading;

static void begin(reading *r, const char *text, size_t len, size_t piece, size_t max_len) {
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    r->fd = fds[0];
    r->feed = (feed){fds[1], text, len, piece};
    assert_int_equal(pthread_create(&r->writer, NULL, write_pieces, &r->feed), 0);
    cli_lines_init(&r->lines, fds[0], -1, max_len);
}

static void end(reading *r) {
    pthread_join(r->writer, NULL);
    cli_lines_clear(&r->lines);
    close(r->fd);
}

/* `expected` is NULL at the end. */
static void expect_line(reading *r, const char *expected) {
    ap_error err = AP_ERROR_INIT;
    const char *line;
    size_t len;
    assert_int_equal(cli_lines_next(&line, &len, &r->lines, &err), AP_OK);
    if (!expected) {
        assert_null(line);
        return;
    }
    assert_non_null(line);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(line, expected, len);
}

void test_pieces_make_no_difference(void **state) {
    static const char text[] = "one\n\nthree\r\nfour \r \n\rfive\nlast";
    (void)state;
    for (size_t piece = 1; piece < sizeof text; piece++) {
        reading r;
        begin(&r, text, sizeof text - 1, piece, 100);
        expect_line(&r, "one");
        expect_line(&r, "");
        expect_line(&r, "three");
        expect_line(&r, "four \r ");
        expect_line(&r, "\rfive");
        expect_line(&r, "last");
        expect_line(&r, NULL);
        expect_line(&r, NULL);
        end(&r);
    }
}

void test_no_line(void **state) {
    reading r;
    (void)state;
    begin(&r, "", 0, 1, 100);
    expect_line(&r, NULL);
    end(&r);
}

void test_long_lines_are_skipped(void **state) {
    static const char text[] = "123456789\n12345678\n123456789012345678901234567890\nx\n123456789";
    (void)state;
    for (size_t piece = 1; piece < sizeof text; piece += 3) {
        reading r;
        ap_error err = AP_ERROR_INIT;
        const char *line;
        size_t len;
        begin(&r, text, sizeof text - 1, piece, 8);
        assert_int_equal(cli_lines_next(&line, &len, &r.lines, &err), AP_ELIMIT);
        assert_null(line);
        assert_string_equal(err.message, "the line is longer than the limit of 8 bytes");
        expect_line(&r, "12345678");
        assert_int_equal(cli_lines_next(&line, &len, &r.lines, &err), AP_ELIMIT);
        expect_line(&r, "x");
        assert_int_equal(cli_lines_next(&line, &len, &r.lines, &err), AP_ELIMIT);
        expect_line(&r, NULL);
        end(&r);
    }
}

/* Longer than the buffer, and after other lines, so that what is there has to move. */
void test_large_line(void **state) {
    enum { LARGE = 300000 };
    char *text = malloc(LARGE + 3), *large = malloc(LARGE + 1);
    reading r;
    (void)state;
    assert_true(text && large);
    memset(large, 'x', LARGE);
    large[LARGE] = '\0';
    memcpy(text, "a\n", 2);
    memcpy(text + 2, large, LARGE);
    text[LARGE + 2] = '\n';
    begin(&r, text, LARGE + 3, 4096, LARGE);
    expect_line(&r, "a");
    expect_line(&r, large);
    expect_line(&r, NULL);
    end(&r);
    free(text);
    free(large);
}

void test_stop_ends_a_wait(void **state) {
    int input[2], stop[2];
    cli_lines lines;
    ap_error err = AP_ERROR_INIT;
    const char *line;
    size_t len;
    (void)state;
    assert_int_equal(pipe(input), 0);
    assert_int_equal(pipe(stop), 0);
    assert_int_equal(write(input[1], "one\ntwo", 7), 7);
    cli_lines_init(&lines, input[0], stop[0], 100);
    assert_int_equal(cli_lines_next(&line, &len, &lines, &err), AP_OK);
    assert_int_equal(len, 3);
    assert_int_equal(write(stop[1], "", 1), 1);
    /* What there is of the next line is none, and the writer is not waited for. */
    assert_int_equal(cli_lines_next(&line, &len, &lines, &err), AP_OK);
    assert_null(line);
    assert_int_equal(lines.read_errno, 0);
    cli_lines_clear(&lines);
    for (int i = 0; i < 2; i++) {
        close(input[i]);
        close(stop[i]);
    }
}

void test_read_that_fails(void **state) {
    cli_lines lines;
    ap_error err = AP_ERROR_INIT;
    const char *line;
    size_t len;
    int fds[2];
    (void)state;
    assert_int_equal(pipe(fds), 0);
    cli_lines_init(&lines, fds[1], -1, 100); /* The end that cannot be read. */
    close(fds[0]);
    assert_int_equal(cli_lines_next(&line, &len, &lines, &err), AP_OK);
    assert_null(line);
    assert_int_not_equal(lines.read_errno, 0);
    cli_lines_clear(&lines);
    close(fds[1]);
}

/* A line is ready once its end has been read along with the line before it. */
void test_whether_the_next_line_is_there(void **state) {
    (void)state;
    reading r;
    begin(&r, "a\nb\nc", 5, 5, 100);
    assert_false(cli_lines_is_ready(&r.lines));
    expect_line(&r, "a");
    assert_true(cli_lines_is_ready(&r.lines));
    expect_line(&r, "b");
    assert_false(cli_lines_is_ready(&r.lines)); /* Its end is not known yet. */
    expect_line(&r, "c");
    expect_line(&r, NULL);
    ap_error err = AP_ERROR_INIT;
    assert_int_equal(cli_lines_check(&r.lines, &err), AP_OK);
    end(&r);
}

void test_a_read_that_fails(void **state) {
    (void)state;
    cli_lines lines;
    ap_error err = AP_ERROR_INIT;
    const char *line;
    size_t len;
    int folder = open("/", O_RDONLY); /* Reading a folder fails. */
    assert_true(folder >= 0);
    cli_lines_init(&lines, folder, -1, 100);
    assert_int_equal(cli_lines_next(&line, &len, &lines, &err), AP_OK);
    assert_null(line);
    assert_int_equal(cli_lines_check(&lines, &err), AP_EIO);
    assert_non_null(strstr(err.message, "standard input: cannot read: "));
    cli_lines_clear(&lines);
    close(folder);
}
