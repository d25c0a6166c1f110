/* Attention that becomes one operator. The sources are included: a plugin exports nothing; what the runtime
 * makes of the models is looked at through the library. */
#include "../../../plugins/common/names.c"
#include "../../../plugins/common/onnx.c"
#include "../../../plugins/common/onnx_writer.c"
#include "../../../plugins/ort/attention.c"
#include "../../../plugins/ort/constants.c"
#include "../../../plugins/ort/fused.c"
#include "../../../plugins/ort/graph.c"

#include "backend/host.h"
#include "base/error.h"
#include "base/file.h"
#include "model/decoder.h"
#include "unit/backend/sessions.h"
#include "unit/support/check.h"
#include "unit/support/torture.h"

#include <stdlib.h>

#define MODELS AP_TEST_DATA_DIR "/parity/models/"

enum { N_ROWS = 2, N_READ = 6, N_STEPS = 4 };

static ap__path cache;
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

/* A model's file as the plugin sees it. */
typedef struct source {
    ap__bytes file;
    ap_model_ref ref;
    onnx_info info;
} source;

static source source_of(const char *path) {
    source s = {.ref = {.path = path}};
    assert_ok(ap__file_map(&s.file, path, SIZE_MAX, &err), &err);
    onnx_info_scan(&s.info, s.file.ptr, s.file.len);
    return s;
}

static bool fuse(fused_model *out, const source *s) {
    return fused_model_init(out, ap__host_get(), &s->ref, &s->info,
                            (onnx_text){(const char *)s->file.ptr, s->file.len});
}

static size_t count_ops(onnx_text model, const char *op) {
    graph g;
    size_t n = 0;
    assert_true(graph_read(&g, ap__host_get(), model));
    for (size_t i = 0; i < g.n_nodes; i++) n += onnx_text_is(g.nodes[i].op, op);
    graph_clear(&g);
    return n;
}

static void assert_fused(const char *path, bool is_expected) {
    source s = source_of(path);
    fused_model fused;
    assert_int_equal(is_expected, fuse(&fused, &s));
    if (is_expected) {
        const onnx_text written = {fused.bytes, fused.ref.n_bytes};
        assert_int_equal(2, fused.n_fused);
        assert_int_equal(2, count_ops(written, "Attention"));
        assert_int_equal(0, count_ops(written, "Softmax"));
        assert_true(written.len < s.file.len); /* The weights are not in it. */
        assert_null(fused.ref.path);
        fused_model_clear(&fused);
    }
    ap__bytes_clear(&s.file);
}

void test_decoders_with_a_cache(void **state) {
    (void)state;
    assert_fused(MODELS "llama-chat/onnx/model.onnx", true);
    assert_fused(MODELS "qwen2-chat/onnx/model.onnx", true);
    assert_fused(MODELS "opt-lm/onnx/model.onnx", true);
    assert_fused(MODELS "gpt2-lm/onnx/model.onnx", true);
}

void test_other_graphs_stay(void **state) {
    (void)state;
    assert_fused(MODELS "bert-mlm/onnx/model.onnx", false);
    assert_fused(MODELS "t5-mini/onnx/decoder_model_merged.onnx", false);
    assert_fused(MODELS "t5-mini/onnx/decoder_with_past_model.onnx", false); /* Its scores are cast. */
}

void test_the_caller_says_how_far_a_graph_is_changed(void **state) {
    (void)state;
    const ap_key_value level = {"graph_optimization_level", "ORT_ENABLE_ALL"};
    source s = source_of(MODELS "llama-chat/onnx/model.onnx");
    fused_model fused;
    s.ref.options = &level;
    s.ref.n_options = 1;
    assert_false(fuse(&fused, &s));
    ap__bytes_clear(&s.file);
}

/* A factor that is computed from a shape is rounded in another place. */
void test_quantized_activations_need_the_same_bits(void **state) {
    (void)state;
    static const char *const paths[] = {MODELS "gpt2-lm/onnx/model.onnx",
                                        MODELS "llama-chat/onnx/model.onnx"};
    for (size_t i = 0; i < 2; i++) {
        source s = source_of(paths[i]);
        fused_model fused;
        s.info.has_quantize = true;
        bool is_fused = fuse(&fused, &s);
        assert_int_equal(i == 1, is_fused);
        if (is_fused) fused_model_clear(&fused);
        ap__bytes_clear(&s.file);
    }
}

