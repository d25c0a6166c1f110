/* Doing things with tensors where they are. */
#include "model/kept.h"

#include "base/alloc.h"
#include "base/error.h"

#include <stdio.h>
#include <string.h>

/* Arguments of an operation beside the tensors. */
enum { MAX_ARGUMENTS = 2 };

typedef struct argument {
    const char *name;
    const int64_t *numbers;
    size_t n;
} argument;

ap_status ap__kept_set_init(ap__kept_set *set, size_t n, ap_dtype dtype, uint32_t rank, ap_error *err) {
    memset(set, 0, sizeof *set);
    pthread_mutex_init(&set->lock, NULL);
    int64_t(*shapes)[AP_TENSOR_MAX_RANK] = ap__calloc(n, sizeof *shapes);
    if (!shapes) return ap__fail_nomem(err);
    set->spec = (ap__kept_spec){.n = n, .dtype = dtype, .rank = rank, .shapes = shapes};
    return AP_OK;
}

void ap__kept_set_clear(ap__kept_set *set) {
    if (!set->spec.shapes) return;
    for (size_t i = 0; i < AP__N_KEPT_OPS; i++) {
        ap__session_close(set->sessions[i]);
        ap__buf_clear(&set->graphs[i]);
    }
    ap__free(set->spec.shapes);
    pthread_mutex_destroy(&set->lock);
    memset(set, 0, sizeof *set);
}

void ap__kept_unref(ap__tensor **tensors, size_t n) {
    for (size_t i = 0; i < n; i++) {
        ap__tensor_unref(tensors[i]);
        tensors[i] = NULL;
    }
}

ap_status ap__kept_create(ap__tensor **tensors, const ap__kept_set *set, size_t n_rows, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < set->spec.n; i++) {
        int64_t shape[AP_TENSOR_MAX_RANK];
        memcpy(shape, set->spec.shapes[i], sizeof shape);
        shape[0] = (int64_t)n_rows;
        shape[set->spec.axis] = 0;
        status = ap__tensor_create(&tensors[i], set->spec.dtype, shape, set->spec.rank, err);
        if (status) ap__kept_unref(tensors, i);
    }
    return status;
}

/* -- sessions ------------------------------------------------------------------------------------------ */

static ap_status open_session(ap__kept_set *set, ap__kept_op op, ap_error *err) {
    ap__buf *graph = &set->graphs[op];
    ap_status status = ap__kept_graph_write(graph, op, &set->spec, err);
    ap__session_options options = set->options;
    options.path = NULL;
    options.bytes = graph->ptr;
    options.n_bytes = graph->len;
    options.no_cache = true;
    if (!status) status = ap__session_open(&set->sessions[op], set->backend, &options, err);
    if (status) ap__buf_clear(graph);
    return status;
}

static ap_status get_session(ap__session **out, ap__kept_set *set, ap__kept_op op, ap_error *err) {
    ap_status status = AP_OK;
    pthread_mutex_lock(&set->lock);
    if (!set->sessions[op]) status = open_session(set, op, err);
    *out = set->sessions[op];
    pthread_mutex_unlock(&set->lock);
    return status;
}

/* -- runs ---------------------------------------------------------------------------------------------- */

typedef struct operation {
    ap__kept_set *set;
    ap__kept_op op;
    ap__tensor *const *others; /* Of AP__KEPT_JOIN. */
    argument arguments[MAX_ARGUMENTS];
    size_t n_arguments;
    ap_cancel *cancel;
} operation;

/* A tensor around memory of the caller's. */
static ap_status wrap(ap__tensor **out, const argument *a, ap_error *err) {
    ap_tensor border = {.view = {.dtype = AP_DTYPE_I64, .rank = 1, .shape = {(int64_t)a->n}}};
    border.view.data = a->numbers;
    border.view.size_bytes = a->n * sizeof *a->numbers;
    return ap__tensor_create_take(out, &border, err);
}

typedef struct feed_names {
    char x[16], y[16], z[16];
} feed_names;

