/* Tasks of an application: rows that are refused, rows of their own, and overrides. */
#include "unit/support/check.h"
#include "unit/support/pipelines.h"
#include "unit/support/torture.h"

#include <accelpipe/sys/task.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    return 0;
}

/* -- a task of its own: how many tokens a text has, and what the model says of the first ---------------- */

typedef struct count_opts {
    ap_opt scale, times;
} count_opts;

static const ap_param_choice TIMES[] = {{"once", 1, 0}, {"twice", 2, 0}, {NULL, 0, 0}};

static const ap_param count_params[] = {
    AP_PARAM(scale, INT, POSTPROCESS, count_opts, 0, NULL, "1", "Multiplies the count."),
    AP_PARAM(times, CHOICE, POSTPROCESS, count_opts, 0, TIMES, NULL, "How often it is told."), AP_PARAM_END};

static ap_status add_ids(ap_value *feed, const ap_encoding *encoding, ap_error *err) {
    int64_t wide[64], shape[2] = {1, 0};
    size_t n;
    ap_value *tensor;
    const uint32_t *ids = ap_encoding_get_ids(encoding, &n);
    for (size_t i = 0; i < n; i++) wide[i] = ids[i];
    shape[1] = (int64_t)n;
    ap_status status = ap_value_create_tensor(&tensor, AP_DTYPE_I64, shape, 2, wide, err);
    return status ? status : ap_value_dict_set_take(feed, "input_ids", tensor, err);
}

static ap_status count_preprocess(const ap_task_context *ctx, const void *opts, const ap_value *input,
                                  ap_feeds *feeds, ap_error *err) {
    ap_encoding *encoding = NULL;
    ap_value *feed = NULL, *n = NULL;
    const char *text = ap_value_get_string(input, NULL);
    (void)opts;
    ap_status status = ap_tokenizer_encode(&encoding, ap_task_context_get_tokenizer(ctx), text ? text : "",
                                           AP_NUL_TERMINATED, NULL, err);
    if (!status) status = ap_value_create_dict(&feed, err);
    if (!status) status = add_ids(feed, encoding, err);
    if (!status) status = ap_value_create_int(&n, (int64_t)ap_encoding_get_n(encoding), err);
    if (!status) status = ap_value_dict_set_take(feed, "n", n, err);
    ap_encoding_destroy(encoding);
    if (!status) return ap_feeds_add_take(feeds, feed, err);
    ap_value_destroy(feed);
    return status;
}

static ap_status count_postprocess(const ap_task_context *ctx, const void *opts, ap_value **out,
                                   ap_value *const *outputs, size_t n_outputs, ap_error *err) {
    const count_opts *o = opts;
    int64_t scale = o->scale.origin ? o->scale.as.integer : 1;
    if (o->times.origin) scale *= o->times.as.integer;
    int64_t *calls = ap_task_context_get_user(ctx);
    if (calls) __atomic_add_fetch(calls, 1, __ATOMIC_RELAXED);
    assert_int_equal(n_outputs, 1);
    return ap_value_create_int(out, scale * ap_value_get_int(ap_value_dict_get(outputs[0], "n")), err);
}

static ap_task count_row(const char *name) {
    ap_task row = AP_TASK_INIT;
    row.name = name;
    row.input = AP_INPUT_TEXT;
    row.components = AP_COMPONENT_TOKENIZER;
    row.model_kind = AP_MODEL_SINGLE_GRAPH;
    row.outputs = "logits";
    row.params = count_params;
    row.opts_size = sizeof(count_opts);
    row.preprocess = count_preprocess;
    row.postprocess = count_postprocess;
    return row;
}

static ap_pipeline *custom(const char *model, const char *more, const ap_task *row) {
    char text[1024];
    ap_error err = AP_ERROR_INIT;
    ap_pipeline *pipe;
    snprintf(text, sizeof text, "{\"accelerator\": \"ort\", \"model\": \"%s/parity/models/%s\"%s%s}",
             AP_TEST_DATA_DIR, model, more ? ", " : "", more ? more : "");
    ap_value *init = support_json(text);
    assert_ok(ap_pipeline_create_custom(&pipe, init, row, &err), &err);
    ap_value_destroy(init);
    return pipe;
}

