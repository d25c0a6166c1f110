/* Opening models that generate: what is refused, and where the cache is. The models are texts for the replay
 * backend, whose outputs can be kept out of the host's memory. */
#define _GNU_SOURCE /* setenv */
#include "model/decoder.h"

#include "unit/backend/sessions.h"
#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/support/torture.h"

#include <accelpipe/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "accelpipe-replay 1\n"
#define IDS "input input_ids int64 -1 -1\n"
#define LOGITS "output logits float32 -1 -1 6\ncompute logits tokens input_ids\n"
#define PAST                                                                                                 \
    "input past_key_values.0.key float32 -1 2 -1 4\ninput past_key_values.0.value float32 -1 2 -1 4\n"
#define KEY                                                                                                  \
    "output present.0.key float32 -1 2 -1 4\ncompute present.0.key extend past_key_values.0.key input_ids\n"
#define VALUE                                                                                                \
    "output present.0.value float32 -1 2 -1 4\n"                                                             \
    "compute present.0.value extend past_key_values.0.value input_ids\n"
#define CAUSAL HEAD IDS PAST LOGITS KEY VALUE

static ap__path cache, folder;
static ap_error err;
static const ap__backend *replay;
static const char *config_text;

int group_setup(void **state) {
    (void)state;
    sessions_setup(&cache);
    replay = sessions_backend("replay");
    return replay == NULL;
}

int group_teardown(void **state) {
    (void)state;
    sessions_teardown(&cache);
    return 0;
}

int test_setup(void **state) {
    (void)state;
    tempdir_create(&folder);
    config_text = "{}";
    return 0;
}

int test_teardown(void **state) {
    (void)state;
    tempdir_remove(&folder);
    return 0;
}

static ap_status try_open(ap__decoder **out, ap_model_kind kind, const ap_key_value *option,
                          ap_error *error) {
    ap__config *config = NULL;
    ap_value *json = NULL;
    const ap__file_request file = {.kind = kind};
    const ap__session_options options = {.no_cache = true, .options = option, .n_options = option != NULL};
    ap_status status = ap_value_from_json(&json, config_text, AP_NUL_TERMINATED, error);
    if (!status) status = ap__config_from_value(&config, json, error);
    ap_value_destroy(json);
    *out = NULL;
    if (!status) status = ap__decoder_open(out, folder.text, config, replay, &file, &options, error);
    ap__config_destroy(config);
    return status;
}

static ap__decoder *open_causal(const char *text, const ap_key_value *option) {
    ap__decoder *decoder;
    tempdir_write_text(&folder, "model.onnx", text);
    assert_ok(try_open(&decoder, AP_MODEL_CAUSAL_LM, option, &err), &err);
    return decoder;
}

static void assert_refused(const char *text, ap_status status, const char *message) {
    ap__decoder *decoder;
    tempdir_write_text(&folder, "model.onnx", text);
    assert_fails(try_open(&decoder, AP_MODEL_CAUSAL_LM, NULL, &err), status, &err, message);
    assert_null(decoder);
    assert_says(&err, "model.onnx");
}

/* -- refusals ------------------------------------------------------------------------------------------ */

void test_inputs_and_outputs(void **state) {
    (void)state;
    assert_refused(HEAD IDS "input inputs_embeds float32 -1 -1 4\n" LOGITS, AP_EUNSUPPORTED,
                   "a decoder with the input \"inputs_embeds\" is not supported");
    assert_refused(HEAD "input input_ids float32 -1 -1\n" LOGITS, AP_EUNSUPPORTED,
                   "input \"input_ids\" is float32, which is not supported");
    assert_refused(HEAD IDS "output scores float32 -1 -1 6\n", AP_EFORMAT, "no output named logits");
    assert_refused(HEAD IDS "output logits float32 -1 6\n", AP_EFORMAT, "logits have rank 2, expected 3");
    assert_refused(HEAD "input position_ids int64 -1 -1\noutput logits float32 -1 -1 6\n", AP_EUNSUPPORTED,
                   "the decoder has no input_ids");
    assert_refused(HEAD IDS "input encoder_hidden_states float32 -1 -1 4\n" LOGITS, AP_EUNSUPPORTED,
                   "it is one of a model with an encoder");
}

