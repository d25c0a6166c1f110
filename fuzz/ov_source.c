/* What the OpenVINO plugin reads of a model by itself: formats, state, names, and the graph that it writes
 * anew. The sources are included: a plugin exports nothing. */
#include "../plugins/common/node.c"
#include "../plugins/common/onnx.c"
#include "../plugins/common/onnx_writer.c"
#include "../plugins/ov/external.c"
#include "../plugins/ov/operators.c"
#include "../plugins/ov/source.c"
#include "../plugins/ov/status.c"

#include "backend/host.h"

ovp_runtime ov;

static bool count_name(void *ctx, onnx_text name) {
    (void)name;
    return ++*(size_t *)ctx < 1000;
}

/* Every file is there, and has a megabyte. */
static void map_nothing(ovp_external *out, const onnx_info *onnx) {
    static char zeros[1 << 20];
    for (size_t i = 0; i < onnx->n_external; i++) out->mappings[i] = (ovp_mapping){zeros, sizeof zeros};
}

/* A graph that is whole stays whole, and what was in files is at addresses. */
static void check_rewritten(const onnx_info *onnx, const uint8_t *data, size_t size) {
    static ovp_external external;
    ap_error err = AP_ERROR_INIT;
    onnx_info after;
    map_nothing(&external, onnx);
    rewriter w = {.onnx = onnx, .external = &external, .out = {.host = ov.host, .err = &err}};
    rewrite(&w, KIND_MODEL, (onnx_text){(const char *)data, size}, 0);
    onnx_info_scan(&after, w.out.ptr, w.out.len);
    if (!w.out.status && !after.is_onnx) abort();
    if (!w.out.status && after.n_external > 1) abort();
    if (after.n_external && !w.out.status &&
        (after.external[0].len != strlen(ADDRESS_MARK) ||
         memcmp(after.external[0].ptr, ADDRESS_MARK, after.external[0].len)))
        abort();
    ov.host->free(w.out.ptr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ovp_source source;
    ap_error err = AP_ERROR_INIT;
    const ap_model_ref model = {.size = sizeof model, .bytes = data, .n_bytes = size};
    size_t n = 0;
    ov.host = ap__host_get();
    onnx_input_names(data, size, count_name, &n);
    onnx_output_names(data, size, count_name, &n);
    if (ovp_source_look(&source, &model, data, size, &err)) return 0;
    if (source.format == OVP_FORMAT_ONNX && !source.onnx.is_truncated)
        check_rewritten(&source.onnx, data, size);
    return 0;
}
