/* From a failure to an exception. */
#include "core.h"

#include <string.h>

/* UnicodeDecodeError is the one class that takes more than a message. */
static PyObject *unicode_error(PyObject *class, const char *message) {
    return PyObject_CallFunction(class, "sy#nns", "utf-8", "", (Py_ssize_t)0, (Py_ssize_t)0, (Py_ssize_t)1,
                                 message);
}

PyObject *core_exception(const ap_error *err) {
    const char *name = ap_status_python_class(err->status);
    PyObject *builtins = PyImport_ImportModule("builtins");
    PyObject *class = builtins ? PyObject_GetAttrString(builtins, name) : NULL;
    PyObject *error = NULL;
    if (class && err->status == AP_EUTF8)
        error = unicode_error(class, err->message);
    else if (class)
        error = PyObject_CallFunction(class, "s", err->message);
    PyObject *status = error ? PyUnicode_FromString(ap_status_name(err->status)) : NULL;
    if (error && (!status || PyObject_SetAttrString(error, "status", status))) Py_CLEAR(error);
    Py_XDECREF(status);
    Py_XDECREF(class);
    Py_XDECREF(builtins);
    return error;
}

void *core_raise(const ap_error *err) {
    PyObject *error = core_exception(err);
    if (error) PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    Py_XDECREF(error);
    return NULL;
}
