/*
 * The floor: what a bare C program on ONNX Runtime's C API needs for the same model, threads and token ids.
 *
 * --ids has one sentence a line, its token ids separated by blanks. Modes:
 *   start    run the first sentence, print its logits, end without tearing anything down
 *   single   stay loaded; a call is one run of the first sentence
 *   batch    stay loaded; a call is one pass over all sentences in fixed batches of --batch, in the order of
 *            the file, each padded to its own longest sentence
 *   cache    write --cache, the optimised model with its prepacked weights beside it, and end
 *
 * In single and batch every input tensor is made before the first call, so that a call holds nothing but Run
 * and a look at the logits: no tokenizer, no padding, no softmax, no labels.
 *
 * The session is the best that plain options give: graph optimisation at --opt-level, --threads
 * intra-op threads, sequential execution, no log. --fold 1 turns int8 weights behind DequantizeLinear into
 * float32 ones when the model is opened: that is float32 arithmetic, and the faster choice for whoever calls
 * more than once. Without it the runtime (1.32, level all) rounds the activations to int8 as well. With
 * --cache, `start`, `single` and `batch` open that file with optimisation off, because it holds the optimised
 * graph; its weights are mapped and need no packing.
 */
#include "common.h"
#include "feeds.h"
#include "ort.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define MAX_INPUTS 3

/* Input tensors of one run, in the order of `names`. */
typedef struct feed {
    OrtValue *values[MAX_INPUTS];
    size_t n_rows;
} feed;

typedef struct bench {
    OrtEnv *env;
    OrtMemoryInfo *cpu;
    OrtSession *session;
    const char *names[MAX_INPUTS];
    const char *output_name;
    size_t n_inputs;
    feed *feeds;
    size_t n_feeds;
    float last_logit; /* So that the compiler keeps the reading of the outputs. */
} bench;

/* ---- the session ------------------------------------------------------------------------------------- */

static GraphOptimizationLevel parse_level(const char *name) {
    static const struct {
        const char *name;
        GraphOptimizationLevel level;
    } levels[] = {{"none", ORT_DISABLE_ALL},
                  {"basic", ORT_ENABLE_BASIC},
                  {"extended", ORT_ENABLE_EXTENDED},
                  {"all", ORT_ENABLE_ALL}};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (strcmp(levels[i].name, name) == 0) return levels[i].level;
    bench_die("--opt-level: none, basic, extended or all, not %s", name);
}

/* The options that make ONNX Runtime save the optimised graph, and its packed weights in a file beside it. */
static void set_cache_output(OrtSessionOptions *options, const char *path) {
    char weights[512];
    const char *slash = strrchr(path, '/');
    int len = snprintf(weights, sizeof weights, "%s.data", slash ? slash + 1 : path);
    if (len < 0 || (size_t)len >= sizeof weights) bench_die("--cache: the name is too long");
    bench_ort_check(ort->SetOptimizedModelFilePath(options, path));
    bench_ort_check(
        ort->AddSessionConfigEntry(options, "session.save_external_prepacked_constant_initializers", "1"));
    bench_ort_check(ort->AddSessionConfigEntry(
        options, "session.optimized_model_external_initializers_file_name", weights));
    bench_ort_check(ort->AddSessionConfigEntry(
        options, "session.optimized_model_external_initializers_min_size_in_bytes", "1024"));
}

static void open_session(bench *b, bool writes_cache) {
    const char *model = bench_option("--model");
    const char *cache = bench_option("--cache");
    GraphOptimizationLevel level = parse_level(bench_option("--opt-level"));
    OrtSessionOptions *options = NULL;
    bench_ort_check(ort->CreateEnv(ORT_LOGGING_LEVEL_ERROR, "floor", &b->env));
    bench_ort_check(ort->CreateSessionOptions(&options));
    bench_ort_check(ort->SetIntraOpNumThreads(options, (int)bench_option_number("--threads")));
    bench_ort_check(ort->SetInterOpNumThreads(options, 1));
    bench_ort_check(ort->SetSessionExecutionMode(options, ORT_SEQUENTIAL));
    if (bench_option_number("--fold"))
        bench_ort_check(ort->AddSessionConfigEntry(options, "session.disable_quant_qdq", "1"));
    bench_ort_check(
        ort->AddSessionConfigEntry(options, "session.intra_op.allow_spinning", bench_option("--spin")));
    if (writes_cache && !*cache) bench_die("--mode cache needs --cache");
    if (writes_cache)
        set_cache_output(options, cache);
    else if (*cache)
        level = ORT_DISABLE_ALL;
    bench_ort_check(ort->SetSessionGraphOptimizationLevel(options, level));
    bench_ort_check(
        ort->CreateSession(b->env, *cache && !writes_cache ? cache : model, options, &b->session));
    ort->ReleaseSessionOptions(options);
}

