/* From Python's objects to values. */
#include "buffer.h"

#include <stdlib.h>
#include <string.h>

/* Turns objects of other kinds into plain ones; see accelpipe/_inputs.py. Guarded by the interpreter's lock.
 */
static PyObject *simplify;

PyObject *core_set_simplify(PyObject *module, PyObject *function) {
    (void)module;
    PyObject *old = simplify;
    Py_INCREF(function);
    simplify = function;
    Py_XDECREF(old);
    Py_RETURN_NONE;
}

static ap_value *convert(PyObject *object, int depth);

/* The value that was made, or its failure raised; by its place, because arguments come in any order. */
static ap_value *made(ap_status status, ap_value **value, const ap_error *err) {
    return status ? core_raise(err) : *value;
}

/* -- numbers and text ---------------------------------------------------------------------------------- */

static ap_value *convert_int(PyObject *object) {
    ap_error err = AP_ERROR_INIT;
    ap_value *value = NULL;
    long long number = PyLong_AsLongLong(object);
    if (number == -1 && PyErr_Occurred()) return NULL;
    return made(ap_value_create_int(&value, number, &err), &value, &err);
}

static ap_value *convert_text(PyObject *object) {
    ap_error err = AP_ERROR_INIT;
    ap_value *value = NULL;
    char *text;
    Py_ssize_t len;
    PyObject *bytes = PyUnicode_AsUTF8String(object);
    if (!bytes || PyBytes_AsStringAndSize(bytes, &text, &len)) {
        Py_XDECREF(bytes);
        return NULL;
    }
    ap_status status = ap_value_create_string(&value, text, (size_t)len, &err);
    Py_DECREF(bytes);
    return made(status, &value, &err);
}

/* -- containers ---------------------------------------------------------------------------------------- */

/* Items of a list or tuple, which other threads may shorten meanwhile: asked for one by one. */
static ap_value *convert_items(PyObject *sequence, int depth) {
    ap_error err = AP_ERROR_INIT;
    ap_value *list = NULL;
    if (ap_value_create_list(&list, &err)) return core_raise(&err);
    for (Py_ssize_t i = 0; i < PySequence_Size(sequence); i++) {
        PyObject *item = PySequence_GetItem(sequence, i);
        ap_value *value = item ? convert(item, depth + 1) : NULL;
        Py_XDECREF(item);
        if (!value || ap_value_list_append_take(list, value, &err)) {
            if (value) core_raise(&err);
            ap_value_destroy(list);
            return NULL;
        }
    }
    return list;
}

/* Names of ours are text; JSON and pickled configurations also have numbers as keys (id2label). */
static PyObject *key_bytes(PyObject *key) {
    if (PyUnicode_Check(key)) return PyUnicode_AsUTF8String(key);
    if (!PyLong_Check(key)) {
        PyErr_Format(PyExc_TypeError, "keys of a dict are strings or ints, not %R", (PyObject *)Py_TYPE(key));
        return NULL;
    }
    PyObject *text = PyObject_Str(key);
    PyObject *bytes = text ? PyUnicode_AsUTF8String(text) : NULL;
    Py_XDECREF(text);
    return bytes;
}

static int add_entry(ap_value *dict, PyObject *key, PyObject *item, int depth) {
    ap_error err = AP_ERROR_INIT;
    char *name;
    PyObject *bytes = key_bytes(key);
    /* Refuses a NUL inside. */
    if (!bytes || PyBytes_AsStringAndSize(bytes, &name, NULL)) {
        Py_XDECREF(bytes);
        return -1;
    }
    ap_value *value = convert(item, depth + 1);
    ap_status status = value ? ap_value_dict_set_take(dict, name, value, &err) : AP_OK;
    Py_DECREF(bytes);
    if (status) core_raise(&err);
    return value && !status ? 0 : -1;
}

static ap_value *convert_dict(PyObject *object, int depth) {
    ap_error err = AP_ERROR_INIT;
    ap_value *dict = NULL;
    PyObject *items = PyDict_Items(object);
    if (!items) return NULL;
    ap_status status = ap_value_create_dict(&dict, &err);
    if (status) core_raise(&err);
    Py_ssize_t n = status ? 0 : PyList_Size(items);
    int failed = status != AP_OK;
    for (Py_ssize_t i = 0; i < n && !failed; i++) {
        PyObject *pair = PyList_GetItem(items, i);
        failed = add_entry(dict, PyTuple_GetItem(pair, 0), PyTuple_GetItem(pair, 1), depth);
    }
    Py_DECREF(items);
    if (!failed) return dict;
    ap_value_destroy(dict);
    return NULL;
}

/* -- buffers ------------------------------------------------------------------------------------------- */

