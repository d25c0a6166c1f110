/* Attention over a cache:
 *
 *     k_all = Concat(past_k, k, axis 2)              which is the graph's present; v likewise
 *     p = Softmax(MatMul(q * a, Transpose(repeat(k_all)) * b) + mask)
 *     out = Reshape(Transpose(MatMul(p, repeat(v_all))))
 *
 * repeat() is Reshape(Expand(Unsqueeze())), for heads that share their keys. The mask is either 0 where a
 * bool says so and -inf elsewhere, or floats. Nothing is taken on trust: extents, axes and factors must be
 * those, by constants or by the shapes that they are computed from. Where it is not so, a layer stays as it
 * is.
 * Sources of the forms: pytorch@v2.8.0 torch/onnx/symbolic_opset14.py scaled_dot_product_attention(),
 * transformers@v4.55.4 integrations/sdpa_attention.py repeat_kv(), models/llama/modeling_llama.py
 * apply_rotary_pos_emb(); onnx@v1.18.0 docs/Operators.md Attention. */
#include "attention.h"

#include "common/onnx_wire.h"
#include "constants.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { AXIS_ROWS = 0, AXIS_HEADS = 1, AXIS_TOKENS = 2, AXIS_SIZE = 3, RANK = 4, AXES_MAX_STEPS = 8 };

static const constant_extent UNKNOWN = {GRAPH_NONE, 0};

/* Queries or keys that are turned by the position of their token. */
typedef struct rotary {
    uint32_t x;        /* Before; GRAPH_NONE: they are not turned. */
    uint32_t cos, sin; /* [rows, tokens, size] */
} rotary;

typedef struct attention {
    uint32_t q, k, v;                           /* [rows, heads, tokens, size] */
    uint32_t flat_q, flat_k, flat_v, flat_out;  /* [rows, tokens, heads * size]; GRAPH_NONE: not there so. */
    uint32_t past_k, past_v, all_k, all_v, out; /* all: what is the next run's past. */
    uint32_t mask;
    rotary q_rotary, k_rotary;
    int64_t n_heads, n_kv_heads, size;
    double scale;
} attention;

/* -- small things -------------------------------------------------------------------------------------- */

static uint32_t input_of(const graph *g, const graph_node *node, uint32_t i) {
    return node ? graph_input(g, node, i) : GRAPH_NONE;
}

/* What the operator of that name was given; GRAPH_NONE when the value is from another. */
static uint32_t above(const graph *g, uint32_t value, const char *op) {
    return input_of(g, graph_producer(g, value, op), 0);
}

static bool is_int(const graph *g, uint32_t value, int64_t wanted) {
    return constant_int(g, value, UNKNOWN, wanted - 1) == wanted;
}

static bool is_axis(int64_t axis, int64_t wanted) { return axis == wanted || axis == wanted - RANK; }

/* What was transposed, when the axes went there. */
static uint32_t above_transpose(const graph *g, uint32_t value, const int64_t *wanted) {
    const graph_node *node = graph_producer(g, value, "Transpose");
    int64_t perm[RANK];
    if (!node || onnx_attribute_ints(perm, RANK, node->bytes, "perm") != RANK ||
        memcmp(perm, wanted, sizeof perm) != 0)
        return GRAPH_NONE;
    return graph_input(g, node, 0);
}

static const int64_t SWAPS_HEADS[RANK] = {0, 2, 1, 3}, SWAPS_SIZE[RANK] = {0, 1, 3, 2};

/* -- shapes -------------------------------------------------------------------------------------------- */

/* The elements of a shape that is put together from single ones. Expand's are written with 1 in the place of
 * -1: Where(shape == -1, 1, shape).   @return how many; 0: they cannot be told */
static size_t shape_elements(uint32_t *out, size_t max, const graph *g, uint32_t shape) {
    const graph_node *node;
    if ((node = graph_producer(g, shape, "Where"))) shape = graph_input(g, node, 2);
    if ((node = graph_producer(g, shape, "Reshape"))) shape = graph_input(g, node, 0);
    node = graph_producer(g, shape, "Concat");
    if (!node || node->n_inputs > max) return 0;
    for (uint32_t i = 0; i < node->n_inputs; i++) out[i] = graph_input(g, node, i);
    return node->n_inputs;
}

