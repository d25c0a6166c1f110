/* Split: cuts at what a pattern matches, or with `invert` at what it does not.
 * Source: huggingface/tokenizers@v0.21.4 pre_tokenizers/split.rs. */
#include "base/error.h"
#include "tokenizer/component.h"
#include "tokenizer/matcher.h"

typedef struct split {
    ap__matcher matcher;
    ap__split_behavior behavior;
    bool invert;
} split;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    split *self;
    int behavior = 0;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__matcher_read(&self->matcher, loader, json);
    if (!status) status = ap__get_enum(loader, json, "behavior", true, ap__split_behavior_names, &behavior);
    if (!status) status = ap__get_bool(loader, json, "invert", true, &self->invert);
    if (status) return status;
    self->behavior = (ap__split_behavior)behavior;
    *out = self;
    return AP_OK;
}

static ap_status split_piece(const split *self, ap__work *work, const ap__ntext *text) {
    ap__splitter s;
    ap__span match;
    uint32_t last = 0;
    ap__matches matches = {&self->matcher, {text->ptr, text->len}, &work->regex, 0, 0, AP_OK};
    ap__splitter_begin(&s, work, text, self->behavior);
    while (!s.status && ap__matches_next(&matches, &match, work->err)) {
        if (last < match.start) ap__splitter_add(&s, last, match.start, self->invert);
        ap__splitter_add(&s, match.start, match.end, !self->invert);
        last = match.end;
    }
    if (matches.status) return matches.status;
    if (last < text->len) ap__splitter_add(&s, last, text->len, self->invert);
    return ap__splitter_finish(&s);
}

static ap_status apply(const void *ptr, ap__work *work) {
    ap_status status = ap__work_write_bytes(work);
    for (size_t i = 0; i < work->pieces.n && !status; i++)
        status = split_piece(ptr, work, &work->pieces.ptr[i].text);
    ap__work_swap_pieces(work);
    return status;
}

static bool get_scan(const void *ptr, ap__piece_scan *out) {
    const split *self = ptr;
    *out = (ap__piece_scan){self->matcher.scan, false};
    return self->matcher.scan && self->behavior == AP__SPLIT_ISOLATED;
}

static bool is_blind(const void *self, bool is_first) {
    (void)self;
    (void)is_first;
    return true;
}

const ap__pretokenizer_class ap__pretokenizer_split = {
    .create = create, .apply = apply, .get_scan = get_scan, .is_blind = is_blind};
