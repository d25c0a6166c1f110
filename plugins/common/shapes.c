/* What each operator makes of shapes. An operator that is not in the table has unknown results, and so has
 * one that is used in a way that is not covered. Source: onnx@1.17 docs/Operators.md. */
#include "shapes.h"

#include <string.h>

/* One node. */
typedef struct step {
    const onnx_node *node;
    const onnx_value *in[ONNX_NODE_MAX_IOS]; /* Never NULL; what is not there or not known is unknown. */
    uint32_t n_in, n_out;
    onnx_value *out;
    onnx_nums *nums;
} step;

/* -- values -------------------------------------------------------------------------------------------- */

static void set_shape(onnx_value *out, const onnx_num *dims, uint32_t rank) {
    if (rank > ONNX_SHAPE_MAX_RANK) return;
    out->has_shape = true;
    out->rank = rank;
    if (rank) memmove(out->dims, dims, rank * sizeof *dims);
}

static void set_elements(step *s, const onnx_num *elements, uint32_t n, bool is_scalar) {
    if (n > ONNX_SHAPE_MAX_ELEMENTS) return;
    const onnx_num len = onnx_num_constant(s->nums, n);
    set_shape(s->out, &len, is_scalar ? 0 : 1);
    s->out->has_elements = true;
    s->out->n_elements = n;
    if (n) memmove(s->out->elements, elements, n * sizeof *elements);
}

/* Elements that are all known.   @return how many; -1. */
static int constants_of(int64_t *out, const step *s, const onnx_value *value) {
    if (!value->has_elements) return -1;
    for (uint32_t i = 0; i < value->n_elements; i++)
        if (!onnx_num_is_constant(s->nums, value->elements[i], &out[i])) return -1;
    return (int)value->n_elements;
}

/* An axis from the front; false when there is none. */
static bool to_axis(uint32_t *out, int64_t axis, uint32_t rank) {
    if (axis < 0) axis += rank;
    *out = (uint32_t)axis;
    return axis >= 0 && axis < (int64_t)rank;
}

/* Axes of an operator that has them as input `i`, or as an attribute in older models, as a set of bits.
 * @return how many they are; -1: not known, or not there. */
static int axes_of(uint32_t *out, const step *s, uint32_t i, uint32_t rank) {
    int64_t axes[ONNX_SHAPE_MAX_ELEMENTS];
    int n = i < s->n_in ? constants_of(axes, s, s->in[i])
                        : onnx_attribute_ints(axes, ONNX_SHAPE_MAX_ELEMENTS, s->node->bytes, "axes");
    *out = 0;
    for (int k = 0; k < n; k++) {
        uint32_t axis;
        if (!to_axis(&axis, axes[k], rank) || *out >> axis & 1) return -1;
        *out |= 1u << axis;
    }
    return n;
}

/* -- models and inputs --------------------------------------------------------------------------------- */

/* Elements of a tensor, which are in one of three fields. */
static int read_elements(int64_t *out, onnx_text tensor, int64_t data_type, int n_elements) {
    onnx_text raw = onnx_find_bytes(tensor, ONNX_TENSOR_RAW_DATA);
    size_t size = data_type == ONNX_INT64 ? 8 : data_type == ONNX_INT32 ? 4 : 1;
    if (!raw.ptr)
        return onnx_read_ints(out, ONNX_SHAPE_MAX_ELEMENTS, tensor,
                              data_type == ONNX_INT64 ? ONNX_TENSOR_INT64_DATA : ONNX_TENSOR_INT32_DATA);
    if (raw.len != (size_t)n_elements * size) return -1;
    for (int i = 0; i < n_elements; i++) {
        const unsigned char *at = (const unsigned char *)raw.ptr + (size_t)i * size;
        uint64_t value = 0;
        for (size_t k = size; k-- > 0;) value = value << 8 | at[k];
        out[i] = size == 4 ? (int32_t)value : (int64_t)value;
    }
    return n_elements;
}

void onnx_value_of_tensor(onnx_value *out, onnx_nums *nums, onnx_text tensor) {
    int64_t dims[ONNX_SHAPE_MAX_RANK], elements[ONNX_SHAPE_MAX_ELEMENTS], data_type = 0;
    int rank = onnx_read_ints(dims, ONNX_SHAPE_MAX_RANK, tensor, ONNX_TENSOR_DIMS);
    memset(out, 0, sizeof *out);
    if (rank < 0) return;
    out->has_shape = true;
    out->rank = (uint32_t)rank;
    for (int i = 0; i < rank; i++) out->dims[i] = onnx_num_constant(nums, dims[i]);
    if (onnx_read_ints(&data_type, 1, tensor, ONNX_TENSOR_DATA_TYPE) != 1) return;
    if (rank > 1 || (data_type != ONNX_INT32 && data_type != ONNX_INT64 && data_type != ONNX_BOOL)) return;
    if (rank == 1 && (dims[0] < 0 || dims[0] > ONNX_SHAPE_MAX_ELEMENTS)) return;
    int n = rank ? (int)dims[0] : 1;
    if (onnx_find_bytes(tensor, ONNX_TENSOR_EXTERNAL_DATA).ptr ||
        read_elements(elements, tensor, data_type, n) != n)
        return;
    out->has_elements = true;
    out->n_elements = (uint32_t)n;
    for (int i = 0; i < n; i++) out->elements[i] = onnx_num_constant(nums, elements[i]);
}

