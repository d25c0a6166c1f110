/* ByteLevel: splits with GPT-2's pattern and turns text into the byte-level alphabet. The image is not
 * written out here: pieces are marked, and a model that knows the bytes reads them as they are. Source:
 * huggingface/tokenizers@v0.21.4 pre_tokenizers/byte_level.rs. */
#include "tokenizer/byte_level.h"

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/scanners.h"

#include <string.h>

ap_status ap__byte_level_create(void **out, ap__loader *loader, yyjson_val *json) {
    ap__byte_level *self;
    bool add_prefix_space, trim_offsets, use_regex = true;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__get_bool(loader, json, "add_prefix_space", true, &add_prefix_space);
    if (!status) status = ap__get_bool(loader, json, "trim_offsets", true, &trim_offsets);
    if (!status) status = ap__check_not_null(loader, json, "use_regex");
    if (!status) status = ap__get_bool(loader, json, "use_regex", false, &use_regex);
    if (status) return status;
    *self = (ap__byte_level){add_prefix_space, trim_offsets, use_regex};
    *out = self;
    return AP_OK;
}

int *ap__byte_level_setting(void *ptr, const char *key) {
    ap__byte_level *self = ptr;
    if (!strcmp(key, "add_prefix_space")) return &self->add_prefix_space;
    return strcmp(key, "trim_offsets") ? NULL : &self->trim_offsets;
}

static ap_status prepend_space(ap__work *work, ap__ntext *text) {
    ap_status status = ap__ntext_prepend(&work->spare, text, (ap__text){" ", 1}, work->err);
    return status ? status : ap__ntext_keep(text, &work->arena, work->err);
}

static ap_status split(const ap__byte_level *self, ap__work *work, ap__ntext *text) {
    ap_status status = AP_OK;
    if (self->add_prefix_space && text->ptr[0] != ' ') status = prepend_space(work, text);
    if (status || !self->use_regex) return status ? status : ap__work_push_piece(work, text);
    for (uint32_t at = 0; at < text->len && !status;) {
        ap__span match;
        ap__scan_gpt2(text->ptr, text->len, at, &match);
        status = ap__work_push_slice(work, text, match.start, match.end);
        at = match.end;
    }
    return status;
}

static ap_status apply(const void *ptr, ap__work *work) {
    const ap__byte_level *self = ptr;
    ap_status status = ap__work_write_bytes(work);
    for (size_t i = 0; i < work->pieces.n && !status; i++)
        status = split(self, work, &work->pieces.ptr[i].text);
    ap__work_swap_pieces(work);
    for (size_t i = 0; i < work->pieces.n && !status; i++) {
        ap__piece *piece = &work->pieces.ptr[i];
        piece->is_bytes = true;
        /* What was inserted into the text has no place in the original, and no image that could wait. */
        if (!ap__ntext_is_plain(&piece->text)) status = ap__piece_write_bytes(work, piece);
    }
    return status;
}

static bool get_scan(const void *ptr, ap__piece_scan *out) {
    const ap__byte_level *self = ptr;
    *out = (ap__piece_scan){self->use_regex ? ap__scan_gpt2 : NULL, true};
    return !self->add_prefix_space;
}

const ap__pretokenizer_class ap__pretokenizer_byte_level = {
    .create = ap__byte_level_create, .apply = apply, .get_scan = get_scan, .setting = ap__byte_level_setting};
