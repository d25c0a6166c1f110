/* The tokenizer as a filter, for comparing it with another one: each line of standard input is a JSON object,
 * each line of standard output its answer.
 *
 *   {"load": TEXT}            a tokenizer.json, for the lines that follow           {"ok": true}
 *   {"text", "pair"} or {"words"} (a list), with "add_special_tokens", "truncation" and "padding" as in
 *                             tests/data/tokenizers/README.md                       the members of that file
 *   {"ids_in": [...]}         only decode                                           {"keep", "skip"}
 *
 * What fails gives {"error": message}. tools/fuzz_tokenizers.py is the other side. */
#include "base/alloc.h"
#include "base/json.h"
#include "tokenizer/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ap__text text_of(yyjson_val *value) {
    return (ap__text){yyjson_get_str(value), yyjson_get_len(value)};
}

static size_t count_of(yyjson_val *json, const char *key) {
    return (size_t)yyjson_get_uint(yyjson_obj_get(json, key));
}

static bool is_left(yyjson_val *json) { return yyjson_equals_str(yyjson_obj_get(json, "direction"), "left"); }

static ap__encode_options options_of(yyjson_val *json) {
    ap__encode_options o = {.with_tokens = true};
    yyjson_val *t = yyjson_obj_get(json, "truncation"), *p = yyjson_obj_get(json, "padding");
    o.add_special_tokens = yyjson_get_bool(yyjson_obj_get(json, "add_special_tokens"));
    if (t) {
        yyjson_val *strategy = yyjson_obj_get(t, "strategy");
        o.truncation = yyjson_equals_str(strategy, "only_first")    ? AP__TRUNCATION_ONLY_FIRST
                       : yyjson_equals_str(strategy, "only_second") ? AP__TRUNCATION_ONLY_SECOND
                                                                    : AP__TRUNCATION_LONGEST_FIRST;
        o.max_length = count_of(t, "max_length");
        o.stride = count_of(t, "stride");
        o.truncation_side = is_left(t) ? AP__SIDE_LEFT : AP__SIDE_RIGHT;
    }
    if (p) {
        o.padding = yyjson_obj_get(p, "length") ? AP__PADDING_FIXED : AP__PADDING_LONGEST;
        o.pad_length = count_of(p, "length");
        o.pad_to_multiple_of = count_of(p, "pad_to_multiple_of");
        o.padding_side = is_left(p) ? AP__SIDE_LEFT : AP__SIDE_RIGHT;
        o.pad_id = (uint32_t)count_of(p, "pad_id");
        o.pad_type_id = (uint32_t)count_of(p, "pad_type_id");
        o.pad_token = yyjson_get_str(yyjson_obj_get(p, "pad_token"));
    }
    return o;
}

/* -- answers ------------------------------------------------------------------------------------------- */

static void add_numbers(yyjson_mut_doc *doc, yyjson_mut_val *to, const char *key, const uint32_t *numbers,
                        size_t n) {
    yyjson_mut_val *list = yyjson_mut_arr(doc);
    for (size_t i = 0; i < n; i++) {
        if (numbers[i] == AP__TOKEN_NONE)
            yyjson_mut_arr_add_null(doc, list);
        else
            yyjson_mut_arr_add_uint(doc, list, numbers[i]);
    }
    yyjson_mut_obj_add_val(doc, to, key, list);
}

static void add_spans(yyjson_mut_doc *doc, yyjson_mut_val *to, const char *key, const ap__span *spans,
                      size_t n) {
    yyjson_mut_val *list = yyjson_mut_arr(doc);
    for (size_t i = 0; i < n; i++) {
        yyjson_mut_arr_add_uint(doc, list, spans[i].start);
        yyjson_mut_arr_add_uint(doc, list, spans[i].end);
    }
    yyjson_mut_obj_add_val(doc, to, key, list);
}