void test_caches(void **state) {
    (void)state;
    assert_refused(HEAD IDS PAST LOGITS KEY, AP_EFORMAT,
                   "the cache output \"present.0.value\" is missing; export the model with use_cache");
    assert_refused(HEAD IDS PAST LOGITS KEY "output present.0.value float16 -1 2 -1 4\n", AP_EFORMAT,
                   "\"present.0.value\" is float16 and the input it is for float32");
    assert_refused(
        HEAD IDS "input past_key_values.0.key float32 -1 -1 -1 -1\n" LOGITS KEY, AP_EUNSUPPORTED,
        "\"past_key_values.0.key\" float32 [-1, -1, -1, -1]: a cache of that layout is not supported");
    assert_refused(HEAD IDS "input past_key_values.0.key int64 -1 2 -1 4\n" LOGITS KEY, AP_EUNSUPPORTED,
                   "is int64, which is not supported");
    config_text = "{\"model_type\": \"bloom\"}";
    assert_refused(HEAD IDS "input past_key_values.0.key float32 -1 4 -1\n" LOGITS
                            "output present.0.key float32 -1 4 -1\n",
                   AP_EUNSUPPORTED, "a cache of that layout is not supported");
}

/* Heads and their size come from the configuration where the graph leaves them open. */
void test_shapes_from_the_configuration(void **state) {
    (void)state;
    config_text = "{\"num_attention_heads\": 8, \"num_key_value_heads\": 2, \"hidden_size\": 32}";
    ap__decoder *decoder =
        open_causal(HEAD IDS "input past_key_values.0.key float32 -1 -1 -1 -1\n" LOGITS KEY, NULL);
    ap__decoding *d;
    float *logits;
    const ap__step step = {.tokens = (const int64_t[]){1, 2, 3}, .n_tokens = 3, .n_logits = 1};
    assert_ok(ap__decoding_begin(&d, decoder, 1, NULL, NULL, &err), &err);
    assert_int_equal(6, d->vocab_size);
    assert_ok(d->ops->step(d, &step, &logits, &err), &err); /* Replay compares the shapes. */
    d->ops->end(d);
    ap__decoder_close(decoder);
}

void test_files(void **state) {
    (void)state;
    ap__decoder *decoder;
    assert_fails(try_open(&decoder, AP_MODEL_CAUSAL_LM, NULL, &err), AP_ENOTFOUND, &err,
                 "has no model.onnx or decoder_model_merged.onnx or decoder_model.onnx");
    tempdir_write_text(&folder, "decoder_model.onnx", CAUSAL);
    assert_fails(try_open(&decoder, AP_MODEL_ENCODER_DECODER, NULL, &err), AP_ENOTFOUND, &err,
                 "has no encoder_model.onnx");
    tempdir_write_text(
        &folder, "encoder_model.onnx",
        HEAD IDS "output last_hidden_state float32 -1 -1 4\ncompute last_hidden_state tokens input_ids\n");
    assert_fails(try_open(&decoder, AP_MODEL_ENCODER_DECODER, NULL, &err), AP_EFORMAT, &err,
                 "the decoder has no input encoder_hidden_states");
    tempdir_write_text(&folder, "decoder_with_past_model.onnx", HEAD IDS LOGITS);
    assert_fails(try_open(&decoder, AP_MODEL_CAUSAL_LM, NULL, &err), AP_EFORMAT, &err,
                 "the decoder has no past_key_values inputs");
}

/* -- steps --------------------------------------------------------------------------------------------- */

