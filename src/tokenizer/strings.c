/* Lists of strings in an arena. */
#include "tokenizer/strings.h"

#include "base/alloc.h"
#include "base/error.h"
#include "tokenizer/ntext.h"

#include <string.h>

ap_status ap__strings_create(ap__strings *out, ap__arena *arena, size_t capacity, ap_error *err) {
    *out = (ap__strings){.arena = arena, .capacity = capacity, .err = err};
    out->ptr = ap__arena_calloc(arena, capacity, sizeof *out->ptr);
    return out->ptr ? AP_OK : ap__fail_nomem(err);
}

ap_status ap__strings_push(ap__strings *strings, const char *text, size_t len) {
    if (strings->n == strings->capacity) {
        size_t capacity;
        if (!ap__mul_size(&capacity, strings->capacity + 8, 2)) return ap__fail_nomem(strings->err);
        ap__text *ptr = ap__arena_calloc(strings->arena, capacity, sizeof *ptr);
        if (!ptr) return ap__fail_nomem(strings->err);
        if (strings->n) memcpy(ptr, strings->ptr, strings->n * sizeof *ptr);
        strings->ptr = ptr;
        strings->capacity = capacity;
    }
    strings->ptr[strings->n++] = (ap__text){text, len};
    return AP_OK;
}

ap_status ap__strings_alloc(char **out, ap__strings *strings, size_t len) {
    if (len > AP__DECODED_MAX_BYTES)
        return ap__fail(strings->err, AP_ELIMIT, "decoded text would be longer than %zu bytes",
                        AP__DECODED_MAX_BYTES);
    *out = ap__arena_alloc(strings->arena, len);
    return *out ? AP_OK : ap__fail_nomem(strings->err);
}

/* The next place of `from` in string[at..]; the length of the string when there is none. */
static size_t find(const ap__text *string, size_t at, const ap__text *from) {
    for (; at + from->len <= string->len; at++) {
        const char *lead = memchr(string->ptr + at, from->ptr[0], string->len - at - from->len + 1);
        if (!lead) break;
        at = (size_t)(lead - string->ptr);
        if (!memcmp(lead, from->ptr, from->len)) return at;
    }
    return string->len;
}

/* What str::replace does with an empty pattern. */
static ap_status put_between(ap__strings *strings, ap__text *string, ap__text to) {
    size_t size;
    if (!ap__mul_size(&size, to.len + 1, string->len + 1)) return ap__fail_nomem(strings->err);
    char *out;
    ap_status status = ap__strings_alloc(&out, strings, size);
    if (status) return status;
    size_t len = 0;
    for (size_t at = 0;;) {
        if (to.len) memcpy(out + len, to.ptr, to.len);
        len += to.len;
        if (at == string->len) break;
        uint32_t n = ap__utf8_len(string->ptr[at]);
        memcpy(out + len, string->ptr + at, n);
        len += n;
        at += n;
    }
    *string = (ap__text){out, len};
    return AP_OK;
}

ap_status ap__strings_replace(ap__strings *strings, ap__text *string, ap__text from, ap__text to) {
    if (!from.len) return put_between(strings, string, to);
    size_t n = 0, size;
    for (size_t at = find(string, 0, &from); at < string->len; at = find(string, at + from.len, &from)) n++;
    if (!n) return AP_OK;
    if (!ap__mul_size(&size, n, to.len) || !ap__add_size(&size, size, string->len))
        return ap__fail_nomem(strings->err);
    char *out;
    ap_status status = ap__strings_alloc(&out, strings, size);
    if (status) return status;
    size_t len = 0, last = 0;
    for (size_t at = find(string, 0, &from); at < string->len; at = find(string, last, &from)) {
        memcpy(out + len, string->ptr + last, at - last);
        len += at - last;
        if (to.len) memcpy(out + len, to.ptr, to.len);
        len += to.len;
        last = at + from.len;
    }
    memcpy(out + len, string->ptr + last, string->len - last);
    *string = (ap__text){out, len + string->len - last};
    return AP_OK;
}

ap_status ap__strings_join(ap__text *out, ap__strings *strings, const char *separator) {
    size_t gap = separator ? strlen(separator) : 0, size = 0;
    for (size_t i = 0; i < strings->n; i++)
        if (!ap__add_size(&size, size, strings->ptr[i].len + gap)) return ap__fail_nomem(strings->err);
    char *text;
    ap_status status = ap__strings_alloc(&text, strings, size);
    if (status) return status;
    size_t len = 0;
    for (size_t i = 0; i < strings->n; i++) {
        if (i && gap) memcpy(text + len, separator, gap);
        len += i ? gap : 0;
        if (strings->ptr[i].len) memcpy(text + len, strings->ptr[i].ptr, strings->ptr[i].len);
        len += strings->ptr[i].len;
    }
    *out = (ap__text){text, len};
    return AP_OK;
}