static yyjson_mut_val *answer_of(yyjson_mut_doc *doc, const ap__encoding *e) {
    yyjson_mut_val *to = yyjson_mut_obj(doc), *tokens = yyjson_mut_arr(doc), *parts = yyjson_mut_arr(doc);
    add_numbers(doc, to, "ids", e->ids, e->n);
    add_numbers(doc, to, "type_ids", e->type_ids, e->n);
    add_spans(doc, to, "offsets", e->offsets_chars, e->n);
    add_spans(doc, to, "byte_offsets", e->offsets_bytes, e->n);
    add_numbers(doc, to, "word_ids", e->word_ids, e->n);
    add_numbers(doc, to, "sequence_ids", e->sequence_ids, e->n);
    yyjson_mut_obj_add_val(doc, to, "special_tokens_mask",
                           yyjson_mut_arr_with_uint8(doc, e->special_tokens_mask, e->n));
    yyjson_mut_obj_add_val(doc, to, "attention_mask",
                           yyjson_mut_arr_with_uint8(doc, e->attention_mask, e->n));
    for (size_t i = 0; i < e->n; i++)
        yyjson_mut_arr_add_strn(doc, tokens, e->tokens[i].ptr, e->tokens[i].len);
    yyjson_mut_obj_add_val(doc, to, "tokens", tokens);
    for (size_t i = 0; i < e->n_overflowing; i++)
        yyjson_mut_arr_append(parts, answer_of(doc, &e->overflowing[i]));
    yyjson_mut_obj_add_val(doc, to, "overflowing", parts);
    return to;
}

static void add_decoded(yyjson_mut_doc *doc, yyjson_mut_val *to, const ap__tokenizer *tokenizer,
                        const uint32_t *ids, size_t n) {
    static const char *const KEYS[] = {"keep", "skip"};
    for (int skip = 0; skip < 2; skip++) {
        char *text;
        size_t len;
        if (ap__tokenizer_decode(&text, &len, tokenizer, ids, n, skip, NULL))
            yyjson_mut_obj_add_null(doc, to, KEYS[skip]);
        else
            yyjson_mut_obj_add_strncpy(doc, to, KEYS[skip], text, len);
        ap__free(text);
    }
}

static void write_line(yyjson_mut_doc *doc, yyjson_mut_val *answer, const ap_error *err) {
    if (err->status) {
        answer = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_strcpy(doc, answer, "error", err->message);
    }
    yyjson_mut_doc_set_root(doc, answer);
    size_t len;
    char *text = yyjson_mut_write(doc, 0, &len);
    fwrite(text, 1, len, stdout);
    putchar('\n');
    free(text);
}

/* -- requests ------------------------------------------------------------------------------------------ */

static void encode_request(ap__encoding *out, const ap__tokenizer *tokenizer, yyjson_val *json,
                           const ap__encode_options *options, ap_error *err) {
    yyjson_val *list = yyjson_obj_get(json, "words"), *pair_json = yyjson_obj_get(json, "pair"), *item;
    ap__text pair = text_of(pair_json);
    if (list) {
        size_t i, max;
        ap__text *words = calloc(yyjson_arr_size(list) + 1, sizeof *words);
        yyjson_arr_foreach(list, i, max, item) words[i] = text_of(item);
        ap__tokenizer_encode_words(out, tokenizer, words, yyjson_arr_size(list), NULL, 0, options, err);
        free(words);
    } else {
        ap__text text = text_of(yyjson_obj_get(json, "text"));
        ap__tokenizer_encode(out, tokenizer, text, pair_json ? &pair : NULL, options, err);
    }
}

static bool is_same(const ap__encoding *a, const ap__encoding *b, bool with_offsets) {
    if (a->n != b->n || a->n_overflowing != b->n_overflowing) return false;
    for (size_t i = 0; i < a->n_overflowing; i++)
        if (!is_same(&a->overflowing[i], &b->overflowing[i], with_offsets)) return false;
    if (!a->n) return true;
    return !memcmp(a->ids, b->ids, a->n * sizeof *a->ids) &&
           !memcmp(a->word_ids, b->word_ids, a->n * sizeof *a->word_ids) &&
           (!with_offsets || (!memcmp(a->offsets_bytes, b->offsets_bytes, a->n * sizeof *a->offsets_bytes) &&
                              !memcmp(a->offsets_chars, b->offsets_chars, a->n * sizeof *a->offsets_chars)));
}