void onnx_value_of_input(onnx_value *out, onnx_nums *nums, onnx_text info) {
    onnx_text type = onnx_find_bytes(onnx_find_bytes(info, ONNX_VALUE_TYPE), ONNX_TYPE_TENSOR_TYPE);
    onnx_text shape = onnx_find_bytes(type, ONNX_TENSOR_TYPE_SHAPE);
    memset(out, 0, sizeof *out);
    if (!shape.ptr) return;
    onnx_reader r = onnx_reader_of(shape);
    uint32_t rank = 0;
    for (onnx_field f; onnx_read_field(&f, &r);) {
        int64_t extent = 0;
        if (f.number != ONNX_SHAPE_DIM || !f.bytes.ptr) continue;
        if (rank == ONNX_SHAPE_MAX_RANK) return;
        bool is_known = onnx_read_ints(&extent, 1, f.bytes, ONNX_DIM_VALUE) == 1 && extent > 0;
        out->dims[rank++] = is_known ? onnx_num_constant(nums, extent) : onnx_num_new(nums, ONNX_NUM_EXTENT);
    }
    out->has_shape = !r.is_broken;
    out->rank = rank;
}

/* -- element by element -------------------------------------------------------------------------------- */

static void broadcast(onnx_value *out, onnx_nums *nums, const onnx_value *a, const onnx_value *b) {
    const onnx_value *longer = a->rank >= b->rank ? a : b, *shorter = longer == a ? b : a;
    const uint32_t shift = longer->rank - shorter->rank;
    if (!a->has_shape || !b->has_shape) return;
    onnx_num dims[ONNX_SHAPE_MAX_RANK];
    for (uint32_t i = 0; i < longer->rank; i++)
        dims[i] = i < shift
                      ? longer->dims[i]
                      : onnx_num_of(nums, ONNX_NUM_BROADCAST, longer->dims[i], shorter->dims[i - shift]);
    set_shape(out, dims, longer->rank);
}

static onnx_num element(const onnx_value *value, uint32_t i) {
    return value->elements[value->n_elements == 1 ? 0 : i];
}

/* How many elements two operands give together; 0: they are not known. */
static uint32_t count_elements(const onnx_value *a, const onnx_value *b) {
    if (!a->has_elements || !b->has_elements) return 0;
    if (a->n_elements == b->n_elements || b->n_elements == 1) return a->n_elements;
    return a->n_elements == 1 ? b->n_elements : 0;
}

typedef struct arithmetic {
    onnx_num_kind kind;
    bool swaps, negates; /* a > b is b < a; a <= b is not b < a. */
} arithmetic;

static void calculate(step *s, arithmetic how) {
    const onnx_value *a = s->in[how.swaps], *b = s->in[!how.swaps];
    onnx_num elements[ONNX_SHAPE_MAX_ELEMENTS];
    uint32_t n = count_elements(a, b);
    broadcast(s->out, s->nums, a, b);
    for (uint32_t i = 0; i < n; i++) {
        elements[i] = onnx_num_of(s->nums, how.kind, element(a, i), element(b, i));
        if (how.negates) elements[i] = onnx_num_not(s->nums, elements[i]);
    }
    if (n) set_elements(s, elements, n, !a->rank && !b->rank);
}

static void op_add(step *s) { calculate(s, (arithmetic){ONNX_NUM_ADD, false, false}); }
static void op_sub(step *s) { calculate(s, (arithmetic){ONNX_NUM_SUB, false, false}); }
static void op_mul(step *s) { calculate(s, (arithmetic){ONNX_NUM_MUL, false, false}); }
static void op_div(step *s) { calculate(s, (arithmetic){ONNX_NUM_DIV, false, false}); }
static void op_equal(step *s) { calculate(s, (arithmetic){ONNX_NUM_EQUAL, false, false}); }
static void op_less(step *s) { calculate(s, (arithmetic){ONNX_NUM_LESS, false, false}); }
static void op_greater(step *s) { calculate(s, (arithmetic){ONNX_NUM_LESS, true, false}); }
static void op_less_or_equal(step *s) { calculate(s, (arithmetic){ONNX_NUM_LESS, true, true}); }
static void op_greater_or_equal(step *s) { calculate(s, (arithmetic){ONNX_NUM_LESS, false, true}); }
static void op_and(step *s) { calculate(s, (arithmetic){ONNX_NUM_AND, false, false}); }
static void op_or(step *s) { calculate(s, (arithmetic){ONNX_NUM_OR, false, false}); }

