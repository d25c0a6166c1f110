#include "unit/tokenizer/convert/folders.h"

#include "base/hash.h"
#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/tokenizer/golden.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char data_folder[512];

/* AP_TEST_FOLDERS: another folder that the same script wrote, for comparing many more than the repository
 * has. */
static void choose_data(const char *data) {
    const char *other = getenv("AP_TEST_FOLDERS");
    if (other)
        snprintf(data_folder, sizeof data_folder, "%s", other);
    else
        snprintf(data_folder, sizeof data_folder, "%s/%s", AP_TEST_DATA_DIR, data);
}

yyjson_doc **folders_read(size_t *n, const char *data) {
    size_t len, capacity = 0;
    char path[1024];
    choose_data(data);
    snprintf(path, sizeof path, "%s/cases.jsonl", data_folder);
    char *text = golden_read(path, &len);
    assert_non_null(text);
    for (size_t i = 0; i < len; i++) capacity += text[i] == '\n';
    yyjson_doc **cases = calloc(capacity + 1, sizeof *cases);
    assert_non_null(cases);
    *n = 0;
    for (char *line = text; *line;) {
        char *end = strchr(line, '\n');
        assert_non_null(end);
        cases[*n] = yyjson_read(line, (size_t)(end - line), YYJSON_READ_ALLOW_INF_AND_NAN);
        assert_non_null(cases[(*n)++]);
        line = end + 1;
    }
    free(text);
    return cases;
}

void folders_free(yyjson_doc **cases, size_t n) {
    for (size_t i = 0; i < n; i++) yyjson_doc_free(cases[i]);
    free(cases);
}

void folders_make(ap__path *folder, yyjson_val *files) {
    yyjson_val *key, *value;
    size_t i, max, len;
    char path[1024];
    tempdir_create(folder);
    yyjson_obj_foreach(files, i, max, key, value) {
        char *text;
        if (yyjson_is_str(value) && !strncmp(yyjson_get_str(value), "text:", 5)) {
            text = strdup(yyjson_get_str(value) + 5);
            assert_non_null(text);
            len = strlen(text);
        } else if (yyjson_is_str(value)) {
            snprintf(path, sizeof path, "%s/files/%s", data_folder, yyjson_get_str(value));
            text = golden_read(path, &len);
        } else {
            text = yyjson_val_write(value, YYJSON_WRITE_ALLOW_INF_AND_NAN, &len);
        }
        assert_non_null(text);
        tempdir_write(folder, yyjson_get_str(key), text, len);
        free(text);
    }
}

/* -- comparing ----------------------------------------------------------------------------------------- */

static int differ(char *place, size_t size, const char *key, const char *what) {
    char inner[512];
    snprintf(inner, sizeof inner, "%s", place);
    snprintf(place, size, "%s%s%s", key, inner[0] ? "." : what, inner);
    return 0;
}

static int is_empty(yyjson_val *value) {
    return !value || yyjson_is_null(value) || (yyjson_is_arr(value) && !yyjson_arr_size(value));
}

/* "LENGTH:DIGEST" stands for a long text. */
static int is_digest_of(const char *expected, yyjson_val *found) {
    char text[64];
    uint64_t digest = ap__digest(AP__DIGEST_START, yyjson_get_str(found), yyjson_get_len(found));
    snprintf(text, sizeof text, "%zu:%016" PRIx64, yyjson_get_len(found), digest);
    return !strcmp(text, expected);
}

static int equal_objects(yyjson_val *expected, yyjson_val *found, char *place, size_t size) {
    yyjson_val *key, *value;
    size_t i, max;
    yyjson_obj_foreach(expected, i, max, key, value) {
        yyjson_val *other = yyjson_obj_getn(found, yyjson_get_str(key), yyjson_get_len(key));
        if (yyjson_equals_str(key, "precompiled_charsmap") && yyjson_is_str(other)) {
            if (!is_digest_of(yyjson_get_str(value), other))
                return differ(place, size, "charsmap", " differs");
            continue;
        }
        if (!folders_equal(value, other, place, size)) return differ(place, size, yyjson_get_str(key), "");
    }
    yyjson_obj_foreach(found, i, max, key, value) {
        if (!is_empty(value) && !yyjson_obj_getn(expected, yyjson_get_str(key), yyjson_get_len(key)))
            return differ(place, size, yyjson_get_str(key), " is too much");
    }
    return 1;
}

static int equal_lists(yyjson_val *expected, yyjson_val *found, char *place, size_t size) {
    size_t n = yyjson_arr_size(expected);
    char key[32];
    if (n != yyjson_arr_size(found)) {
        snprintf(key, sizeof key, "[%zu for %zu]", yyjson_arr_size(found), n);
        return differ(place, size, key, "");
    }
    yyjson_val *a = yyjson_arr_get_first(expected), *b = yyjson_arr_get_first(found);
    for (size_t i = 0; i < n; i++, a = unsafe_yyjson_get_next(a), b = unsafe_yyjson_get_next(b)) {
        if (folders_equal(a, b, place, size)) continue;
        snprintf(key, sizeof key, "[%zu]", i);
        return differ(place, size, key, "");
    }
    return 1;
}

int folders_equal(yyjson_val *expected, yyjson_val *found, char *place, size_t size) {
    if (is_empty(expected) && is_empty(found)) return 1;
    if (yyjson_is_obj(expected) && yyjson_is_obj(found)) return equal_objects(expected, found, place, size);
    if (yyjson_is_arr(expected) && yyjson_is_arr(found)) return equal_lists(expected, found, place, size);
    if (yyjson_is_num(expected) && yyjson_is_num(found) && yyjson_get_num(expected) == yyjson_get_num(found))
        return 1;
    if (yyjson_is_num(expected) || !found || !yyjson_equals(expected, found))
        return differ(place, size, yyjson_is_str(found) ? yyjson_get_str(found) : "", " differs");
    return 1;
}