/* The tensor whose extent of that axis an element of a shape is; GRAPH_NONE: it is something else. */
static uint32_t extent_of(const graph *g, uint32_t element, int64_t axis) {
    const graph_node *node = graph_producer(g, element, "Unsqueeze");
    if (node) element = graph_input(g, node, 0);
    node = graph_producer(g, element, "Gather");
    if (!node || !is_int(g, graph_input(g, node, 1), axis)) return GRAPH_NONE;
    const graph_node *shape = graph_producer(g, graph_input(g, node, 0), "Shape");
    return shape && !onnx_attribute_int(shape->bytes, "start", 0) &&
                   !onnx_attribute_int(shape->bytes, "end", 0)
               ? graph_input(g, shape, 0)
               : GRAPH_NONE;
}

/* Whether an element leaves an axis of keys or values as it is. */
static bool keeps_extent(const graph *g, uint32_t element, const attention *a, int64_t axis) {
    uint32_t tensor = extent_of(g, element, axis);
    return tensor != GRAPH_NONE && (tensor == a->all_k || tensor == a->all_v);
}

/* -- repeated heads ------------------------------------------------------------------------------------ */

/* [rows, heads, 1, tokens, size] to [rows, heads, n, tokens, size].   @return n; 0: it is something else */
static int64_t expanded(const graph *g, uint32_t shape, const attention *a) {
    uint32_t elements[RANK + 1];
    if (shape_elements(elements, RANK + 1, g, shape) != RANK + 1) return 0;
    for (uint32_t i = 0; i < RANK; i++)
        if (!keeps_extent(g, elements[i < AXIS_TOKENS ? i : i + 1], a, i)) return 0;
    int64_t n = constant_int(g, elements[AXIS_TOKENS], UNKNOWN, 0);
    return n > 0 && n <= 4096 ? n : 0;
}

/* And from there to [rows, heads * n, tokens, size]. */
static bool is_merged(const graph *g, uint32_t shape, const attention *a, int64_t n) {
    uint32_t elements[RANK];
    if (shape_elements(elements, RANK, g, shape) != RANK) return false;
    for (uint32_t i = 0; i < RANK; i++)
        if (i != AXIS_HEADS && !keeps_extent(g, elements[i], a, i)) return false;
    const graph_node *node = graph_producer(g, elements[AXIS_HEADS], "Unsqueeze");
    node = graph_producer(g, node ? graph_input(g, node, 0) : elements[AXIS_HEADS], "Mul");
    return node && keeps_extent(g, graph_input(g, node, 0), a, AXIS_HEADS) &&
           is_int(g, graph_input(g, node, 1), n);
}

/* How often the heads of `all` are there in `value`; 0: it is something else. */
static int64_t repeats(const graph *g, uint32_t value, uint32_t all, const attention *a) {
    if (value == all) return 1;
    const graph_node *reshape = graph_producer(g, value, "Reshape");
    const graph_node *expand = graph_producer(g, input_of(g, reshape, 0), "Expand");
    const graph_node *unsqueeze = graph_producer(g, input_of(g, expand, 0), "Unsqueeze");
    if (input_of(g, unsqueeze, 0) != all || all == GRAPH_NONE) return 0;
    int64_t n =
        is_int(g, graph_input(g, unsqueeze, 1), AXIS_TOKENS) ? expanded(g, graph_input(g, expand, 1), a) : 0;
    return n && is_merged(g, graph_input(g, reshape, 1), a, n) ? n : 0;
}

/* What is repeated, or the value itself. */
static uint32_t above_repeat(const graph *g, uint32_t value) {
    uint32_t all = above(g, above(g, above(g, value, "Reshape"), "Expand"), "Unsqueeze");
    return all == GRAPH_NONE ? value : all;
}

/* -- the cache ----------------------------------------------------------------------------------------- */

