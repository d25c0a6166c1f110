/* Graphs in which the ONNX Runtime plugin finds attention, and the models that it makes of them. The sources
 * are included: a plugin exports nothing. */
#include "../plugins/common/names.c"
#include "../plugins/common/onnx.c"
#include "../plugins/common/onnx_writer.c"
#include "../plugins/ort/attention.c"
#include "../plugins/ort/constants.c"
#include "../plugins/ort/fused.c"
#include "../plugins/ort/graph.c"

#include "backend/host.h"

#include <stdint.h>
#include <stdlib.h>

/* What is written is a model, whose nodes are in order: each is behind what it needs. */
static void check_written(onnx_text bytes) {
    graph g;
    onnx_info info;
    onnx_info_scan(&info, bytes.ptr, bytes.len);
    if (!info.is_onnx || !graph_read(&g, ap__host_get(), bytes)) abort();
    for (size_t i = 0; i < g.n_nodes; i++)
        for (uint32_t k = 0; k < g.nodes[i].n_inputs; k++) {
            uint32_t value = graph_input(&g, &g.nodes[i], k);
            uint32_t producer = value == GRAPH_NONE ? GRAPH_NONE : g.values[value].producer;
            if (producer != GRAPH_NONE && producer >= i) abort();
        }
    graph_clear(&g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const ap_model_ref model = {.path = AP_TEST_DATA_DIR "/onnx"};
    fused_model fused;
    onnx_info info;
    onnx_info_scan(&info, data, size);
    if (!fused_model_init(&fused, ap__host_get(), &model, &info, (onnx_text){(const char *)data, size}))
        return 0;
    check_written((onnx_text){fused.bytes, fused.ref.n_bytes});
    fused_model_clear(&fused);
    return 0;
}
