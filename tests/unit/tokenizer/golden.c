/* Golden cases of tokenizers: read, run, compare, and say what differs first. */
#include "unit/tokenizer/golden.h"

#include "base/alloc.h"
#include "base/json.h"
#include "tokenizer/tokenizer.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BATCH = 16 };

typedef struct suite {
    ap__tokenizer *tokenizer;
    yyjson_doc **inputs; /* The lines of inputs.jsonl. */
    size_t n_inputs;
    golden_report *report;
    size_t line;
    const char *name;
    bool has_failed; /* The case at hand. */
} suite;

/* -- files --------------------------------------------------------------------------------------------- */

static char *read_stream(FILE *stream, size_t *len) {
    size_t capacity = 1 << 16;
    char *text = malloc(capacity);
    *len = 0;
    while (text) {
        *len += fread(text + *len, 1, capacity - *len - 1, stream);
        if (*len + 1 < capacity) break;
        capacity *= 2;
        char *grown = realloc(text, capacity);
        if (!grown) free(text);
        text = grown;
    }
    if (text) text[*len] = '\0';
    return text;
}

char *golden_read(const char *path, size_t *len) {
    char command[1200];
    FILE *stream = fopen(path, "rb");
    bool is_pipe = !stream;
    if (is_pipe) {
        snprintf(command, sizeof command, "test -f '%s.gz' && gzip -dc '%s.gz'", path, path);
        stream = popen(command, "r");
    }
    if (!stream) return NULL;
    char *text = read_stream(stream, len);
    if (is_pipe)
        pclose(stream);
    else
        fclose(stream);
    if (is_pipe && text && *len == 0) {
        free(text);
        return NULL;
    }
    return text;
}

static int read_inputs(suite *s, const char *folder) {
    char path[1024];
    size_t len, n_lines = 0;
    snprintf(path, sizeof path, "%s/texts/inputs.jsonl", folder);
    char *text = golden_read(path, &len);
    if (!text) return -1;
    for (size_t i = 0; i < len; i++) n_lines += text[i] == '\n';
    s->inputs = calloc(n_lines + 1, sizeof(yyjson_doc *));
    for (char *line = text; s->inputs && *line;) {
        char *end = strchr(line, '\n');
        size_t n = end ? (size_t)(end - line) : strlen(line);
        if (n) s->inputs[s->n_inputs++] = yyjson_read(line, n, 0);
        line += n + (end != NULL);
    }
    free(text);
    return s->inputs ? 0 : -1;
}

static ap__text text_of(const suite *s, yyjson_val *index) {
    size_t i = (size_t)yyjson_get_uint(index);
    yyjson_val *text = i < s->n_inputs ? yyjson_obj_get(yyjson_doc_get_root(s->inputs[i]), "text") : NULL;
    return (ap__text){yyjson_get_str(text), yyjson_get_len(text)};
}

/* -- comparing ----------------------------------------------------------------------------------------- */

static void fail(suite *s, const char *fmt, ...) {
    char *out = s->report->first_failure;
    if (!s->has_failed && !out[0]) {
        int n = snprintf(out, sizeof s->report->first_failure, "%s line %zu: ", s->name, s->line);
        va_list args;
        va_start(args, fmt);
        vsnprintf(out + n, sizeof s->report->first_failure - (size_t)n, fmt, args);
        va_end(args);
    }
    s->has_failed = true;
}

/* A number of the expected list; -1 for null. */
static long long number(yyjson_val *list, size_t i) {
    yyjson_val *value = yyjson_arr_get(list, i);
    return yyjson_is_null(value) ? -1 : (long long)yyjson_get_sint(value);
}

static long long found_u32(uint32_t value) { return value == AP__TOKEN_NONE ? -1 : (long long)value; }

static void compare(suite *s, yyjson_val *json, const char *key, size_t n, long long standard,
                    long long (*get)(const ap__encoding *, size_t), const ap__encoding *e) {
    yyjson_val *list = yyjson_obj_get(json, key);
    if (list && yyjson_arr_size(list) != n)
        fail(s, "%s: expected %zu entries, found %zu", key, yyjson_arr_size(list), n);
    for (size_t i = 0; i < n && !s->has_failed; i++) {
        long long expected = list ? number(list, i) : standard, found = get(e, i);
        if (expected != found) fail(s, "%s[%zu]: expected %lld, found %lld", key, i, expected, found);
    }
}