/* Heads and their size, of an input [rows, heads, tokens, size] of float32. */
static bool read_past(int64_t *n_heads, int64_t *size, const graph *g, uint32_t past) {
    static const uint32_t path[] = {ONNX_VALUE_TYPE, ONNX_TYPE_TENSOR_TYPE};
    int64_t dims[RANK] = {0}, type = 0;
    uint32_t rank = 0;
    onnx_text info = past == GRAPH_NONE ? (onnx_text){NULL, 0} : g->values[past].info;
    for (size_t i = 0; i < 2 && info.ptr; i++) {
        onnx_reader r = onnx_reader_of(info);
        info.ptr = NULL;
        for (onnx_field f; onnx_read_field(&f, &r);)
            if (f.number == path[i] && f.bytes.ptr) info = f.bytes;
    }
    if (!info.ptr) return false;
    onnx_reader r = onnx_reader_of(info);
    onnx_reader shape = onnx_reader_of((onnx_text){"", 0});
    for (onnx_field f; onnx_read_field(&f, &r);) {
        if (f.number == ONNX_TENSOR_TYPE_ELEMENT) type = (int64_t)f.integer;
        if (f.number == ONNX_TENSOR_TYPE_SHAPE && f.bytes.ptr) shape = onnx_reader_of(f.bytes);
    }
    for (onnx_field f; onnx_read_field(&f, &shape);) {
        if (f.number != ONNX_SHAPE_DIM || !f.bytes.ptr || rank++ >= RANK) continue;
        onnx_reader dim = onnx_reader_of(f.bytes);
        for (onnx_field d; onnx_read_field(&d, &dim);)
            if (d.number == ONNX_DIM_VALUE) dims[rank - 1] = (int64_t)d.integer;
    }
    *n_heads = dims[AXIS_HEADS];
    *size = dims[AXIS_SIZE];
    return type == ONNX_FLOAT && rank == RANK && *n_heads > 0 && *n_heads <= 65536 && *size > 0 &&
           *size <= 65536;
}

/* Concat of an input and what is new. */
static bool split_cache(uint32_t *past, uint32_t *fresh, const graph *g, uint32_t all) {
    const graph_node *node = graph_producer(g, all, "Concat");
    if (!node || node->n_inputs != 2 || !is_axis(onnx_attribute_int(node->bytes, "axis", 0), AXIS_TOKENS))
        return false;
    *past = graph_input(g, node, 0);
    *fresh = graph_input(g, node, 1);
    return *past != GRAPH_NONE && *fresh != GRAPH_NONE;
}

static bool read_caches(attention *a, const graph *g) {
    int64_t n_heads, size;
    return split_cache(&a->past_k, &a->k, g, a->all_k) && split_cache(&a->past_v, &a->v, g, a->all_v) &&
           read_past(&a->n_kv_heads, &a->size, g, a->past_k) && read_past(&n_heads, &size, g, a->past_v) &&
           n_heads == a->n_kv_heads && size == a->size;
}

/* -- scores -------------------------------------------------------------------------------------------- */

/* What a tensor is multiplied by; the factor goes into `scale`.
 * @param size its last extent; 0: the factor may not depend on it. */
static bool above_scale(uint32_t *out, double *scale, const graph *g, uint32_t value, int64_t size) {
    const graph_node *node = graph_producer(g, value, "Mul");
    for (uint32_t i = 0; node && i < 2; i++) {
        double factor;
        *out = graph_input(g, node, i);
        const constant_extent known = {size ? *out : GRAPH_NONE, size};
        if (!constant_number(&factor, g, graph_input(g, node, 1 - i), known)) continue;
        *scale *= factor;
        return true;
    }
    *out = value;
    return value != GRAPH_NONE;
}