/* Feeds in the order of the graph's inputs: for each tensor x and z, then the arguments. */
static size_t fill_feeds(ap__feed *in, ap__feed *out, feed_names *names, const operation *o,
                         ap__tensor *const *tensors) {
    size_t n_in = 0;
    for (size_t i = 0; i < o->set->spec.n; i++) {
        feed_names *n = &names[i];
        snprintf(n->x, sizeof n->x, "x%u", (unsigned)i);
        snprintf(n->y, sizeof n->y, "y%u", (unsigned)i);
        snprintf(n->z, sizeof n->z, "z%u", (unsigned)i);
        in[n_in++] = (ap__feed){.name = n->x, .tensor = tensors[i]};
        if (o->op == AP__KEPT_JOIN) in[n_in++] = (ap__feed){.name = n->z, .tensor = o->others[i]};
        out[i] = (ap__feed){.name = n->y, .flags = AP_TENSOR_KEEP_IN_BACKEND};
    }
    return n_in;
}

static ap_status run_session(ap__session *session, const operation *o, ap__tensor **tensors, ap__feed *in,
                             ap__feed *out, feed_names *names, ap_error *err) {
    size_t n = o->set->spec.n, n_in = fill_feeds(in, out, names, o, tensors);
    ap__tensor *wrapped[MAX_ARGUMENTS] = {NULL};
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < o->n_arguments; i++) {
        status = wrap(&wrapped[i], &o->arguments[i], err);
        in[n_in + i] = (ap__feed){.name = o->arguments[i].name, .tensor = wrapped[i]};
    }
    if (!status) status = ap__session_run(session, in, n_in + o->n_arguments, out, n, o->cancel, err);
    for (size_t i = 0; i < o->n_arguments; i++) ap__tensor_unref(wrapped[i]);
    for (size_t i = 0; !status && i < n; i++) {
        ap__tensor_unref(tensors[i]);
        tensors[i] = out[i].tensor;
    }
    return status;
}

static ap_status run(const operation *o, ap__tensor **tensors, ap_error *err) {
    size_t n = o->set->spec.n;
    ap__session *session;
    if (!n) return AP_OK;
    ap_status status = get_session(&session, o->set, o->op, err);
    if (status) return status;
    ap__feed *feeds = ap__calloc(3 * n + MAX_ARGUMENTS, sizeof *feeds);
    feed_names *names = ap__calloc(n, sizeof *names);
    status = feeds && names
                 ? run_session(session, o, tensors, feeds, feeds + 2 * n + MAX_ARGUMENTS, names, err)
                 : ap__fail_nomem(err);
    ap__free(feeds);
    ap__free(names);
    return status;
}

/* -- what is done -------------------------------------------------------------------------------------- */

ap_status ap__kept_gather(ap__kept_set *set, ap__tensor **tensors, const int64_t *rows, size_t n_rows,
                          ap_cancel *cancel, ap_error *err) {
    const operation o = {.set = set,
                         .op = AP__KEPT_GATHER,
                         .arguments = {{"index", rows, n_rows}},
                         .n_arguments = 1,
                         .cancel = cancel};
    return run(&o, tensors, err);
}

ap_status ap__kept_slice(ap__kept_set *set, ap__tensor **tensors, int64_t start, int64_t end, ap_error *err) {
    const operation o = {.set = set,
                         .op = AP__KEPT_SLICE,
                         .arguments = {{"start", &start, 1}, {"end", &end, 1}},
                         .n_arguments = 2};
    return run(&o, tensors, err);
}

ap_status ap__kept_join(ap__kept_set *set, ap__tensor **tensors, ap__tensor *const *others, ap_error *err) {
    int64_t pads[2][2 * AP_TENSOR_MAX_RANK] = {{0}};
    size_t n_pads = 2 * (size_t)set->spec.rank;
    if (!set->spec.n) return AP_OK;
    int64_t len = ap__tensor_get_view(tensors[0])->shape[set->spec.axis],
            other_len = ap__tensor_get_view(others[0])->shape[set->spec.axis];
    if (len < other_len) pads[0][set->spec.axis] = other_len - len;
    if (other_len < len) pads[1][set->spec.axis] = len - other_len;
    const operation o = {.set = set,
                         .op = AP__KEPT_JOIN,
                         .others = others,
                         .arguments = {{"pads_x", pads[0], n_pads}, {"pads_z", pads[1], n_pads}},
                         .n_arguments = 2};
    return run(&o, tensors, err);
}
