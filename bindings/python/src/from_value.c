/* From values to Python's objects. */
#include "core.h"

#include <string.h>

static PyObject *text_of(const ap_value *value) {
    size_t len;
    const char *text = ap_value_get_string(value, &len);
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)len, "strict");
}

static PyObject *list_of(const ap_value *value) {
    size_t n = ap_value_len(value);
    PyObject *list = PyList_New((Py_ssize_t)n);
    for (size_t i = 0; list && i < n; i++) {
        PyObject *item = core_from_value(ap_value_list_get(value, i));
        if (!item)
            Py_CLEAR(list);
        else
            PyList_SetItem(list, (Py_ssize_t)i, item);
    }
    return list;
}

static PyObject *dict_of(const ap_value *value) {
    size_t n = ap_value_len(value);
    PyObject *dict = PyDict_New();
    for (size_t i = 0; dict && i < n; i++) {
        const char *name;
        PyObject *item = core_from_value(ap_value_dict_at(value, i, &name));
        /* The same few names come again and again. */
        PyObject *key = item ? PyUnicode_InternFromString(name) : NULL;
        if (!key || PyDict_SetItem(dict, key, item)) Py_CLEAR(dict);
        Py_XDECREF(key);
        Py_XDECREF(item);
    }
    return dict;
}

/* -- tensors ------------------------------------------------------------------------------------------- */

/* numpy.ndarray, NULL without an exception where numpy is not installed. Borrowed. */
static PyObject *ndarray_type(void) {
    static PyObject *type; /* Guarded by the interpreter's lock; Py_None: not installed. */
    if (!type) {
        PyObject *numpy = PyImport_ImportModule("numpy");
        if (!numpy && !PyErr_ExceptionMatches(PyExc_ImportError)) return NULL;
        PyErr_Clear();
        type = numpy ? PyObject_GetAttrString(numpy, "ndarray") : Py_None;
        if (type == Py_None) Py_INCREF(type);
        Py_XDECREF(numpy);
    }
    return type == Py_None ? NULL : type;
}

static PyObject *shape_of(const ap_tensor_view *view) {
    PyObject *shape = PyTuple_New((Py_ssize_t)view->rank);
    for (uint32_t i = 0; shape && i < view->rank; i++) {
        PyObject *extent = PyLong_FromLongLong(view->shape[i]);
        if (!extent)
            Py_CLEAR(shape);
        else
            PyTuple_SetItem(shape, (Py_ssize_t)i, extent);
    }
    return shape;
}

/* The upper half of a float32. */
static PyObject *widen_bfloat16(const ap_tensor_view *view) {
    size_t n = view->size_bytes / sizeof(uint16_t);
    PyObject *bytes = PyByteArray_FromStringAndSize(NULL, (Py_ssize_t)(n * sizeof(float)));
    char *to = bytes ? PyByteArray_AsString(bytes) : NULL;
    for (size_t i = 0; to && i < n; i++) {
        uint16_t half;
        memcpy(&half, (const char *)view->data + i * sizeof half, sizeof half);
        uint32_t whole = (uint32_t)half << 16;
        memcpy(to + i * sizeof whole, &whole, sizeof whole);
    }
    return bytes;
}

/* Elements that Python code may change: the value goes on as it is. */
static PyObject *elements_of(const ap_tensor_view *view) {
    if (view->dtype == AP_DTYPE_BF16) return widen_bfloat16(view);
    return PyByteArray_FromStringAndSize(view->data, (Py_ssize_t)view->size_bytes);
}

/* A memoryview of the shape; struct has no character for bfloat16, and memoryview none for float16. */
static PyObject *memoryview_of(const ap_tensor_view *view, PyObject *bytes, PyObject *shape) {
    static const char FORMATS[] = {
        [AP_DTYPE_F32] = 'f', [AP_DTYPE_F16] = 'H', [AP_DTYPE_BF16] = 'f', [AP_DTYPE_F64] = 'd',
        [AP_DTYPE_I64] = 'q', [AP_DTYPE_I32] = 'i', [AP_DTYPE_I16] = 'h',  [AP_DTYPE_I8] = 'b',
        [AP_DTYPE_U64] = 'Q', [AP_DTYPE_U32] = 'I', [AP_DTYPE_U16] = 'H',  [AP_DTYPE_U8] = 'B',
        [AP_DTYPE_BOOL] = '?'};
    const char format[2] = {FORMATS[view->dtype], '\0'};
    PyObject *flat = PyMemoryView_FromObject(bytes);
    PyObject *shaped = NULL;
    if (flat && PyByteArray_Size(bytes) == 0) /* cast() takes no extent of 0. */
        shaped = PyObject_CallMethod(flat, "cast", "s", format);
    else if (flat)
        shaped = PyObject_CallMethod(flat, "cast", "sO", format, shape);
    Py_XDECREF(flat);
    return shaped;
}

static PyObject *tensor_of(const ap_value *value) {
    ap_tensor_view view;
    ap_value_get_tensor(value, &view);
    if (!view.data && view.size_bytes) {
        PyErr_SetString(PyExc_RuntimeError, "a tensor's elements are not in host memory");
        return NULL;
    }
    PyObject *type = ndarray_type(), *array = NULL;
    if (!type && PyErr_Occurred()) return NULL;
    PyObject *bytes = elements_of(&view), *shape = bytes ? shape_of(&view) : NULL;
    const char *dtype = view.dtype == AP_DTYPE_BF16 ? "float32" : ap_dtype_name(view.dtype);
    if (shape && type)
        array = PyObject_CallFunction(type, "OsO", shape, dtype, bytes);
    else if (shape)
        array = memoryview_of(&view, bytes, shape);
    Py_XDECREF(shape);
    Py_XDECREF(bytes);
    return array;
}

/* -- everything ---------------------------------------------------------------------------------------- */

PyObject *core_from_value(const ap_value *value) {
    switch (ap_value_kind(value)) {
    case AP_KIND_BOOL:
        return PyBool_FromLong(ap_value_get_bool(value));
    case AP_KIND_INT:
        return PyLong_FromLongLong(ap_value_get_int(value));
    case AP_KIND_FLOAT:
        return PyFloat_FromDouble(ap_value_get_float(value));
    case AP_KIND_STRING:
        return text_of(value);
    case AP_KIND_LIST:
        return list_of(value);
    case AP_KIND_DICT:
        return dict_of(value);
    case AP_KIND_TENSOR:
        return tensor_of(value);
    default:
        Py_RETURN_NONE;
    }
}

PyObject *core_take_value(ap_status status, ap_value *value, const ap_error *err) {
    if (status) return core_raise(err);
    PyObject *object = core_from_value(value);
    ap_value_destroy(value);
    return object;
}