/* Where(mask, 0, -inf), of which the first columns are taken: those of all tokens, which is all there are. */
static uint32_t above_mask(const graph *g, uint32_t value) {
    const graph_node *node = graph_producer(g, value, "Where");
    double zero, least;
    if (node && constant_number(&zero, g, graph_input(g, node, 1), UNKNOWN) && zero == 0 &&
        constant_number(&least, g, graph_input(g, node, 2), UNKNOWN) && isinf(least) && least < 0)
        value = graph_input(g, node, 0);
    node = graph_producer(g, value, "Slice");
    bool is_cut = node && is_int(g, graph_input(g, node, 1), 0) &&
                  (is_int(g, graph_input(g, node, 3), AXIS_SIZE) || is_int(g, graph_input(g, node, 3), -1)) &&
                  (node->n_inputs < 5 || is_int(g, graph_input(g, node, 4), 1));
    return is_cut ? graph_input(g, node, 0) : value;
}

/* Softmax, and behind it Where(IsNaN(p), 0, p): of rows that are masked all over. */
static uint32_t above_softmax(const graph *g, uint32_t value) {
    const graph_node *node = graph_producer(g, value, "Where");
    double zero;
    if (node) {
        uint32_t p = graph_input(g, node, 2);
        if (above(g, graph_input(g, node, 0), "IsNaN") != p ||
            !constant_number(&zero, g, graph_input(g, node, 1), UNKNOWN) || zero != 0)
            return GRAPH_NONE;
        value = p;
    }
    node = graph_producer(g, value, "Softmax");
    return node && is_axis(onnx_attribute_int(node->bytes, "axis", -1), AXIS_SIZE) ? graph_input(g, node, 0)
                                                                                   : GRAPH_NONE;
}

/* From p up to queries, keys and mask. */
static bool read_scores(uint32_t *q, uint32_t *k, attention *a, const graph *g, uint32_t p) {
    uint32_t scores = above_softmax(g, p);
    const graph_node *add = graph_producer(g, scores, "Add"), *product = graph_producer(g, scores, "MatMul");
    for (uint32_t i = 0; add && !product && i < 2; i++) {
        product = graph_producer(g, graph_input(g, add, i), "MatMul");
        a->mask = graph_input(g, add, 1 - i);
    }
    if (!product || (add && a->mask == GRAPH_NONE)) return false;
    *q = graph_input(g, product, 0);
    *k = graph_input(g, product, 1);
    return true;
}

/* The keys as they were before Transpose, and their factor, from what the queries are multiplied with. */
static uint32_t above_keys(uint32_t *factor, const graph *g, uint32_t value) {
    const graph_node *node = graph_producer(g, value, "Mul");
    *factor = GRAPH_NONE;
    for (uint32_t i = 0; node && i < 2; i++) {
        uint32_t keys = above_transpose(g, graph_input(g, node, i), SWAPS_SIZE);
        *factor = graph_input(g, node, 1 - i);
        if (keys != GRAPH_NONE) return keys;
    }
    return node ? GRAPH_NONE : above_transpose(g, value, SWAPS_SIZE);
}

static bool match_core(attention *a, const graph *g, const graph_node *product, bool is_exact) {
    uint32_t q, k, k_factor, v = graph_input(g, product, 1);
    double k_scale = 1;
    a->scale = 1;
    a->mask = GRAPH_NONE;
    if (!read_scores(&q, &k, a, g, graph_input(g, product, 0))) return false;
    k = above_keys(&k_factor, g, k);
    a->all_k = above_repeat(g, k);
    a->all_v = above_repeat(g, v);
    if (!read_caches(a, g) || !above_scale(&a->q, &a->scale, g, q, is_exact ? 0 : a->size)) return false;
    const constant_extent queries = {is_exact ? GRAPH_NONE : a->q, a->size};
    if (k_factor != GRAPH_NONE && !constant_number(&k_scale, g, k_factor, queries)) return false;
    a->scale *= k_scale;
    a->mask = above_mask(g, a->mask);
    a->out = graph_output(g, product, 0);
    int64_t n = repeats(g, k, a->all_k, a);
    a->n_heads = n * a->n_kv_heads;
    return n && n == repeats(g, v, a->all_v, a) && a->scale > 0;
}

/* -- rotary positions ---------------------------------------------------------------------------------- */

