/* Cancel: a request to stop that other threads may make. */
#include "core.h"

typedef struct cancel_object {
    PyObject ob_base;
    ap_cancel *cancel;
} cancel_object;

static PyTypeObject *cancel_type;

static PyObject *cancel_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    ap_error err = AP_ERROR_INIT;
    (void)kwargs;
    if (!PyArg_ParseTuple(args, "")) return NULL;
    cancel_object *self = (cancel_object *)PyType_GenericAlloc(type, 0);
    if (self && ap_cancel_create(&self->cancel, &err)) {
        Py_DECREF((PyObject *)self);
        return core_raise(&err);
    }
    return (PyObject *)self;
}

static void cancel_dealloc(cancel_object *self) {
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    ap_cancel_destroy(self->cancel);
    PyObject_Free(self);
    Py_DECREF(type);
}

/* Without the interpreter's lock: what is stopped may be about to take it. */
static PyObject *cancel_trigger(cancel_object *self, PyObject *unused) {
    (void)unused;
    Py_BEGIN_ALLOW_THREADS;
    ap_cancel_trigger(self->cancel);
    Py_END_ALLOW_THREADS;
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {{"trigger", (PyCFunction)(void (*)(void))cancel_trigger, METH_NOARGS,
                                 "Stops every call it was given to."},
                                {NULL, NULL, 0, NULL}};

static PyType_Slot slots[] = {CORE_SLOT(Py_tp_new, cancel_new),
                              CORE_SLOT(Py_tp_dealloc, cancel_dealloc),
                              {Py_tp_methods, methods},
                              {0, NULL}};

static PyType_Spec spec = {.name = "accelpipe._core.Cancel",
                           .basicsize = sizeof(cancel_object),
                           .flags = Py_TPFLAGS_DEFAULT,
                           .slots = slots};

int core_cancel_get(ap_cancel **out, PyObject *object) {
    *out = NULL;
    if (object == Py_None) return 0;
    if (Py_TYPE(object) != cancel_type) {
        PyErr_Format(PyExc_TypeError, "cancel: expected a Cancel, not %R", (PyObject *)Py_TYPE(object));
        return -1;
    }
    *out = ((cancel_object *)object)->cancel;
    return 0;
}

int core_add_cancel(PyObject *module) {
    cancel_type = core_add_type(module, &spec);
    return cancel_type ? 0 : -1;
}
