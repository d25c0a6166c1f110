/* Replace: every match of a pattern becomes another string.
 * Source: huggingface/tokenizers@v0.21.4 normalizers/replace.rs Decoder. */
#include "base/error.h"
#include "tokenizer/component.h"
#include "tokenizer/matcher.h"
#include "tokenizer/strings.h"

typedef struct replace {
    ap__matcher matcher;
    ap__text to;
} replace;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    replace *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__matcher_read(&self->matcher, loader, json);
    if (!status) status = ap__get_string(loader, json, "content", true, &self->to);
    *out = self;
    return status;
}

/* Collects the stretches between the matches, and what comes in their place, and joins them. */
static ap_status replace_matches(const replace *self, ap__strings *strings, ap__text *string) {
    ap__matches matches = {&self->matcher, *string, strings->regex, 0, 0, AP_OK};
    ap__strings parts;
    ap__span match;
    uint32_t last = 0;
    if (string->len >= UINT32_MAX) return ap__fail(strings->err, AP_ELIMIT, "a token is too long to decode");
    if (!ap__matches_next(&matches, &match, strings->err)) return matches.status;
    ap_status status = ap__strings_create(&parts, strings->arena, 8, strings->err);
    do {
        if (!status) status = ap__strings_push(&parts, string->ptr + last, match.start - last);
        if (!status) status = ap__strings_push(&parts, self->to.ptr, self->to.len);
        last = match.end;
    } while (!status && ap__matches_next(&matches, &match, strings->err));
    if (!status) status = matches.status;
    if (!status) status = ap__strings_push(&parts, string->ptr + last, string->len - last);
    return status ? status : ap__strings_join(string, &parts, NULL);
}

static ap_status apply(const void *ptr, ap__strings *strings) {
    const replace *self = ptr;
    ap_status status = AP_OK;
    for (size_t i = 0; i < strings->n && !status; i++) {
        ap__text *string = &strings->ptr[i];
        if (!string->len) continue;
        if (self->matcher.regex)
            status = replace_matches(self, strings, string);
        else
            status = ap__strings_replace(strings, string, self->matcher.string, self->to);
    }
    return status;
}

/* A match may reach over the end of a joined string, unless it is one character. */
static unsigned tail(const void *ptr, bool is_joined) {
    const replace *self = ptr;
    const ap__text *string = &self->matcher.string;
    bool is_char = !self->matcher.regex && string->len && string->len == ap__utf8_len(string->ptr[0]);
    return is_joined && !is_char ? AP__TAIL_OPEN : 0;
}

const ap__decoder_class ap__decoder_replace = {.create = create, .apply = apply, .tail = tail};