/* Any number of operands, whose elements are not followed. */
static void op_broadcast(step *s) {
    if (!s->n_in) return;
    *s->out = *s->in[0];
    s->out->has_elements = false;
    for (uint32_t i = 1; i < s->n_in; i++) {
        const onnx_value so_far = *s->out;
        s->out->has_shape = false;
        broadcast(s->out, s->nums, &so_far, s->in[i]);
    }
}

static void op_where(step *s) {
    const onnx_value *condition = s->in[0], *a = s->in[1], *b = s->in[2];
    onnx_num elements[ONNX_SHAPE_MAX_ELEMENTS];
    uint32_t n = count_elements(a, b);
    op_broadcast(s);
    if (!n || !condition->has_elements || (condition->n_elements != n && condition->n_elements != 1)) return;
    for (uint32_t i = 0; i < n; i++) {
        int64_t chosen;
        bool is_known = onnx_num_is_constant(s->nums, element(condition, i), &chosen);
        onnx_num x = element(a, i), y = element(b, i);
        if (!is_known && x != y) return;
        elements[i] = !is_known || chosen ? x : y;
    }
    set_elements(s, elements, n, !condition->rank && !a->rank && !b->rank);
}

/* The shape of the first input. */
static void op_same_shape(step *s) {
    if (s->in[0]->has_shape) set_shape(s->out, s->in[0]->dims, s->in[0]->rank);
}

static void op_identity(step *s) { *s->out = *s->in[0]; }

static void op_not(step *s) {
    op_identity(s);
    for (uint32_t i = 0; i < s->out->n_elements; i++)
        s->out->elements[i] = onnx_num_not(s->nums, s->out->elements[i]);
}

/* Sizes fit into 32 bits, or nothing would fit into memory; other types round or cut. */
static void op_cast(step *s) {
    int64_t to = onnx_attribute_int(s->node->bytes, "to", 0);
    op_identity(s);
    if (to == ONNX_BOOL)
        for (uint32_t i = 0; i < s->out->n_elements; i++)
            s->out->elements[i] = onnx_num_not(s->nums, onnx_num_not(s->nums, s->out->elements[i]));
    else if (to != ONNX_INT32 && to != ONNX_INT64)
        s->out->has_elements = false;
}

/* -- shapes as values ---------------------------------------------------------------------------------- */

static void op_shape(step *s) {
    const onnx_value *in = s->in[0];
    if (!in->has_shape) return;
    int64_t rank = in->rank, start = onnx_attribute_int(s->node->bytes, "start", 0),
            end = onnx_attribute_int(s->node->bytes, "end", rank);
    if (start < 0) start += rank;
    if (end < 0) end += rank;
    start = start < 0 ? 0 : start > rank ? rank : start;
    end = end < start ? start : end > rank ? rank : end;
    set_elements(s, in->dims + start, (uint32_t)(end - start), false);
}

static void op_size(step *s) {
    const onnx_value *in = s->in[0];
    if (!in->has_shape) return;
    onnx_num product = onnx_num_constant(s->nums, 1);
    for (uint32_t i = 0; i < in->rank; i++)
        product = onnx_num_of(s->nums, ONNX_NUM_MUL, product, in->dims[i]);
    set_elements(s, &product, 1, true);
}

static void op_constant(step *s) {
    onnx_text tensor = onnx_attribute_bytes(s->node->bytes, "value", ONNX_ATTRIBUTE_TENSOR);
    if (tensor.ptr) onnx_value_of_tensor(s->out, s->nums, tensor);
}

/* The extents that a vector of integers stands for; unknown ones when only its length is known. */
static bool dims_of(onnx_num *out, uint32_t *rank, const step *s, const onnx_value *vector) {
    int64_t n;
    if (!vector->has_shape || vector->rank != 1 || !onnx_num_is_constant(s->nums, vector->dims[0], &n) ||
        n < 0 || n > ONNX_SHAPE_MAX_RANK)
        return false;
    *rank = (uint32_t)n;
    for (uint32_t i = 0; i < *rank; i++)
        out[i] = vector->has_elements ? vector->elements[i] : onnx_num_new(s->nums, ONNX_NUM_ANY);
    return true;
}

