/* Several normalizers, one after the other. Source: huggingface/tokenizers@v0.21.4 normalizers/utils.rs
 * Sequence. */
#include "base/error.h"
#include "tokenizer/component.h"

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    return ap__normalizer_create_list(out, loader, json, "normalizers");
}

static ap_status apply(const void *ptr, ap__work *work, ap__ntext *text) {
    const ap__normalizer_list *self = ptr;
    ap_status status = AP_OK;
    for (size_t i = 0; i < self->n && !status; i++)
        status = ap__normalizer_apply(&self->items[i], work, text);
    return status;
}

static bool is_blind(const void *ptr) {
    const ap__normalizer_list *self = ptr;
    for (size_t i = 0; i < self->n; i++)
        if (!ap__normalizer_is_blind(&self->items[i])) return false;
    return true;
}

const ap__normalizer_class ap__normalizer_sequence = {.create = create, .apply = apply, .is_blind = is_blind};