/* Without strings of tokens, words come from a cache: the second time they are there. The third time nobody
 * asks where tokens are, and text is normalized in other ways. */
static void check_without_tokens(const ap__encoding *expected, const ap__tokenizer *tokenizer,
                                 yyjson_val *json, ap_error *err) {
    ap__encode_options options = options_of(json);
    options.with_tokens = false;
    for (int time = 0; time < 3 && !err->status; time++) {
        ap__encoding e = {0};
        options.skip_offsets = time == 2;
        encode_request(&e, tokenizer, json, &options, err);
        if (!err->status && !is_same(expected, &e, !options.skip_offsets)) {
            err->status = AP_EBUG;
            snprintf(err->message, sizeof err->message, "another result without %s",
                     options.skip_offsets ? "offsets" : "strings of tokens");
        }
        ap__encoding_clear(&e);
    }
}

static void encode(yyjson_mut_doc *doc, const ap__tokenizer *tokenizer, yyjson_val *json) {
    ap_error err = AP_ERROR_INIT;
    ap__encoding e = {0};
    ap__encode_options options = options_of(json);
    encode_request(&e, tokenizer, json, &options, &err);
    if (!err.status) check_without_tokens(&e, tokenizer, json, &err);
    yyjson_mut_val *answer = err.status ? NULL : answer_of(doc, &e);
    if (answer) add_decoded(doc, answer, tokenizer, e.ids, e.n);
    write_line(doc, answer, &err);
    ap__encoding_clear(&e);
}

static void decode(yyjson_mut_doc *doc, const ap__tokenizer *tokenizer, yyjson_val *list) {
    ap_error err = AP_ERROR_INIT;
    yyjson_val *item;
    size_t i, max;
    uint32_t *ids = calloc(yyjson_arr_size(list) + 1, sizeof *ids);
    yyjson_arr_foreach(list, i, max, item) ids[i] = (uint32_t)yyjson_get_uint(item);
    yyjson_mut_val *answer = yyjson_mut_obj(doc);
    add_decoded(doc, answer, tokenizer, ids, yyjson_arr_size(list));
    write_line(doc, answer, &err);
    free(ids);
}

static void load(yyjson_mut_doc *doc, ap__tokenizer **tokenizer, ap__text json) {
    ap_error err = AP_ERROR_INIT;
    ap__tokenizer_destroy(*tokenizer);
    ap__tokenizer_from_json(tokenizer, json.ptr, json.len, "tokenizer.json", &err);
    yyjson_mut_val *answer = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_bool(doc, answer, "ok", true);
    write_line(doc, answer, &err);
}

static int run_line(ap__tokenizer **tokenizer, const char *line, size_t len) {
    ap_error err = AP_ERROR_INIT;
    yyjson_doc *in = NULL;
    if (ap__json_parse(&in, line, len, "line", &err)) {
        fprintf(stderr, "tokenizer_lines: %s\n", err.message);
        return 2;
    }
    yyjson_mut_doc *out = yyjson_mut_doc_new(NULL);
    yyjson_val *root = yyjson_doc_get_root(in), *json = yyjson_obj_get(root, "load"),
               *ids = yyjson_obj_get(root, "ids_in");
    if (json)
        load(out, tokenizer, text_of(json));
    else if (ids)
        decode(out, *tokenizer, ids);
    else
        encode(out, *tokenizer, root);
    yyjson_mut_doc_free(out);
    yyjson_doc_free(in);
    return 0;
}

int main(void) {
    ap__tokenizer *tokenizer = NULL;
    char *line = NULL;
    size_t capacity = 0;
    ssize_t len;
    int status = 0;
    while (!status && (len = getline(&line, &capacity, stdin)) > 0) {
        status = run_line(&tokenizer, line, (size_t)len);
        fflush(stdout);
    }
    free(line);
    ap__tokenizer_destroy(tokenizer);
    return status;
}
