/* Tensors as nested lists of numbers. */
#include "tensor/convert.h"
#include "value/value.h"

#include <stdint.h>

static void set_element(ap_value *value, const ap_tensor_view *view, size_t index) {
    int64_t integer;
    if (view->dtype == AP_DTYPE_BOOL)
        ap__value_set_bool(value, ap__element_as_double(view, index) != 0);
    else if (ap__element_as_int(&integer, view, index))
        ap__value_set_int(value, integer);
    else
        ap__value_set_float(value, ap__element_as_double(view, index));
}

/* The part of the tensor below `axis` that begins at the element *at. */
static ap_status set_axis(ap_value *value, const ap_tensor_view *view, uint32_t axis, size_t *at,
                          ap_error *err) {
    if (axis == view->rank) {
        set_element(value, view, (*at)++);
        return AP_OK;
    }
    size_t n = (size_t)view->shape[axis];
    ap__value_set_list(value);
    value->depth = (uint16_t)(view->rank - axis);
    ap_status status = ap__list_reserve(value, n, err);
    for (size_t i = 0; !status && i < n; i++) {
        ap_value *slot;
        if (!(status = ap__list_add(&slot, value, err))) status = set_axis(slot, view, axis + 1, at, err);
    }
    return status;
}

ap_status ap__value_set_nested(ap_value *value, const ap_tensor_view *view, ap_error *err) {
    size_t at = 0;
    ap_status status = set_axis(value, view, 0, &at, err);
    if (status) ap__value_clear(value);
    return status;
}

ap_status ap__value_set_floats(ap_value *value, const float *numbers, size_t n, ap_error *err) {
    const ap_tensor_view view = {.dtype = AP_DTYPE_F32,
                                 .rank = 1,
                                 .shape = {(int64_t)n},
                                 .data = numbers,
                                 .size_bytes = n * sizeof *numbers};
    return ap__value_set_nested(value, &view, err);
}