/* Cut anywhere, and with any byte changed, it is no model, another one, or one without attention. */
void test_broken_files(void **state) {
    (void)state;
    source s = source_of(AP_TEST_DATA_DIR "/fuzz/ort_fused/llama-chat.onnx");
    char *bytes = malloc(s.file.len);
    for (size_t i = 0; i < s.file.len; i += 1 + i / 64) {
        for (int cuts = 0; cuts < 2; cuts++) {
            fused_model fused;
            onnx_info info;
            size_t len = cuts ? i : s.file.len;
            memcpy(bytes, s.file.ptr, s.file.len);
            bytes[i] = (char)(bytes[i] ^ 0x5b);
            onnx_info_scan(&info, bytes, len);
            if (fused_model_init(&fused, ap__host_get(), &s.ref, &info, (onnx_text){bytes, len}))
                fused_model_clear(&fused);
        }
    }
    free(bytes);
    ap__bytes_clear(&s.file);
}

static ap_status fuse_once(void *ctx, ap_error *error) {
    const source *s = ctx;
    fused_model fused;
    if (!fuse(&fused, s)) return ap__fail_nomem(error);
    fused_model_clear(&fused);
    return AP_OK;
}

void test_every_allocation_may_fail(void **state) {
    (void)state;
    source s = source_of(AP_TEST_DATA_DIR "/fuzz/ort_fused/llama-chat.onnx");
    torture(fuse_once, &s);
    ap__bytes_clear(&s.file);
}

/* -- what the runtime makes of it ---------------------------------------------------------------------- */

static ap__decoder *open_decoder(const char *folder, const ap_key_value *options, size_t n_options) {
    ap__config *config;
    ap__decoder *decoder;
    const ap__file_request file = {.kind = AP_MODEL_CAUSAL_LM, .torch_dtype = "float32", .reads = "onnx"};
    const ap__session_options session = {
        .n_threads = 1, .no_cache = true, .options = options, .n_options = n_options};
    assert_ok(ap__config_load(&config, folder, &err), &err);
    assert_ok(ap__decoder_open(&decoder, folder, config, sessions_backend("ort"), &file, &session, &err),
              &err);
    ap__config_destroy(config);
    return decoder;
}

/* Two rows, of which one begins with masked tokens; then a token, three at once, and one again. */
static void read_tokens(float **logits, ap__decoding *d, size_t step) {
    static const uint8_t mask[N_ROWS * N_READ] = {0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    static const size_t lengths[N_STEPS] = {N_READ, 1, 3, 1};
    int64_t tokens[N_ROWS * N_READ];
    size_t n = lengths[step];
    for (size_t i = 0; i < N_ROWS * n; i++) tokens[i] = (int64_t)(3 + (i * 31 + step * 7) % 150);
    const ap__step s = {.tokens = tokens, .mask = step ? NULL : mask, .n_tokens = n, .n_logits = 1};
    assert_ok(d->ops->step(d, &s, logits, &err), &err);
}

static void assert_same_logits(const char *folder, float tolerance) {
    const ap_key_value level = {"graph_optimization_level", "ORT_ENABLE_ALL"};
    ap__decoder *decoders[2] = {open_decoder(folder, NULL, 0), open_decoder(folder, &level, 1)};
    ap__decoding *d[2];
    for (size_t i = 0; i < 2; i++)
        assert_ok(ap__decoding_begin(&d[i], decoders[i], N_ROWS, NULL, NULL, &err), &err);
    for (size_t step = 0; step < N_STEPS; step++) {
        float *logits[2];
        for (size_t i = 0; i < 2; i++) read_tokens(&logits[i], d[i], step);
        for (size_t k = 0; k < N_ROWS * d[0]->vocab_size; k++)
            assert_true(fabsf(logits[0][k] - logits[1][k]) <= tolerance);
    }
    for (size_t i = 0; i < 2; i++) {
        d[i]->ops->end(d[i]);
        ap__decoder_close(decoders[i]);
    }
}

void test_logits_are_the_same(void **state) {
    (void)state;
    if (!sessions_backend("ort")) skip();
    assert_same_logits(MODELS "llama-chat", 0);
    assert_same_logits(MODELS "qwen2-chat", 0);
    assert_same_logits(MODELS "opt-lm", 0);
    assert_same_logits(MODELS "gpt2-lm", 1e-5f);
}
