/* Watermarks: a part of the vocabulary, which follows from the tokens before, becomes more likely.
 * Source: transformers@v4.55.4 generation/logits_process.py WatermarkLogitsProcessor,
 * generation/configuration_utils.py WatermarkingConfig. */
#ifndef AP_GENERATE_WATERMARK_H
#define AP_GENERATE_WATERMARK_H

#include "base/arena.h"
#include "generate/scores.h"

#include <accelpipe/value.h>

typedef struct ap__watermark {
    double greenlist_ratio;
    float bias;
    int64_t hashing_key;
    size_t context_width;
    bool is_selfhash;
    uint32_t *table; /* Of selfhash: a permutation. */
} ap__watermark;

/* Reads the parameter watermarking_config.   @param out in the arena.
 * @return AP_ETYPE, AP_EINVAL; AP_EUNSUPPORTED for one of another kind, SynthID's */
ap_status ap__watermark_read(ap__watermark **out, ap__arena *arena, const ap_value *config, ap_error *err);

/* Marks one row of scores.   @param tokens [n_tokens] of the row. */
void ap__watermark_apply(const ap__watermark *mark, float *scores, const int64_t *tokens, size_t n_tokens,
                         ap__scratch *scratch);

#endif
