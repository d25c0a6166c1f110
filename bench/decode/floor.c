/* The floor of generation: a bare loop on ONNX Runtime's C API. What a run gives of the cache is what the
 * next one takes, and nothing else is done but to look for the largest logit. */
#include "common.h"
#include "decode.h"
#include "ort.h"

#include <stdio.h>
#include <string.h>

#define MAX_IOS 512

typedef struct bench {
    bench_generation g;
    OrtEnv *env;
    OrtMemoryInfo *cpu;
    OrtSession *session;
    size_t n_inputs, n_outputs;
    const char *inputs[MAX_IOS], *outputs[MAX_IOS];
    int past_of_output[MAX_IOS]; /* The input that takes it; -1: the logits. */
    int64_t empty[MAX_IOS][4];   /* Of the inputs: shape without a token. */
    size_t n_vocab;
    int64_t *prompt, *ids, *mask, *positions, *written;
} bench;

static void open_session(bench *b) {
    OrtSessionOptions *options = NULL;
    bench_ort_check(ort->CreateEnv(ORT_LOGGING_LEVEL_ERROR, "floor", &b->env));
    bench_ort_check(ort->CreateSessionOptions(&options));
    bench_ort_check(ort->SetIntraOpNumThreads(options, b->g.threads));
    bench_ort_check(ort->SetInterOpNumThreads(options, 1));
    bench_ort_check(
        ort->AddSessionConfigEntry(options, "session.intra_op.allow_spinning", bench_option("--spin")));
    bench_ort_check(ort->CreateSession(b->env, bench_option("--model"), options, &b->session));
    bench_ort_check(ort->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &b->cpu));
    ort->ReleaseSessionOptions(options);
}

static void read_shape(int64_t *shape, OrtTypeInfo *type) {
    const OrtTensorTypeAndShapeInfo *info;
    size_t rank;
    bench_ort_check(ort->CastTypeInfoToTensorInfo(type, &info));
    bench_ort_check(ort->GetDimensionsCount(info, &rank));
    bench_ort_check(ort->GetDimensions(info, shape, rank < 4 ? rank : 4));
    ort->ReleaseTypeInfo(type);
}

static void read_inputs(bench *b) {
    OrtAllocator *allocator = NULL;
    bench_ort_check(ort->GetAllocatorWithDefaultOptions(&allocator));
    bench_ort_check(ort->SessionGetInputCount(b->session, &b->n_inputs));
    bench_ort_check(ort->SessionGetOutputCount(b->session, &b->n_outputs));
    if (b->n_inputs > MAX_IOS || b->n_outputs > MAX_IOS) bench_die("too many inputs or outputs");
    for (size_t i = 0; i < b->n_inputs; i++) {
        char *name;
        OrtTypeInfo *type;
        bench_ort_check(ort->SessionGetInputName(b->session, i, allocator, &name));
        bench_ort_check(ort->SessionGetInputTypeInfo(b->session, i, &type));
        read_shape(b->empty[i], type);
        b->inputs[i] = name;
        b->empty[i][0] = (int64_t)b->g.n_rows;
        b->empty[i][2] = 0;
    }
}

/* present.0.key is what past_key_values.0.key takes. */
static void match_outputs(bench *b) {
    OrtAllocator *allocator = NULL;
    bench_ort_check(ort->GetAllocatorWithDefaultOptions(&allocator));
    for (size_t i = 0; i < b->n_outputs; i++) {
        char *name, past[128];
        OrtTypeInfo *type;
        int64_t shape[4] = {0};
        bench_ort_check(ort->SessionGetOutputName(b->session, i, allocator, &name));
        b->outputs[i] = name;
        b->past_of_output[i] = -1;
        snprintf(past, sizeof past, "past_key_values.%s", strchr(name, '.') ? strchr(name, '.') + 1 : "");
        for (size_t k = 0; k < b->n_inputs; k++)
            if (strcmp(b->inputs[k], past) == 0) b->past_of_output[i] = (int)k;
        if (b->past_of_output[i] >= 0) continue;
        bench_ort_check(ort->SessionGetOutputTypeInfo(b->session, i, &type));
        read_shape(shape, type);
        b->n_vocab = (size_t)shape[2];
    }
}

