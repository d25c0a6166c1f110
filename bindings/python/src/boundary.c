/* Boundary: a function of the package whose errors point at its caller.
 *
 * An error of the library is the caller's business; the frames of the package between the two say nothing to
 * him. What passed through code of somebody else (a subclass, a generator) keeps its traceback. */
#include "core.h"

#include <structmember.h>

typedef struct boundary {
    PyObject ob_base;
    PyObject *function, *dict;
} boundary;

/* With a slash at the end. Both are guarded by the interpreter's lock. */
static PyObject *package_folder;
static PyObject *method_type;

/* Whether the frame of a traceback entry runs a file of the package; errors count as no. */
static int is_ours(PyObject *entry) {
    PyObject *frame = PyObject_GetAttrString(entry, "tb_frame");
    PyObject *code = frame ? PyObject_GetAttrString(frame, "f_code") : NULL;
    PyObject *file = code ? PyObject_GetAttrString(code, "co_filename") : NULL;
    int is_below = file && PyUnicode_Check(file) &&
                   PyUnicode_Tailmatch(file, package_folder, 0, PY_SSIZE_T_MAX, -1) == 1;
    Py_XDECREF(file);
    Py_XDECREF(code);
    Py_XDECREF(frame);
    PyErr_Clear();
    return is_below;
}

/* What is left of a traceback without the package's frames at its ends. Takes and gives a reference. */
static PyObject *trim(PyObject *traceback) {
    while (traceback && traceback != Py_None && is_ours(traceback)) {
        PyObject *next = PyObject_GetAttrString(traceback, "tb_next");
        if (!next) PyErr_Clear();
        Py_DECREF(traceback);
        traceback = next;
    }
    if (traceback == Py_None) Py_CLEAR(traceback);
    return traceback;
}

static void trim_error(void) {
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    traceback = trim(traceback);
    if (value) PyException_SetTraceback(value, traceback ? traceback : Py_None);
    PyErr_Restore(type, value, traceback);
}

static PyObject *boundary_call(boundary *self, PyObject *args, PyObject *kwargs) {
    PyObject *result = PyObject_Call(self->function, args, kwargs);
    if (!result && package_folder) trim_error();
    return result;
}

static PyObject *boundary_get(PyObject *self, PyObject *object, PyObject *type) {
    (void)type;
    if (!object || object == Py_None) {
        Py_INCREF(self);
        return self;
    }
    return PyObject_CallFunctionObjArgs(method_type, self, object, NULL);
}

/* By its name, as a function. */
static PyObject *boundary_reduce(boundary *self, PyObject *unused) {
    (void)unused;
    return PyObject_GetAttrString(self->function, "__qualname__");
}

static PyObject *boundary_repr(boundary *self) { return PyObject_Repr(self->function); }

static int boundary_traverse(boundary *self, visitproc visit, void *arg) {
    Py_VISIT(self->function);
    Py_VISIT(self->dict);
    Py_VISIT(Py_TYPE((PyObject *)self));
    return 0;
}

static void boundary_dealloc(boundary *self) {
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    PyObject_GC_UnTrack(self);
    Py_CLEAR(self->function);
    Py_CLEAR(self->dict);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

/* What help(), inspect and pickle look at. */
static int copy_names(boundary *self) {
    static const char *const NAMES[] = {"__name__", "__qualname__", "__module__", "__doc__"};
    if (!(self->dict = PyDict_New()) || PyDict_SetItemString(self->dict, "__wrapped__", self->function))
        return -1;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        PyObject *value = PyObject_GetAttrString(self->function, NAMES[i]);
        int failed = !value || PyDict_SetItemString(self->dict, NAMES[i], value);
        Py_XDECREF(value);
        if (failed) return -1;
    }
    return 0;
}

static PyObject *boundary_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *function;
    static char *names[] = {"function", NULL};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O", names, &function)) return NULL;
    boundary *self = (boundary *)PyType_GenericAlloc(type, 0);
    if (!self) return NULL;
    Py_INCREF(function);
    self->function = function;
    if (copy_names(self)) {
        Py_DECREF((PyObject *)self);
        return NULL;
    }
    return (PyObject *)self;
}

static PyMemberDef members[] = {{"__dictoffset__", T_PYSSIZET, offsetof(boundary, dict), READONLY, NULL},
                                {NULL, 0, 0, 0, NULL}};

static PyMethodDef methods[] = {
    {"__reduce__", (PyCFunction)(void (*)(void))boundary_reduce, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};

static PyType_Slot slots[] = {CORE_SLOT(Py_tp_new, boundary_new),
                              CORE_SLOT(Py_tp_call, boundary_call),
                              CORE_SLOT(Py_tp_descr_get, boundary_get),
                              CORE_SLOT(Py_tp_repr, boundary_repr),
                              CORE_SLOT(Py_tp_traverse, boundary_traverse),
                              CORE_SLOT(Py_tp_dealloc, boundary_dealloc),
                              {Py_tp_members, members},
                              {Py_tp_methods, methods},
                              {0, NULL}};

static PyType_Spec spec = {.name = "accelpipe._core.Boundary",
                           .basicsize = sizeof(boundary),
                           .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                           .slots = slots};

PyObject *core_set_package(PyObject *module, PyObject *folder) {
    (void)module;
    PyObject *old = package_folder;
    Py_INCREF(folder);
    package_folder = folder;
    Py_XDECREF(old);
    Py_RETURN_NONE;
}

int core_add_boundary(PyObject *module) {
    PyObject *types = PyImport_ImportModule("types");
    method_type = types ? PyObject_GetAttrString(types, "MethodType") : NULL;
    Py_XDECREF(types);
    return method_type && core_add_type(module, &spec) ? 0 : -1;
}
