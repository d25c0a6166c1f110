/* Compiling a template. */
#include "generate/chat/jinja.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "generate/chat/parser.h"
#include "generate/chat/scope.h"

#include <string.h>

/* The source with "\n" as the only end of lines, and without the last one. */
static ap_status take_source(ap__jinja *jinja, const char *text, size_t len) {
    char *copy = ap__jmem_alloc(&jinja->mem, len + 1, 1);
    if (!copy) return jinja->mem.status;
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        bool is_return = text[i] == '\r';
        copy[n++] = is_return ? '\n' : text[i];
        if (is_return && i + 1 < len && text[i + 1] == '\n') i++;
    }
    if (n && copy[n - 1] == '\n') n--;
    copy[n] = '\0';
    jinja->source = (ap__text){copy, n};
    return AP_OK;
}

static ap_status compile(ap__jinja *jinja, const char *text, size_t len) {
    if (len > AP__JINJA_MAX_BYTES)
        return ap__fail(jinja->mem.err, AP_ELIMIT, "the template has %zu bytes; at most %zu are supported",
                        len, AP__JINJA_MAX_BYTES);
    ap_status status = ap__utf8_check(len ? text : "", len, "the template", jinja->mem.err);
    if (!status) status = take_source(jinja, text, len);
    if (!status) status = ap__jparser_run(jinja);
    return status ? status : ap__jscope_run(jinja);
}

ap_status ap__jinja_create(ap__jinja **out, const char *text, size_t len, ap_error *err) {
    *out = NULL;
    ap__jinja *jinja = ap__calloc(1, sizeof *jinja);
    if (!jinja) return ap__fail_nomem(err);
    jinja->mem = (ap__jmem){.err = err, .max_bytes = (size_t)256 << 20};
    ap_status status = compile(jinja, text, len);
    jinja->mem.err = NULL;
    if (status)
        ap__jinja_destroy(jinja);
    else
        *out = jinja;
    return status;
}

void ap__jinja_destroy(ap__jinja *jinja) {
    if (!jinja) return;
    ap__jmem_clear(&jinja->mem);
    ap__free(jinja);
}

int ap__jinja_has_generation(const ap__jinja *jinja) { return jinja->has_generation; }