static void op_constant_of_shape(step *s) {
    onnx_num dims[ONNX_SHAPE_MAX_RANK], elements[ONNX_SHAPE_MAX_ELEMENTS];
    uint32_t rank;
    int64_t n = 1;
    onnx_value filled;
    onnx_text tensor = onnx_attribute_bytes(s->node->bytes, "value", ONNX_ATTRIBUTE_TENSOR);
    if (!dims_of(dims, &rank, s, s->in[0])) return;
    set_shape(s->out, dims, rank);
    if (rank > 1 || (rank && !onnx_num_is_constant(s->nums, dims[0], &n)) || n < 0 ||
        n > ONNX_SHAPE_MAX_ELEMENTS || !tensor.ptr)
        return;
    onnx_value_of_tensor(&filled, s->nums, tensor);
    if (!filled.has_elements || filled.n_elements != 1) return;
    for (int64_t i = 0; i < n; i++) elements[i] = filled.elements[0];
    set_elements(s, elements, (uint32_t)n, !rank);
}

static void op_expand(step *s) {
    onnx_value target = {0};
    target.has_shape = dims_of(target.dims, &target.rank, s, s->in[1]);
    broadcast(s->out, s->nums, s->in[0], &target);
}

/* An extent of a Reshape: 0 is that of the input, -1 is left for later. One that is not known must not be -1
 * in any run; should it be 0, the tensor is empty whichever it is. */
static onnx_num reshaped_dim(step *s, onnx_num wanted, uint32_t i, bool keeps_zero) {
    const onnx_value *in = s->in[0];
    int64_t known;
    bool is_known = onnx_num_is_constant(s->nums, wanted, &known);
    if (!is_known && onnx_num_is_extent(s->nums, wanted)) return wanted;
    if (is_known && (known || keeps_zero)) return wanted;
    return is_known && i < in->rank && in->has_shape ? in->dims[i] : onnx_num_new(s->nums, ONNX_NUM_EXTENT);
}

static void op_reshape(step *s) {
    const onnx_value *in = s->in[0];
    const bool keeps_zero = onnx_attribute_int(s->node->bytes, "allowzero", 0) != 0;
    onnx_num dims[ONNX_SHAPE_MAX_RANK];
    onnx_factors all = {.is_unknown = !in->has_shape}, others = {0};
    uint32_t rank, open = UINT32_MAX;
    if (!dims_of(dims, &rank, s, s->in[1])) return;
    for (uint32_t i = 0; i < rank; i++) {
        dims[i] = reshaped_dim(s, dims[i], i, keeps_zero);
        if (onnx_num_is(s->nums, dims[i], -1))
            open = i;
        else
            onnx_factors_add(s->nums, &others, dims[i]);
    }
    for (uint32_t i = 0; in->has_shape && i < in->rank; i++) onnx_factors_add(s->nums, &all, in->dims[i]);
    if (open < rank) dims[open] = onnx_num_quotient(s->nums, &all, &others);
    set_shape(s->out, dims, rank);
    if (in->has_elements && rank <= 1) set_elements(s, in->elements, in->n_elements, !rank);
}

static void op_range(step *s) {
    int64_t start, delta;
    onnx_num len = onnx_num_new(s->nums, ONNX_NUM_EXTENT);
    bool counts = constants_of(&start, s, s->in[0]) == 1 && start == 0 &&
                  constants_of(&delta, s, s->in[2]) == 1 && delta == 1 && s->in[1]->has_elements &&
                  s->in[1]->n_elements == 1 && onnx_num_is_extent(s->nums, s->in[1]->elements[0]);
    if (counts) len = s->in[1]->elements[0];
    set_shape(s->out, &len, 1);
}

/* -- axes ---------------------------------------------------------------------------------------------- */

static void op_squeeze(step *s) {
    const onnx_value *in = s->in[0];
    onnx_num dims[ONNX_SHAPE_MAX_RANK];
    uint32_t axes, rank = 0;
    if (!in->has_shape || axes_of(&axes, s, 1, in->rank) <= 0) return;
    for (uint32_t i = 0; i < in->rank; i++)
        if (!(axes >> i & 1)) dims[rank++] = in->dims[i];
    set_shape(s->out, dims, rank);
    if (in->has_elements && in->n_elements == 1) set_elements(s, in->elements, 1, true);
}