static long long get_id(const ap__encoding *e, size_t i) { return e->ids[i]; }
static long long get_type(const ap__encoding *e, size_t i) { return e->type_ids[i]; }
static long long get_special(const ap__encoding *e, size_t i) { return e->special_tokens_mask[i]; }
static long long get_attention(const ap__encoding *e, size_t i) { return e->attention_mask[i]; }
static long long get_word(const ap__encoding *e, size_t i) { return found_u32(e->word_ids[i]); }
static long long get_sequence(const ap__encoding *e, size_t i) { return found_u32(e->sequence_ids[i]); }
static long long get_chars(const ap__encoding *e, size_t i) {
    return i % 2 ? e->offsets_chars[i / 2].end : e->offsets_chars[i / 2].start;
}
static long long get_bytes(const ap__encoding *e, size_t i) {
    return i % 2 ? e->offsets_bytes[i / 2].end : e->offsets_bytes[i / 2].start;
}

static void compare_tokens(suite *s, yyjson_val *json, const ap__encoding *e) {
    yyjson_val *list = yyjson_obj_get(json, "tokens");
    for (size_t i = 0; i < e->n && !s->has_failed; i++) {
        ap__text expected = {yyjson_get_str(yyjson_arr_get(list, i)),
                             yyjson_get_len(yyjson_arr_get(list, i))};
        if (!list) expected.ptr = ap__tokenizer_id_to_token(s->tokenizer, e->ids[i], &expected.len);
        if (!expected.ptr) continue;
        if (expected.len != e->tokens[i].len || memcmp(expected.ptr, e->tokens[i].ptr, expected.len))
            fail(s, "tokens[%zu]: expected \"%s\", found \"%s\"", i, expected.ptr, e->tokens[i].ptr);
    }
}

static void compare_encoding(suite *s, yyjson_val *json, const ap__encoding *e, bool is_words,
                             bool is_whole) {
    compare(s, json, "ids", e->n, 0, get_id, e);
    compare(s, json, "type_ids", e->n, 0, get_type, e);
    compare(s, json, "offsets", 2 * e->n, 0, get_chars, e);
    compare(s, json, "word_ids", e->n, -1, get_word, e);
    if (is_words) return;
    if (yyjson_obj_get(json, "byte_offsets")) compare(s, json, "byte_offsets", 2 * e->n, 0, get_bytes, e);
    compare(s, json, "special_tokens_mask", e->n, 0, get_special, e);
    compare(s, json, "attention_mask", e->n, 1, get_attention, e);
    if (yyjson_obj_get(json, "sequence_ids")) compare(s, json, "sequence_ids", e->n, 0, get_sequence, e);
    compare_tokens(s, json, e);
    if (!is_whole) return;
    size_t n = (size_t)yyjson_get_uint(yyjson_obj_get(json, "n_overflowing")), i, max;
    yyjson_val *part;
    if (n != e->n_overflowing && !s->has_failed)
        fail(s, "n_overflowing: expected %zu, found %zu", n, e->n_overflowing);
    yyjson_arr_foreach(yyjson_obj_get(json, "overflowing"), i, max, part) {
        if (!s->has_failed) compare_encoding(s, part, &e->overflowing[i], false, false);
    }
}

static void compare_text(suite *s, yyjson_val *expected, const uint32_t *ids, size_t n, bool skip) {
    ap_error err = AP_ERROR_INIT;
    char *text;
    size_t len;
    if (s->has_failed) return;
    ap_status status = ap__tokenizer_decode(&text, &len, s->tokenizer, ids, n, skip, &err);
    if (yyjson_is_obj(expected) != (status != AP_OK))
        fail(s, "decode: expected %s, found %s", yyjson_is_obj(expected) ? "an error" : "text", err.message);
    else if (!status && (len != yyjson_get_len(expected) || memcmp(text, yyjson_get_str(expected), len)))
        fail(s, "decode(skip %d): expected \"%s\", found \"%s\"", skip, yyjson_get_str(expected), text);
    ap__free(text);
}

static void compare_decode(suite *s, yyjson_val *json, const uint32_t *ids, size_t n) {
    yyjson_val *decode = yyjson_obj_get(json, "decode");
    if (!decode) return;
    yyjson_val *keep = yyjson_obj_get(decode, "keep"), *skip = yyjson_obj_get(decode, "skip");
    compare_text(s, keep, ids, n, false);
    compare_text(s, skip ? skip : keep, ids, n, true);
}

/* -- running ------------------------------------------------------------------------------------------- */

