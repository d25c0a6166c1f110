/* Lines of `accelpipe tokenize`: requests as JSON, and lists of ids. The first byte chooses. What is read is
 * run, so that encodings and decoding see it as well.
 *
 * The program is no library, so the files under test are compiled into this one. */
#include "../cli/args.c"
#include "../cli/diag.c"
#include "../cli/memory.c"
#include "../cli/suggest.c"
#include "../cli/text.c"
#include "../cli/tokenize_request.c"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds) abort();
}

static ap_tokenizer *tokenizer(void) {
    static ap_tokenizer *made;
    static const char json[] =
        "{\"model\":{\"type\":\"WordLevel\",\"unk_token\":\"?\",\"vocab\":{\"?\":0,\"a\":1,\"b\":2}},"
        "\"pre_tokenizer\":{\"type\":\"Whitespace\"},\"added_tokens\":[]}";
    ap_error err = AP_ERROR_INIT;
    if (!made) require(!ap_tokenizer_create_from_json(&made, json, AP_NUL_TERMINATED, &err));
    return made;
}

/* Every array has as many entries as there are ids, and offsets are in order. */
static void check_encoding(const ap_encoding *encoding) {
    size_t n;
    const ap_span *chars = ap_encoding_get_offsets_chars(encoding, &n);
    const ap_span *bytes = ap_encoding_get_offsets_bytes(encoding, NULL);
    require(n == ap_encoding_get_n(encoding));
    for (size_t i = 0; i < n; i++) {
        require(chars[i].start <= chars[i].end && bytes[i].start <= bytes[i].end);
        require(chars[i].end <= bytes[i].end);
        require(ap_encoding_get_token(encoding, i, NULL) != NULL);
    }
}

/* Lengths that only cost memory. */
static bool is_heavy(const ap_encode_options *o) {
    return o->pad_length > 100000 || o->pad_to_multiple_of > 100000;
}

static void encode(const cli_tokenize_request *request) {
    ap_error err = AP_ERROR_INIT;
    ap_encodings *encodings = NULL;
    if (is_heavy(&request->options)) return;
    ap_status status = ap_tokenizer_encode_batch(&encodings, tokenizer(), request->inputs, request->n_inputs,
                                                 &request->options, &err);
    require(status ? err.message[0] && !encodings : ap_encodings_get_n(encodings) == request->n_inputs);
    for (size_t i = 0; i < ap_encodings_get_n(encodings); i++) check_encoding(ap_encodings_get(encodings, i));
    ap_encodings_destroy(encodings);
}

static void decode(const cli_tokenize_request *request) {
    ap_error err = AP_ERROR_INIT;
    char *text = NULL;
    size_t len = 0;
    require(!ap_tokenizer_decode(&text, &len, tokenizer(), &request->ids, NULL, &err));
    require(strlen(text) == len);
    ap_string_destroy(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ap_error err = AP_ERROR_INIT;
    ap_encode_options defaults = AP_ENCODE_OPTIONS_INIT;
    ap_value *value = NULL;
    cli_tokenize_request request;
    if (!size) return 0;
    const char *text = (const char *)data + 1;
    bool is_ids = data[0] % 2;
    ap_status status = is_ids && data[0] & 2 ? ap_value_create_string(&value, text, size - 1, &err)
                                             : ap_value_from_json(&value, text, size - 1, &err);
    if (status) return 0;
    status = is_ids ? cli_tokenize_request_read_ids(&request, value, &err)
                    : cli_tokenize_request_read(&request, value, &defaults, &err);
    require(!status || err.message[0]);
    if (!status && request.is_decode)
        decode(&request);
    else if (!status)
        encode(&request);
    cli_tokenize_request_clear(&request);
    ap_value_destroy(value);
    return 0;
}
