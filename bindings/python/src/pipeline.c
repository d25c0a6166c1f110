/* Pipeline: a handle of the library's pipeline, with its call and its phases. Names, defaults and what a
 * subclass may replace are the business of the Python code beside it. */
#include "core.h"

#include <stdlib.h>
#include <unistd.h>

typedef struct pipeline_object {
    PyObject ob_base;
    ap_pipeline *pipe;
    long pid; /* Of the process that made it. */
} pipeline_object;

/* The process in which a runtime began to work; its threads do not follow a fork. */
static long first_pid;

static PyObject *pipeline_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *init;
    ap_error err = AP_ERROR_INIT;
    ap_status status;
    (void)kwargs;
    if (!PyArg_ParseTuple(args, "O", &init)) return NULL;
    if (first_pid && core_is_forked(first_pid, "a pipeline was made before")) return NULL;
    ap_value *dict = core_to_value(init);
    pipeline_object *self = dict ? (pipeline_object *)PyType_GenericAlloc(type, 0) : NULL;
    if (!self) {
        ap_value_destroy(dict);
        return NULL;
    }
    self->pid = (long)getpid();
    Py_BEGIN_ALLOW_THREADS;
    status = ap_pipeline_create_from_value(&self->pipe, dict, &err);
    ap_value_destroy(dict);
    Py_END_ALLOW_THREADS;
    if (status == AP_OK || status == AP_EBACKEND || status == AP_EUNSUPPORTED) first_pid = self->pid;
    if (core_log_drain() || status) {
        Py_DECREF((PyObject *)self);
        return PyErr_Occurred() ? NULL : core_raise(&err);
    }
    return (PyObject *)self;
}

static void pipeline_dealloc(pipeline_object *self) {
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    ap_pipeline *pipe = self->pipe;
    /* In a child, the runtime would wait for threads that are not there. */
    if (pipe && self->pid == (long)getpid()) {
        Py_BEGIN_ALLOW_THREADS;
        ap_pipeline_destroy(pipe);
        Py_END_ALLOW_THREADS;
    }
    PyObject_Free(self);
    Py_DECREF(type);
}

static int is_usable(const pipeline_object *self) {
    return !core_is_forked(self->pid, "this pipeline was made before");
}

/* -- one call ------------------------------------------------------------------------------------------ */

/* What a call is given, and what came of it. */
typedef struct call {
    const pipeline_object *self;
    ap_value *inputs, *params;
    PyObject *progress;          /* NULL: nobody wants to know. Borrowed. */
    ap_cancel *given, *own;      /* The caller's, or one for this attempt alone. */
    PyObject *type, *value, *tb; /* What `progress` raised. */
    ap_value *result;
    ap_error err;
} call;

/* Called without the interpreter's lock, on the thread of the call. */
static void tell_progress(size_t n_done, size_t n_total, void *ctx) {
    call *c = ctx;
    if (c->type) return;
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *done = PyObject_CallFunction(c->progress, "nn", (Py_ssize_t)n_done, (Py_ssize_t)n_total);
    if (!done) PyErr_Fetch(&c->type, &c->value, &c->tb);
    Py_XDECREF(done);
    PyGILState_Release(state);
    if (c->type) ap_cancel_trigger(c->given ? c->given : c->own);
}

static ap_call_options options_of(call *c) {
    ap_call_options options = AP_CALL_OPTIONS_INIT;
    options.cancel = c->given ? c->given : c->own;
    if (c->progress) options.progress = tell_progress;
    options.progress_ctx = c;
    return options;
}

/* The part of a call that needs no interpreter. */
typedef ap_status (*run_fn)(call *c, const ap_call_options *options, void *ctx);

/* Runs it until it is not merely disturbed: a handler of SIGINT that raises nothing lets the call go on.
 * @return -1 with an exception set, of the call, its callbacks or a signal. */
static int attend(call *c, run_fn run, void *ctx) {
    ap_status status;
    do {
        core_watch watch;
        c->err = (ap_error)AP_ERROR_INIT;
        if (!c->given && ap_cancel_create(&c->own, &c->err)) {
            core_raise(&c->err);
            return -1;
        }
        ap_call_options options = options_of(c);
        core_watch_begin(&watch, options.cancel);
        /* A signal that came before, while inputs were converted, is only noted. */
        int is_stopped = PyErr_CheckSignals();
        Py_BEGIN_ALLOW_THREADS;
        status = is_stopped ? AP_ECANCELED : run(c, &options, ctx);
        core_watch_end(&watch);
        ap_cancel_destroy(c->own);
        Py_END_ALLOW_THREADS;
        c->own = NULL;
        if (c->type) PyErr_Restore(c->type, c->value, c->tb);
        if (PyErr_Occurred() || (status == AP_ECANCELED && PyErr_CheckSignals())) return -1;
    } while (status == AP_ECANCELED && !c->given);
    if (core_log_drain()) return -1;
    if (status) core_raise(&c->err);
    return status ? -1 : 0;
}