static void find_names(bench *b) {
    OrtAllocator *allocator = NULL;
    bench_ort_check(ort->GetAllocatorWithDefaultOptions(&allocator));
    bench_ort_check(ort->SessionGetInputCount(b->session, &b->n_inputs));
    if (b->n_inputs > MAX_INPUTS)
        bench_die("the model has %zu inputs, at most %d are fed", b->n_inputs, MAX_INPUTS);
    for (size_t i = 0; i < b->n_inputs; i++) {
        char *name = NULL;
        bench_ort_check(ort->SessionGetInputName(b->session, i, allocator, &name));
        b->names[i] = name;
    }
    char *name = NULL;
    bench_ort_check(ort->SessionGetOutputName(b->session, 0, allocator, &name));
    b->output_name = name;
}

/* ---- feeds ------------------------------------------------------------------------------------------- */

static feed make_feed(const bench *b, const bench_feed *from) {
    feed out = {.n_rows = from->n_rows};
    int64_t shape[2] = {(int64_t)from->n_rows, (int64_t)from->n_columns};
    for (size_t i = 0; i < b->n_inputs; i++)
        bench_ort_check(ort->CreateTensorWithDataAsOrtValue(
            b->cpu, bench_feed_input(from, b->names[i]), from->n_rows * from->n_columns * sizeof(int64_t),
            shape, 2, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, &out.values[i]));
    return out;
}

/* Ready-made tensors for the sentences of --ids, `batch_size` to a run, at most `n_max` runs. */
static void make_feeds(bench *b, size_t n_max, size_t batch_size) {
    bench_feed *feeds;
    size_t n = bench_feeds_read(&feeds, bench_option("--ids"), batch_size);
    bench_ort_check(ort->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &b->cpu));
    b->n_feeds = n < n_max ? n : n_max;
    b->feeds = bench_alloc(b->n_feeds * sizeof *b->feeds);
    for (size_t i = 0; i < b->n_feeds; i++) b->feeds[i] = make_feed(b, &feeds[i]);
}

/* ---- calls ------------------------------------------------------------------------------------------- */

/* Runs one feed and copies the two logits of its last row. */
static void run_feed(bench *b, const feed *f, float logits[2]) {
    OrtValue *output = NULL;
    float *data = NULL;
    bench_ort_check(ort->Run(b->session, NULL, b->names, (const OrtValue *const *)f->values, b->n_inputs,
                             &b->output_name, 1, &output));
    bench_ort_check(ort->GetTensorMutableData(output, (void **)&data));
    memcpy(logits, data + (f->n_rows - 1) * 2, 2 * sizeof *logits);
    ort->ReleaseValue(output);
}

static void run_all(void *ctx) {
    bench *b = ctx;
    float logits[2] = {0, 0};
    for (size_t i = 0; i < b->n_feeds; i++) run_feed(b, &b->feeds[i], logits);
    b->last_logit = logits[0];
}

static const bench_row OPTIONS[] = {
    {"--runtime", "LIBONNXRUNTIME", NULL},
    {"--model", "FILE.onnx", NULL},
    {"--ids", "FILE", NULL},
    {"--mode", "start|single|batch|cache", NULL},
    {"--threads", "N", "1"},
    {"--batch", "N", "32"},
    {"--cache", "FILE.onnx", ""},
    {"--opt-level", "none|basic|extended|all", "all"},
    {"--fold", "0|1", "0"},
    {"--spin", "0|1", "0"},
    {NULL, NULL, NULL},
};

int main(int argc, char **argv) {
    bench_options(argc, argv, OPTIONS);
    bench b = {0};
    const char *mode = bench_option("--mode");
    bool writes_cache = strcmp(mode, "cache") == 0, is_batch = strcmp(mode, "batch") == 0;
    bench_ort_load(bench_option("--runtime"));
    open_session(&b, writes_cache);
    if (writes_cache) return 0;
    find_names(&b);
    if (is_batch)
        make_feeds(&b, SIZE_MAX, (size_t)bench_option_number("--batch"));
    else
        make_feeds(&b, 1, 1);
    if (strcmp(mode, "start") == 0) {
        float logits[2];
        run_feed(&b, &b.feeds[0], logits);
        printf("%.6f %.6f\n", (double)logits[0], (double)logits[1]);
        return 0;
    }
    if (!is_batch && strcmp(mode, "single") != 0)
        bench_die("--mode: start, single, batch or cache, not %s", mode);
    run_all(&b);
    bench_serve_turns(run_all, &b);
    return 0;
}
