#include "base/log.h"

#include "unit/support/check.h"

#include <pthread.h>
#include <string.h>

typedef struct seen {
    int n;
    ap_log_level level;
    char line[2048];
} seen;

static void keep(ap_log_level level, const char *line, void *ctx) {
    seen *s = ctx;
    s->n++; /* Not atomic on purpose: lines come one at a time. */
    s->level = level;
    strcpy(s->line, line);
}

int test_teardown(void **state) {
    (void)state;
    ap_log_set(NULL, AP_LOG_DEBUG, NULL);
    return 0;
}

void test_off_by_default(void **state) {
    (void)state;
    assert_false(ap__log_enabled(AP_LOG_ERROR));
    ap__log(AP_LOG_ERROR, "nobody listens");
}

void test_levels(void **state) {
    (void)state;
    seen s = {0};
    ap_log_set(keep, AP_LOG_WARNING, &s);
    assert_true(ap__log_enabled(AP_LOG_ERROR));
    assert_true(ap__log_enabled(AP_LOG_WARNING));
    assert_false(ap__log_enabled(AP_LOG_INFO));
    ap__log(AP_LOG_INFO, "model: chosen: no");
    assert_int_equal(0, s.n);
    ap__log(AP_LOG_WARNING, "model: %s: %d", "chosen", 3);
    assert_int_equal(1, s.n);
    assert_int_equal(AP_LOG_WARNING, s.level);
    assert_string_equal("model: chosen: 3", s.line);
    ap_log_set(NULL, AP_LOG_DEBUG, &s);
    assert_false(ap__log_enabled(AP_LOG_ERROR));
    ap__log(AP_LOG_ERROR, "off again");
    assert_int_equal(1, s.n);
}

void test_lines_are_single_and_bounded(void **state) {
    (void)state;
    seen s = {0};
    char text[5000];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    ap_log_set(keep, AP_LOG_DEBUG, &s);
    ap__log(AP_LOG_DEBUG, "a\nb\x1b[31m");
    assert_string_equal("a b [31m", s.line);
    ap__log(AP_LOG_DEBUG, "%s", text);
    assert_in_range(strlen(s.line), 500, 2047);
}

void test_level_names(void **state) {
    (void)state;
    assert_string_equal("error", ap_log_level_name(AP_LOG_ERROR));
    assert_string_equal("warning", ap_log_level_name(AP_LOG_WARNING));
    assert_string_equal("info", ap_log_level_name(AP_LOG_INFO));
    assert_string_equal("debug", ap_log_level_name(AP_LOG_DEBUG));
    assert_string_equal("debug", ap_log_level_name((ap_log_level)77));
}

static void *log_much(void *ctx) {
    for (int i = 0; i < 1000; i++) ap__log(AP_LOG_INFO, "thread: %s: %d", (const char *)ctx, i);
    return NULL;
}

void test_threads(void **state) {
    (void)state;
    static char name[] = "line";
    seen s = {0};
    pthread_t threads[4];
    ap_log_set(keep, AP_LOG_INFO, &s);
    for (int i = 0; i < 4; i++) assert_int_equal(0, pthread_create(&threads[i], NULL, log_much, name));
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    assert_int_equal(4000, s.n);
}
