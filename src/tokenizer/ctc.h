/* What a Wav2Vec2CTCTokenizer makes of the ids of frames, and which frames each character and word is from.
 * Source: transformers@v4.55.4 models/wav2vec2/tokenization_wav2vec2.py decode. */
#ifndef AP_TOKENIZER_CTC_H
#define AP_TOKENIZER_CTC_H

#include "base/arena.h"
#include "tokenizer/tokenizer.h"

/* All zero: the defaults of the reference. */
typedef struct ap__ctc_options {
    bool skip_special_tokens;
    bool keeps_repeats;                 /* group_tokens=False */
    bool spaces_between_special_tokens; /* Between all characters, in fact. */
} ap__ctc_options;

/* A character or word from the frames [start, end), which count without those that were skipped. */
typedef struct ap__ctc_span {
    ap__text text;
    size_t start, end;
} ap__ctc_span;

typedef struct ap__ctc_text {
    ap__text text;
    ap__ctc_span *chars, *words; /* char_offsets, word_offsets */
    size_t n_chars, n_words;
    ap__arena memory; /* Of all of these. */
} ap__ctc_text;

/* @param[out] out overwritten; ap__ctc_clear() it, also after a failure.
 * @return AP_EUNSUPPORTED the tokenizer is none of that class; AP_ELIMIT, AP_ENOMEM. */
ap_status ap__ctc_decode(ap__ctc_text *out, const ap__tokenizer *tokenizer, const uint32_t *ids, size_t n_ids,
                         const ap__ctc_options *options, ap_error *err);

/* Frees what the text owns; all zero afterwards. */
void ap__ctc_clear(ap__ctc_text *text);

#endif
