/* The buffer protocol, which Py_LIMITED_API hides below 3.11.
 *
 * Every CPython since 3.3 has these functions and this layout; 3.11 made them part of the stable ABI as they
 * are (PEP 384's list, Misc/stable_abi.toml), so that the declarations below hold for all that we run on. */
#ifndef AP_PYTHON_BUFFER_H
#define AP_PYTHON_BUFFER_H

#include "core.h"

#if Py_LIMITED_API + 0 < 0x030b0000
typedef struct bufferinfo {
    void *buf;
    PyObject *obj;
    Py_ssize_t len, itemsize;
    int readonly, ndim;
    char *format;
    Py_ssize_t *shape, *strides, *suboffsets;
    void *internal;
} Py_buffer;

PyAPI_FUNC(int) PyObject_CheckBuffer(PyObject *object);
PyAPI_FUNC(int) PyObject_GetBuffer(PyObject *object, Py_buffer *view, int flags);
PyAPI_FUNC(void) PyBuffer_Release(Py_buffer *view);

#define PyBUF_FORMAT 0x0004
#define PyBUF_ND 0x0008
#define PyBUF_STRIDES (0x0010 | PyBUF_ND)
#define PyBUF_C_CONTIGUOUS (0x0020 | PyBUF_STRIDES)
#endif

#endif
