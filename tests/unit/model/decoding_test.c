/* Models that generate, on every backend that is there: whatever way the tokens go in, the logits are those
 * of one run over all of them. The models are those of the parity kit, or where it is not there its committed
 * part. */
#define _GNU_SOURCE /* symlink */
#include "backend/known.h"
#include "model/decoder.h"

#include "unit/backend/sessions.h"
#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/support/values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A model and the files of it that are used, which say what kind it is. */
typedef struct model_row {
    const char *name, *files;
} model_row;

#define MERGED "encoder_model.onnx decoder_model_merged.onnx"
#define PAIR "encoder_model.onnx decoder_model.onnx decoder_with_past_model.onnx"
#define UNCACHED "encoder_model.onnx decoder_model.onnx"

static const model_row MODELS[] = {
    {"gpt2-lm", "model.onnx"},    {"gptneox-lm", "model.onnx"},
    {"opt-lm", "model.onnx"},     {"llama-chat", "model.onnx"},
    {"mistral-lm", "model.onnx"}, {"qwen2-chat", "model.onnx"},
    {"phi-lm", "model.onnx"},     {"gemma-lm", "model.onnx"},
    {"t5-mini", MERGED},          {"t5-mini", PAIR},
    {"t5-mini", UNCACHED},        {"bart-cnn", MERGED},
    {"bart-cnn", PAIR},           {"marian-en-de", MERGED},
    {"marian-en-de", PAIR},       {"llama-stateful", "openvino_model.xml openvino_model.bin"},
    {"m2m100-multi", MERGED},     {"mbart-multi", MERGED},
    {"pegasus-xsum", MERGED},
};

enum { N_MODELS = sizeof MODELS / sizeof *MODELS, N_TOKENS = 20, N_SEEDS = 4, N_SOURCE = 7 };

/* float32 in another order of additions. */
#define TOLERANCE 2e-4f

static ap__path cache, folder;
static ap_error err;

int group_setup(void **state) {
    (void)state;
    sessions_setup(&cache);
    return 0;
}

int group_teardown(void **state) {
    (void)state;
    sessions_teardown(&cache);
    return 0;
}

/* -- models -------------------------------------------------------------------------------------------- */

static bool find_model(ap__path *out, const char *name) {
    static const char *const places[] = {AP_TEST_SHARED_DIR "/parity/models",
                                         AP_TEST_DATA_DIR "/parity/models", AP_TEST_DATA_DIR "/decoding"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        assert_int_equal(AP_OK, ap__path_format(out, NULL, "%s/%s", places[i], name));
        if (ap__path_is_dir(out->text)) return true;
    }
    return false;
}

/* OpenVINO's files are in the folder itself, ONNX files in one below. */
static bool link_file(const ap__path *model, const char *name) {
    ap__path from, to;
    const char *below = strstr(name, ".onnx") ? "onnx/" : "";
    assert_int_equal(AP_OK, ap__path_format(&from, NULL, "%s/%s%s", model->text, below, name));
    assert_int_equal(AP_OK, ap__path_format(&to, NULL, "%s/%s%s", folder.text, below, name));
    if (!ap__path_is_file(from.text)) return false;
    assert_int_equal(0, symlink(from.text, to.text));
    return true;
}

/* A folder with those files of the model. */
static bool link_model(const model_row *row) {
    ap__path model;
    char files[200], *next;
    if (!find_model(&model, row->name)) return false;
    tempdir_create(&folder);
    tempdir_make_dir(&folder, "onnx");
    bool is_whole = link_file(&model, "config.json");
    snprintf(files, sizeof files, "%s", row->files);
    for (char *file = strtok_r(files, " ", &next); is_whole && file; file = strtok_r(NULL, " ", &next))
        is_whole = link_file(&model, file);
    if (!is_whole) tempdir_remove(&folder);
    return is_whole;
}

static ap__decoder *open_decoder(const ap__backend *backend, const model_row *row) {
    ap__config *config;
    ap__decoder *decoder;
    const ap__session_options options = {.n_threads = 1, .no_cache = true};
    const ap__file_request file = {
        .kind = strstr(row->files, "encoder_model") ? AP_MODEL_ENCODER_DECODER : AP_MODEL_CAUSAL_LM,
        .reads = ap__known_backend_find(ap__backend_get_name(backend))->reads,
        .splits_merged = !ap__known_backend_find(ap__backend_get_name(backend))->runs_merged,
    };
    assert_ok(ap__config_load(&config, folder.text, &err), &err);
    assert_ok(ap__decoder_open(&decoder, folder.text, config, backend, &file, &options, &err), &err);
    ap__config_destroy(config);
    return decoder;
}

/* -- decodings ----------------------------------------------------------------------------------------- */