static void op_unsqueeze(step *s) {
    const onnx_value *in = s->in[0];
    onnx_num dims[ONNX_SHAPE_MAX_RANK];
    int64_t list[ONNX_SHAPE_MAX_ELEMENTS];
    int n = s->n_in > 1 ? constants_of(list, s, s->in[1])
                        : onnx_attribute_ints(list, ONNX_SHAPE_MAX_ELEMENTS, s->node->bytes, "axes");
    uint32_t axes, from = 0;
    if (!in->has_shape || n <= 0 || in->rank + (uint32_t)n > ONNX_SHAPE_MAX_RANK) return;
    const uint32_t rank = in->rank + (uint32_t)n;
    if (axes_of(&axes, s, 1, rank) != n) return;
    for (uint32_t i = 0; i < rank; i++)
        dims[i] = axes >> i & 1 ? onnx_num_constant(s->nums, 1) : in->dims[from++];
    set_shape(s->out, dims, rank);
    if (in->has_elements && rank == 1) set_elements(s, in->elements, in->n_elements, false);
}

static void op_transpose(step *s) {
    const onnx_value *in = s->in[0];
    onnx_num dims[ONNX_SHAPE_MAX_RANK];
    int64_t order[ONNX_SHAPE_MAX_RANK];
    if (!in->has_shape) return;
    int n = onnx_attribute_ints(order, ONNX_SHAPE_MAX_RANK, s->node->bytes, "perm");
    if (n >= 0 && (uint32_t)n != in->rank) return;
    for (uint32_t i = 0; i < in->rank; i++) {
        uint32_t from = in->rank - 1 - i;
        if (n >= 0 && !to_axis(&from, order[i], in->rank)) return;
        dims[i] = in->dims[from];
    }
    set_shape(s->out, dims, in->rank);
}

static void gather_elements(step *s) {
    int64_t indices[ONNX_SHAPE_MAX_ELEMENTS];
    onnx_num elements[ONNX_SHAPE_MAX_ELEMENTS];
    const onnx_value *in = s->in[0];
    int n = constants_of(indices, s, s->in[1]);
    if (!in->has_elements || n < 0) return;
    for (int i = 0; i < n; i++) {
        uint32_t from;
        if (!to_axis(&from, indices[i], in->n_elements)) return;
        elements[i] = in->elements[from];
    }
    set_elements(s, elements, (uint32_t)n, !s->in[1]->rank);
}

static void op_gather(step *s) {
    const onnx_value *in = s->in[0], *indices = s->in[1];
    onnx_num dims[2 * ONNX_SHAPE_MAX_RANK];
    uint32_t axis, rank = 0;
    if (!in->has_shape || !indices->has_shape) return;
    if (!to_axis(&axis, onnx_attribute_int(s->node->bytes, "axis", 0), in->rank)) return;
    for (uint32_t i = 0; i < axis; i++) dims[rank++] = in->dims[i];
    for (uint32_t i = 0; i < indices->rank; i++) dims[rank++] = indices->dims[i];
    for (uint32_t i = axis + 1; i < in->rank; i++) dims[rank++] = in->dims[i];
    set_shape(s->out, dims, rank);
    if (in->rank == 1) gather_elements(s);
}

static void op_gather_elements(step *s) {
    if (s->in[1]->has_shape) set_shape(s->out, s->in[1]->dims, s->in[1]->rank);
}

static void op_concat(step *s) {
    onnx_num dims[ONNX_SHAPE_MAX_RANK], elements[ONNX_SHAPE_MAX_ELEMENTS];
    const onnx_value *first = s->in[0];
    uint32_t axis, n = 0;
    bool is_vector = first->rank == 1;
    if (!first->has_shape || !to_axis(&axis, onnx_attribute_int(s->node->bytes, "axis", 0), first->rank))
        return;
    memcpy(dims, first->dims, sizeof dims);
    for (uint32_t i = 0; i < s->n_in; i++) {
        const onnx_value *in = s->in[i];
        if (!in->has_shape || in->rank != first->rank) return;
        if (i) dims[axis] = onnx_num_of(s->nums, ONNX_NUM_ADD, dims[axis], in->dims[axis]);
        is_vector = is_vector && in->has_elements && n + in->n_elements <= ONNX_SHAPE_MAX_ELEMENTS;
        for (uint32_t k = 0; is_vector && k < in->n_elements; k++) elements[n++] = in->elements[k];
    }
    set_shape(s->out, dims, first->rank);
    if (is_vector) set_elements(s, elements, n, false);
}

