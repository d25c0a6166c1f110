/* Numbers and strings go straight into the buffer of standard output. */
#include "tokens_json.h"

#include "diag.h"
#include "out.h"
#include "suggest.h"

#include <stdbool.h>
#include <string.h>

static const char *const FIELD_NAMES[] = {"ids",
                                          "tokens",
                                          "type_ids",
                                          "offsets",
                                          "byte_offsets",
                                          "special_tokens_mask",
                                          "attention_mask",
                                          "word_ids",
                                          "sequence_ids",
                                          "overflowing",
                                          "decode"};

enum { N_FIELDS = sizeof FIELD_NAMES / sizeof *FIELD_NAMES };

static ap_status parse_field(unsigned *out, const char *name, size_t len, ap_error *err) {
    cli_suggestion suggestion = {0};
    char text[64];
    if (len >= sizeof text) return cli_fail(err, AP_EINVAL, "--fields: there is no field \"%.40s...\"", name);
    memcpy(text, name, len);
    text[len] = '\0';
    for (unsigned i = 0; i < N_FIELDS; i++) {
        if (strcmp(FIELD_NAMES[i], text) == 0) {
            *out |= 1u << i;
            return AP_OK;
        }
        cli_suggest(&suggestion, text, FIELD_NAMES[i]);
    }
    const char *best = suggestion.best;
    return cli_fail(err, AP_EINVAL, "--fields: there is no field \"%s\"%s%s", text,
                    best ? "; did you mean " : "; `accelpipe tokenize --help` lists them", best ? best : "");
}

ap_status cli_token_fields_parse(unsigned *out, const char *names, ap_error *err) {
    ap_status status = AP_OK;
    *out = 0;
    while (!status) {
        size_t n = strcspn(names, ",");
        status = parse_field(out, names, n, err);
        if (!names[n]) break;
        names += n + 1;
    }
    return status;
}

/* -- numbers and strings ------------------------------------------------------------------------------- */

static void print_number(uint32_t number) {
    char digits[10];
    size_t n = sizeof digits;
    do digits[--n] = (char)('0' + number % 10);
    while (number /= 10);
    cli_out_write(digits + n, sizeof digits - n);
}

static bool is_plain(unsigned char byte) { return byte >= 0x20 && byte != '"' && byte != '\\'; }

void cli_json_print_string(const char *text, size_t len) {
    size_t start = 0;
    cli_out_write("\"", 1);
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (is_plain(byte)) continue;
        cli_out_write(text + start, i - start);
        start = i + 1;
        if (byte >= 0x20)
            cli_out_printf("\\%c", byte);
        else
            cli_out_printf("\\u%04x", byte);
    }
    cli_out_write(text + start, len - start);
    cli_out_write("\"", 1);
}

static void print_key(const char *name, bool *is_first) {
    if (!*is_first) cli_out_write(",", 1);
    *is_first = false;
    cli_out_write("\"", 1);
    cli_out_text(name);
    cli_out_write("\":", 2);
}

/* -- arrays -------------------------------------------------------------------------------------------- */

/* AP_TOKEN_NONE is null. */
static void print_numbers(const uint32_t *numbers, size_t n) {
    cli_out_write("[", 1);
    for (size_t i = 0; i < n; i++) {
        if (i) cli_out_write(",", 1);
        if (numbers[i] == AP_TOKEN_NONE)
            cli_out_write("null", 4);
        else
            print_number(numbers[i]);
    }
    cli_out_write("]", 1);
}

static void print_mask(const uint8_t *mask, size_t n) {
    cli_out_write("[", 1);
    for (size_t i = 0; i < n; i++) {
        if (i) cli_out_write(",", 1);
        cli_out_write(mask[i] ? "1" : "0", 1);
    }
    cli_out_write("]", 1);
}

/* One list: start, end, start, end, ... */
static void print_spans(const ap_span *spans, size_t n) {
    cli_out_write("[", 1);
    for (size_t i = 0; i < n; i++) {
        if (i) cli_out_write(",", 1);
        print_number(spans[i].start);
        cli_out_write(",", 1);
        print_number(spans[i].end);
    }
    cli_out_write("]", 1);
}

static void print_tokens(const ap_encoding *encoding) {
    cli_out_write("[", 1);
    for (size_t i = 0; i < ap_encoding_get_n(encoding); i++) {
        size_t len;
        const char *token = ap_encoding_get_token(encoding, i, &len);
        if (i) cli_out_write(",", 1);
        cli_json_print_string(token, len);
    }
    cli_out_write("]", 1);
}

