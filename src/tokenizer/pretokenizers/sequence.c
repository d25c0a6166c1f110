/* Several pre-tokenizers, one after the other.
 * Source: huggingface/tokenizers@v0.21.4 pre_tokenizers/sequence.rs. */
#include "base/error.h"
#include "tokenizer/component.h"

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    return ap__pretokenizer_create_list(out, loader, json, "pretokenizers");
}

static ap_status apply(const void *ptr, ap__work *work) {
    const ap__pretokenizer_list *self = ptr;
    ap_status status = AP_OK;
    for (size_t i = 0; i < self->n && !status; i++) status = ap__pretokenizer_apply(&self->items[i], work);
    return status;
}

/* One part cuts, and a part behind it may mark. */
static bool get_scan(const void *ptr, ap__piece_scan *out) {
    const ap__pretokenizer_list *self = ptr;
    *out = (ap__piece_scan){0};
    for (size_t i = 0; i < self->n; i++) {
        ap__piece_scan part;
        if (out->is_bytes || !ap__pretokenizer_get_scan(&self->items[i], &part)) return false;
        if (out->scan && part.scan) return false;
        *out = (ap__piece_scan){part.scan ? part.scan : out->scan, part.is_bytes};
    }
    return true;
}

static bool is_blind(const void *ptr, bool is_first) {
    const ap__pretokenizer_list *self = ptr;
    for (size_t i = 0; i < self->n; i++)
        if (!ap__pretokenizer_is_blind(&self->items[i], is_first && i == 0)) return false;
    return true;
}

/* Of the first part that has it. */
static int *setting(void *ptr, const char *key) {
    const ap__pretokenizer_list *self = ptr;
    int *place = NULL;
    for (size_t i = 0; i < self->n && !place; i++)
        if (self->items[i].class_ && self->items[i].class_->setting)
            place = self->items[i].class_->setting(self->items[i].self, key);
    return place;
}

const ap__pretokenizer_class ap__pretokenizer_sequence = {
    .create = create, .apply = apply, .get_scan = get_scan, .is_blind = is_blind, .setting = setting};
