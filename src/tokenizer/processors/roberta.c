/* RobertaProcessing: <s> A </s> and <s> A </s> </s> B </s>, all of type 0, spaces taken out of offsets.
 * Source: huggingface/tokenizers@v0.21.4 processors/roberta.rs. */
#include "base/error.h"
#include "tokenizer/encs.h"
#include "tokenizer/processors/special.h"

#include <string.h>

typedef struct roberta {
    ap__token sep, cls;
    int trim_offsets, add_prefix_space;
} roberta;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    roberta *self;
    bool trim_offsets, add_prefix_space;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__get_special_token(loader, json, "sep", &self->sep);
    if (!status) status = ap__get_special_token(loader, json, "cls", &self->cls);
    if (!status) status = ap__get_bool(loader, json, "trim_offsets", true, &trim_offsets);
    if (!status) status = ap__get_bool(loader, json, "add_prefix_space", true, &add_prefix_space);
    if (status) return status;
    self->trim_offsets = trim_offsets;
    self->add_prefix_space = add_prefix_space;
    *out = self;
    return AP_OK;
}

/* All parts get type 0 when tokens are put around them, but only the first ones when not: as in the
 * reference. */
static ap_status set_types(ap__encs *encs, bool add_special_tokens) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < encs->n; i++) {
        size_t n = add_special_tokens ? encs->ptr[i].n_parts : 1;
        for (size_t k = 0; k < n && !status; k++)
            status = ap__part_set_type(&encs->ptr[i].parts[k], encs->work, 0);
    }
    return status;
}

static ap_status apply(const void *ptr, ap__encs *encs, bool add_special_tokens) {
    const roberta *self = ptr;
    ap_status status = AP_OK;
    if (self->trim_offsets) status = ap__encs_trim_offsets(encs, self->add_prefix_space);
    if (!status) status = set_types(encs, add_special_tokens);
    if (!add_special_tokens) return status;
    ap__run cls = ap__run_of_special(&self->cls, 0), sep = ap__run_of_special(&self->sep, 0);
    for (size_t i = 0; i < encs->n && !status; i++)
        status = ap__enc_wrap(&encs->ptr[i], encs->work, i ? &sep : &cls, &sep, i > 0);
    return status;
}

static size_t n_added(const void *self, bool is_pair) {
    (void)self;
    return is_pair ? 4 : 2;
}

static bool needs_texts(const void *ptr) {
    const roberta *self = ptr;
    return self->trim_offsets;
}

static int *setting(void *ptr, const char *key) {
    roberta *self = ptr;
    if (!strcmp(key, "add_prefix_space")) return &self->add_prefix_space;
    return strcmp(key, "trim_offsets") ? NULL : &self->trim_offsets;
}

const ap__processor_class ap__processor_roberta = {
    .create = create, .apply = apply, .n_added = n_added, .needs_texts = needs_texts, .setting = setting};