static void print_array(const ap_encoding *e, cli_token_field field) {
    size_t n = ap_encoding_get_n(e);
    switch (field) {
    case CLI_FIELD_IDS:
        print_numbers(ap_encoding_get_ids(e, NULL), n);
        break;
    case CLI_FIELD_TOKENS:
        print_tokens(e);
        break;
    case CLI_FIELD_TYPE_IDS:
        print_numbers(ap_encoding_get_type_ids(e, NULL), n);
        break;
    case CLI_FIELD_OFFSETS:
        print_spans(ap_encoding_get_offsets_chars(e, NULL), n);
        break;
    case CLI_FIELD_BYTE_OFFSETS:
        print_spans(ap_encoding_get_offsets_bytes(e, NULL), n);
        break;
    case CLI_FIELD_SPECIAL_TOKENS_MASK:
        print_mask(ap_encoding_get_special_tokens_mask(e, NULL), n);
        break;
    case CLI_FIELD_ATTENTION_MASK:
        print_mask(ap_encoding_get_attention_mask(e, NULL), n);
        break;
    case CLI_FIELD_WORD_IDS:
        print_numbers(ap_encoding_get_word_ids(e, NULL), n);
        break;
    default:
        print_numbers(ap_encoding_get_sequence_ids(e, NULL), n);
        break;
    }
}

/* -- results ------------------------------------------------------------------------------------------- */

static void print_text(const ap_token_ids *ids, const ap_tokenizer *tokenizer, bool skips_special) {
    ap_decode_options options = AP_DECODE_OPTIONS_INIT;
    ap_error err = AP_ERROR_INIT;
    char *text = NULL;
    size_t len = 0;
    options.skip_special_tokens = skips_special ? AP_SWITCH_ON : AP_SWITCH_OFF;
    /* The decoder alone, as `tokens` and `ids` are those of the tokenizer alone. */
    options.clean_up_tokenization_spaces = AP_SWITCH_OFF;
    if (ap_tokenizer_decode(&text, &len, tokenizer, ids, &options, &err)) {
        cli_out_text("{\"error\":");
        cli_json_print_string(err.message, strlen(err.message));
        cli_out_write("}", 1);
    } else {
        cli_json_print_string(text, len);
    }
    ap_string_destroy(text);
}

static void print_decode(const ap_token_ids *ids, const ap_tokenizer *tokenizer) {
    cli_out_text("{\"keep\":");
    print_text(ids, tokenizer, false);
    cli_out_text(",\"skip\":");
    print_text(ids, tokenizer, true);
    cli_out_write("}", 1);
}

void cli_tokens_json_print_decoded(const ap_token_ids *ids, const ap_tokenizer *tokenizer) {
    cli_out_text("{\"decode\":");
    print_decode(ids, tokenizer);
    cli_out_write("}", 1);
}

static void print_overflowing(const ap_encoding *encoding, const ap_tokenizer *tokenizer, unsigned fields,
                              bool *is_first) {
    size_t n = ap_encoding_get_n_overflowing(encoding);
    if (!n || !(fields & CLI_FIELD_OVERFLOWING)) return;
    print_key("n_overflowing", is_first);
    print_number((uint32_t)n);
    print_key("overflowing", is_first);
    cli_out_write("[", 1);
    for (size_t i = 0; i < n; i++) {
        if (i) cli_out_write(",", 1);
        cli_tokens_json_print(ap_encoding_get_overflowing(encoding, i), tokenizer,
                              fields & ~(unsigned)(CLI_FIELD_DECODE | CLI_FIELD_OVERFLOWING));
    }
    cli_out_write("]", 1);
}

void cli_tokens_json_print(const ap_encoding *encoding, const ap_tokenizer *tokenizer, unsigned fields) {
    bool is_first = true;
    cli_out_write("{", 1);
    for (unsigned i = 0; 1u << i < CLI_FIELD_OVERFLOWING; i++) {
        if (!(fields & 1u << i)) continue;
        print_key(FIELD_NAMES[i], &is_first);
        print_array(encoding, (cli_token_field)(1u << i));
    }
    print_overflowing(encoding, tokenizer, fields, &is_first);
    if (fields & CLI_FIELD_DECODE) {
        ap_token_ids ids = {NULL, 0};
        ids.ids = ap_encoding_get_ids(encoding, &ids.n);
        print_key("decode", &is_first);
        print_decode(&ids, tokenizer);
    }
    cli_out_write("}", 1);
}
