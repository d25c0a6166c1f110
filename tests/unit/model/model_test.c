/* The sessions under the model are this file's own: they stand in place of backend/session.c. */
#include "model/model.h"

#include "base/error.h"
#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/support/torture.h"
#include "unit/support/values.h"
#include "value/value.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static ap_error err;
static ap__path folder;

/* -- sessions ------------------------------------------------------------------------------------------ */

struct ap__session {
    ap_session_info info;
};

static ap_io inputs[300], outputs[300];
static ap__session the_session;
static int n_open;
static ap__session_options opened_with; /* Its path is only good while open() runs. */
static char opened_path[AP__PATH_MAX];
static ap_status open_fails, run_fails;
static char outputs_wanted[200]; /* Names of the last run's outputs. */

ap_status ap__session_open(ap__session **out, const ap__backend *backend, const ap__session_options *options,
                           ap_error *error) {
    (void)backend;
    *out = NULL;
    opened_with = *options;
    snprintf(opened_path, sizeof opened_path, "%s", options->path);
    if (open_fails) return ap__fail(error, open_fails, "the backend says no");
    n_open++;
    *out = &the_session;
    return AP_OK;
}

void ap__session_close(ap__session *session) { n_open -= session != NULL; }

const ap_session_info *ap__session_get_info(const ap__session *session) { return &session->info; }

const ap__backend *ap__session_get_backend(const ap__session *session) {
    (void)session;
    return NULL;
}

static const ap_io *find(const ap_io *ios, uint32_t n, const char *name) {
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(ios[i].name, name) == 0) return &ios[i];
    return NULL;
}

const ap_io *ap__session_find_input(const ap__session *session, const char *name) {
    return find(session->info.inputs, session->info.n_inputs, name);
}

const ap_io *ap__session_find_output(const ap__session *session, const char *name) {
    return find(session->info.outputs, session->info.n_outputs, name);
}

/* Every output is the first input. */
ap_status ap__session_run(ap__session *session, const ap__feed *in, size_t n_in, ap__feed *out, size_t n_out,
                          ap_cancel *cancel, ap_error *error) {
    (void)session;
    (void)cancel;
    assert_true(n_in > 0);
    outputs_wanted[0] = '\0';
    for (size_t i = 0; i < n_out; i++) strcat(strcat(outputs_wanted, out[i].name), " ");
    if (run_fails) return ap__fail(error, run_fails, "the run failed");
    for (size_t i = 0; i < n_out; i++) out[i].tensor = ap__tensor_ref(in[0].tensor);
    return AP_OK;
}

/* Single graphs have no use for these. */
ap_status ap__session_run_stateful(ap__session *session, const ap__stateful_run *run, ap_error *error) {
    (void)session;
    (void)run;
    return ap__fail(error, AP_EBUG, "not called");
}

ap_status ap__session_state_create(ap_state **out, ap__session *session, ap_error *error) {
    (void)session;
    *out = NULL;
    return ap__fail(error, AP_EBUG, "not called");
}

void ap__session_state_destroy(ap__session *session, ap_state *state) {
    (void)session;
    (void)state;
}

/* Names separated by blanks, each [-1, -1]. */
static uint32_t set_ios(ap_io *ios, char *names) {
    uint32_t n = 0;
    char *next;
    for (char *name = strtok_r(names, " ", &next); name; name = strtok_r(NULL, " ", &next))
        ios[n++] = (ap_io){.name = name, .dtype = AP_DTYPE_I64, .rank = 2, .shape = {-1, -1}};
    return n;
}

static void set_graph(const char *input_names, const char *output_names) {
    static char in[200], out[200];
    snprintf(in, sizeof in, "%s", input_names);
    snprintf(out, sizeof out, "%s", output_names);
    the_session.info =
        (ap_session_info){.size = sizeof(ap_session_info), .inputs = inputs, .outputs = outputs};
    the_session.info.n_inputs = set_ios(inputs, in);
    the_session.info.n_outputs = set_ios(outputs, out);
}