static OrtValue *ints(bench *b, int64_t *data, size_t n_columns) {
    OrtValue *value = NULL;
    const int64_t shape[2] = {(int64_t)b->g.n_rows, (int64_t)n_columns};
    bench_ort_check(ort->CreateTensorWithDataAsOrtValue(b->cpu, data, b->g.n_rows * n_columns * sizeof *data,
                                                        shape, 2, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64,
                                                        &value));
    return value;
}

static OrtValue *make_input(bench *b, size_t i, size_t n_before, size_t n) {
    const char *name = b->inputs[i];
    if (strcmp(name, "input_ids") == 0) return ints(b, n_before ? b->ids : b->prompt, n);
    if (strcmp(name, "attention_mask") == 0) return ints(b, b->mask, n_before + n);
    if (strcmp(name, "position_ids") == 0) return ints(b, b->positions, n);
    bench_die("input %s is not known", name);
}

/* One run; `past` becomes what it gave. */
static void run(bench *b, OrtValue **past, size_t n_before, size_t n) {
    OrtValue *in[MAX_IOS], *out[MAX_IOS] = {NULL};
    for (size_t i = 0; i < b->g.n_rows * n; i++) b->positions[i] = (int64_t)(n_before + i % n);
    for (size_t i = 0; i < b->n_inputs; i++) in[i] = past[i] ? past[i] : make_input(b, i, n_before, n);
    bench_ort_check(ort->Run(b->session, NULL, b->inputs, (const OrtValue *const *)in, b->n_inputs,
                             b->outputs, b->n_outputs, out));
    for (size_t i = 0; i < b->n_inputs; i++) ort->ReleaseValue(in[i]);
    for (size_t i = 0; i < b->n_outputs; i++) {
        float *logits;
        if (b->past_of_output[i] >= 0) {
            past[b->past_of_output[i]] = out[i];
            continue;
        }
        bench_ort_check(ort->GetTensorMutableData(out[i], (void **)&logits));
        for (size_t row = 0; row < b->g.n_rows; row++)
            b->ids[row] = bench_argmax(logits + ((row + 1) * n - 1) * b->n_vocab, b->n_vocab);
        ort->ReleaseValue(out[i]);
    }
}

static void generate(void *ctx) {
    bench *b = ctx;
    OrtValue *past[MAX_IOS] = {NULL};
    static float nothing;
    for (size_t i = 0; i < b->n_outputs; i++) {
        int k = b->past_of_output[i];
        if (k >= 0)
            bench_ort_check(ort->CreateTensorWithDataAsOrtValue(
                b->cpu, &nothing, 0, b->empty[k], 4, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, &past[k]));
    }
    for (size_t i = 0; i < b->g.n_new; i++) {
        run(b, past, i ? b->g.n_prompt + i - 1 : 0, i ? 1 : b->g.n_prompt);
        memcpy(b->written + i * b->g.n_rows, b->ids, b->g.n_rows * sizeof *b->ids);
    }
    for (size_t i = 0; i < b->n_inputs; i++)
        if (past[i]) ort->ReleaseValue(past[i]);
}

static const bench_row OPTIONS[] = {
    {"--runtime", "LIBONNXRUNTIME", NULL},
    {"--model", "FILE.onnx", NULL},
    {"--spin", "0|1", "0"},
    BENCH_GENERATION_OPTIONS,
    {NULL, NULL, NULL},
};

int main(int argc, char **argv) {
    bench_options(argc, argv, OPTIONS);
    static bench b;
    b.g = bench_generation_options();
    size_t n_cells = b.g.n_rows * (b.g.n_prompt + b.g.n_new);
    bench_ort_load(bench_option("--runtime"));
    open_session(&b);
    read_inputs(&b);
    match_outputs(&b);
    b.prompt = bench_prompt(&b.g);
    b.ids = bench_alloc(n_cells * sizeof *b.ids);
    b.positions = bench_alloc(n_cells * sizeof *b.positions);
    b.written = bench_alloc(n_cells * sizeof *b.written);
    b.mask = bench_alloc(n_cells * sizeof *b.mask);
    for (size_t i = 0; i < n_cells; i++) b.mask[i] = 1;
    bench_serve_generation(generate, &b, b.written, b.g.n_rows * b.g.n_new);
    return 0;
}