static void call_clear(call *c) {
    ap_value *values[] = {c->inputs, c->params, c->result};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) ap_value_destroy(values[i]);
}

static ap_status run_call(call *c, const ap_call_options *options, void *ctx) {
    (void)ctx;
    return ap_pipeline_call_with(&c->result, c->self->pipe, c->inputs, c->params, options, &c->err);
}

/* call(inputs, params, progress=None, cancel=None); inputs is ... where they are among the params. */
static PyObject *pipeline_call(pipeline_object *self, PyObject *args) {
    PyObject *inputs, *params, *progress = Py_None, *cancel = Py_None, *result = NULL;
    call c = {.self = self};
    if (!PyArg_ParseTuple(args, "OO|OO", &inputs, &params, &progress, &cancel) || !is_usable(self) ||
        core_cancel_get(&c.given, cancel))
        return NULL;
    if (progress != Py_None) c.progress = progress;
    int is_ready = (inputs == Py_Ellipsis || (c.inputs = core_to_value(inputs))) &&
                   (params == Py_None || (c.params = core_to_value(params)));
    if (is_ready && !attend(&c, run_call, NULL)) result = core_from_value(c.result);
    call_clear(&c);
    return result;
}

/* -- windows of a stream ------------------------------------------------------------------------------- */

/* One input of a window and what came of it. */
typedef struct item {
    ap_value *input;   /* NULL where the object was refused. */
    PyObject *refusal; /* Why it was. */
    ap_value *result;
    ap_error *failure; /* NULL: there is a result, or the window ended before. */
} item;

typedef struct window {
    item *items;
    size_t n, n_read, n_emitted;
} window;

/* A copy, because a call that was disturbed reads again what it had not told. */
static ap_status window_next(ap_value **out, void *ctx, ap_error *err) {
    window *w = ctx;
    if (w->n_read == w->n) return AP_OK;
    const item *next = &w->items[w->n_read++];
    if (next->input) return ap_value_copy(out, next->input, err);
    if (err) err->status = AP_ETYPE;
    return AP_ETYPE;
}

static int window_emit(size_t index, ap_value *result, const ap_error *err, void *ctx) {
    window *w = ctx;
    item *place = &w->items[w->n_emitted];
    (void)index;
    if (!result) place->failure = malloc(sizeof *place->failure);
    if (!result && !place->failure) return 1;
    if (!result) *place->failure = *err;
    place->result = result;
    w->n_emitted++;
    return 0;
}

static ap_status run_window(call *c, const ap_call_options *options, void *ctx) {
    window *w = ctx;
    w->n_read = w->n_emitted;
    return ap_pipeline_stream(c->self->pipe, window_next, window_emit, w, c->params, options, &c->err);
}

static void window_clear(window *w) {
    for (size_t i = 0; i < w->n; i++) {
        ap_value_destroy(w->items[i].input);
        ap_value_destroy(w->items[i].result);
        free(w->items[i].failure);
        Py_XDECREF(w->items[i].refusal);
    }
    free(w->items);
}

static int window_fill(window *w, PyObject *list) {
    w->n = (size_t)PyList_Size(list);
    w->items = calloc(w->n + 1, sizeof *w->items);
    if (!w->items) {
        w->n = 0;
        PyErr_NoMemory();
        return -1;
    }
    for (size_t i = 0; i < w->n; i++) {
        PyObject *type, *traceback;
        if ((w->items[i].input = core_to_value(PyList_GetItem(list, (Py_ssize_t)i)))) continue;
        PyErr_Fetch(&type, &w->items[i].refusal, &traceback);
        PyErr_NormalizeException(&type, &w->items[i].refusal, &traceback);
        Py_XDECREF(type);
        Py_XDECREF(traceback);
    }
    return 0;
}

/* [(result, None) or (None, exception), ...] */
static PyObject *window_results(const window *w) {
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list && i < w->n; i++) {
        const item *place = &w->items[i];
        PyObject *pair = NULL;
        if (place->result) {
            pair = Py_BuildValue("(NO)", core_from_value(place->result), Py_None);
        } else if (place->refusal) {
            pair = Py_BuildValue("(OO)", Py_None, place->refusal);
        } else if (place->failure) {
            pair = Py_BuildValue("(ON)", Py_None, core_exception(place->failure));
        } else {
            PyErr_SetString(PyExc_RuntimeError, "the stream ended before its inputs");
        }
        if (!pair || PyList_Append(list, pair)) Py_CLEAR(list);
        Py_XDECREF(pair);
    }
    return list;
}

