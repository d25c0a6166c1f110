/* Ids, tokens and their places in each line of standard input, and the text that the ids decode to. The
 * tokenizer is a model folder or a tokenizer.json; no model and no backend is needed.
 *
 *     echo "I loved every minute of it." | tokenize models/minilm-sst2
 */
#include <accelpipe/accelpipe.h>
#include <stdio.h>
#include <string.h>

enum { LINE_BYTES = 64 * 1024 };

static void print_encoding(const ap_encoding *encoding, const char *line) {
    size_t n;
    const uint32_t *ids = ap_encoding_get_ids(encoding, &n);
    const ap_span *offsets = ap_encoding_get_offsets_bytes(encoding, NULL);
    for (size_t i = 0; i < n; i++)
        printf("%8u  %-16s %.*s\n", (unsigned)ids[i], ap_encoding_get_token(encoding, i, NULL),
               (int)(offsets[i].end - offsets[i].start), line + offsets[i].start);
}

static ap_status print_decoded(const ap_tokenizer *tokenizer, const ap_encoding *encoding, ap_error *err) {
    ap_decode_options options = AP_DECODE_OPTIONS_INIT;
    ap_token_ids ids = {NULL, 0};
    char *text;
    options.skip_special_tokens = AP_SWITCH_ON;
    ids.ids = ap_encoding_get_ids(encoding, &ids.n);
    ap_status status = ap_tokenizer_decode(&text, NULL, tokenizer, &ids, &options, err);
    if (!status) printf("          decoded: %s\n", text);
    ap_string_destroy(text);
    return status;
}

static ap_status tokenize_line(const ap_tokenizer *tokenizer, char *line, ap_error *err) {
    ap_encoding *encoding;
    line[strcspn(line, "\n")] = '\0';
    ap_status status = ap_tokenizer_encode(&encoding, tokenizer, line, AP_NUL_TERMINATED, NULL, err);
    if (!status) {
        print_encoding(encoding, line);
        status = print_decoded(tokenizer, encoding, err);
    }
    ap_encoding_destroy(encoding);
    return status;
}

int main(int argc, char **argv) {
    static char line[LINE_BYTES];
    ap_error err = AP_ERROR_INIT;
    ap_tokenizer *tokenizer;
    if (argc != 2) {
        fprintf(stderr, "usage: tokenize FOLDER|tokenizer.json < TEXT\n");
        return 2;
    }
    ap_status status = ap_tokenizer_create(&tokenizer, argv[1], &err);
    while (!status && fgets(line, sizeof line, stdin)) status = tokenize_line(tokenizer, line, &err);
    if (status) fprintf(stderr, "tokenize: %s\n", err.message);
    ap_tokenizer_destroy(tokenizer);
    return status != AP_OK;
}
