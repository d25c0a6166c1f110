/* Inside of the TAPAS tokenizer. */
#ifndef AP_TOKENIZER_TAPAS_TAPAS_IMPL_H
#define AP_TOKENIZER_TAPAS_TAPAS_IMPL_H

#include "base/arena.h"
#include "base/buf.h"
#include "tokenizer/tapas/codes.h"
#include "tokenizer/tapas/tapas.h"
#include "tokenizer/vocab.h"

/* A token that is cut out of text before anything else. */
typedef struct ap__tapas_added {
    const uint32_t *codes;
    size_t n;
    ap__text text;
    uint32_t id;
    bool lstrip, rstrip;
    bool is_special; /* Keeps its case, and is never split. */
    bool keeps_case; /* is_special, or normalized without being special. */
} ap__tapas_added;

struct ap__tapas {
    ap__arena arena;
    ap__vocab vocab;
    ap__tapas_added *added;
    size_t n_added, max_added;
    ap__tokenizer_config config;
    uint32_t empty_id; /* Of cells without letters and digits. */
    bool do_lower_case, do_basic_tokenize, tokenize_chinese_chars, strips_accents, strip_column_names;
    int64_t cell_trim_length;
    size_t max_column_id, max_row_id;
    size_t min_question_length, max_question_length; /* 0 and SIZE_MAX: no limit. */
};

/* A token of a text. */
typedef struct ap__tapas_token {
    uint32_t id;
    bool is_inner; /* It continues a word: "##...". */
} ap__tapas_token;

typedef struct ap__tapas_tokens {
    ap__tapas_token *ptr;
    size_t n, capacity;
} ap__tapas_tokens;

/* Scratch of ap__tapas_tokenize(). All zero at the beginning. */
typedef struct ap__tapas_scratch {
    ap__codes text, clean, word, parts;
    ap__buf piece;
} ap__tapas_scratch;

/* Appends the tokens of a text, as PreTrainedTokenizer.tokenize() gives them.   @param what names it in
 * messages */
ap_status ap__tapas_tokenize(ap__tapas_tokens *out, ap__tapas_scratch *scratch, const ap__tapas *tapas,
                             ap__text text, const char *what, ap_error *err);
void ap__tapas_scratch_clear(ap__tapas_scratch *scratch);

#endif
