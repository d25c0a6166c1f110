/* Layers of values. */
#include "generate/config.h"

#include "tokenizer/tokenizer.h"
#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/support/values.h"
#include "value/json.h"
#include "value/value.h"

#include <stdio.h>
#include <string.h>

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

/* -- generation_config --------------------------------------------------------------------------------- */

static double number_of(const ap_value *value) {
    return ap_value_kind(value) == AP_KIND_BOOL ? ap_value_get_bool(value) : ap_value_get_float(value);
}

static void compare_value(const ap_opt *opt, const ap_param *row, const ap_value *expected,
                          const char *what) {
    double found = 0;
    if (ap_value_kind(expected) == AP_KIND_NULL) {
        if (ap__opt_is_set(opt)) fail_msg("%s is set, in %s", row->name, what);
        return;
    }
    if (!ap__opt_is_set(opt)) fail_msg("%s is null, in %s", row->name, what);
    if (row->type == AP_PARAM_TYPE_INT) found = (double)opt->as.integer;
    if (row->type == AP_PARAM_TYPE_FLOAT) found = opt->as.number;
    if (row->type == AP_PARAM_TYPE_BOOL) found = opt->as.boolean;
    if (row->type == AP_PARAM_TYPE_VALUE) found = number_of(opt->as.value);
    if (found != number_of(expected)) fail_msg("%s is %g, in %s", row->name, found, what);
}

/* Values that the reference has are given; the others are the table's defaults. */
static void compare_values(const ap__generate_opts *found, const ap_value *expected, const char *what) {
    for (const ap_param *row = ap__generate_params; row->name; row++) {
        const ap_value *value = ap_value_dict_get(expected, row->name);
        const ap_opt *opt = ap__generate_opt_const(found, row);
        if (value)
            compare_value(opt, row, value, what);
        else if (!ap__generate_param_is_argument(row) && !ap__generate_opt_is_default(row, opt))
            fail_msg("%s is not its default, in %s", row->name, what);
    }
}

/* tools/golden/make_generation_layers.py */
void test_layers_as_the_reference(void **state) {
    ap_value *cases = NULL;
    char path[512];
    ap_error err = AP_ERROR_INIT;
    (void)state;
    snprintf(path, sizeof path, "%s/generate/layers.json", AP_TEST_DATA_DIR);
    assert_ok(ap__value_from_json_file(&cases, path, (size_t)1 << 20, &err), &err);
    assert_true(ap_value_len(cases) >= 150);
    for (size_t i = 0; i < ap_value_len(cases); i++) {
        layers l;
        const ap_value *test = ap_value_list_get(cases, i);
        char *file = json_of(ap_value_dict_get(test, "file")),
             *init = json_of(ap_value_dict_get(test, "init"));
        char *call = json_of(ap_value_dict_get(test, "call")), *all = json_of(test);
        expect_ok(&l, file, NULL, NULL, init, call);
        compare_values(&l.result, ap_value_dict_get(test, "expect"), all);
        clear(&l);
        ap_string_destroy(file);
        ap_string_destroy(init);
        ap_string_destroy(call);
        ap_string_destroy(all);
    }
    ap_value_destroy(cases);
}

/* At the creation it takes the place of the pipeline's own values; what a GenerationConfig keeps of others is
 * passed over. */
void test_a_configuration_of_the_creation(void **state) {
    layers l;
    (void)state;
    expect_ok(&l, "{\"top_k\": 7}", NULL, NULL,
              "{\"generation_config\": {\"temperature\": 0.4, \"_from_model_config\": false, \"other\": 1}, "
              "\"top_p\": 0.9, \"seed\": 3}",
              NULL);
    assert_true(l.result.max_new_tokens.is_null);
    assert_false(l.result.do_sample.as.boolean);
    assert_float_equal(0.4, l.result.temperature.as.number, 0);
    assert_float_equal(0.9, l.result.top_p.as.number, 0);
    assert_int_equal(7, l.result.top_k.as.integer);
    clear(&l);
    expect_ok(&l, NULL, NULL, NULL, "{\"top_p\": 0.9, \"seed\": 3}",
              "{\"generation_config\": {\"top_k\": 4}}");
    assert_float_equal(1, l.result.top_p.as.number, 0);
    assert_int_equal(4, l.result.top_k.as.integer);
    assert_int_equal(3, l.result.seed.as.integer); /* No member of a configuration. */
    clear(&l);
    expect_ok(&l, NULL, NULL, NULL, NULL, "{\"generation_config\": null}");
    assert_int_equal(256, l.result.max_new_tokens.as.integer);
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
                 "penalty_alpha: contrastive search, which needs hidden states");
    expect_fails(NULL, "{\"do_sample\": false, \"num_beams\": 2, \"low_memory\": true}", AP_EINVAL,
                 "low_memory");
    expect_fails(NULL, "{\"cache_implementation\": \"none\"}", AP_EINVAL,
                 "transformers has none named \"none\"");
    expect_fails(NULL, "{\"num_assistant_tokens_schedule\": \"none\"}", AP_EINVAL, "found \"none\"");
    expect_fails(NULL, "{\"num_assistant_tokens\": -1}", AP_EINVAL, "num_assistant_tokens: -1 is below 0");
    expect_fails(NULL, "{\"generation_config\": {\"watermarking_config\": 3, \"constraints\": [1]}}",
                 AP_EUNSUPPORTED, "constraints");
    expect_fails(NULL, "{\"force_words_ids\": [[1]]}", AP_EUNSUPPORTED, "constrained beam search");
    expect_fails("{\"penalty_alpha\": 0.6}", NULL, AP_EUNSUPPORTED,
                 "generation_config.json: parameter penalty_alpha");
    expect_fails("{\"max_length\": \"x\"}", NULL, AP_ETYPE, "max_length: expected int");
    expect_fails("[]", NULL, AP_EFORMAT, "expected a JSON object");
    expect_fails(NULL, "{\"generation_config\": [1]}", AP_ETYPE,
                 "generation_config: expected a dict, found list");
    expect_fails(NULL, "{\"generation_config\": {\"top_k\": \"x\"}}", AP_ETYPE,
                 "generation_config: parameter top_k: expected int");
    expect_fails(NULL, "{\"generation_config\": {\"negative_prompt_ids\": [1]}}", AP_EINVAL,
                 "generation_config: negative_prompt_ids is a parameter of calls");
    expect_fails(NULL, "{\"generation_config\": {\"num_beams\": 0}}", AP_EINVAL, "num_beams: 0 is below 1");
    expect_fails(NULL, "{\"generation_config\": {\"penalty_alpha\": 0.6}}", AP_EUNSUPPORTED, "penalty_alpha");
    layers l;
    expect_ok(&l, NULL, NULL, NULL, NULL,
              "{\"penalty_alpha\": null, \"guidance_scale\": 1.0, \"low_memory\": false}");
    clear(&l);
}
