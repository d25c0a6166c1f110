/* Several pre-tokenizers, one after the other.
 * Source: huggingface/tokenizers@v0.21.4 pre_tokenizers/sequence.rs. */
#include "base/error.h"
#include "tokenizer/component.h"

typedef struct sequence {
    ap__pretokenizer *items;
    size_t n;
} sequence;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    yyjson_val *list, *item;
    sequence *self;
    size_t i, max;
    ap_status status = ap__get_array(loader, json, "pretokenizers", &list);
    if (!status) status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (status) return status;
    *out = self;
    if ((status = ap__loader_alloc(loader, &self->items, yyjson_arr_size(list), sizeof *self->items)))
        return status;
    size_t outer = ap__loader_enter(loader, "pretokenizers", 0);
    yyjson_arr_foreach(list, i, max, item) {
        size_t mark = ap__loader_enter(loader, NULL, i);
        if ((status = ap__pretokenizer_create(&self->items[self->n++], loader, item))) return status;
        ap__loader_leave(loader, mark);
    }
    ap__loader_leave(loader, outer);
    return AP_OK;
}

static ap_status apply(const void *ptr, ap__work *work) {
    const sequence *self = ptr;
    ap_status status = AP_OK;
    for (size_t i = 0; i < self->n && !status; i++) status = ap__pretokenizer_apply(&self->items[i], work);
    return status;
}

/* One part cuts, and a part behind it may mark. */
static bool get_scan(const void *ptr, ap__piece_scan *out) {
    const sequence *self = ptr;
    *out = (ap__piece_scan){0};
    for (size_t i = 0; i < self->n; i++) {
        ap__piece_scan part;
        if (out->is_bytes || !ap__pretokenizer_get_scan(&self->items[i], &part)) return false;
        if (out->scan && part.scan) return false;
        *out = (ap__piece_scan){part.scan ? part.scan : out->scan, part.is_bytes};
    }
    return true;
}

/* Of the first part that has it. */
static int *setting(void *ptr, const char *key) {
    const sequence *self = ptr;
    int *place = NULL;
    for (size_t i = 0; i < self->n && !place; i++)
        if (self->items[i].class_ && self->items[i].class_->setting)
            place = self->items[i].class_->setting(self->items[i].self, key);
    return place;
}

const ap__pretokenizer_class ap__pretokenizer_sequence = {
    .create = create, .apply = apply, .get_scan = get_scan, .setting = setting};