/* Slice along the last axis, from `start` to `end` (or to the end of all).   @return what was sliced */
static uint32_t above_slice(const graph *g, uint32_t value, int64_t start, int64_t end, int64_t size) {
    const graph_node *node = graph_producer(g, value, "Slice");
    if (!node) return GRAPH_NONE;
    const constant_extent x = {graph_input(g, node, 0), size};
    int64_t to = constant_int(g, graph_input(g, node, 2), x, -1);
    bool is_it = constant_int(g, graph_input(g, node, 1), x, -1) == start &&
                 (to == end || (end == size && to > size)) &&
                 is_axis(constant_int(g, graph_input(g, node, 3), UNKNOWN, 0), AXIS_SIZE) &&
                 (node->n_inputs < 5 || is_int(g, graph_input(g, node, 4), 1));
    return is_it ? x.value : GRAPH_NONE;
}

/* Concat(-x[size/2:], x[:size/2]).   @return x */
static uint32_t above_half_turn(const graph *g, uint32_t value, int64_t size) {
    const graph_node *node = graph_producer(g, value, "Concat");
    if (!node || node->n_inputs != 2 || size % 2 ||
        !is_axis(onnx_attribute_int(node->bytes, "axis", 0), AXIS_SIZE))
        return GRAPH_NONE;
    uint32_t x = above_slice(g, graph_input(g, node, 1), 0, size / 2, size);
    uint32_t minus = above(g, graph_input(g, node, 0), "Neg");
    return above_slice(g, minus, size / 2, size, size) == x ? x : GRAPH_NONE;
}

/* x * cos + turned(x) * sin; both are [rows, tokens, size], with an axis of 1 for the heads. */
static rotary match_rotary(const graph *g, uint32_t value, int64_t size) {
    const graph_node *add = graph_producer(g, value, "Add");
    const graph_node *plain = graph_producer(g, input_of(g, add, 0), "Mul");
    const graph_node *turned = graph_producer(g, input_of(g, add, 1), "Mul");
    const graph_node *cos = graph_producer(g, input_of(g, plain, 1), "Unsqueeze");
    const graph_node *sin = graph_producer(g, input_of(g, turned, 1), "Unsqueeze");
    rotary r = {above_half_turn(g, input_of(g, turned, 0), size), input_of(g, cos, 0), input_of(g, sin, 0)};
    if (!cos || !sin || r.x != input_of(g, plain, 0) || !is_int(g, graph_input(g, cos, 1), AXIS_HEADS) ||
        !is_int(g, graph_input(g, sin, 1), AXIS_HEADS))
        r.x = GRAPH_NONE;
    return r;
}

/* -- without an axis for heads ------------------------------------------------------------------------- */

/* What a value has its first two axes from, when its operator changes only the last; GRAPH_NONE: it may be
 * otherwise. */
static uint32_t above_axes(const graph *g, uint32_t value) {
    static const char *const unary[] = {
        "MatMul", "MatMulInteger", "DynamicQuantizeLinear", "Cast", "Identity", "Split", NULL};
    static const char *const binary[] = {"Add", "Mul", NULL};
    const graph_node *node;
    for (size_t i = 0; unary[i]; i++)
        if ((node = graph_producer(g, value, unary[i]))) return graph_input(g, node, 0);
    for (size_t i = 0; binary[i]; i++)
        if ((node = graph_producer(g, value, binary[i])))
            return graph_input(g, node, constant_tensor(g, graph_input(g, node, 0)).ptr ? 1 : 0);
    return GRAPH_NONE;
}

/* Whether two values have the same first two axes: something above both has them. */
static bool share_axes(const graph *g, uint32_t a, uint32_t b) {
    for (int i = 0; i < AXES_MAX_STEPS && a != GRAPH_NONE; i++, a = above_axes(g, a)) {
        uint32_t from_b = b;
        for (int k = 0; k < AXES_MAX_STEPS && from_b != GRAPH_NONE; k++, from_b = above_axes(g, from_b))
            if (a == from_b) return true;
    }
    return false;
}