static void op_split(step *s) {
    const onnx_value *in = s->in[0];
    int64_t sizes[ONNX_SHAPE_MAX_ELEMENTS], whole;
    uint32_t axis;
    if (!in->has_shape || !to_axis(&axis, onnx_attribute_int(s->node->bytes, "axis", 0), in->rank)) return;
    int n = s->n_in > 1 ? constants_of(sizes, s, s->in[1])
                        : onnx_attribute_ints(sizes, ONNX_SHAPE_MAX_ELEMENTS, s->node->bytes, "split");
    bool is_even = s->n_in < 2 && n < 0 && onnx_num_is_constant(s->nums, in->dims[axis], &whole) &&
                   whole % s->node->n_outputs == 0;
    for (uint32_t i = 0; i < s->n_out; i++) {
        set_shape(&s->out[i], in->dims, in->rank);
        s->out[i].dims[axis] = (int)i < n ? onnx_num_constant(s->nums, sizes[i])
                               : is_even  ? onnx_num_constant(s->nums, whole / s->node->n_outputs)
                                          : onnx_num_new(s->nums, ONNX_NUM_EXTENT);
    }
}

static void op_tile(step *s) {
    const onnx_value *in = s->in[0];
    onnx_num dims[ONNX_SHAPE_MAX_RANK];
    uint32_t rank;
    if (!in->has_shape || !dims_of(dims, &rank, s, s->in[1]) || rank != in->rank) return;
    for (uint32_t i = 0; i < rank; i++) dims[i] = onnx_num_of(s->nums, ONNX_NUM_MUL, in->dims[i], dims[i]);
    set_shape(s->out, dims, rank);
}

static void op_reduce(step *s) {
    const onnx_value *in = s->in[0];
    const bool keeps = onnx_attribute_int(s->node->bytes, "keepdims", 1) != 0;
    onnx_num dims[ONNX_SHAPE_MAX_RANK];
    uint32_t axes, rank = 0;
    if (!in->has_shape || axes_of(&axes, s, 1, in->rank) <= 0) return;
    for (uint32_t i = 0; i < in->rank; i++) {
        bool is_reduced = axes >> i & 1;
        if (!is_reduced || keeps) dims[rank++] = is_reduced ? onnx_num_constant(s->nums, 1) : in->dims[i];
    }
    set_shape(s->out, dims, rank);
}

static void op_arg(step *s) {
    const onnx_value *in = s->in[0];
    const bool keeps = onnx_attribute_int(s->node->bytes, "keepdims", 1) != 0;
    onnx_num dims[ONNX_SHAPE_MAX_RANK];
    uint32_t axis, rank = 0;
    if (!in->has_shape || !to_axis(&axis, onnx_attribute_int(s->node->bytes, "axis", 0), in->rank)) return;
    for (uint32_t i = 0; i < in->rank; i++)
        if (i != axis || keeps) dims[rank++] = i == axis ? onnx_num_constant(s->nums, 1) : in->dims[i];
    set_shape(s->out, dims, rank);
}

/* -- slices -------------------------------------------------------------------------------------------- */

/* A stretch of an axis. */
typedef struct slice {
    int64_t start, end, step;
} slice;

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
    return value < low ? low : value > high ? high : value;
}

/* The stretch in an axis of known length.   @return how long it is. */
static int64_t resolve(slice *out, int64_t len) {
    const bool goes_up = out->step > 0;
    if (len <= 0) return 0;
    if (out->start < 0) out->start += len;
    if (out->end < 0) out->end += len;
    out->start = clamp(out->start, 0, goes_up ? len : len - 1);
    out->end = clamp(out->end, goes_up ? 0 : -1, len);
    int64_t span = goes_up ? out->end - out->start : out->start - out->end;
    int64_t stride = goes_up ? out->step : -out->step;
    return span > 0 ? (span - 1) / stride + 1 : 0;
}

/* The slices of a node, and their axes.   @return how many; -1. */
static int slices_of(slice *out, uint32_t *axes, const step *s) {
    int64_t values[4][ONNX_SHAPE_MAX_ELEMENTS];
    int n = constants_of(values[0], s, s->in[1]);
    if (constants_of(values[1], s, s->in[2]) != n || n > ONNX_SHAPE_MAX_RANK) return -1;
    const bool has_axes = s->node->n_inputs > 3 && s->node->inputs[3].len;
    const bool has_steps = s->node->n_inputs > 4 && s->node->inputs[4].len;
    if (has_axes && constants_of(values[2], s, s->in[3]) != n) return -1;
    if (has_steps && constants_of(values[3], s, s->in[4]) != n) return -1;
    for (int i = 0; i < n; i++) {
        out[i] = (slice){values[0][i], values[1][i], has_steps ? values[3][i] : 1};
        if (!to_axis(&axes[i], has_axes ? values[2][i] : i, s->in[0]->rank)) return -1;
        if (!out[i].step || out[i].step == INT64_MIN || out[i].end == INT64_MIN || out[i].start == INT64_MIN)
            return -1;
    }
    return n;
}