/* The tokens of row `seed`. */
static void make_tokens(int64_t *out, size_t n, size_t seed) {
    for (size_t i = 0; i < n; i++) out[i] = (int64_t)(5 + (i * 37 + seed * 101 + i * i * 3) % 600);
}

/* Inputs of an encoder: a row for each seed, of N_SOURCE + seed % 3 tokens, masked on the right. */
static ap_value *make_sources(const uint32_t *seeds, size_t n_rows) {
    size_t n = 0;
    for (size_t i = 0; i < n_rows; i++)
        if (N_SOURCE + seeds[i] % 3 > n) n = N_SOURCE + seeds[i] % 3;
    int64_t *ids = calloc(n_rows * n, sizeof *ids), *mask = calloc(n_rows * n, sizeof *mask);
    const int64_t shape[2] = {(int64_t)n_rows, (int64_t)n};
    for (size_t i = 0; i < n_rows; i++) {
        size_t len = N_SOURCE + seeds[i] % 3;
        make_tokens(ids + i * n, len, seeds[i] + 50);
        for (size_t k = 0; k < n; k++) mask[i * n + k] = k < len;
    }
    ap_value *dict = NULL;
    assert_ok(ap_value_create_dict(&dict, &err), &err);
    assert_ok(ap_value_dict_set_take(dict, "input_ids", tensor_value(AP_DTYPE_I64, shape, 2, ids), &err),
              &err);
    assert_ok(
        ap_value_dict_set_take(dict, "attention_mask", tensor_value(AP_DTYPE_I64, shape, 2, mask), &err),
        &err);
    free(ids);
    free(mask);
    return dict;
}

static ap__decoding *begin_rows(const ap__decoder *decoder, const uint32_t *seeds, size_t n_rows) {
    ap__decoding *d;
    ap_value *inputs = ap__decoder_has_encoder(decoder) ? make_sources(seeds, n_rows) : NULL;
    assert_ok(ap__decoding_begin(&d, decoder, n_rows, inputs, NULL, &err), &err);
    ap_value_destroy(inputs);
    return d;
}

static ap__decoding *begin(const ap__decoder *decoder, uint32_t seed) {
    return begin_rows(decoder, &seed, 1);
}

/* Feeds tokens [from, to) of row `seed`, and gives the logits of all of them. */
static float *step_one(ap__decoding *d, size_t seed, size_t from, size_t to) {
    int64_t tokens[N_TOKENS];
    float *logits = NULL;
    make_tokens(tokens, to, seed);
    const ap__step step = {.tokens = tokens + from, .n_tokens = to - from, .n_logits = to - from};
    assert_ok(d->ops->step(d, &step, &logits, &err), &err);
    assert_int_equal(to, d->n_tokens);
    return logits;
}

/* The logits of N_TOKENS tokens of each row, by one run: those of a token depend on no token behind it. */
static float *references[N_SEEDS];
static size_t vocab_size;

static void make_references(const ap__decoder *decoder) {
    for (uint32_t seed = 0; seed < N_SEEDS; seed++) {
        ap__decoding *d = begin(decoder, seed);
        const float *logits = step_one(d, seed, 0, N_TOKENS);
        vocab_size = d->vocab_size;
        references[seed] = malloc(N_TOKENS * vocab_size * sizeof *logits);
        memcpy(references[seed], logits, N_TOKENS * vocab_size * sizeof *logits);
        d->ops->end(d);
    }
}

static void free_references(void) {
    for (size_t i = 0; i < N_SEEDS; i++) free(references[i]);
}

/* The logits of `n` tokens of row `seed` from `from` on. */
static void assert_near(uint32_t seed, size_t from, size_t n, const float *found, const model_row *row,
                        const char *what) {
    const float *expected = references[seed] + from * vocab_size;
    float worst = 0;
    for (size_t i = 0; i < n * vocab_size; i++) {
        float difference = fabsf(expected[i] - found[i]);
        if (!(difference <= worst)) worst = difference;
    }
    if (!(worst <= TOLERANCE))
        fail_msg("%s (%s): %s: logits differ by %g", row->name, row->files, what, (double)worst);
}

/* -- tests --------------------------------------------------------------------------------------------- */

/* Five tokens, two single ones, three at once, two single ones. */
static void check_steps(const ap__decoder *decoder, const model_row *row) {
    static const size_t ends[] = {5, 6, 7, 10, 11, 12};
    size_t from = 0;
    ap__decoding *d = begin(decoder, 1);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; from = ends[i++]) {
        char what[40];
        snprintf(what, sizeof what, "tokens %zu to %zu", from, ends[i]);
        assert_near(1, from, ends[i] - from, step_one(d, 1, from, ends[i]), row, what);
    }
    d->ops->end(d);
}