/* The types of struct's format characters; what an int or a long is, its size says. */
static ap_dtype dtype_of(const char *format, Py_ssize_t itemsize) {
    static const ap_dtype SIGNED[9] = {
        [1] = AP_DTYPE_I8, [2] = AP_DTYPE_I16, [4] = AP_DTYPE_I32, [8] = AP_DTYPE_I64};
    static const ap_dtype UNSIGNED[9] = {
        [1] = AP_DTYPE_U8, [2] = AP_DTYPE_U16, [4] = AP_DTYPE_U32, [8] = AP_DTYPE_U64};
    static const ap_dtype FLOATING[9] = {[2] = AP_DTYPE_F16, [4] = AP_DTYPE_F32, [8] = AP_DTYPE_F64};
    if (*format == '@' || *format == '=' || *format == '<') format++;
    if (!*format || format[1] || itemsize < 1 || itemsize > 8) return AP_DTYPE_NONE;
    if (strchr("bhilqn", *format)) return SIGNED[itemsize];
    if (strchr("BHILQN", *format)) return UNSIGNED[itemsize];
    if (strchr("efd", *format)) return FLOATING[itemsize];
    return *format == '?' && itemsize == 1 ? AP_DTYPE_BOOL : AP_DTYPE_NONE;
}

/* Called when the last value goes, on whatever thread that is. */
static void release_buffer(void *ctx) {
    Py_buffer *view = ctx;
    /* A process that ends does not give memory back. */
    if (Py_IsInitialized()) {
        PyGILState_STATE state = PyGILState_Ensure();
        PyBuffer_Release(view);
        PyGILState_Release(state);
    }
    free(view);
}

static ap_value *take_buffer(Py_buffer *view, ap_dtype dtype) {
    ap_error err = AP_ERROR_INIT;
    ap_value *value = NULL;
    ap_tensor_view tensor = {
        .dtype = dtype, .rank = (uint32_t)view->ndim, .data = view->buf, .size_bytes = (size_t)view->len};
    for (int i = 0; i < view->ndim; i++) tensor.shape[i] = (int64_t)view->shape[i];
    return made(ap_value_create_tensor_take(&value, &tensor, release_buffer, view, &err), &value, &err);
}

/* A tensor over the object's elements; *is_other where they are none of ours, not dense, or a lone number. */
static ap_value *convert_buffer(PyObject *object, int *is_other) {
    Py_buffer *view = calloc(1, sizeof *view);
    if (!view) return (ap_value *)PyErr_NoMemory();
    if (PyObject_GetBuffer(object, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT)) {
        PyErr_Clear();
        free(view);
        *is_other = 1;
        return NULL;
    }
    ap_dtype dtype = dtype_of(view->format ? view->format : "B", view->itemsize);
    *is_other = dtype == AP_DTYPE_NONE || view->ndim < 1 || view->ndim > AP_TENSOR_MAX_RANK;
    if (!*is_other) return take_buffer(view, dtype);
    PyBuffer_Release(view);
    free(view);
    return NULL;
}

/* -- everything ---------------------------------------------------------------------------------------- */

static ap_value *convert_other(PyObject *object, int depth) {
    int is_other = 1;
    if (PyObject_CheckBuffer(object)) {
        ap_value *value = convert_buffer(object, &is_other);
        if (!is_other) return value;
    }
    PyObject *plain = simplify ? PyObject_CallFunctionObjArgs(simplify, object, NULL) : NULL;
    if (!plain && !PyErr_Occurred())
        PyErr_Format(PyExc_TypeError, "inputs of type %R are not supported", (PyObject *)Py_TYPE(object));
    ap_value *value = plain ? convert(plain, depth + 1) : NULL;
    Py_XDECREF(plain);
    return value;
}

static ap_value *convert(PyObject *object, int depth) {
    ap_error err = AP_ERROR_INIT;
    ap_value *value = NULL;
    if (depth > AP_VALUE_MAX_DEPTH) {
        PyErr_Format(PyExc_ValueError, "values nest deeper than %d", AP_VALUE_MAX_DEPTH);
        return NULL;
    }
    if (PyUnicode_Check(object)) return convert_text(object);
    if (object == Py_None) return made(ap_value_create_null(&value, &err), &value, &err);
    if (PyBool_Check(object))
        return made(ap_value_create_bool(&value, object == Py_True, &err), &value, &err);
    if (PyLong_Check(object)) return convert_int(object);
    if (PyFloat_Check(object))
        return made(ap_value_create_float(&value, PyFloat_AsDouble(object), &err), &value, &err);
    if (PyList_Check(object) || PyTuple_Check(object)) return convert_items(object, depth);
    if (PyDict_Check(object)) return convert_dict(object, depth);
    return convert_other(object, depth);
}

ap_value *core_to_value(PyObject *object) { return convert(object, 0); }