/* -- a model folder ------------------------------------------------------------------------------------ */

int test_setup(void **state) {
    (void)state;
    tempdir_create(&folder);
    tempdir_write(&folder, "onnx/model.onnx", "\x3A\x00", 2); /* A model with an empty graph. */
    tempdir_write(&folder, "onnx/model_fp16.onnx", "\x3A\x00", 2);
    open_fails = run_fails = AP_OK;
    set_graph("input_ids attention_mask", "logits");
    return 0;
}

int test_teardown(void **state) {
    (void)state;
    tempdir_remove(&folder);
    assert_int_equal(0, n_open);
    return 0;
}

static ap__config *new_config(void) {
    ap__config *config;
    ap_value *value = value_of("{}");
    assert_ok(ap__config_from_value(&config, value, &err), &err);
    ap_value_destroy(value);
    return config;
}

static ap_status open_with(ap__model **out, ap__file_request file) {
    ap__session_options options = {.path = "to be replaced", .dtype = AP_DTYPE_U8, .n_threads = 3};
    return ap__model_open(out, folder.text, new_config(), NULL, &file, &options, &err);
}

static ap__model *open_model(void) {
    ap__model *model = NULL;
    assert_ok(open_with(&model, (ap__file_request){0}), &err);
    return model;
}

static void assert_open_fails(ap__file_request file, ap_status expected, const char *text) {
    ap__model *model = (ap__model *)1;
    assert_fails(open_with(&model, file), expected, &err, text);
    assert_null(model);
}

/* -- opening ------------------------------------------------------------------------------------------- */

void test_open(void **state) {
    (void)state;
    ap__model *model = open_model();
    assert_int_equal(1, n_open);
    assert_non_null(strstr(ap__model_get_file(model), "/onnx/model.onnx"));
    assert_string_equal(ap__model_get_file(model), opened_path);
    assert_int_equal(AP_DTYPE_F32, opened_with.dtype);
    assert_int_equal(AP_DTYPE_F32, ap__model_get_dtype(model));
    assert_int_equal(3, opened_with.n_threads); /* Passed on. */
    assert_ptr_equal(&the_session, ap__model_get_session(model));
    assert_int_equal(2, ap__model_get_config(model)->n_labels);
    ap__model_close(model);
    ap__model_close(NULL);
}

void test_open_in_another_dtype(void **state) {
    (void)state;
    ap__model *model;
    assert_ok(open_with(&model, (ap__file_request){.torch_dtype = "float16"}), &err);
    assert_non_null(strstr(opened_path, "model_fp16.onnx"));
    assert_int_equal(AP_DTYPE_F16, opened_with.dtype);
    assert_int_equal(AP_DTYPE_F16, ap__model_get_dtype(model));
    ap__model_close(model);
}

/* The configuration is taken also on failure: the leak checker sees to that. */
void test_open_failures(void **state) {
    (void)state;
    assert_open_fails((ap__file_request){.torch_dtype = "q4"}, AP_ENOTFOUND, "has no model_q4.onnx");
    open_fails = AP_EFORMAT;
    assert_open_fails((ap__file_request){0}, AP_EFORMAT, "the backend says no");
}

void test_open_refuses_graphs_that_cannot_be_run(void **state) {
    (void)state;
    set_graph("", "logits");
    assert_open_fails((ap__file_request){0}, AP_EFORMAT, "model.onnx: the graph has 0 inputs and 1 outputs");
    set_graph("input_ids", "");
    assert_open_fails((ap__file_request){0}, AP_EFORMAT, "the graph has 1 inputs and 0 outputs");
    the_session.info.n_outputs = 257;
    assert_open_fails((ap__file_request){0}, AP_ELIMIT,
                      "1 inputs and 257 outputs, over the limit of 256 each");
    the_session.info.n_outputs = 1;
    the_session.info.n_inputs = 257;
    assert_open_fails((ap__file_request){0}, AP_ELIMIT, "257 inputs and 1 outputs");
}

