/* Replace: every match of a pattern becomes another string, which then comes from where the match ended.
 * Source: huggingface/tokenizers@v0.21.4 normalizers/replace.rs, tokenizer/normalizer.rs replace. */
#include "base/error.h"
#include "tokenizer/component.h"
#include "tokenizer/matcher.h"
#include "tokenizer/replace_byte.h"

typedef struct replace {
    ap__matcher matcher;
    ap__text content;
    ap__replacement bytes; /* The same, */
    bool is_of_byte;       /* if it is one byte that is replaced. */
} replace;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    replace *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__matcher_read(&self->matcher, loader, json);
    if (!status) status = ap__get_string(loader, json, "content", true, &self->content);
    *out = self;
    if (status || self->matcher.regex) return status;
    self->is_of_byte = ap__replacement_make(&self->bytes, self->matcher.string, self->content);
    return AP_OK;
}

/* Where the bytes that replace a match come from: from the last byte before its end. */
static ap__span origin_of(const ap__ntext *text, uint32_t end) {
    if (!end) return (ap__span){text->origin.start, text->origin.start};
    return text->align ? text->align[end - 1] : ap__ntext_origin_of(text, end - 1, end);
}

/* Its places are counted only where there is not room enough for any number of them. */
static ap_status replace_byte(const ap__replacement *bytes, ap__work *work, ap__ntext *text) {
    ap__textbuf *out = &work->texts.buf[work->texts.next];
    size_t len = (size_t)text->len * (bytes->len ? bytes->len : 1);
    if (len + AP__REPLACE_SLACK > out->capacity || len > ap__ntext_max_len(text))
        len = ap__replaced_len(bytes, text->ptr, text->len);
    ap_status status = ap__textbuf_reserve(out, text, len, AP__REPLACE_SLACK, work->err);
    if (status) return status;
    work->texts.next ^= 1;
    const char *end = ap__replace_byte(out->ptr, bytes, text->ptr, text->len);
    text->len = (uint32_t)(end - out->ptr);
    text->ptr = out->ptr;
    return AP_OK;
}

static ap_status apply(const void *ptr, ap__work *work, ap__ntext *text) {
    const replace *self = ptr;
    if (self->is_of_byte && text->is_loose) return replace_byte(&self->bytes, work, text);
    ap__matches matches = {&self->matcher, {text->ptr, text->len}, &work->regex, 0, 0, AP_OK};
    ap__span match;
    if (!text->len || !ap__matches_next(&matches, &match, work->err)) return matches.status;
    ap__transform t;
    ap__transform_begin_head(&t, &work->texts.buf[work->texts.next], text, text->len, work->err);
    do {
        ap__transform_copy(&t, match.start - t.at);
        ap__transform_skip(&t, match.end - match.start);
        ap__transform_insert(&t, self->content.ptr, self->content.len, origin_of(text, match.end));
    } while (!t.status && ap__matches_next(&matches, &match, work->err));
    if (matches.status) return matches.status;
    ap__transform_copy(&t, text->len - t.at);
    return ap__work_finish(&t, work, text);
}

const ap__normalizer_class ap__normalizer_replace = {
    .create = create, .apply = apply, .is_blind = ap__always_blind};