/* Transpose(Reshape(x, [rows, tokens, heads, size])).   @return x; GRAPH_NONE: it is something else */
static uint32_t above_heads(const graph *g, uint32_t value, int64_t n_heads, int64_t size) {
    const graph_node *node = graph_producer(g, above_transpose(g, value, SWAPS_HEADS), "Reshape");
    uint32_t elements[RANK];
    if (!node || shape_elements(elements, RANK, g, graph_input(g, node, 1)) != RANK) return GRAPH_NONE;
    uint32_t x = graph_input(g, node, 0), rows_of = extent_of(g, elements[0], 0),
             tokens_of = extent_of(g, elements[1], 1);
    bool has_heads = is_int(g, elements[2], n_heads), has_size = is_int(g, elements[3], size);
    bool is_whole = is_int(g, elements[1], -1)
                        ? has_heads && has_size
                        : tokens_of != GRAPH_NONE && (has_heads || has_size) && share_axes(g, x, tokens_of);
    return is_whole && rows_of != GRAPH_NONE && share_axes(g, x, rows_of) ? x : GRAPH_NONE;
}

/* Where heads are only an axis in between, the operators take them without. */
static void match_flat(attention *a, const graph *g, const graph_node *reshape) {
    uint32_t elements[3], q = a->q_rotary.x != GRAPH_NONE ? a->q_rotary.x : a->q,
                          k = a->k_rotary.x != GRAPH_NONE ? a->k_rotary.x : a->k;
    a->flat_q = above_heads(g, q, a->n_heads, a->size);
    a->flat_k = above_heads(g, k, a->n_kv_heads, a->size);
    a->flat_v = above_heads(g, a->v, a->n_kv_heads, a->size);
    bool is_flat = shape_elements(elements, 3, g, graph_input(g, reshape, 1)) == 3 &&
                   extent_of(g, elements[0], 0) != GRAPH_NONE && extent_of(g, elements[1], 1) != GRAPH_NONE;
    a->flat_out = is_flat && a->flat_q != GRAPH_NONE && a->flat_k != GRAPH_NONE && a->flat_v != GRAPH_NONE
                      ? graph_output(g, reshape, 0)
                      : GRAPH_NONE;
}

static bool match(attention *a, const graph *g, const graph_node *reshape, bool is_exact) {
    const graph_node *product =
        graph_producer(g, above_transpose(g, graph_input(g, reshape, 0), SWAPS_HEADS), "MatMul");
    if (!product || !match_core(a, g, product, is_exact)) return false;
    a->q_rotary = match_rotary(g, a->q, a->size);
    a->k_rotary = match_rotary(g, a->k, a->size);
    match_flat(a, g, reshape);
    return true;
}

/* -- replacing ----------------------------------------------------------------------------------------- */

/* Adds an operator with one output, which is named after what it is and the value that it is for; once. */
static uint32_t put(graph *g, const char *what, uint32_t of, graph_new_node node) {
    uint32_t out = graph_value_new(g, what, of);
    if (out == GRAPH_NONE || g->values[out].producer != GRAPH_NONE) return out;
    node.outputs[0] = out;
    node.n_outputs = 1;
    graph_add(g, &node);
    return out;
}

static uint32_t put_ints(graph *g, const char *what, uint32_t of, const int64_t *ints, uint32_t n) {
    return put(g, what, of,
               (graph_new_node){.op = "Constant", .attributes = {{"value_ints", .ints = ints, .n = n}}});
}

static uint32_t put_reshape(graph *g, const char *what, uint32_t value, const int64_t *shape, uint32_t n) {
    char name[24];
    snprintf(name, sizeof name, "%s.shape", what);
    uint32_t ints = put_ints(g, name, value, shape, n);
    return put(g, what, value, (graph_new_node){.op = "Reshape", .inputs = {value, ints}, .n_inputs = 2});
}

/* For [rows, tokens, heads, size]. */
static uint32_t put_unsqueeze(graph *g, const char *what, uint32_t value) {
    static const int64_t axis = AXIS_TOKENS;
    uint32_t axes = put_ints(g, "axes", value, &axis, 1);
    return put(g, what, value, (graph_new_node){.op = "Unsqueeze", .inputs = {value, axes}, .n_inputs = 2});
}