static void custom_fails(const char *more, const ap_task *row, ap_status expected, const char *message) {
    char text[1024];
    ap_error err = AP_ERROR_INIT;
    ap_pipeline *pipe = (ap_pipeline *)&err;
    snprintf(text, sizeof text, "{\"accelerator\": \"ort\", \"model\": \"%s/parity/models/bert-sst2\"%s%s}",
             AP_TEST_DATA_DIR, more ? ", " : "", more ? more : "");
    ap_value *init = support_json(text);
    assert_fails(ap_pipeline_create_custom(&pipe, init, row, &err), expected, &err, message);
    assert_null(pipe);
    ap_value_destroy(init);
}

void test_a_task_of_its_own(void **state) {
    (void)state;
    int64_t calls = 0;
    ap_task row = count_row("count-own");
    row.user = &calls;
    ap_pipeline *pipe = custom("bert-sst2", NULL, &row);
    row.user = NULL; /* The row was copied. */
    support_expect(pipe, "[\"a b\", \"\", \"a b c d\"]", "{\"scale\": 10}", "[40, 20, 60]");
    support_expect(pipe, "\"a b\"", "{\"times\": \"twice\"}", "8");
    assert_int_equal(calls, 4);
    assert_null(ap_pipeline_get_base(pipe));
    support_call_fails(pipe, "\"a\"", "{\"skale\": 1}", AP_EINVAL,
                       "task count-own has no parameter \"skale\"; did you mean \"scale\"?");
    ap_pipeline_destroy(pipe);
}

void test_a_registered_task_is_one_like_any_other(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_task row = count_row("count-registered");
    ap_value *about, *all;
    row.aliases = "counter tally";
    row.doc = "Counts.";
    assert_ok(ap_task_register(&row, &err), &err);
    ap_pipeline *pipe = support_pipeline("bert-sst2", "{\"task\": \"tally\", \"scale\": 3}");
    support_expect(pipe, "\"a\"", NULL, "9");
    support_expect(pipe, "\"a\"", "{\"scale\": 4}", "12");
    ap_pipeline_destroy(pipe);
    assert_ok(ap_task_describe(&about, "counter", &err), &err);
    assert_string_equal(ap_value_get_string(ap_value_dict_get(about, "name"), NULL), "count-registered");
    assert_int_equal(ap_value_len(ap_value_dict_get(about, "params")), 2);
    assert_null(ap_value_dict_get(about, "base"));
    assert_ok(ap_tasks_describe(&all, &err), &err);
    assert_true(ap_value_equal(ap_value_list_get(all, ap_value_len(all) - 1), about));
    ap_value_destroy(all);
    ap_value_destroy(about);
    assert_fails(support_pipeline_fails("bert-sst2", "{\"task\": \"count-registred\"}", &err), AP_EKEY, &err,
                 "did you mean \"count-registered\"?");
}

/* A task that names no architectures is for no model until it is named. */
void test_a_registered_task_is_inferred_by_its_architectures(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_task row = count_row("count-inferred");
    row.architectures = "ForCounting";
    assert_ok(ap_task_register(&row, &err), &err);
    ap_value *config = support_json("{\"architectures\": [\"TinyForCounting\"], \"model_type\": \"bert\"}");
    ap_value *init = support_init("bert-sst2", NULL);
    ap_value *nothing;
    ap_pipeline *pipe;
    assert_ok(ap_value_create_null(&nothing, &err), &err);
    assert_ok(ap_value_dict_set_take(init, "task", nothing, &err), &err);
    assert_ok(ap_value_dict_set_take(init, "config", config, &err), &err);
    assert_ok(ap_pipeline_create_from_value(&pipe, init, &err), &err);
    support_expect(pipe, "\"a\"", NULL, "3");
    ap_pipeline_destroy(pipe);
    ap_value_destroy(init);
}

/* -- rows that are refused ----------------------------------------------------------------------------- */

static void refused(const ap_task *row, ap_status expected, const char *message) {
    ap_error err = AP_ERROR_INIT;
    assert_fails(ap_task_register(row, &err), expected, &err, message);
}

void test_rows_of_another_version_are_refused(void **state) {
    (void)state;
    ap_task row = count_row("count-version");
    refused(NULL, AP_EINVAL, "row is NULL");
    row.abi = 99;
    refused(&row, AP_EABI, "abi is 99, this version has 1");
    row = count_row("count-version");
    row.size = (uint32_t)sizeof row + 8;
    refused(&row, AP_EABI, "start from AP_TASK_INIT");
    row.size = 16;
    refused(&row, AP_EABI, "size is 16");
    custom_fails(NULL, &row, AP_EABI, "size is 16");
}

