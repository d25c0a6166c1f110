/* ByteLevel as a post-processor: takes spaces out of offsets.
 * Source: huggingface/tokenizers@v0.21.4 pre_tokenizers/byte_level.rs PostProcessor. */
#include "base/error.h"
#include "tokenizer/component.h"
#include "tokenizer/encs.h"

#include <string.h>

typedef struct byte_level {
    int add_prefix_space, trim_offsets;
} byte_level;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    byte_level *self;
    bool add_prefix_space, trim_offsets;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__get_bool(loader, json, "add_prefix_space", true, &add_prefix_space);
    if (!status) status = ap__get_bool(loader, json, "trim_offsets", true, &trim_offsets);
    if (status) return status;
    *self = (byte_level){add_prefix_space, trim_offsets};
    *out = self;
    return AP_OK;
}

static ap_status apply(const void *ptr, ap__encs *encs, bool add_special_tokens) {
    const byte_level *self = ptr;
    ap_status status = AP_OK;
    (void)add_special_tokens;
    if (self->trim_offsets) status = ap__encs_trim_offsets(encs, self->add_prefix_space);
    for (uint32_t i = 0; i < encs->n && !status; i++)
        status = ap__part_set_sequence(&encs->ptr[i].parts[0], encs->work, i);
    return status;
}

static size_t n_added(const void *self, bool is_pair) {
    (void)self;
    (void)is_pair;
    return 0;
}

static bool needs_texts(const void *ptr) {
    const byte_level *self = ptr;
    return self->trim_offsets;
}

static int *setting(void *ptr, const char *key) {
    byte_level *self = ptr;
    if (!strcmp(key, "add_prefix_space")) return &self->add_prefix_space;
    return strcmp(key, "trim_offsets") ? NULL : &self->trim_offsets;
}

const ap__processor_class ap__processor_byte_level = {
    .create = create, .apply = apply, .n_added = n_added, .needs_texts = needs_texts, .setting = setting};