/* Feeds each row its tokens [from, to), and compares the logits with those of the row alone. `ends[i]` is how
 * many tokens row i has read then, where rows differ. */
static void step_rows(ap__decoding *d, const uint32_t *seeds, const size_t *ends, size_t n,
                      const model_row *row, const char *what) {
    int64_t tokens[64];
    float *logits = NULL;
    for (size_t i = 0; i < d->n_rows; i++) {
        int64_t all[N_TOKENS];
        make_tokens(all, ends[i], seeds[i]);
        memcpy(tokens + i * n, all + ends[i] - n, n * sizeof *tokens);
    }
    const ap__step step = {.tokens = tokens, .n_tokens = n, .n_logits = 1};
    assert_ok(d->ops->step(d, &step, &logits, &err), &err);
    for (size_t i = 0; i < d->n_rows; i++)
        assert_near(seeds[i], ends[i] - 1, 1, logits + i * vocab_size, row, what);
}

static void check_select(const ap__decoder *decoder, const model_row *row) {
    static const uint32_t seeds[] = {1, 2, 3}, chosen[] = {3, 1, 1, 2}, rows[] = {2, 0, 0, 1}, last[] = {3};
    static const uint32_t swap[] = {2, 1, 0, 3}, seeds_swapped[] = {1, 1, 3, 2};
    ap__decoding *d = begin_rows(decoder, seeds, 3);
    assert_ok(d->ops->select(d, (const uint32_t[]){0, 1, 2}, 3, &err), &err); /* Before anything was read. */
    step_rows(d, seeds, (const size_t[]){5, 5, 5}, 5, row, "three rows");
    assert_ok(d->ops->select(d, rows, 4, &err), &err);
    assert_int_equal(4, d->n_rows);
    step_rows(d, chosen, (const size_t[]){6, 6, 6, 6}, 1, row, "four of three rows");
    assert_ok(d->ops->select(d, swap, 4, &err), &err);
    step_rows(d, seeds_swapped, (const size_t[]){7, 7, 7, 7}, 1, row, "rows in another order");
    assert_ok(d->ops->select(d, last, 1, &err), &err);
    step_rows(d, (const uint32_t[]){2}, (const size_t[]){8}, 1, row, "one of four rows");
    d->ops->end(d);
}

/* Rows for the beams of a text, made before anything was read. */
static void check_expand(const ap__decoder *decoder, const model_row *row) {
    static const uint32_t seeds[] = {1, 2}, expanded[] = {1, 1, 2, 2};
    ap__decoding *d = begin_rows(decoder, seeds, 2);
    assert_ok(d->ops->select(d, (const uint32_t[]){0, 0, 1, 1}, 4, &err), &err);
    step_rows(d, expanded, (const size_t[]){4, 4, 4, 4}, 4, row, "expanded rows");
    d->ops->end(d);
}

static void check_crop(const ap__decoder *decoder, const model_row *row) {
    static const int64_t wrong[] = {7, 8, 9};
    float *logits;
    ap__decoding *d = begin(decoder, 1);
    step_rows(d, (const uint32_t[]){1}, (const size_t[]){5}, 5, row, "five tokens");
    const ap__step step = {.tokens = wrong, .n_tokens = 3, .n_logits = 3};
    assert_ok(d->ops->step(d, &step, &logits, &err), &err);
    assert_ok(d->ops->crop(d, 5, &err), &err);
    assert_int_equal(5, d->n_tokens);
    step_rows(d, (const uint32_t[]){1}, (const size_t[]){6}, 1, row, "behind what was cropped");
    assert_ok(d->ops->crop(d, 0, &err), &err);
    step_rows(d, (const uint32_t[]){1}, (const size_t[]){4}, 4, row, "after all was cropped");
    assert_fails(d->ops->crop(d, 5, &err), AP_EINVAL, &err, "5 tokens of a decoding that has read 4");
    d->ops->end(d);
}

