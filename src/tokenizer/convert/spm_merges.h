/* The merges of a SentencePiece BPE model, which its file does not have. */
#ifndef AP_TOKENIZER_CONVERT_SPM_MERGES_H
#define AP_TOKENIZER_CONVERT_SPM_MERGES_H

#include "tokenizer/convert/converter.h"

/* A token of the converted vocabulary. */
typedef struct ap__scored {
    ap__text text;
    double score;
} ap__scored;

/* The list of pairs whose two halves are in `pieces`, in the order of the scores of what they make. `ids`
 * knows the last of equal tokens, which is the one that counts.
 * @return AP_ELIMIT when the tokens are absurdly long, AP_ENOMEM. */
ap_status ap__spm_merges(ap__converter *c, yyjson_mut_val **out, const ap__vocab *pieces,
                         const ap__vocab *ids, const ap__scored *tokens);

#endif
