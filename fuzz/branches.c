/* Shapes that plugins follow through a graph, and the Ifs that they take out. The sources are
 * included: a plugin exports nothing. */
#include "../plugins/common/branches.c"
#include "../plugins/common/names.c"
#include "../plugins/common/node.c"
#include "../plugins/common/nums.c"
#include "../plugins/common/onnx.c"
#include "../plugins/common/onnx_writer.c"
#include "../plugins/common/shapes.c"

#include "backend/host.h"

#include <stdint.h>
#include <stdlib.h>

/* What is known of a value fits together, and numbers are those of the table. */
static void check_values(const folder *f) {
    for (size_t i = 0; i < f->names.n; i++) {
        const onnx_value *value = &f->entries[i].value;
        if (value->rank > ONNX_SHAPE_MAX_RANK || value->n_elements > ONNX_SHAPE_MAX_ELEMENTS) abort();
        if (value->has_elements && (!value->has_shape || value->rank > 1)) abort();
        for (uint32_t k = 0; value->has_shape && k < value->rank; k++)
            if (value->dims[k] >= f->nums.n) abort();
        for (uint32_t k = 0; value->has_elements && k < value->n_elements; k++)
            if (value->elements[k] >= f->nums.n) abort();
    }
}

static void check_model(const uint8_t *data, size_t size) {
    ap_error err = AP_ERROR_INIT;
    folder f = {.names = {.host = ap__host_get()}, .out = {.host = ap__host_get(), .err = &err}};
    if (!onnx_nums_init(&f.nums, ap__host_get(), &err)) fold_model(&f, (onnx_text){(const char *)data, size});
    check_values(&f);
    onnx_nums_clear(&f.nums);
    ap__host_get()->free(f.entries);
    onnx_names_clear(&f.names);
    ap__host_get()->free(f.out.ptr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *graph = NULL;
    size_t n_graph = 0;
    ap_error err = AP_ERROR_INIT;
    onnx_info before, after;
    onnx_info_scan(&before, data, size);
    if (!before.is_onnx) return 0;
    check_model(data, size);
    ap_status status = onnx_branches_fold(ap__host_get(), &graph, &n_graph, data, size, &err);
    if (status && status != AP_ENOMEM) abort();
    onnx_info_scan(&after, graph, n_graph);
    if (graph && !after.is_onnx) abort();
    ap__host_get()->free(graph);
    return 0;
}
