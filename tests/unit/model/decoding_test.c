/* Models that generate, on every backend that is there: whatever way the tokens go in, the logits are those
 * of one run over all of them. The models are those of the parity kit, or where it is not there its committed
 * part. */
#define _GNU_SOURCE /* symlink */
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
    {"marian-en-de", PAIR},       {"m2m100-multi", MERGED},
    {"mbart-multi", MERGED},      {"pegasus-xsum", MERGED},
};

enum { N_MODELS = sizeof MODELS / sizeof *MODELS, N_TOKENS = 12, N_SOURCE = 7, VOCAB_MAX = 8192 };

static const char *const BACKENDS[] = {"ort"};

enum { N_BACKENDS = sizeof BACKENDS / sizeof *BACKENDS };

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
    static const char *const places[] = {AP_TEST_SHARED_DIR, AP_TEST_DATA_DIR};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(AP_OK, ap__path_format(out, NULL, "%s/parity/models/%s", places[i], name));
        if (ap__path_is_dir(out->text)) return true;
    }
    return false;
}

/* A folder with those files of the model. */
static bool link_model(const model_row *row) {
    ap__path model, from, to;
    char files[200], *next;
    if (!find_model(&model, row->name)) return false;
    tempdir_create(&folder);
    tempdir_make_dir(&folder, "onnx");
    snprintf(files, sizeof files, "%s", row->files);
    for (char *file = strtok_r(files, " ", &next); file; file = strtok_r(NULL, " ", &next)) {
        assert_int_equal(AP_OK, ap__path_format(&from, NULL, "%s/onnx/%s", model.text, file));
        assert_int_equal(AP_OK, ap__path_format(&to, NULL, "%s/onnx/%s", folder.text, file));
        if (!ap__path_is_file(from.text)) {
            tempdir_remove(&folder);
            return false;
        }
        assert_int_equal(0, symlink(from.text, to.text));
    }
    assert_int_equal(AP_OK, ap__path_format(&from, NULL, "%s/config.json", model.text));
    assert_int_equal(AP_OK, ap__path_format(&to, NULL, "%s/config.json", folder.text));
    assert_int_equal(0, symlink(from.text, to.text));
    return true;
}

static ap__decoder *open_decoder(const ap__backend *backend, const model_row *row) {
    ap__config *config;
    ap__decoder *decoder;
    const ap__session_options options = {.n_threads = 1, .no_cache = true};
    const ap__file_request file = {.kind = strstr(row->files, "encoder_model") ? AP_MODEL_ENCODER_DECODER
                                                                               : AP_MODEL_CAUSAL_LM};
    assert_ok(ap__config_load(&config, folder.text, &err), &err);
    assert_ok(ap__decoder_open(&decoder, folder.text, config, backend, &file, &options, &err), &err);
    ap__config_destroy(config);
    return decoder;
}

/* Runs `check` with every model on every backend. */
typedef void (*check_fn)(const ap__decoder *decoder, const model_row *row);

static void for_each(check_fn check) {
    for (size_t b = 0; b < N_BACKENDS; b++) {
        const ap__backend *backend = sessions_backend(BACKENDS[b]);
        for (size_t m = 0; backend && m < N_MODELS; m++) {
            if (!link_model(&MODELS[m])) continue;
            ap__decoder *decoder = open_decoder(backend, &MODELS[m]);
            check(decoder, &MODELS[m]);
            ap__decoder_close(decoder);
            tempdir_remove(&folder);
        }
    }
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
    int64_t tokens[N_TOKENS + 8];
    float *logits = NULL;
    make_tokens(tokens, to, seed);
    const ap__step step = {.tokens = tokens + from, .n_tokens = to - from, .n_logits = to - from};
    assert_ok(d->ops->step(d, &step, &logits, &err), &err);
    assert_int_equal(to, d->n_tokens);
    return logits;
}

/* The logits of all tokens of row `seed`, by one run. */
static float *reference(const ap__decoder *decoder, uint32_t seed, size_t n_tokens, size_t *vocab_size) {
    ap__decoding *d = begin(decoder, seed);
    const float *logits = step_one(d, seed, 0, n_tokens);
    size_t n = n_tokens * d->vocab_size * sizeof *logits;
    float *copy = malloc(n);
    memcpy(copy, logits, n);
    *vocab_size = d->vocab_size;
    d->ops->end(d);
    return copy;
}

static void assert_near(const float *expected, const float *found, size_t n, const model_row *row,
                        const char *what) {
    float worst = 0;
    for (size_t i = 0; i < n; i++) {
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
    size_t v, from = 0;
    float *expected = reference(decoder, 1, N_TOKENS, &v);
    ap__decoding *d = begin(decoder, 1);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; from = ends[i++]) {
        char what[40];
        snprintf(what, sizeof what, "tokens %zu to %zu", from, ends[i]);
        assert_near(expected + from * v, step_one(d, 1, from, ends[i]), (ends[i] - from) * v, row, what);
    }
    d->ops->end(d);
    free(expected);
}

void test_steps(void **state) {
    (void)state;
    for_each(check_steps);
}