/* Halves of the last axis, the second one first; minus it, if that is wanted. */
static uint32_t put_swapped(graph *g, uint32_t value, bool is_minus) {
    uint32_t first = graph_value_new(g, "first", value), second = graph_value_new(g, "second", value);
    if (first == GRAPH_NONE || second == GRAPH_NONE) return GRAPH_NONE;
    const graph_new_node split = {.op = "Split",
                                  .inputs = {value},
                                  .outputs = {first, second},
                                  .n_inputs = 1,
                                  .n_outputs = 2,
                                  .attributes = {{"axis", .integer = -1}, {"num_outputs", .integer = 2}}};
    if (g->values[first].producer == GRAPH_NONE) graph_add(g, &split);
    graph_new_node concat = {
        .op = "Concat", .inputs = {second, first}, .n_inputs = 2, .attributes = {{"axis", .integer = -1}}};
    if (is_minus) {
        concat.inputs[1] = second;
        concat.inputs[0] =
            put(g, "minus", first, (graph_new_node){.op = "Neg", .inputs = {first}, .n_inputs = 1});
    }
    return put(g, "swapped", value, concat);
}

static uint32_t put_binary(graph *g, const char *op, const char *what, uint32_t of, uint32_t other) {
    return put(g, what, of, (graph_new_node){.op = op, .inputs = {of, other}, .n_inputs = 2});
}

/* x * cos + turned(x) * sin, with the minus in sin, where it is once for all layers. Bit by bit the same:
 * models that quantize activations at run time make large differences of the smallest. */
static uint32_t put_rotary(graph *g, const rotary *r, uint32_t flat, int64_t n_heads, int64_t size) {
    const int64_t apart[RANK] = {0, 0, n_heads, size}, together[RANK - 1] = {0, 0, n_heads * size};
    uint32_t cos = put_unsqueeze(g, "cos", r->cos);
    uint32_t sin = put_unsqueeze(g, "sin", put_swapped(g, r->sin, true));
    uint32_t x = put_reshape(g, "apart", flat, apart, RANK);
    uint32_t swapped = put_swapped(g, x, false);
    uint32_t sum = put_binary(g, "Add", "turned", put_binary(g, "Mul", "plain", x, cos),
                              put_binary(g, "Mul", "other", swapped, sin));
    return put_reshape(g, "together", sum, together, RANK - 1);
}

static void replace(graph *g, const attention *a) {
    bool is_flat = a->flat_out != GRAPH_NONE;
    graph_new_node node = {
        .op = "Attention",
        .inputs = {a->q, a->k, a->v, a->mask, a->past_k, a->past_v},
        .outputs = {a->out, a->all_k, a->all_v},
        .n_inputs = 6,
        .n_outputs = 3,
        .attributes = {{"scale", .number = (float)a->scale, .is_float = true}},
    };
    if (is_flat) {
        bool turns_q = a->q_rotary.x != GRAPH_NONE, turns_k = a->k_rotary.x != GRAPH_NONE;
        node.inputs[0] = turns_q ? put_rotary(g, &a->q_rotary, a->flat_q, a->n_heads, a->size) : a->flat_q;
        node.inputs[1] = turns_k ? put_rotary(g, &a->k_rotary, a->flat_k, a->n_kv_heads, a->size) : a->flat_k;
        node.inputs[2] = a->flat_v;
        node.outputs[0] = a->flat_out;
        node.attributes[1] = (graph_attribute){"q_num_heads", .integer = a->n_heads};
        node.attributes[2] = (graph_attribute){"kv_num_heads", .integer = a->n_kv_heads};
    }
    graph_add(g, &node);
}

size_t attention_fuse(graph *g, bool is_exact) {
    size_t n = 0, n_before = g->n_nodes;
    for (size_t i = 0; !g->is_odd && i < n_before; i++) {
        attention a;
        const graph_node *node = graph_producer(g, graph_output(g, &g->nodes[i], 0), "Reshape");
        if (!node || node != &g->nodes[i] || !match(&a, g, node, is_exact)) continue;
        replace(g, &a);
        n++;
    }
    return n;
}
