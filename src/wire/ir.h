/* A look at OpenVINO IR, which is XML, without reading it: which types of layers it has.
 *
 * As wire/onnx.h, for the library and the plugins. */
#ifndef AP_WIRE_IR_H
#define AP_WIRE_IR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline bool ir_is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* Whether the quote at `at` opens the value of an attribute called `name`. */
static inline bool ir_is_value_of(const char *text, const char *at, const char *name) {
    size_t len = strlen(name);
    while (at > text && ir_is_space(at[-1])) at--;
    if (at == text || *--at != '=') return false;
    while (at > text && ir_is_space(at[-1])) at--;
    return (size_t)(at - text) > len && memcmp(at - len, name, len) == 0 &&
           ir_is_space(at[-1 - (ptrdiff_t)len]);
}

/* Whether there is a layer of this type: an attribute `type` of this value. */
static inline bool ir_has_layer(const char *text, size_t len, const char *type) {
    size_t type_len = strlen(type);
    if (len <= type_len) return false;
    const char *end = text + len - type_len; /* The quote behind one that begins before is inside. */
    for (const char *at = text; at < end && (at = (const char *)memchr(at, *type, (size_t)(end - at)));
         at++) {
        if (at == text || (at[-1] != '"' && at[-1] != '\'') || at[type_len] != at[-1]) continue;
        if (memcmp(at, type, type_len) == 0 && ir_is_value_of(text, at - 1, "type")) return true;
    }
    return false;
}

#endif