/* Rows of different lengths where the model can have them, of one length where not. */
static void check_join(const ap__decoder *decoder, const model_row *row) {
    static const uint32_t all[] = {1, 2, 3};
    bool is_ragged = ap__decoder_takes_mask(decoder);
    size_t n = is_ragged ? 3 : 5;
    ap__decoding *d = begin(decoder, 1), *other = begin_rows(decoder, all + 1, 2);
    step_rows(d, all, (const size_t[]){5}, 5, row, "one row");
    step_rows(other, all + 1, (const size_t[]){n, n}, n, row, "two rows");
    assert_ok(d->ops->join(d, other, &err), &err);
    assert_int_equal(3, d->n_rows);
    assert_int_equal(5, d->n_tokens);
    step_rows(d, all, (const size_t[]){6, n + 1, n + 1}, 1, row, "joined");
    step_rows(d, all, (const size_t[]){8, n + 3, n + 3}, 2, row, "two tokens of the joined");
    assert_ok(d->ops->select(d, (const uint32_t[]){2}, 1, &err), &err);
    /* Nobody is left who needs the rest; giving it up would cost a state a reading. */
    assert_int_equal(strstr(row->files, ".xml") ? 8 : n + 3, d->n_tokens);
    step_rows(d, all + 2, (const size_t[]){n + 4}, 1, row, "who is left");
    other = begin(decoder, 1);
    step_rows(other, all, (const size_t[]){n + (is_ragged ? 7 : 4)}, n + (is_ragged ? 7 : 4), row, "longer");
    assert_ok(d->ops->join(d, other, &err), &err);
    step_rows(d, (const uint32_t[]){3, 1}, (const size_t[]){n + 5, n + (is_ragged ? 8 : 5)}, 1, row,
              "joined by a longer one");
    d->ops->end(d);
}

static void check_refused_join(const ap__decoder *decoder, const model_row *row) {
    if (ap__decoder_takes_mask(decoder)) return;
    ap__decoding *d = begin(decoder, 1), *other = begin(decoder, 2);
    step_one(d, 1, 0, 5);
    step_one(other, 2, 0, 3);
    assert_fails(d->ops->join(d, other, &err), AP_EUNSUPPORTED, &err,
                 "texts of 5 and 3 tokens cannot be joined");
    d->ops->end(d);
    d = begin(decoder, 1);
    float *logits;
    const ap__step step = {
        .tokens = (const int64_t[]){3, 4}, .mask = (const uint8_t[]){0, 1}, .n_tokens = 2, .n_logits = 1};
    assert_fails(d->ops->step(d, &step, &logits, &err), AP_EUNSUPPORTED, &err,
                 "different lengths cannot share a batch");
    d->ops->end(d);
    (void)row;
}

/* Masked tokens on the left, in the middle and on the right of a row change nothing for its own. */
static void check_mask(const ap__decoder *decoder, const model_row *row) {
    static const uint8_t masks[3][8] = {
        {0, 0, 0, 1, 1, 1, 1, 1}, {1, 1, 0, 0, 1, 1, 0, 1}, {1, 1, 1, 1, 1, 1, 1, 1}};
    static const uint32_t seeds[] = {1, 2, 3};
    static const size_t ends[] = {5, 5, 8};
    if (!ap__decoder_takes_mask(decoder)) return;
    int64_t tokens[24], own[N_TOKENS];
    float *logits;
    for (size_t i = 0; i < 3; i++) {
        make_tokens(own, 8, seeds[i]);
        for (size_t k = 0, n = 0; k < 8; k++) tokens[i * 8 + k] = masks[i][k] ? own[n++] : 3;
    }
    ap__decoding *d = begin_rows(decoder, seeds, 3);
    const ap__step step = {.tokens = tokens, .mask = masks[0], .n_tokens = 8, .n_logits = 1};
    assert_ok(d->ops->step(d, &step, &logits, &err), &err);
    for (size_t i = 0; i < 3; i++)
        assert_near(seeds[i], ends[i] - 1, 1, logits + i * vocab_size, row, "masked tokens");
    step_rows(d, seeds, (const size_t[]){6, 6, 9}, 1, row, "behind masked tokens");
    d->ops->end(d);
}

/* -- all of it ----------------------------------------------------------------------------------------- */

typedef void (*check_fn)(const ap__decoder *decoder, const model_row *row);

static const check_fn CHECKS[] = {check_steps, check_select,       check_expand, check_crop,
                                  check_join,  check_refused_join, check_mask};

static void check_models(const char *name) {
    const ap__backend *backend = sessions_backend(name);
    if (!backend) skip();
    for (size_t m = 0; m < N_MODELS; m++) {
        bool is_ir = strstr(MODELS[m].files, ".xml") != NULL;
        if ((is_ir && strcmp(name, "ov") != 0) || !link_model(&MODELS[m])) continue;
        ap__decoder *decoder = open_decoder(backend, &MODELS[m]);
        make_references(decoder);
        for (size_t i = 0; i < sizeof CHECKS / sizeof *CHECKS; i++) CHECKS[i](decoder, &MODELS[m]);
        free_references();
        ap__decoder_close(decoder);
        tempdir_remove(&folder);
    }
}

void test_ort(void **state) {
    (void)state;
    check_models("ort");
}

void test_ov(void **state) {
    (void)state;
    check_models("ov");
}

void test_ipex(void **state) {
    (void)state;
    check_models("ipex");
}
