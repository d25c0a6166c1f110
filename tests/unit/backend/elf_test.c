#define _GNU_SOURCE /* ElfW */
#include "backend/elf.h"

#include "unit/support/check.h"
#include "unit/support/tempdir.h"

#include "base/file.h"

#include <link.h>
#include <string.h>

static ap_error err;
static ap__path folder;
static ap__bytes plugin;

int group_setup(void **state) {
    (void)state;
    tempdir_create(&folder);
    return ap__file_read(&plugin, AP_TEST_PLUGIN_DIR "/accelpipe_replay.so", (size_t)1 << 30, &err) != AP_OK;
}

int group_teardown(void **state) {
    (void)state;
    ap__bytes_clear(&plugin);
    tempdir_remove(&folder);
    return 0;
}

static ap_status check(const char *path) {
    err = (ap_error)AP_ERROR_INIT;
    return ap__elf_check(path, &err);
}

void test_accepts_a_library(void **state) {
    (void)state;
    assert_ok(check(AP_TEST_PLUGIN_DIR "/accelpipe_replay.so"), &err);
}

void test_refuses_a_text(void **state) {
    (void)state;
    ap__path path = tempdir_write_text(&folder, "text.so",
                                       "not a library, and long enough to hold a header of one, "
                                       "which has sixty-four bytes\n");
    assert_fails(check(path.text), AP_EFORMAT, &err, "not a shared library");
    assert_says(&err, "text.so");
}

void test_refuses_an_empty_file_a_folder_and_nothing(void **state) {
    (void)state;
    ap__path path = tempdir_write_text(&folder, "empty.so", "");
    assert_fails(check(path.text), AP_EFORMAT, &err, "not a shared library");
    assert_fails(check(folder.text), AP_EFORMAT, &err, "not a regular file");
    assert_fails(check("/no/such/library.so"), AP_ENOTFOUND, &err, "No such file");
}

/* Where the last segment ends; what is behind (sections for debuggers) is not loaded. */
static size_t loaded_bytes(void) {
    ElfW(Ehdr) header;
    ElfW(Phdr) segment;
    size_t end = 0;
    memcpy(&header, plugin.ptr, sizeof header);
    for (size_t i = 0; i < header.e_phnum; i++) {
        memcpy(&segment, plugin.ptr + header.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type == PT_LOAD && segment.p_offset + segment.p_filesz > end)
            end = segment.p_offset + segment.p_filesz;
    }
    return end;
}

void test_refuses_every_cut(void **state) {
    (void)state;
    size_t end = loaded_bytes();
    assert_true(end > 1024 && end <= plugin.len);
    for (size_t len = 0; len < end; len += len < 1024 ? 8 : 256) {
        ap__path path = tempdir_write(&folder, "cut.so", plugin.ptr, len);
        assert_int_equal(AP_EFORMAT, check(path.text));
    }
}

void test_refuses_other_machines(void **state) {
    (void)state;
    char header[64];
    memcpy(header, plugin.ptr, sizeof header);
    header[4] = header[4] == 1 ? 2 : 1; /* EI_CLASS: 32 or 64 bits. */
    ap__path path = tempdir_write(&folder, "other.so", header, sizeof header);
    assert_fails(check(path.text), AP_EFORMAT, &err, "not a shared library of this machine");
}