void test_rows_that_lack_something_are_refused(void **state) {
    (void)state;
    ap_task row = count_row(NULL);
    refused(&row, AP_EINVAL, "ap_task (unnamed): name is missing");
    row = count_row("x");
    row.input = 0;
    refused(&row, AP_EINVAL, "ap_task x: input is none of ap_input_kind");
    row.input = 77;
    refused(&row, AP_EINVAL, "input is none of");
    row.base = "fill-mask";
    refused(&row, AP_EINVAL, "input is none of");
    row = count_row("x");
    row.model_kind = 0;
    refused(&row, AP_EINVAL, "model_kind is missing");
    row = count_row("x");
    row.preprocess = NULL;
    refused(&row, AP_EINVAL, "preprocess is missing");
    row = count_row("x");
    row.postprocess = NULL;
    refused(&row, AP_EINVAL, "postprocess is missing");
    row = count_row(NULL);
    row.base = "fill-mask";
    refused(&row, AP_EINVAL, "needs a name of its own");
    row = count_row("x");
    row.base = "fil-mask";
    refused(&row, AP_EKEY, "unknown task \"fil-mask\"; did you mean \"fill-mask\"?");
}

void test_tables_that_do_not_hold_are_refused(void **state) {
    (void)state;
    static const ap_param outside[] = {
        {"a", AP_PARAM_TYPE_INT, AP_PHASE_PREPROCESS, sizeof(count_opts) - 8, 0, NULL, NULL, "A.", NULL},
        AP_PARAM_END};
    static const ap_param far_outside[] = {
        {"a", AP_PARAM_TYPE_INT, AP_PHASE_PREPROCESS, (size_t)-8, 0, NULL, NULL, "A.", NULL}, AP_PARAM_END};
    static const ap_param no_type[] = {{"a", 0, AP_PHASE_PREPROCESS, 0, 0, NULL, NULL, "A.", NULL},
                                       AP_PARAM_END};
    static const ap_param no_choices[] = {
        {"a", AP_PARAM_TYPE_CHOICE, AP_PHASE_PREPROCESS, 0, 0, NULL, NULL, "A.", NULL}, AP_PARAM_END};
    static const ap_param no_name[] = {
        {"", AP_PARAM_TYPE_INT, AP_PHASE_PREPROCESS, 0, 0, NULL, NULL, "A.", NULL}, AP_PARAM_END};
    static const ap_param inner_outside[] = {
        {"", AP_PARAM_TYPE_VALUE, AP_PHASE_INIT, sizeof(ap_opt), 0, NULL, NULL, NULL, count_params},
        AP_PARAM_END};
    static const ap_param named_table[] = {
        {"t", AP_PARAM_TYPE_VALUE, AP_PHASE_INIT, 0, 0, NULL, NULL, NULL, count_params}, AP_PARAM_END};
    static const struct {
        const ap_param *table;
        const char *message;
    } cases[] = {{outside, "parameter a: its ap_opt is not inside the opts_size bytes"},
                 {far_outside, "parameter a: its ap_opt is not inside"},
                 {no_type, "parameter a: its type is none of"},
                 {no_choices, "parameter a: it has no choices"},
                 {no_name, "its name is empty"},
                 {inner_outside, "parameter times: its ap_opt is not inside"},
                 {named_table, "parameter t: a table that is included has an empty name"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ap_task row = count_row("x");
        row.params = cases[i].table;
        refused(&row, AP_EINVAL, cases[i].message);
    }
    ap_task row = count_row("x");
    row.opts_size = (size_t)1 << 40;
    refused(&row, AP_EINVAL, "opts_size is over the limit");
}

void test_names_that_are_taken_are_refused(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_task row = count_row("count-taken");
    assert_ok(ap_task_register(&row, &err), &err);
    refused(&row, AP_EKEY, "the name \"count-taken\" is taken by the task count-taken");
    row = count_row("sentiment-analysis");
    refused(&row, AP_EKEY, "the name \"sentiment-analysis\" is taken by the task text-classification");
    row = count_row("count-taken-2");
    row.aliases = "count-it ner";
    refused(&row, AP_EKEY, "task count-taken-2: the name \"ner\" is taken by the task token-classification");
    row.aliases = "count-taken";
    refused(&row, AP_EKEY, "is taken by the task count-taken;");
}

void test_a_custom_task_and_another_task_exclude_each_other(void **state) {
    (void)state;
    ap_task row = count_row("count-other");
    custom_fails("\"task\": \"fill-mask\"", &row, AP_EINVAL,
                 "task \"fill-mask\" and custom_task count-other are both given, and the second is not over "
                 "the first");
    custom_fails("\"task\": \"no-such\"", &row, AP_EKEY, "unknown task \"no-such\"");
    ap_pipeline_destroy(custom("bert-sst2", "\"task\": \"count-other\"", &row));
    row = (ap_task)AP_TASK_INIT;
    row.base = "text-classification";
    ap_pipeline_destroy(custom("bert-sst2", "\"task\": \"sentiment-analysis\"", &row));
}

/* -- overrides ----------------------------------------------------------------------------------------- */

typedef struct loud_opts {
    ap_opt mark, top_k;
    void *made; /* By sanitize(), for clear_opts(). */
} loud_opts;

/* `top_k` is one of the base's: here it is something else. */
static const ap_param loud_params[] = {
    AP_PARAM(mark, STRING, POSTPROCESS, loud_opts, AP_PARAM_NULL_OK, NULL, NULL, "Goes behind the label."),
    AP_PARAM(top_k, BOOL, POSTPROCESS, loud_opts, 0, NULL, NULL, "Hides that of the base."), AP_PARAM_END};

static int n_made;

static ap_status loud_sanitize(const ap_task_context *ctx, void *opts, ap_error *err) {
    loud_opts *o = opts;
    (void)err;
    assert_non_null(ap_task_context_get_pipeline(ctx));
    if (o->made) return AP_OK; /* That of the creation. */
    o->made = malloc(1);
    n_made++;
    return AP_OK;
}

static void loud_clear(void *opts, const void *created) {
    loud_opts *o = opts;
    if (!o->made || (created && ((const loud_opts *)created)->made == o->made)) return;
    free(o->made);
    n_made--;
}

static ap_status loud_postprocess(const ap_task_context *ctx, const void *opts, ap_value **out,
                                  ap_value *const *outputs, size_t n_outputs, ap_error *err) {
    const loud_opts *o = opts;
    char text[64];
    ap_value *label;
    assert_non_null(o->made);
    ap_status status = ap_task_base_postprocess(ctx, opts, out, outputs, n_outputs, err);
    if (status || !o->mark.origin) return status;
    snprintf(text, sizeof text, "%s%s", ap_value_get_string(ap_value_dict_get(*out, "label"), NULL),
             o->mark.as.string);
    status = ap_value_create_string(&label, text, AP_NUL_TERMINATED, err);
    if (!status) status = ap_value_dict_set_take(*out, "label", label, err);
    if (!status) return AP_OK;
    ap_value_destroy(*out);
    *out = NULL;
    return status;
}

static ap_task loud_row(const char *base) {
    ap_task row = AP_TASK_INIT;
    row.base = base;
    row.params = loud_params;
    row.opts_size = sizeof(loud_opts);
    row.sanitize = loud_sanitize;
    row.clear_opts = loud_clear;
    row.postprocess = loud_postprocess;
    return row;
}

void test_an_override_of_one_phase(void **state) {
    (void)state;
    ap_task row = loud_row("sentiment-analysis");
    ap_pipeline *plain = support_pipeline("bert-sst2", NULL);
    ap_pipeline *pipe = custom("bert-sst2", "\"mark\": \"!\", \"function_to_apply\": \"none\"", &row);
    ap_value *expected = support_call(plain, "\"a b\"", "{\"function_to_apply\": \"none\"}");
    ap_value *marked = support_call(pipe, "\"a b\"", NULL);
    const ap_value *a = ap_value_list_get(expected, 0), *b = ap_value_list_get(marked, 0);
    char label[64];
    snprintf(label, sizeof label, "%s!", ap_value_get_string(ap_value_dict_get(a, "label"), NULL));
    assert_string_equal(ap_value_get_string(ap_value_dict_get(b, "label"), NULL), label);
    assert_true(ap_value_equal(ap_value_dict_get(a, "score"), ap_value_dict_get(b, "score")));
    ap_value_destroy(marked);
    ap_value_destroy(expected);

    /* Parameters of both, and the one that hides another. */
    support_call_fails(pipe, "\"a\"", "{\"top_k\": 2}", AP_ETYPE,
                       "parameter top_k: expected bool, found int");
    support_call_fails(pipe, "\"a\"", "{\"function_to_aply\": \"none\"}", AP_EINVAL,
                       "did you mean \"function_to_apply\"?");
    expected = support_call(plain, "[\"a b\", \"c\"]", "{\"function_to_apply\": \"sigmoid\"}");
    marked = support_call(pipe, "[\"a b\", \"c\"]",
                          "{\"function_to_apply\": \"sigmoid\", \"mark\": \"\", \"top_k\": true}");
    assert_true(ap_value_equal(expected, marked));
    ap_value_destroy(marked);
    ap_value_destroy(expected);
    ap_pipeline_destroy(pipe);
    ap_pipeline_destroy(plain);
    assert_int_equal(n_made, 0);
}

void test_the_base_of_a_pipeline_takes_parameters_of_its_own(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_task row = loud_row("text-classification");
    ap_pipeline *pipe = custom("bert-sst2", "\"mark\": \"!\", \"function_to_apply\": \"none\"", &row);
    const ap_pipeline *base = ap_pipeline_get_base(pipe);
    ap_pipeline *plain = support_pipeline("bert-sst2", "{\"function_to_apply\": \"none\"}");
    ap_value *expected = support_call(plain, "[\"a b\", \"c\"]", "{\"top_k\": 2}");
    ap_value *got = support_call(base, "[\"a b\", \"c\"]", "{\"top_k\": 2}");
    assert_true(ap_value_equal(expected, got));
    ap_value_destroy(got);
    ap_value_destroy(expected);
    support_call_fails(base, "\"a\"", "{\"mark\": \"?\"}", AP_EINVAL,
                       "task text-classification has no parameter");
    /* The phases one by one, in the middle of which an override could stand. */
    ap_value *in = support_json("\"a b\""), *feeds, *outputs, *result, *top = support_json("{\"top_k\": 1}");
    assert_ok(ap_pipeline_preprocess(&feeds, base, in, NULL, &err), &err);
    assert_ok(ap_pipeline_forward(&outputs, base, feeds, NULL, &err), &err);
    assert_ok(ap_pipeline_postprocess(&result, base, outputs, top, &err), &err);
    expected = support_call(plain, "\"a b\"", "{\"top_k\": 1}");
    assert_true(support_difference(expected, result) < 1e-6);
    ap_value_destroy(expected);
    ap_value_destroy(result);
    ap_value_destroy(outputs);
    ap_value_destroy(feeds);
    ap_value_destroy(top);
    ap_value_destroy(in);
    ap_pipeline_destroy(plain);
    ap_pipeline_destroy(pipe);
}

/* Over a registered override, which marks too. */
void test_an_override_of_an_override(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_value *about;
    ap_task lower = loud_row("text-classification"), row = loud_row("loud-classification");
    lower.name = "loud-classification";
    assert_ok(ap_task_register(&lower, &err), &err);
    ap_pipeline *pipe = custom("bert-sst2", "\"mark\": \"?\"", &row);
    ap_value *one = support_call(pipe, "\"a b\"", NULL);
    const char *label = ap_value_get_string(ap_value_dict_get(ap_value_list_get(one, 0), "label"), NULL);
    assert_int_equal(label[strlen(label) - 1], '?');
    assert_int_not_equal(label[strlen(label) - 2], '?'); /* `mark` is that of the upper one. */
    ap_value_destroy(one);
    assert_non_null(ap_pipeline_get_base(ap_pipeline_get_base(pipe)));
    assert_null(ap_pipeline_get_base(ap_pipeline_get_base(ap_pipeline_get_base(pipe))));
    one = support_call(ap_pipeline_get_base(pipe), "\"a b\"", "{\"mark\": \"#\"}");
    label = ap_value_get_string(ap_value_dict_get(ap_value_list_get(one, 0), "label"), NULL);
    assert_int_equal(label[strlen(label) - 1], '#');
    ap_value_destroy(one);
    ap_pipeline_destroy(pipe);
    assert_int_equal(n_made, 0);
    assert_ok(ap_task_describe(&about, "loud-classification", &err), &err);
    assert_string_equal(ap_value_get_string(ap_value_dict_get(about, "base"), NULL), "text-classification");
    const ap_value *params = ap_value_dict_get(about, "params");
    size_t n_top_k = 0;
    for (size_t i = 0; i < ap_value_len(params); i++)
        n_top_k += strcmp(ap_value_get_string(ap_value_dict_get(ap_value_list_get(params, i), "name"), NULL),
                          "top_k") == 0;
    assert_int_equal(n_top_k, 1);
    ap_value_destroy(about);
}

/* -- every function ------------------------------------------------------------------------------------ */

/* Which of the functions below were called. */
enum { CHECK = 1, NORMALIZE = 2, PREPROCESS = 4, FORWARD = 8, POSTPROCESS = 16, SHAPE = 32 };

static unsigned called;

static ap_status super_check(const ap_task_context *ctx, ap_error *err) {
    called |= CHECK;
    return ap_task_base_check_model(ctx, err);
}

static ap_status super_normalize(const ap_task_context *ctx, const void *opts, ap_value **out,
                                 const ap_value *inputs, ap_error *err) {
    called |= NORMALIZE;
    return ap_task_base_normalize_inputs(ctx, opts, out, inputs, err);
}

static ap_status super_preprocess(const ap_task_context *ctx, const void *opts, const ap_value *input,
                                  ap_feeds *feeds, ap_error *err) {
    called |= PREPROCESS;
    size_t before = ap_feeds_get_n(feeds);
    ap_status status = ap_task_base_preprocess(ctx, opts, input, feeds, err);
    if (status) return status;
    assert_true(ap_feeds_get_n(feeds) > before);
    assert_null(ap_feeds_get(feeds, ap_feeds_get_n(feeds)));
    ap_value *note;
    status = ap_value_create_string(&note, "added", AP_NUL_TERMINATED, err);
    return status ? status : ap_value_dict_set_take(ap_feeds_get(feeds, 0), "note", note, err);
}

static ap_status super_forward(const ap_task_context *ctx, const void *opts, ap_value **out,
                               const ap_value *inputs, ap_error *err) {
    called |= FORWARD;
    assert_false(ap_task_context_is_cancelled(ctx));
    return ap_task_base_forward(ctx, opts, out, inputs, err);
}

static ap_status super_postprocess(const ap_task_context *ctx, const void *opts, ap_value **out,
                                   ap_value *const *outputs, size_t n_outputs, ap_error *err) {
    called |= POSTPROCESS;
    assert_string_equal(ap_value_get_string(ap_value_dict_get(outputs[0], "note"), NULL), "added");
    return ap_task_base_postprocess(ctx, opts, out, outputs, n_outputs, err);
}

static ap_status super_shape(const ap_task_context *ctx, const void *opts, const ap_value *inputs,
                             ap_value **result, ap_error *err) {
    called |= SHAPE;
    return ap_task_base_shape_result(ctx, opts, inputs, result, err);
}

static ap_task super_row(const char *base) {
    ap_task row = AP_TASK_INIT;
    row.base = base;
    row.check_model = super_check;
    row.normalize_inputs = super_normalize;
    row.preprocess = super_preprocess;
    row.forward = super_forward;
    row.postprocess = super_postprocess;
    row.shape_result = super_shape;
    return row;
}

/* An override that does nothing but call its base gives what the base gives, of every kind of task. */
void test_every_function_reaches_its_base(void **state) {
    (void)state;
    static const struct {
        const char *task, *model, *input, *params;
        unsigned without; /* A call whose inputs come by keyword. */
    } cases[] = {
        {"text-classification", "bert-sst2", "\"a b\"", "{\"top_k\": 2}", 0},
        {"token-classification", "bert-ner", "[\"Anna of Oslo\", \"b\"]",
         "{\"aggregation_strategy\": \"max\"}", 0},
        {"feature-extraction", "minilm-embed", "[\"a b\", \"c\"]", "{\"pooling\": \"mean\"}", 0},
        {"fill-mask", "bert-mlm", "\"a [MASK] b\"", "{\"targets\": [\"red\", \"blue\"]}", 0},
        {"question-answering", "bert-squad", "{\"question\": \"Who?\", \"context\": \"Anna went to Oslo.\"}",
         "{\"top_k\": 3}", 0},
        {"zero-shot-classification", "bert-mnli", "\"a b\"", "{\"candidate_labels\": \"red, blue\"}", 0},
        {"text-ranking", "electra-pairs", "{\"query\": \"a\", \"documents\": [\"b\", \"c d\"]}", "{}", 0},
        {"sentence-similarity", "minilm-embed", "{\"source_sentence\": \"a\", \"sentences\": [\"b\", \"c\"]}",
         "{}", 0},
        {"table-question-answering", "tapas-wtq",
         "{\"table\": {\"a\": [\"1\", \"2\"], \"b\": [\"3\", \"4\"]}, \"query\": [\"what is a?\", \"and "
         "b?\"]}",
         "{\"sequential\": true}", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char more[128];
        ap_task row = super_row(cases[i].task);
        called = 0;
        snprintf(more, sizeof more, "{\"task\": \"%s\"}", cases[i].task);
        ap_pipeline *plain = support_pipeline(cases[i].model, more);
        ap_pipeline *pipe = custom(cases[i].model, NULL, &row);
        ap_value *expected = support_call(plain, cases[i].input, cases[i].params);
        ap_value *got = support_call(pipe, cases[i].input, cases[i].params);
        if (!ap_value_equal(expected, got)) fail_msg("%s: the results differ", cases[i].task);
        assert_int_equal(called, CHECK | NORMALIZE | PREPROCESS | FORWARD | POSTPROCESS | SHAPE);
        ap_value_destroy(got);
        ap_value_destroy(expected);
        ap_pipeline_destroy(pipe);
        ap_pipeline_destroy(plain);
    }
}

/* -- the model ----------------------------------------------------------------------------------------- */

/* Runs the model by itself, on the ids alone, and twice the size of the batch. */
static ap_status run_forward(const ap_task_context *ctx, const void *opts, ap_value **out,
                             const ap_value *inputs, ap_error *err) {
    ap_value *ids, *bare, *wrong;
    (void)opts;
    assert_ok(ap_value_copy(&ids, ap_value_dict_get(inputs, "input_ids"), err), err);
    assert_ok(ap_value_create_dict(&bare, err), err);
    ap_error why = AP_ERROR_INIT;
    assert_fails(ap_task_context_run(ctx, out, bare, &why), AP_EINVAL, &why, "the model asks for the input");
    assert_null(*out);
    assert_ok(ap_value_create_int(&wrong, 1, err), err);
    assert_fails(ap_task_context_run(ctx, out, wrong, &why), AP_ETYPE, &why,
                 "expected a dict of tensors, found int");
    ap_value_destroy(wrong);
    assert_ok(ap_value_dict_set_take(bare, "input_ids", ids, err), err);
    ap_status status = ap_task_context_run(ctx, out, bare, err);
    ap_value_destroy(bare);
    return status;
}

void test_a_function_runs_the_model(void **state) {
    (void)state;
    ap_task row = AP_TASK_INIT;
    row.base = "text-classification";
    row.forward = run_forward;
    ap_pipeline *plain = support_pipeline("bert-sst2", NULL), *pipe = custom("bert-sst2", NULL, &row);
    ap_value *expected = support_call(plain, "[\"a b\", \"c d\", \"e f\"]", NULL); /* No padding, no mask. */
    ap_value *got = support_call(pipe, "[\"a b\", \"c d\", \"e f\"]", NULL);
    assert_true(support_difference(expected, got) < 1e-6);
    ap_value_destroy(got);
    ap_value_destroy(expected);
    ap_pipeline_destroy(pipe);
    ap_pipeline_destroy(plain);
}

static ap_status lonely_postprocess(const ap_task_context *ctx, const void *opts, ap_value **out,
                                    ap_value *const *outputs, size_t n_outputs, ap_error *err) {
    return ap_task_base_postprocess(ctx, opts, out, outputs, n_outputs, err);
}

void test_a_task_without_a_base_has_none_to_call(void **state) {
    (void)state;
    ap_task row = count_row("count-lonely");
    row.postprocess = lonely_postprocess;
    ap_pipeline *pipe = custom("bert-sst2", NULL, &row);
    support_call_fails(pipe, "\"a\"", NULL, AP_EINVAL,
                       "task count-lonely overrides none, so it has no base to call");
    ap_pipeline_destroy(pipe);
}

/* Cancelled from outside while a function works. */
static ap_cancel *cancelling;

static ap_status cancelled_preprocess(const ap_task_context *ctx, const void *opts, const ap_value *input,
                                      ap_feeds *feeds, ap_error *err) {
    if (!cancelling) return ap_task_base_preprocess(ctx, opts, input, feeds, err);
    assert_false(ap_task_context_is_cancelled(ctx));
    ap_cancel_trigger(cancelling);
    assert_true(ap_task_context_is_cancelled(ctx));
    return AP_ECANCELED;
}

void test_a_function_sees_that_its_call_is_cancelled(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_call_options options = AP_CALL_OPTIONS_INIT;
    ap_task row = AP_TASK_INIT;
    ap_value *in = support_json("\"a\""), *out;
    row.base = "text-classification";
    row.preprocess = cancelled_preprocess;
    ap_pipeline *pipe = custom("bert-sst2", NULL, &row);
    assert_ok(ap_cancel_create(&cancelling, &err), &err);
    options.cancel = cancelling;
    assert_int_equal(ap_pipeline_call_with(&out, pipe, in, NULL, &options, &err), AP_ECANCELED);
    assert_null(out);
    ap_cancel_destroy(cancelling);
    cancelling = NULL;
    ap_value_destroy(in);
    ap_pipeline_destroy(pipe);
}

/* Of a task that generates, the feeds go through as they are. */
static ap_status super_forward_feeds(const ap_task_context *ctx, const void *opts, ap_value **outputs,
                                     ap_value *const *feeds, size_t n, const ap_task_run *run,
                                     ap_error *err) {
    called |= FORWARD;
    assert_int_equal(n, 1);
    return ap_task_base_forward_feeds(ctx, opts, outputs, feeds, n, run, err);
}

static ap_status no_feeds(const ap_task_context *ctx, const void *opts, ap_value **outputs,
                          ap_value *const *feeds, size_t n, const ap_task_run *run, ap_error *err) {
    outputs[0] = NULL;
    return ap_task_base_forward_feeds(ctx, opts, outputs, feeds, n, run, err);
}

void test_feeds_reach_a_base_that_takes_them(void **state) {
    (void)state;
    char model[1024], init[1200];
    ap_task row = AP_TASK_INIT;
    row.base = "text-classification";
    row.forward_feeds = no_feeds;
    ap_pipeline *pipe = custom("bert-sst2", NULL, &row);
    support_call_fails(pipe, "\"a\"", NULL, AP_EINVAL,
                       "task text-classification has no forward_feeds() to call");
    ap_pipeline_destroy(pipe);
    if (access(AP_TEST_SHARED_DIR "/parity/models/gpt2-lm", R_OK)) return; /* No model that generates. */
    snprintf(model, sizeof model, "\"model\": \"%s/parity/models/gpt2-lm\"", AP_TEST_SHARED_DIR);
    snprintf(init, sizeof init, "{\"task\": \"text-generation\", %s}", model);
    row = (ap_task)AP_TASK_INIT;
    row.base = "text-generation";
    row.forward_feeds = super_forward_feeds;
    ap_pipeline *plain = support_pipeline("", init);
    pipe = custom("", model, &row);
    called = 0;
    ap_value *expected = support_call(plain, "\"a b\"", "{\"max_new_tokens\": 4, \"do_sample\": false}");
    ap_value *got = support_call(pipe, "\"a b\"", "{\"max_new_tokens\": 4, \"do_sample\": false}");
    assert_true(ap_value_equal(expected, got));
    assert_int_equal(called, FORWARD);
    ap_value_destroy(got);
    ap_value_destroy(expected);
    ap_pipeline_destroy(pipe);
    ap_pipeline_destroy(plain);
}

/* -- memory and threads -------------------------------------------------------------------------------- */

static ap_status live(void *ctx, ap_error *err) {
    ap_value *init = ctx, *in = NULL, *out = NULL;
    ap_pipeline *pipe = NULL;
    ap_task row = super_row("text-classification");
    ap_status status = ap_pipeline_create_custom(&pipe, init, &row, err);
    if (status) assert_null(pipe);
    if (!status) status = ap_value_from_json(&in, "[\"a b\", \"c\"]", AP_NUL_TERMINATED, err);
    if (!status && (status = ap_pipeline_call(&out, pipe, in, NULL, err))) assert_null(out);
    ap_value_destroy(out);
    ap_value_destroy(in);
    ap_pipeline_destroy(pipe);
    return status;
}

void test_every_allocation_may_fail(void **state) {
    (void)state;
    ap_value *init = support_init("bert-sst2", "{\"cache\": false, \"num_threads\": 1}");
    torture_graceful(live, init);
    ap_value_destroy(init);
}

static void *register_many(void *arg) {
    const char *letter = arg;
    for (int i = 0; i < 50; i++) {
        static char names[8][50][32];
        char *name = names[*letter - 'a'][i];
        ap_error err = AP_ERROR_INIT;
        ap_value *about;
        snprintf(name, sizeof names[0][0], "count-thread-%c-%d", *letter, i);
        ap_task row = count_row(name);
        assert_ok(ap_task_register(&row, &err), &err);
        assert_ok(ap_task_describe(&about, name, &err), &err);
        ap_value_destroy(about);
    }
    return NULL;
}

void test_threads_may_register_at_once(void **state) {
    (void)state;
    static const char *const letters[] = {"a", "b", "c", "d"};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, register_many, (void *)(uintptr_t)letters[i]), 0);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    ap_value *all;
    assert_int_equal(ap_tasks_describe(&all, NULL), AP_OK);
    assert_true(ap_value_len(all) >= 10 + 200);
    ap_value_destroy(all);
}
