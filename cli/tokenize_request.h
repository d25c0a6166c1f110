/* One thing to tokenize: a text, a pair, words, a batch, or ids to decode, with its options; from JSON.
 *
 *     "text"
 *     {"text": ...} | {"pair": [a, b]} | {"words": [...]} | {"batch": [text or pair, ...]} | {"ids_in":
 * [...]} "add_special_tokens": bool "truncation": {"max_length", "stride", "strategy", "direction"}
 *         "padding": {"direction", "pad_id", "pad_type_id", "pad_token", "length", "pad_to_multiple_of"}
 *         "stored_options": bool */
#ifndef CLI_TOKENIZE_REQUEST_H
#define CLI_TOKENIZE_REQUEST_H

#include <accelpipe/tokenizer.h>
#include <stdbool.h>

/* Texts are borrowed from the value that it was read from. It points into itself: not to be copied. */
typedef struct cli_tokenize_request {
    ap_encode_options options;
    const ap_encode_input *inputs; /* One, or those of the batch. */
    size_t n_inputs;
    bool is_batch;
    bool is_decode; /* `ids` are to be decoded, and there are no inputs. */
    ap_token_ids ids;
    /* What the above points to. */
    ap_encode_input one;
    ap_text two[2];
    void *memory[2]; /* For more than that; free(). */
} cli_tokenize_request;

/* Reads a request; what it does not say of the options is as in `defaults`.
 * @param[out] out cli_tokenize_request_clear() it, also after a failure
 * @return AP_EINVAL, AP_ETYPE naming the field; AP_ENOMEM */
ap_status cli_tokenize_request_read(cli_tokenize_request *out, const ap_value *value,
                                    const ap_encode_options *defaults, ap_error *err);

/* A list of ids to decode, as JSON or, when it is text, as numbers with blanks or commas between them. */
ap_status cli_tokenize_request_read_ids(cli_tokenize_request *out, const ap_value *value, ap_error *err);

void cli_tokenize_request_clear(cli_tokenize_request *request);

#endif
