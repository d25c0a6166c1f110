/* BertProcessing: [CLS] A [SEP] and [CLS] A [SEP] B [SEP].
 * Source: huggingface/tokenizers@v0.21.4 processors/bert.rs. */
#include "base/error.h"
#include "tokenizer/encs.h"
#include "tokenizer/processors/special.h"

typedef struct bert {
    ap__token sep, cls;
} bert;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    bert *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__get_special_token(loader, json, "sep", &self->sep);
    if (!status) status = ap__get_special_token(loader, json, "cls", &self->cls);
    *out = self;
    return status;
}

static ap_status apply(const void *ptr, ap__encs *encs, bool add_special_tokens) {
    const bert *self = ptr;
    ap_status status = AP_OK;
    if (!add_special_tokens) return AP_OK;
    for (size_t i = 0; i < encs->n && !status; i++) {
        ap__run cls = ap__run_of_special(&self->cls, 0), sep = ap__run_of_special(&self->sep, i > 0);
        status = ap__enc_wrap(&encs->ptr[i], encs->work, i ? NULL : &cls, &sep, i > 0);
    }
    return status;
}

static size_t n_added(const void *self, bool is_pair) {
    (void)self;
    return is_pair ? 3 : 2;
}

const ap__processor_class ap__processor_bert = {.create = create, .apply = apply, .n_added = n_added};