static ap__encode_options options_of(const suite *s, yyjson_val *json) {
    ap__encode_options o = {0};
    if (yyjson_get_bool(yyjson_obj_get(json, "stored_options")))
        ap__tokenizer_get_stored_options(s->tokenizer, &o);
    o.add_special_tokens = yyjson_get_bool(yyjson_obj_get(json, "add_special_tokens"));
    o.with_tokens = true;
    yyjson_val *t = yyjson_obj_get(json, "truncation"), *p = yyjson_obj_get(json, "padding");
    if (t) {
        const char *strategy = yyjson_get_str(yyjson_obj_get(t, "strategy"));
        o.truncation = !strcmp(strategy, "only_first")    ? AP__TRUNCATION_ONLY_FIRST
                       : !strcmp(strategy, "only_second") ? AP__TRUNCATION_ONLY_SECOND
                                                          : AP__TRUNCATION_LONGEST_FIRST;
        o.max_length = (size_t)yyjson_get_uint(yyjson_obj_get(t, "max_length"));
        o.stride = (size_t)yyjson_get_uint(yyjson_obj_get(t, "stride"));
        o.truncation_side = yyjson_equals_str(yyjson_obj_get(t, "direction"), "left");
    }
    if (p) {
        o.padding = yyjson_obj_get(p, "length") ? AP__PADDING_FIXED : AP__PADDING_LONGEST;
        o.pad_length = (size_t)yyjson_get_uint(yyjson_obj_get(p, "length"));
        o.pad_to_multiple_of = (size_t)yyjson_get_uint(yyjson_obj_get(p, "pad_to_multiple_of"));
        o.padding_side = yyjson_equals_str(yyjson_obj_get(p, "direction"), "left");
        o.pad_id = (uint32_t)yyjson_get_uint(yyjson_obj_get(p, "pad_id"));
        o.pad_type_id = (uint32_t)yyjson_get_uint(yyjson_obj_get(p, "pad_type_id"));
        o.pad_token = yyjson_get_str(yyjson_obj_get(p, "pad_token"));
    }
    return o;
}

/* A text by its index, or a pair by two. */
static ap_status encode_input(suite *s, ap__encoding *out, yyjson_val *input,
                              const ap__encode_options *options, ap_error *err) {
    if (!yyjson_is_arr(input))
        return ap__tokenizer_encode(out, s->tokenizer, text_of(s, input), NULL, options, err);
    ap__text pair = text_of(s, yyjson_arr_get(input, 1));
    return ap__tokenizer_encode(out, s->tokenizer, text_of(s, yyjson_arr_get(input, 0)), &pair, options, err);
}

static ap_status encode_words(suite *s, ap__encoding *out, yyjson_val *list,
                              const ap__encode_options *options, ap_error *err) {
    size_t n = yyjson_arr_size(list);
    ap__text *words = calloc(n + 1, sizeof *words);
    for (size_t i = 0; i < n; i++) {
        yyjson_val *word = yyjson_arr_get(list, i);
        words[i] = (ap__text){yyjson_get_str(word), yyjson_get_len(word)};
    }
    ap_status status = ap__tokenizer_encode_words(out, s->tokenizer, words, n, NULL, 0, options, err);
    free(words);
    return status;
}

static void check_status(suite *s, yyjson_val *json, ap_status status, const ap_error *err) {
    bool is_error = yyjson_obj_get(json, "error") != NULL;
    if (is_error && !status) fail(s, "expected an error (%s)", yyjson_get_str(yyjson_obj_get(json, "error")));
    if (!is_error && status) fail(s, "failed: %s", err->message);
}

static void run_batch(suite *s, yyjson_val *json, yyjson_val *batch, const ap__encode_options *options) {
    ap__encoding encodings[MAX_BATCH] = {0};
    ap_error err = AP_ERROR_INIT;
    size_t n = yyjson_arr_size(batch);
    ap_status status = AP_OK;
    for (size_t i = 0; i < n && !status; i++)
        status = encode_input(s, &encodings[i], yyjson_arr_get(batch, i), options, &err);
    if (!status) status = ap__encodings_pad(encodings, n, options, &err);
    check_status(s, json, status, &err);
    for (size_t i = 0; i < n && !status && !s->has_failed; i++)
        compare_encoding(s, yyjson_arr_get(yyjson_obj_get(json, "encodings"), i), &encodings[i], false, true);
    for (size_t i = 0; i < n; i++) ap__encoding_clear(&encodings[i]);
}

static void run_ids(suite *s, yyjson_val *json, yyjson_val *list) {
    size_t n = yyjson_arr_size(list);
    uint32_t *ids = calloc(n + 1, sizeof *ids);
    for (size_t i = 0; i < n; i++) ids[i] = (uint32_t)yyjson_get_uint(yyjson_arr_get(list, i));
    compare_decode(s, json, ids, n);
    free(ids);
}

