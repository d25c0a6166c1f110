/* ByteLevel as a post-processor: takes spaces out of offsets.
 * Source: huggingface/tokenizers@v0.21.4 pre_tokenizers/byte_level.rs PostProcessor. */
#include "tokenizer/byte_level.h"

#include "base/error.h"
#include "tokenizer/encs.h"

static ap_status apply(const void *ptr, ap__encs *encs, bool add_special_tokens) {
    const ap__byte_level *self = ptr;
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
    const ap__byte_level *self = ptr;
    return self->trim_offsets;
}

const ap__processor_class ap__processor_byte_level = {.create = ap__byte_level_create,
                                                      .apply = apply,
                                                      .n_added = n_added,
                                                      .needs_texts = needs_texts,
                                                      .setting = ap__byte_level_setting};
