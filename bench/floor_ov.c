/*
 * The floor of OpenVINO: what a bare C program on its C API needs for the same model, threads and token ids.
 *
 * Options as bench_floor's; a call is one pass over all sentences of --ids. Inputs are made before the first
 * call; the model is compiled with what OpenVINO advises for latency, in float32. It uses no line of ours.
 */
#include "common.h"
#include "feeds.h"

#include <dlfcn.h>
#include <openvino/c/openvino.h>
#include <stdio.h>
#include <string.h>

enum { MAX_INPUTS = 3 };

/* The library has no stable soname, so it is opened by path; these are the functions that are called. */
static struct {
    __typeof__(&ov_core_create) core_create;
    __typeof__(&ov_core_compile_model_from_file) compile;
    __typeof__(&ov_compiled_model_create_infer_request) create_request;
    __typeof__(&ov_compiled_model_inputs_size) inputs_size;
    __typeof__(&ov_compiled_model_input_by_index) input_by_index;
    __typeof__(&ov_port_get_any_name) port_name;
    __typeof__(&ov_tensor_create_from_host_ptr) tensor_create;
    __typeof__(&ov_infer_request_set_tensor) set_tensor;
    __typeof__(&ov_infer_request_infer) infer;
    __typeof__(&ov_infer_request_get_output_tensor_by_index) output;
    __typeof__(&ov_tensor_data) tensor_data;
    __typeof__(&ov_tensor_free) tensor_free;
    __typeof__(&ov_get_last_err_msg) last_error;
} ov;

typedef struct bench {
    ov_infer_request_t *request;
    char *names[MAX_INPUTS];
    size_t n_inputs, n_feeds;
    ov_tensor_t *(*inputs)[MAX_INPUTS]; /* Of each feed. */
    float last_logit;                   /* So that the compiler keeps the reading of the outputs. */
} bench;

static void check(ov_status_e status, const char *what) {
    if (status) bench_die("%s: %s", what, ov.last_error ? ov.last_error() : "failed");
}

static void load_runtime(const char *path) {
    static const char *const names[] = {"ov_core_create",
                                        "ov_core_compile_model_from_file",
                                        "ov_compiled_model_create_infer_request",
                                        "ov_compiled_model_inputs_size",
                                        "ov_compiled_model_input_by_index",
                                        "ov_port_get_any_name",
                                        "ov_tensor_create_from_host_ptr",
                                        "ov_infer_request_set_tensor",
                                        "ov_infer_request_infer",
                                        "ov_infer_request_get_output_tensor_by_index",
                                        "ov_tensor_data",
                                        "ov_tensor_free",
                                        "ov_get_last_err_msg"};
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) bench_die("%s", dlerror());
    _Static_assert(sizeof ov == sizeof names, "a name for each function");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        void *function = dlsym(library, names[i]);
        if (!function) bench_die("%s: no %s", path, names[i]);
        memcpy((char *)&ov + i * sizeof function, &function, sizeof function);
    }
}

static ov_compiled_model_t *compile(void) {
    ov_core_t *core = NULL;
    ov_compiled_model_t *model = NULL;
    check(ov.core_create(&core), "core");
    check(ov.compile(core, bench_option("--model"), "CPU", 10, &model, "PERFORMANCE_HINT", "LATENCY",
                     "INFERENCE_NUM_THREADS", bench_option("--threads"), "INFERENCE_PRECISION_HINT", "f32",
                     "DYNAMIC_QUANTIZATION_GROUP_SIZE", "0", "ENABLE_CPU_PINNING", "NO"),
          "compile");
    return model;
}

static void find_names(bench *b, const ov_compiled_model_t *model) {
    check(ov.inputs_size(model, &b->n_inputs), "inputs");
    if (b->n_inputs > MAX_INPUTS)
        bench_die("the model has %zu inputs, at most %d are fed", b->n_inputs, MAX_INPUTS);
    for (size_t i = 0; i < b->n_inputs; i++) {
        ov_output_const_port_t *port = NULL;
        check(ov.input_by_index(model, i, &port), "input");
        check(ov.port_name(port, &b->names[i]), "name");
    }
}

static void make_inputs(bench *b, const bench_feed *feeds) {
    b->inputs = bench_alloc(b->n_feeds * sizeof *b->inputs);
    for (size_t f = 0; f < b->n_feeds; f++) {
        int64_t dims[] = {(int64_t)feeds[f].n_rows, (int64_t)feeds[f].n_columns};
        const ov_shape_t shape = {2, dims};
        for (size_t i = 0; i < b->n_inputs; i++)
            check(ov.tensor_create(I64, shape, bench_feed_input(&feeds[f], b->names[i]), &b->inputs[f][i]),
                  "tensor");
    }
}

static void run_all(void *ctx) {
    bench *b = ctx;
    for (size_t f = 0; f < b->n_feeds; f++) {
        ov_tensor_t *output = NULL;
        void *data = NULL;
        for (size_t i = 0; i < b->n_inputs; i++)
            check(ov.set_tensor(b->request, b->names[i], b->inputs[f][i]), "set");
        check(ov.infer(b->request), "infer");
        check(ov.output(b->request, 0, &output), "output");
        check(ov.tensor_data(output, &data), "data");
        b->last_logit = *(const float *)data;
        ov.tensor_free(output);
    }
}

static const bench_row OPTIONS[] = {
    {"--runtime", "LIBOPENVINO_C", NULL},
    {"--model", "FILE", NULL},
    {"--ids", "FILE", NULL},
    {"--batch", "N", "32"},
    {"--threads", "N", "1"},
    {NULL, NULL, NULL},
};

int main(int argc, char **argv) {
    bench_options(argc, argv, OPTIONS);
    bench b = {0};
    bench_feed *feeds = NULL;
    load_runtime(bench_option("--runtime"));
    ov_compiled_model_t *model = compile();
    find_names(&b, model);
    b.n_feeds = bench_feeds_read(&feeds, bench_option("--ids"), (size_t)bench_option_number("--batch"));
    make_inputs(&b, feeds);
    check(ov.create_request(model, &b.request), "request");
    run_all(&b);
    bench_serve_turns(run_all, &b);
    return 0;
}