static ap_status encode_case(suite *s, ap__encoding *out, yyjson_val *json, const ap__encode_options *options,
                             ap_error *err) {
    yyjson_val *words = yyjson_obj_get(json, "w"), *text = yyjson_obj_get(json, "t");
    return words ? encode_words(s, out, words, options, err)
                 : encode_input(s, out, text ? text : yyjson_obj_get(json, "p"), options, err);
}

/* Without strings of tokens, words come from a cache: the second time they are there. The third time nobody
 * asks where tokens are, and text is normalized in other ways. */
static void check_without_tokens(suite *s, yyjson_val *json, const ap__encoding *expected) {
    ap__encode_options options = options_of(s, json);
    options.with_tokens = false;
    for (int time = 0; time < 3 && !s->has_failed; time++) {
        ap__encoding e = {0};
        options.skip_offsets = time == 2;
        ap_error err = AP_ERROR_INIT;
        ap_status status = encode_case(s, &e, json, &options, &err);
        size_t size = expected->n * sizeof *e.ids;
        if (status || e.n != expected->n)
            fail(s, "without strings: %s", status ? err.message : "another number of tokens");
        else if (e.n && (memcmp(e.ids, expected->ids, size) != 0 ||
                         memcmp(e.word_ids, expected->word_ids, size) != 0 ||
                         (time < 2 && memcmp(e.offsets_bytes, expected->offsets_bytes, 2 * size) != 0)))
            fail(s, "without strings: other tokens (time %d)", time);
        ap__encoding_clear(&e);
    }
}

static void run_case(suite *s, yyjson_val *json) {
    ap__encode_options options = options_of(s, json);
    ap__encoding e = {0};
    ap_error err = AP_ERROR_INIT;
    yyjson_val *batch = yyjson_obj_get(json, "batch"), *words = yyjson_obj_get(json, "w");
    yyjson_val *ids = yyjson_obj_get(json, "ids_in");
    if (batch) {
        run_batch(s, json, batch, &options);
        return;
    }
    if (ids) {
        run_ids(s, json, ids);
        return;
    }
    ap_status status = encode_case(s, &e, json, &options, &err);
    check_status(s, json, status, &err);
    if (!status && !s->has_failed) compare_encoding(s, json, &e, words != NULL, true);
    if (!status) compare_decode(s, json, e.ids, e.n);
    if (!status && !s->has_failed) check_without_tokens(s, json, &e);
    ap__encoding_clear(&e);
}

static void run_lines(suite *s, char *goldens) {
    for (char *line = goldens; *line; s->line++) {
        char *end = strchr(line, '\n');
        size_t n = end ? (size_t)(end - line) : strlen(line);
        yyjson_doc *doc = s->line && n ? yyjson_read(line, n, 0) : NULL;
        if (doc) {
            s->has_failed = false;
            run_case(s, yyjson_doc_get_root(doc));
            s->report->n_cases++;
            s->report->n_passed += !s->has_failed;
        }
        yyjson_doc_free(doc);
        line += n + (end != NULL);
    }
}

static int load(suite *s, const char *folder) {
    char path[1024];
    size_t len;
    ap_error err = AP_ERROR_INIT;
    snprintf(path, sizeof path, "%s/%s/tokenizer.json", folder, s->name);
    char *json = golden_read(path, &len);
    if (!json) return -1;
    s->report->load_status = ap__tokenizer_from_json(&s->tokenizer, json, len, "tokenizer.json", &err);
    if (s->report->load_status)
        snprintf(s->report->first_failure, sizeof s->report->first_failure, "%s: %s", s->name, err.message);
    free(json);
    return 0;
}

int golden_run(golden_report *out, const char *folder, const char *name) {
    suite s = {.report = out, .name = name};
    char path[1024];
    size_t len;
    *out = (golden_report){0};
    snprintf(path, sizeof path, "%s/goldens/%s.jsonl", folder, name);
    char *goldens = golden_read(path, &len);
    int result = goldens ? load(&s, folder) : -1;
    if (!result && s.tokenizer) result = read_inputs(&s, folder);
    if (!result && s.tokenizer) run_lines(&s, goldens);
    for (size_t i = 0; i < s.n_inputs; i++) yyjson_doc_free(s.inputs[i]);
    free(s.inputs);
    free(goldens);
    ap__tokenizer_destroy(s.tokenizer);
    return result;
}
