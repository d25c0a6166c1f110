/* Element types: ours and OpenVINO's.
 *
 * OpenVINO numbers its types in the order of an enumeration that grows at its end. It began with UNDEFINED,
 * which went in 2025.1: every number became one less. The C headers show that from 2026.0 on alone, and are
 * wrong for the releases between. So neither they nor the version are believed: the library is asked for the
 * sizes of its types, which, in order, fit one numbering only. Source: openvino@2026.4
 * src/bindings/c/include/openvino/c/ov_common.h ov_element_type_e. */
#include "ov.h"

enum {
    ELEMENT_BOOL = 1,
    ELEMENT_BF16 = 2,
    ELEMENT_F16 = 3,
    ELEMENT_F32 = 4,
    ELEMENT_F64 = 5,
    ELEMENT_I8 = 7,
    ELEMENT_I16 = 8,
    ELEMENT_I32 = 9,
    ELEMENT_I64 = 10,
    ELEMENT_U8 = 16,
    ELEMENT_U16 = 17,
    ELEMENT_U32 = 18,
    ELEMENT_U64 = 19
};

typedef struct dtype_row {
    ap_dtype ours;
    int element;
    size_t size_bytes;
} dtype_row;

static const dtype_row rows[] = {
#define ROW(name, number, size, text) {AP_DTYPE_##name, ELEMENT_##name, size},
    AP_DTYPE_MAP(ROW)
#undef ROW
};

enum { N_ROWS = sizeof rows / sizeof *rows };

ap_dtype ovp_dtype_from(ov_element_type_e type) {
    for (size_t i = 0; i < N_ROWS; i++)
        if (rows[i].element == (int)type) return rows[i].ours;
    return AP_DTYPE_NONE;
}

ov_element_type_e ovp_dtype_to(ap_dtype dtype) {
    for (size_t i = 0; i < N_ROWS; i++)
        if (rows[i].ours == dtype) return (ov_element_type_e)rows[i].element;
    return 0; /* DYNAMIC: no tensor has it. */
}

/* Bytes of a tensor with one element of a type; 0 when there is none. */
static size_t measure(ov_element_type_e type) {
    int64_t one = 1;
    const ov_shape_t shape = {1, &one};
    ov_tensor_t *tensor = NULL;
    size_t size = 0;
    if (ov.api.tensor_create(type, shape, &tensor)) return 0;
    if (ov.api.tensor_get_byte_size(tensor, &size)) size = 0;
    ov.api.tensor_free(tensor);
    return size;
}

ap_status ovp_dtype_check(ap_error *err) {
    for (size_t i = 0; i < N_ROWS; i++)
        if (measure((ov_element_type_e)rows[i].element) != rows[i].size_bytes)
            return ov.host->fail(err, AP_EUNSUPPORTED,
                                 "this OpenVINO numbers its element types in a way that is not known");
    return AP_OK;
}