static void slice_elements(step *s, slice cut) {
    onnx_num elements[ONNX_SHAPE_MAX_ELEMENTS];
    int64_t n = resolve(&cut, s->in[0]->n_elements);
    for (int64_t i = 0; i < n; i++) elements[i] = s->in[0]->elements[cut.start + i * cut.step];
    set_elements(s, elements, (uint32_t)n, false);
}

static onnx_num sliced_dim(step *s, onnx_num dim, slice cut) {
    int64_t len;
    if (onnx_num_is_constant(s->nums, dim, &len)) return onnx_num_constant(s->nums, resolve(&cut, len));
    bool is_whole = cut.start == 0 && cut.step == 1 && cut.end >= INT32_MAX;
    return is_whole ? dim : onnx_num_new(s->nums, ONNX_NUM_EXTENT);
}

static void op_slice(step *s) {
    const onnx_value *in = s->in[0];
    slice slices[ONNX_SHAPE_MAX_RANK];
    uint32_t axes[ONNX_SHAPE_MAX_RANK];
    onnx_num dims[ONNX_SHAPE_MAX_RANK];
    if (!in->has_shape) return;
    int n = slices_of(slices, axes, s);
    for (uint32_t i = 0; i < in->rank; i++)
        dims[i] = n < 0 ? onnx_num_new(s->nums, ONNX_NUM_EXTENT) : in->dims[i];
    for (int i = 0; i < n; i++) dims[axes[i]] = sliced_dim(s, in->dims[axes[i]], slices[i]);
    set_shape(s->out, dims, in->rank);
    if (in->has_elements && in->rank == 1 && n == 1) slice_elements(s, slices[0]);
}

/* -- products ------------------------------------------------------------------------------------------ */

static void op_matmul(step *s) {
    onnx_value a = *s->in[0], b = *s->in[1];
    onnx_num dims[ONNX_SHAPE_MAX_RANK];
    if (!a.has_shape || !b.has_shape || a.rank < 2 || b.rank < 2) return;
    onnx_num rows = a.dims[a.rank - 2], columns = b.dims[b.rank - 1];
    a.rank -= 2;
    b.rank -= 2;
    broadcast(s->out, s->nums, &a, &b);
    uint32_t rank = s->out->rank;
    memcpy(dims, s->out->dims, sizeof dims);
    dims[rank++] = rows;
    dims[rank++] = columns;
    set_shape(s->out, dims, rank);
}

static void op_gemm(step *s) {
    const onnx_value *a = s->in[0], *b = s->in[1];
    if (!a->has_shape || !b->has_shape || a->rank != 2 || b->rank != 2) return;
    const onnx_num dims[] = {a->dims[onnx_attribute_int(s->node->bytes, "transA", 0) != 0],
                             b->dims[onnx_attribute_int(s->node->bytes, "transB", 0) == 0]};
    set_shape(s->out, dims, 2);
}

/* Of a convolution over one axis: what padding adds and the window takes away. False: not known. */
static bool window_change(int64_t *out, const step *s, uint32_t i, uint32_t n, onnx_num window) {
    int64_t pads[2 * ONNX_SHAPE_MAX_RANK] = {0}, strides[ONNX_SHAPE_MAX_RANK], dilations[ONNX_SHAPE_MAX_RANK],
                     k;
    onnx_text bytes = s->node->bytes;
    int n_pads = onnx_attribute_ints(pads, 2 * ONNX_SHAPE_MAX_RANK, bytes, "pads");
    int n_strides = onnx_attribute_ints(strides, ONNX_SHAPE_MAX_RANK, bytes, "strides");
    int n_dilations = onnx_attribute_ints(dilations, ONNX_SHAPE_MAX_RANK, bytes, "dilations");
    if (n_pads >= 0 && (uint32_t)n_pads != 2 * n) return false;
    if (n_strides >= 0 && ((uint32_t)n_strides != n || strides[i] != 1)) return false;
    if (n_dilations >= 0 && (uint32_t)n_dilations != n) return false;
    const int64_t limit = INT32_MAX, dilation = n_dilations < 0 ? 1 : dilations[i];
    if (!onnx_num_is_constant(s->nums, window, &k) || k < 1 || k > limit || dilation < 1 ||
        dilation > limit || pads[i] < 0 || pads[i] > limit || pads[i + n] < 0 || pads[i + n] > limit)
        return false;
    *out = pads[i] + pads[i + n] - dilation * (k - 1);
    return true;
}

