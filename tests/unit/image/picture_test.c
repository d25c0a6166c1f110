/* Files that are pictures, and files that are not. */
#include "image/picture.h"

#include "unit/support/check.h"
#include "unit/support/tempdir.h"

#include <string.h>

static ap_status check_of(const char *bytes, size_t len, ap_error *err) {
    return ap__picture_check_bytes(bytes, len, "x", err);
}

#define PNG "\x89PNG\r\n\x1A\n"
#define HEADER "\0\0\0\x02IHDRab1234"
#define END "\0\0\0\0IEND1234"

static void expect_fine(const char *bytes, size_t len) {
    ap_error err = AP_ERROR_INIT;
    assert_ok(check_of(bytes, len, &err), &err);
}

static void expect_failure(const char *bytes, size_t len, const char *message) {
    ap_error err = AP_ERROR_INIT;
    assert_fails(check_of(bytes, len, &err), AP_EIO, &err, message);
}

void test_png(void **state) {
    (void)state;
    static const char whole[] = PNG HEADER END;
    expect_fine(whole, sizeof whole - 1);
    for (size_t len = 8; len < sizeof whole - 1; len++)
        expect_failure(whole, len, "x is a PNG file that is cut short");
    static const char huge[] = PNG "\xFF\xFF\xFF\xFFIHDRab";
    expect_failure(huge, sizeof huge - 1, "cut short");
}

void test_jpeg(void **state) {
    (void)state;
    expect_fine("\xFF\xD8\xFF\xE0__\xFF\xD9", 8);
    expect_fine("\xFF\xD8\xFF\xE0__\xFF\xD9more", 12);
    expect_failure("\xFF\xD8\xFF\xE0____", 8, "x is a JPEG file that is cut short");
    expect_failure("\xFF\xD8\xFF", 3, "cut short");
}

void test_others(void **state) {
    (void)state;
    expect_fine("GIF89a", 6);
    expect_fine("RIFF\1\0\0\0WEBP", 12);
    expect_fine("II*\0", 4);
    expect_failure("", 0, "x is not a picture of a known format");
    expect_failure("text", 4, "not a picture");
    expect_failure("RIFF\1\0\0\0WAVE", 12, "not a picture");
}

void test_files(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT, other = AP_ERROR_INIT;
    ap__path folder;
    tempdir_create(&folder);
    ap__path gif = tempdir_write(&folder, "a.gif", "GIF89a", 6),
             empty = tempdir_write(&folder, "empty", "", 0);
    assert_ok(ap__picture_check(gif.text, &err), &err);
    assert_fails(ap__picture_check(empty.text, &err), AP_EIO, &err, "not a picture");
    assert_fails(ap__picture_check(AP_TEST_DATA_DIR "/no/such.png", &other), AP_ENOTFOUND, &other,
                 "no/such.png");
    tempdir_remove(&folder);
}
