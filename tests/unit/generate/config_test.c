/* Layers of values. */
#include "generate/config.h"

#include "tokenizer/tokenizer.h"
#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/support/values.h"

static const char OWN[] = "{\"max_new_tokens\": 256, \"do_sample\": true, \"temperature\": 0.7}";

typedef struct layers {
    ap__config *config;
    ap__generation_files *files;
    ap_value *init, *call, *specific;
    ap__generate_opts given, made, result;
} layers;

/* Values of a call, from texts of all layers; NULL: the layer is empty. */
static ap_status lay(layers *l, const char *file, const char *config, const char *specific, const char *init,
                     const char *call, ap_error *err) {
    ap__path dir;
    ap_value *json = value_of(config ? config : "{}");
    *l = (layers){0};
    tempdir_create(&dir);
    if (file) tempdir_write_text(&dir, "generation_config.json", file);
    assert_ok(ap__config_from_value(&l->config, json, err), err);
    ap_value_destroy(json);
    ap_status status = ap__generation_files_load(&l->files, dir.text, l->config, err);
    tempdir_remove(&dir);
    if (status) return status;
    if (init) l->init = value_of(init);
    if (call) l->call = value_of(call);
    if (specific) l->specific = value_of(specific);
    status = ap__params_bind(ap__generate_params, &l->given, l->init, AP_ORIGIN_INIT, "init", err);
    ap__generation_maker maker = {l->files, OWN, &l->given, l->specific, AP__TOKEN_NONE};
    if (!status) status = ap__generation_make(&l->made, &maker, err);
    if (!status)
        status = ap__params_bind(ap__generate_params, &l->given, l->call, AP_ORIGIN_CALL, "call", err);
    return status ? status : ap__generation_call(&l->result, &l->made, l->files, &l->given, err);
}

static void clear(layers *l) {
    ap__config_destroy(l->config);
    ap__generation_files_destroy(l->files);
    ap_value_destroy(l->init);
    ap_value_destroy(l->call);
    ap_value_destroy(l->specific);
}

static void expect_ok(layers *l, const char *file, const char *config, const char *specific, const char *init,
                      const char *call) {
    ap_error err = AP_ERROR_INIT;
    assert_ok(lay(l, file, config, specific, init, call, &err), &err);
}

void test_the_order_of_layers(void **state) {
    layers l;
    (void)state;
    expect_ok(&l, NULL, NULL, NULL, NULL, NULL);
    assert_int_equal(256, l.result.max_new_tokens.as.integer);
    assert_float_equal(0.7, l.result.temperature.as.number, 0);
    clear(&l);
    expect_ok(&l, "{\"temperature\": 0.5, \"top_k\": 7, \"transformers_version\": \"4.30.0\"}", NULL, NULL,
              "{\"top_k\": 9}", "{\"temperature\": 0.9}");
    assert_float_equal(0.9, l.result.temperature.as.number, 0);
    assert_int_equal(9, l.result.top_k.as.integer);
    clear(&l);
    expect_ok(&l, "{\"num_beams\": 2}", NULL, "{\"num_beams\": 3, \"prefix\": \"x: \", \"max_length\": 44}",
              "{\"num_beams\": 4}", NULL);
    assert_int_equal(3, l.result.num_beams.as.integer);
    assert_int_equal(44, l.result.max_length.as.integer);
    assert_int_equal(256, l.result.max_new_tokens.as.integer);
    clear(&l);
}

/* The pipeline's own limit gives way to a max_length of the files or of the creation, not to one of the call.
 */
void test_max_length_before_the_own_limit(void **state) {
    layers l;
    (void)state;
    expect_ok(&l, "{\"max_length\": 30}", NULL, NULL, NULL, NULL);
    assert_true(l.result.max_new_tokens.is_null);
    clear(&l);
    expect_ok(&l, NULL, NULL, NULL, "{\"max_length\": 30}", NULL);
    assert_true(l.result.max_new_tokens.is_null);
    clear(&l);
    expect_ok(&l, NULL, NULL, NULL, NULL, "{\"max_length\": 30}");
    assert_int_equal(256, l.result.max_new_tokens.as.integer);
    clear(&l);
}

/* A value of the creation that is the default counts as none, where the file is of a version that fills
 * calls. */