void test_wrong_steps(void **state) {
    (void)state;
    ap__decoder *decoder = open_causal(CAUSAL, NULL);
    ap__decoding *d;
    float *logits;
    static const int64_t tokens[] = {1, 2};
    assert_fails(ap__decoding_begin(&d, decoder, 0, NULL, NULL, &err), AP_EINVAL, &err, "without rows");
    assert_ok(ap__decoding_begin(&d, decoder, 1, NULL, NULL, &err), &err);
    assert_fails(d->ops->step(d, &(ap__step){.tokens = tokens, .n_tokens = 2, .n_logits = 3}, &logits, &err),
                 AP_EINVAL, &err, "a step of 2 tokens with the logits of 3");
    assert_fails(d->ops->step(d, &(ap__step){.tokens = tokens, .n_tokens = 0, .n_logits = 0}, &logits, &err),
                 AP_EINVAL, &err, "a step of 0 tokens");
    assert_fails(d->ops->select(d, NULL, 0, &err), AP_EINVAL, &err, "no row");
    assert_fails(d->ops->select(d, (const uint32_t[]){1}, 1, &err), AP_EINVAL, &err,
                 "row 1 of a decoding of 1 rows");
    assert_false(ap__decoder_takes_mask(decoder));
    d->ops->end(d);
    ap__decoder_close(decoder);
}

static size_t n_read_bytes, n_reads;

static void count_reads(ap_log_level level, const char *line, void *ctx) {
    size_t n = 0;
    (void)level;
    (void)ctx;
    if (sscanf(line, "replay: read: %zu bytes", &n) != 1) return;
    n_read_bytes += n;
    n_reads++;
}

/* With outputs that are not in the host's memory: of every step the logits come there, and nothing of the
 * cache. */
void test_the_cache_stays_in_the_backend(void **state) {
    (void)state;
    enum { N_STEPS = 50, N_VOCAB = 6 };
    ap__decoder *decoder = open_causal(CAUSAL, &(ap_key_value){"elsewhere", "1"});
    ap__decoding *d;
    n_read_bytes = n_reads = 0;
    ap_log_set(count_reads, AP_LOG_DEBUG, NULL);
    assert_ok(ap__decoding_begin(&d, decoder, 1, NULL, NULL, &err), &err);
    for (int64_t i = 0; i < N_STEPS; i++) {
        float *logits;
        const ap__step step = {.tokens = &i, .n_tokens = 1, .n_logits = 1};
        assert_ok(d->ops->step(d, &step, &logits, &err), &err);
    }
    d->ops->end(d);
    ap_log_set(NULL, AP_LOG_ERROR, NULL);
    assert_int_equal(N_STEPS, n_reads);
    assert_int_equal(N_STEPS * N_VOCAB * sizeof(float), n_read_bytes);
    ap__decoder_close(decoder);
}

/* -- memory -------------------------------------------------------------------------------------------- */

static ap_status decode(void *ctx, ap_error *error) {
    ap__decoder *decoder = NULL;
    ap__decoding *d = NULL;
    float *logits;
    (void)ctx;
    const ap__step step = {.tokens = (const int64_t[]){1, 2}, .n_tokens = 2, .n_logits = 1};
    ap_status status = try_open(&decoder, AP_MODEL_CAUSAL_LM, NULL, error);
    if (!status) status = ap__decoding_begin(&d, decoder, 1, NULL, NULL, error);
    if (status) assert_null(d);
    if (!status) status = d->ops->step(d, &step, &logits, error);
    if (!status) status = d->ops->step(d, &step, &logits, error);
    if (d) d->ops->end(d);
    ap__decoder_close(decoder);
    return status;
}

void test_torture(void **state) {
    (void)state;
    tempdir_write_text(&folder, "model.onnx", CAUSAL);
    torture(decode, NULL);
}

static ap__decoding *steady;

static ap_status one_step(void *ctx, ap_error *error) {
    float *logits;
    const ap__step step = {.tokens = ctx, .n_tokens = 1, .n_logits = 1};
    return steady->ops->step(steady, &step, &logits, error);
}

void test_allocations_of_a_step(void **state) {
    (void)state;
    int64_t token = 3;
    ap__decoder *decoder = open_causal(CAUSAL, NULL);
    assert_ok(ap__decoding_begin(&steady, decoder, 1, NULL, NULL, &err), &err);
    assert_ok(one_step(&token, &err), &err);
    size_t n = torture_count(one_step, &token);
    for (size_t i = 0; i < 8; i++) assert_int_equal(n, torture_count(one_step, &token));
    assert_true(n <= 8); /* input_ids; three outputs, each with the backend's own part. */
    steady->ops->end(steady);
    ap__decoder_close(decoder);
}
