/* cmocka with the headers that it needs, and assertions on statuses and messages. */
#ifndef AP_TESTS_UNIT_SUPPORT_CHECK_H
#define AP_TESTS_UNIT_SUPPORT_CHECK_H

#include <accelpipe/status.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Success; otherwise the test fails with the message. */
#define assert_ok(status, err) check_ok((status), (err), __FILE__, __LINE__)

/* Failure with that code, in the return value and in `err`, and a message that is one line of UTF-8 and holds
 * `text`. assert_says() asks for a further piece of it. */
#define assert_fails(status, expected, err, text)                                                            \
    check_fails((status), (expected), (err), (text), __FILE__, __LINE__)
#define assert_says(err, text) check_says((err), (text), __FILE__, __LINE__)

void check_ok(ap_status status, const ap_error *err, const char *file, int line);
void check_fails(ap_status status, ap_status expected, const ap_error *err, const char *text,
                 const char *file, int line);
void check_says(const ap_error *err, const char *text, const char *file, int line);

#endif