void test_files_fill_what_is_default(void **state) {
    layers l;
    (void)state;
    expect_ok(&l, "{\"repetition_penalty\": 1.2, \"transformers_version\": \"4.55.4\"}", NULL, NULL,
              "{\"repetition_penalty\": 1.0}", NULL);
    assert_float_equal(1.2, l.result.repetition_penalty.as.number, 0);
    clear(&l);
    expect_ok(&l, "{\"repetition_penalty\": 1.2, \"transformers_version\": \"4.49.1\"}", NULL, NULL,
              "{\"repetition_penalty\": 1.0}", NULL);
    assert_float_equal(1.0, l.result.repetition_penalty.as.number, 0);
    clear(&l);
    expect_ok(&l, NULL, NULL, NULL, "{\"temperature\": 0.0}", NULL);
    assert_false(l.result.do_sample.as.boolean);
    clear(&l);
}

void test_config_json_where_there_is_no_file(void **state) {
    layers l;
    (void)state;
    expect_ok(&l, NULL, "{\"model_type\": \"gpt2\", \"num_beams\": 5, \"max_length\": null}", NULL, NULL,
              NULL);
    assert_int_equal(5, l.result.num_beams.as.integer);
    assert_int_equal(20, l.result.max_length.as.integer);
    assert_int_equal(50256, ap_value_get_int(l.result.eos_token_id.as.value));
    clear(&l);
    expect_ok(&l, NULL, "{\"model_type\": \"bart\", \"eos_token_id\": 7}", NULL, NULL, NULL);
    assert_int_equal(7, ap_value_get_int(l.result.eos_token_id.as.value));
    assert_int_equal(2, l.result.decoder_start_token_id.as.integer);
    assert_int_equal(2, ap_value_get_int(l.result.forced_eos_token_id.as.value));
    clear(&l);
    expect_ok(&l, "{}", "{\"model_type\": \"gpt2\", \"num_beams\": 5}", NULL, NULL, NULL);
    assert_int_equal(1, l.result.num_beams.as.integer);
    assert_true(l.result.eos_token_id.is_null);
    clear(&l);
}

static void expect_fails(const char *file, const char *call, ap_status status, const char *message) {
    layers l;
    ap_error err = AP_ERROR_INIT;
    assert_fails(lay(&l, file, NULL, NULL, NULL, call, &err), status, &err, message);
    clear(&l);
}

void test_values_that_cannot_be(void **state) {
    (void)state;
    expect_fails(NULL, "{\"max_new_tokens\": 0}", AP_EINVAL, "max_new_tokens: 0 is below 1");
    expect_fails(NULL, "{\"num_beams\": 0}", AP_EINVAL, "num_beams: 0 is below 1");
    expect_fails(NULL, "{\"early_stopping\": \"now\"}", AP_EINVAL,
                 "early_stopping: expected true, false or \"never\"");
    expect_fails(NULL, "{\"do_sample\": false, \"num_return_sequences\": 2}", AP_EINVAL,
                 "there is one sequence");
    expect_fails(NULL, "{\"num_beams\": 2, \"num_return_sequences\": 3}", AP_EINVAL,
                 "num_return_sequences 3 is above num_beams 2");
    expect_fails(NULL, "{\"num_beams\": 4, \"num_beam_groups\": 2, \"diversity_penalty\": 0.5}", AP_EINVAL,
                 "do_sample=true");
    expect_fails(NULL, "{\"num_beams\": 4, \"num_beam_groups\": 2, \"do_sample\": false}", AP_EINVAL,
                 "would be identical");
    expect_fails(
        NULL, "{\"num_beams\": 3, \"num_beam_groups\": 2, \"do_sample\": false, \"diversity_penalty\": 1.0}",
        AP_EINVAL, "no multiple");
    expect_fails(NULL, "{\"penalty_alpha\": 0.6}", AP_EUNSUPPORTED,
                 "penalty_alpha: contrastive search is not supported");
    expect_fails(NULL, "{\"force_words_ids\": [[1]]}", AP_EUNSUPPORTED, "constrained beam search");
    expect_fails("{\"penalty_alpha\": 0.6}", NULL, AP_EUNSUPPORTED,
                 "generation_config.json: parameter penalty_alpha");
    expect_fails("{\"max_length\": \"x\"}", NULL, AP_ETYPE, "max_length: expected int");
    expect_fails("[]", NULL, AP_EFORMAT, "expected a JSON object");
    layers l;
    expect_ok(&l, NULL, NULL, NULL, NULL,
              "{\"penalty_alpha\": null, \"guidance_scale\": 1.0, \"low_memory\": false}");
    clear(&l);
}