/* -- batching ------------------------------------------------------------------------------------------ */

static void assert_batching(ap__batching expected) {
    ap__model *model = open_model();
    assert_int_equal(expected, ap__model_get_batching(model));
    assert_int_equal(expected, ap__model_get_batching(model));
    ap__model_close(model);
}

void test_batching_by_the_mask(void **state) {
    (void)state;
    assert_batching(AP__BATCHING_PADDED);
    set_graph("input_ids token_type_ids", "logits");
    assert_batching(AP__BATCHING_EQUAL);
}

void test_batching_of_a_fixed_batch_size(void **state) {
    (void)state;
    inputs[1].shape[0] = 1;
    assert_batching(AP__BATCHING_SINGLE);
    inputs[1].shape[0] = 8;
    assert_batching(AP__BATCHING_PADDED);
    inputs[1].shape[0] = 1;
    inputs[1].rank = AP_RANK_UNKNOWN;
    assert_batching(AP__BATCHING_PADDED);
    inputs[1].rank = 0;
    assert_batching(AP__BATCHING_PADDED);
}

void test_batching_of_dynamic_quantization(void **state) {
    (void)state;
    static const char quantized[] = "\x3A\x19\x0A\x17\x22\x15"
                                    "DynamicQuantizeLinear";
    tempdir_write(&folder, "onnx/model.onnx", quantized, sizeof quantized - 1);
    assert_batching(AP__BATCHING_SINGLE);
    /* A file that cannot be looked at: the answer that is never wrong. */
    tempdir_write_text(&folder, "onnx/model.onnx", "not protobuf");
    assert_batching(AP__BATCHING_SINGLE);
}

static void *ask_for_batching(void *ctx) {
    return ap__model_get_batching(ctx) == AP__BATCHING_PADDED ? NULL : ctx;
}

void test_batching_from_many_threads(void **state) {
    (void)state;
    pthread_t threads[4];
    void *failed;
    ap__model *model = open_model();
    for (int i = 0; i < 4; i++)
        assert_int_equal(0, pthread_create(&threads[i], NULL, ask_for_batching, model));
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    ap__model_close(model);
}

/* -- running ------------------------------------------------------------------------------------------- */

/* A dict of int64 tensors [1]; names separated by blanks. */
static ap_value *feeds_of(const char *names) {
    char list[200], *next;
    ap_value *dict, *tensor;
    snprintf(list, sizeof list, "%s", names);
    assert_ok(ap_value_create_dict(&dict, &err), &err);
    for (char *name = strtok_r(list, " ", &next); name; name = strtok_r(NULL, " ", &next)) {
        assert_ok(ap_value_create_tensor(&tensor, AP_DTYPE_I64, (const int64_t[]){1}, 1, (const int64_t[]){7},
                                         &err),
                  &err);
        assert_ok(ap_value_dict_set_take(dict, name, tensor, &err), &err);
    }
    return dict;
}

static void assert_runs(const char *expected_json, const char *expected_wanted, const char *wanted) {
    ap_value *out, *feeds = feeds_of("input_ids attention_mask more");
    ap__model *model = open_model();
    assert_ok(ap__model_run(&out, model, feeds, wanted, NULL, &err), &err);
    assert_json(expected_json, out);
    assert_string_equal(expected_wanted, outputs_wanted);
    ap_value_destroy(out);
    ap_value_destroy(feeds);
    ap__model_close(model);
}

void test_run(void **state) {
    (void)state;
    assert_runs("{\"logits\":[7]}", "logits ", NULL);
    assert_runs("{\"logits\":[7]}", "logits ", "logits");
}

/* The only output of a model takes the name that the task looks for. */
void test_run_renames_an_only_output(void **state) {
    (void)state;
    set_graph("input_ids", "output_0");
    assert_runs("{\"logits\":[7]}", "output_0 ", "logits");
    assert_runs("{\"output_0\":[7]}", "output_0 ", NULL);
    assert_runs("{\"output_0\":[7]}", "output_0 ", "start_logits end_logits");
}

