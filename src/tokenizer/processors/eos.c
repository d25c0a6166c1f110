/* A last token behind each text that does not end with it already.
 * Source: transformers@v4.55.4 models/byt5/tokenization_byt5.py build_inputs_with_special_tokens. */
#include "base/error.h"
#include "tokenizer/encs.h"
#include "tokenizer/processors/special.h"

typedef struct eos {
    ap__token token;
} eos;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    eos *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__get_special_token(loader, json, "eos", &self->token);
    *out = self;
    return status;
}

static bool is_ended(const ap__enc *enc, uint32_t id) {
    const ap__part *part = &enc->parts[0];
    if (!part->n) return false;
    const ap__run *run = &part->runs[part->n_runs - 1];
    return run->n && run->tokens[run->n - 1].id == id;
}

static ap_status apply(const void *ptr, ap__encs *encs, bool add_special_tokens) {
    const eos *self = ptr;
    ap_status status = AP_OK;
    for (size_t i = 0; i < encs->n && !status && add_special_tokens; i++) {
        ap__run after = ap__run_of_special(&self->token, 0);
        bool is_done = is_ended(&encs->ptr[i], self->token.id);
        status = ap__enc_wrap(&encs->ptr[i], encs->work, NULL, is_done ? NULL : &after, i > 0);
    }
    return status;
}

static size_t n_added(const void *self, bool is_pair) {
    (void)self;
    return is_pair ? 2 : 1;
}

const ap__processor_class ap__processor_eos = {.create = create, .apply = apply, .n_added = n_added};
