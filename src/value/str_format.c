/* Replacement fields by hand: no format string of a caller reaches printf().
 * Source: cpython@v3.11 Objects/stringlib/unicode_format.h MarkupIterator_next, autonumber_state_error. */
#include "value/str_format.h"

#include "base/error.h"

#include <stdbool.h>
#include <string.h>

ap_status ap__str_of_value(ap__buf *out, const ap_value *value, ap_error *err) {
    size_t len;
    const char *text = ap_value_get_string(value, &len);
    switch (ap_value_kind(value)) {
    case AP_KIND_STRING:
        return ap__buf_append(out, text, len, err);
    case AP_KIND_INT:
        return ap__buf_printf(out, err, "%lld", (long long)ap_value_get_int(value));
    case AP_KIND_BOOL:
        return ap__buf_puts(out, ap_value_get_bool(value) ? "True" : "False", err);
    case AP_KIND_NULL:
        return ap__buf_puts(out, "None", err);
    default:
        return ap__fail(err, AP_ETYPE, "expected text or a whole number, found %s",
                        ap_kind_name(ap_value_kind(value)));
    }
}

/* How fields say which argument they mean; a format keeps to one way. */
typedef enum numbering { NUMBERING_NONE, NUMBERING_AUTO, NUMBERING_MANUAL } numbering;

typedef struct state {
    numbering numbering;
    size_t n_auto;
} state;

static ap_status fail_format(ap_error *err, ap_status status, const char *field, int len, const char *why) {
    return ap__fail(err, status, "format field \"{%.*s}\": %s", len > 64 ? 64 : len, field, why);
}

static bool is_all_digits(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (text[i] < '0' || text[i] > '9') return false;
    return len > 0;
}

static bool is_all_zeros(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (text[i] != '0') return false;
    return true;
}

/* The name of a field has to mean argument 0, the only one there is. */
static ap_status check_name(state *s, const char *name, size_t len, ap_error *err) {
    numbering own = len ? NUMBERING_MANUAL : NUMBERING_AUTO;
    int shown = (int)len;
    if (memchr(name, '.', len) || memchr(name, '[', len))
        return fail_format(err, AP_EUNSUPPORTED, name, shown, "attributes and indexes are not supported");
    if (len && !is_all_digits(name, len))
        return fail_format(err, AP_EKEY, name, shown, "there is no argument of that name; write {}");
    if (s->numbering && s->numbering != own)
        return fail_format(err, AP_EINVAL, name, shown, "{} and {0} cannot stand in one format");
    s->numbering = own;
    bool is_first = len ? is_all_zeros(name, len) : s->n_auto++ == 0;
    return is_first ? AP_OK : fail_format(err, AP_EINVAL, name, shown, "there is one argument only");
}

/* What stands between the braces: NAME, NAME!s. */
static ap_status add_field(ap__buf *out, state *s, const char *field, size_t len, const ap_value *argument,
                           ap_error *err) {
    size_t name_len = 0;
    while (name_len < len && field[name_len] != '!' && field[name_len] != ':') name_len++;
    ap_status status = check_name(s, field, name_len, err);
    if (status) return status;
    const char *rest = field + name_len;
    size_t rest_len = len - name_len;
    bool is_plain =
        rest_len == 0 || (rest_len == 2 && strncmp(rest, "!s", 2) == 0) || (rest_len == 1 && *rest == ':');
    if (!is_plain)
        return fail_format(err, AP_EUNSUPPORTED, field, (int)len,
                           "conversions and format specifications are not supported");
    return ap__str_of_value(out, argument, err);
}

ap_status ap__str_format(ap__buf *out, const char *format, size_t len, const ap_value *argument,
                         ap_error *err) {
    state s = {NUMBERING_NONE, 0};
    ap_status status = AP_OK;
    for (size_t i = 0; i < len && !status;) {
        char c = format[i];
        if (c != '{' && c != '}') {
            size_t end = i;
            while (end < len && format[end] != '{' && format[end] != '}') end++;
            status = ap__buf_append(out, format + i, end - i, err);
            i = end;
        } else if (i + 1 < len && format[i + 1] == c) {
            status = ap__buf_append(out, &c, 1, err);
            i += 2;
        } else {
            const char *end = c == '{' ? memchr(format + i, '}', len - i) : NULL;
            if (!end) return ap__fail(err, AP_EINVAL, "format: a single \"%c\" at byte %zu", c, i);
            size_t field_len = (size_t)(end - format) - i - 1;
            status = add_field(out, &s, format + i + 1, field_len, argument, err);
            i += field_len + 2;
        }
    }
    return status;
}