void test_run_wants_some_outputs(void **state) {
    (void)state;
    set_graph("input_ids", "logits hidden_logits hidden logit");
    assert_runs("{\"logits\":[7]}", "logits ", "logits");
    assert_runs("{\"hidden\":[7],\"logits\":[7]}", "hidden logits ", "hidden logits");
    assert_runs("{\"logits\":[7],\"hidden_logits\":[7],\"hidden\":[7],\"logit\":[7]}",
                "logits hidden_logits hidden logit ", NULL);
}

void test_run_wants_the_first_that_there_is(void **state) {
    (void)state;
    set_graph("input_ids", "pooler hidden states");
    assert_runs("{\"last\":[7]}", "hidden ", "last|hidden|states");
    assert_runs("{\"states\":[7]}", "states ", "states|hidden");
    assert_runs("{\"last\":[7]}", "pooler ", "last|*");
    assert_runs("{\"last\":[7],\"pooler\":[7]}", "hidden pooler ", "last|hidden pooler|*");
    set_graph("input_ids", "output_0");
    assert_runs("{\"last\":[7]}", "output_0 ", "last|hidden");
}

static void assert_run_fails(const char *names, const char *wanted, ap_status expected, const char *text) {
    ap_value *out = (ap_value *)1, *feeds = feeds_of(names);
    ap__model *model = open_model();
    assert_fails(ap__model_run(&out, model, feeds, wanted, NULL, &err), expected, &err, text);
    assert_null(out);
    ap_value_destroy(feeds);
    ap__model_close(model);
}

void test_run_failures(void **state) {
    (void)state;
    assert_run_fails("input_ids", NULL, AP_EINVAL, "the model's input attention_mask was not given");
    run_fails = AP_EBACKEND;
    assert_run_fails("input_ids attention_mask", NULL, AP_EBACKEND, "the run failed");
    set_graph("input_ids", "a b");
    assert_run_fails("input_ids", "logits", AP_EINVAL, "model.onnx has no output named logits");
    outputs[1].name = ""; /* A graph may call an output nothing at all. */
    assert_run_fails("input_ids", "logits", AP_EINVAL, "has no output named logits");
}

void test_run_wants_tensors(void **state) {
    (void)state;
    ap_value *out, *feeds = value_of("{\"input_ids\": [1], \"attention_mask\": [1]}");
    ap__model *model = open_model();
    assert_fails(ap__model_run(&out, model, feeds, NULL, NULL, &err), AP_EINVAL, &err,
                 "input input_ids was not given");
    assert_null(out);
    ap_value_destroy(feeds);
    ap__model_close(model);
}

/* -- out of memory ------------------------------------------------------------------------------------- */

static ap_status run_all(void *ctx, ap_error *error) {
    const ap__model *model = ctx;
    static ap_value *feeds;
    ap_value *out;
    if (!feeds) feeds = feeds_of("input_ids"); /* In the first run, which does not fail. */
    ap_status status = ap__model_run(&out, model, feeds, NULL, NULL, error);
    if (status) assert_null(out);
    ap_value_destroy(out);
    return status;
}

void test_torture_run(void **state) {
    (void)state;
    set_graph("input_ids", "a b c an_output_whose_name_is_on_the_heap");
    ap__model *model = open_model();
    assert_true(torture(run_all, model) >= 4);
    ap__model_close(model);
}

static ap_status open_and_close(void *ctx, ap_error *error) {
    ap__config *config;
    ap__model *model = NULL;
    ap__session_options options = {0};
    ap_status status = ap__config_from_value(&config, ctx, error);
    if (!status)
        status = ap__model_open(&model, folder.text, config, NULL, &(ap__file_request){0}, &options, error);
    if (status) assert_null(model);
    ap__model_close(model);
    return status;
}

void test_torture_open(void **state) {
    (void)state;
    ap_value *value = value_of("{}");
    assert_true(torture(open_and_close, value) > 4);
    ap_value_destroy(value);
}