static void op_conv(step *s) {
    const onnx_value *x = s->in[0], *w = s->in[1];
    onnx_num dims[ONNX_SHAPE_MAX_RANK];
    onnx_text auto_pad = onnx_attribute_bytes(s->node->bytes, "auto_pad", ONNX_ATTRIBUTE_STRING);
    if (!x->has_shape || !w->has_shape || x->rank < 3 || w->rank != x->rank) return;
    if (auto_pad.ptr && !onnx_text_is(auto_pad, "NOTSET")) return;
    dims[0] = x->dims[0];
    dims[1] = w->dims[0];
    for (uint32_t i = 2; i < x->rank; i++) {
        int64_t change;
        dims[i] = window_change(&change, s, i - 2, x->rank - 2, w->dims[i])
                      ? onnx_num_of(s->nums, ONNX_NUM_ADD, x->dims[i], onnx_num_constant(s->nums, change))
                      : onnx_num_new(s->nums, ONNX_NUM_EXTENT);
    }
    set_shape(s->out, dims, x->rank);
}

/* -- the table ----------------------------------------------------------------------------------------- */

static const struct {
    const char *op;
    void (*run)(step *s);
} ops[] = {
    {"Abs", op_same_shape},
    {"Add", op_add},
    {"And", op_and},
    {"ArgMax", op_arg},
    {"ArgMin", op_arg},
    {"Cast", op_cast},
    {"Ceil", op_same_shape},
    {"Clip", op_same_shape},
    {"Concat", op_concat},
    {"Constant", op_constant},
    {"ConstantOfShape", op_constant_of_shape},
    {"Conv", op_conv},
    {"Cos", op_same_shape},
    {"CumSum", op_same_shape},
    {"Div", op_div},
    {"Dropout", op_same_shape},
    {"Elu", op_same_shape},
    {"Equal", op_equal},
    {"Erf", op_same_shape},
    {"Exp", op_same_shape},
    {"Expand", op_expand},
    {"Floor", op_same_shape},
    {"Gather", op_gather},
    {"GatherElements", op_gather_elements},
    {"Gelu", op_same_shape},
    {"Gemm", op_gemm},
    {"Greater", op_greater},
    {"GreaterOrEqual", op_greater_or_equal},
    {"HardSigmoid", op_same_shape},
    {"Identity", op_identity},
    {"IsNaN", op_same_shape},
    {"LayerNormalization", op_same_shape},
    {"LeakyRelu", op_same_shape},
    {"Less", op_less},
    {"LessOrEqual", op_less_or_equal},
    {"Log", op_same_shape},
    {"LogSoftmax", op_same_shape},
    {"MatMul", op_matmul},
    {"Max", op_broadcast},
    {"Min", op_broadcast},
    {"Mod", op_broadcast},
    {"Mul", op_mul},
    {"Neg", op_same_shape},
    {"Not", op_not},
    {"Or", op_or},
    {"Pow", op_broadcast},
    {"PRelu", op_broadcast},
    {"Range", op_range},
    {"Reciprocal", op_same_shape},
    {"ReduceL2", op_reduce},
    {"ReduceMax", op_reduce},
    {"ReduceMean", op_reduce},
    {"ReduceMin", op_reduce},
    {"ReduceProd", op_reduce},
    {"ReduceSum", op_reduce},
    {"Relu", op_same_shape},
    {"Reshape", op_reshape},
    {"Round", op_same_shape},
    {"ScatterElements", op_same_shape},
    {"ScatterND", op_same_shape},
    {"Shape", op_shape},
    {"Sigmoid", op_same_shape},
    {"Sign", op_same_shape},
    {"Sin", op_same_shape},
    {"Size", op_size},
    {"Slice", op_slice},
    {"Softmax", op_same_shape},
    {"Softplus", op_same_shape},
    {"Split", op_split},
    {"Sqrt", op_same_shape},
    {"Squeeze", op_squeeze},
    {"Sub", op_sub},
    {"Tanh", op_same_shape},
    {"Tile", op_tile},
    {"Transpose", op_transpose},
    {"Trilu", op_same_shape},
    {"Unsqueeze", op_unsqueeze},
    {"Where", op_where},
    {"Xor", op_broadcast},
};

void onnx_shapes_of_node(onnx_value *outputs, uint32_t n_outputs, const onnx_node *node,
                         const onnx_value *const *inputs, onnx_nums *nums) {
    static const onnx_value unknown;
    step s = {.node = node, .out = outputs, .n_out = n_outputs, .nums = nums};
    memset(outputs, 0, n_outputs * sizeof *outputs);
    if (!node->is_standard || !n_outputs || node->n_inputs > ONNX_NODE_MAX_IOS) return;
    s.n_in = node->n_inputs;
    for (uint32_t i = 0; i < ONNX_NODE_MAX_IOS; i++) s.in[i] = i < s.n_in && inputs[i] ? inputs[i] : &unknown;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (onnx_text_is(node->op, ops[i].op)) {
            ops[i].run(&s);
            return;
        }
}
