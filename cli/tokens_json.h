/* Encodings as JSON, written to standard output as they are walked: a long text's result needs no memory. */
#ifndef CLI_TOKENS_JSON_H
#define CLI_TOKENS_JSON_H

#include <accelpipe/tokenizer.h>

/* Bits: the fields of a result. The order is that of the output. */
typedef enum cli_token_field {
    CLI_FIELD_IDS = 1 << 0,
    CLI_FIELD_TOKENS = 1 << 1,
    CLI_FIELD_TYPE_IDS = 1 << 2,
    CLI_FIELD_OFFSETS = 1 << 3,
    CLI_FIELD_BYTE_OFFSETS = 1 << 4,
    CLI_FIELD_SPECIAL_TOKENS_MASK = 1 << 5,
    CLI_FIELD_ATTENTION_MASK = 1 << 6,
    CLI_FIELD_WORD_IDS = 1 << 7,
    CLI_FIELD_SEQUENCE_IDS = 1 << 8,
    CLI_FIELD_OVERFLOWING = 1 << 9,
    CLI_FIELD_DECODE = 1 << 10,
    CLI_FIELD_ALL = (1 << 11) - 1
} cli_token_field;

/* The bits of names with commas between them.   @return AP_EINVAL with the nearest name */
ap_status cli_token_fields_parse(unsigned *out, const char *names, ap_error *err);

/* {"ids": [...], "tokens": [...], ...}; with overflow also "n_overflowing". */
void cli_tokens_json_print(const ap_encoding *encoding, const ap_tokenizer *tokenizer, unsigned fields);

/* {"decode": {"keep": ..., "skip": ...}}: special tokens kept and skipped. What cannot be decoded is
 * {"error": message}. */
void cli_tokens_json_print_decoded(const ap_token_ids *ids, const ap_tokenizer *tokenizer);

/* A JSON string. */
void cli_json_print_string(const char *text, size_t len);

#endif