/* window(inputs, params, cancel=None): each input stands alone. */
static PyObject *pipeline_window(pipeline_object *self, PyObject *args) {
    PyObject *inputs, *params, *cancel = Py_None, *results = NULL;
    call c = {.self = self};
    window w = {0};
    if (!PyArg_ParseTuple(args, "OO|O", &inputs, &params, &cancel) || !is_usable(self) ||
        core_cancel_get(&c.given, cancel))
        return NULL;
    if (!PyList_Check(inputs)) return PyErr_Format(PyExc_TypeError, "window: expected a list");
    int is_ready = params == Py_None || (c.params = core_to_value(params));
    if (is_ready && !window_fill(&w, inputs) && !attend(&c, run_window, &w)) results = window_results(&w);
    window_clear(&w);
    call_clear(&c);
    return results;
}

/* -- phases -------------------------------------------------------------------------------------------- */

typedef ap_status (*phase_fn)(ap_value **out, const ap_pipeline *pipe, const ap_value *input,
                              const ap_value *params, ap_error *err);

static PyObject *run_phase(pipeline_object *self, PyObject *args, phase_fn phase) {
    PyObject *input, *params, *result = NULL;
    call c = {.self = self};
    ap_status status = AP_OK;
    if (!PyArg_ParseTuple(args, "OO", &input, &params) || !is_usable(self)) return NULL;
    if ((c.inputs = core_to_value(input)) && (params == Py_None || (c.params = core_to_value(params)))) {
        Py_BEGIN_ALLOW_THREADS;
        status = phase(&c.result, self->pipe, c.inputs, c.params, &c.err);
        Py_END_ALLOW_THREADS;
        if (!core_log_drain()) result = status ? core_raise(&c.err) : core_from_value(c.result);
    }
    call_clear(&c);
    return result;
}

static PyObject *pipeline_preprocess(pipeline_object *self, PyObject *args) {
    return run_phase(self, args, ap_pipeline_preprocess);
}

static PyObject *pipeline_forward(pipeline_object *self, PyObject *args) {
    return run_phase(self, args, ap_pipeline_forward);
}

static PyObject *pipeline_postprocess(pipeline_object *self, PyObject *args) {
    return run_phase(self, args, ap_pipeline_postprocess);
}

/* -- what was chosen ----------------------------------------------------------------------------------- */

static PyObject *pipeline_describe(pipeline_object *self, PyObject *unused) {
    ap_error err = AP_ERROR_INIT;
    ap_value *value = NULL;
    (void)unused;
    ap_status status = ap_pipeline_describe(&value, self->pipe, &err);
    return core_take_value(status, value, &err);
}

static PyObject *pipeline_explain(pipeline_object *self, PyObject *unused) {
    ap_error err = AP_ERROR_INIT;
    ap_value *value = NULL;
    (void)unused;
    ap_status status = ap_pipeline_explain(&value, self->pipe, &err);
    return core_take_value(status, value, &err);
}

#define METHOD(name, flags, doc)                                                                             \
    { #name, (PyCFunction)(void (*)(void))pipeline_##name, flags, doc }

static PyMethodDef methods[] = {
    METHOD(call, METH_VARARGS, "call(inputs, params, progress=None, cancel=None)"),
    METHOD(window, METH_VARARGS, "window(inputs, params, cancel=None): a list of (result, exception)"),
    METHOD(preprocess, METH_VARARGS, "preprocess(input, params): a list of feeds"),
    METHOD(forward, METH_VARARGS, "forward(feeds, params): a list of model outputs"),
    METHOD(postprocess, METH_VARARGS, "postprocess(model_outputs, params): the result of one input"),
    METHOD(describe, METH_NOARGS, "describe(): what was chosen"),
    METHOD(explain, METH_NOARGS, "explain(): what was chosen and why"),
    {NULL, NULL, 0, NULL}};

static PyType_Slot slots[] = {CORE_SLOT(Py_tp_new, pipeline_new),
                              CORE_SLOT(Py_tp_dealloc, pipeline_dealloc),
                              {Py_tp_methods, methods},
                              {0, NULL}};

static PyType_Spec spec = {.name = "accelpipe._core.Pipeline",
                           .basicsize = sizeof(pipeline_object),
                           .flags = Py_TPFLAGS_DEFAULT,
                           .slots = slots};

int core_add_pipeline(PyObject *module) { return core_add_type(module, &spec) ? 0 : -1; }
