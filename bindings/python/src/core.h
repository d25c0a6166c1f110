/* What the parts of the extension share: the border between Python's objects and the public C API. */
#ifndef AP_PYTHON_CORE_H
#define AP_PYTHON_CORE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <accelpipe/accelpipe.h>

/* A row of PyType_Slot; ISO C has no way from a function to void *, POSIX does. */
#define CORE_SLOT(id, function)                                                                              \
    { id, __extension__(void *)(function) }

/* A row of PyMethodDef for a function that takes keywords. */
#define CORE_KEYWORDS(name, function, doc)                                                                   \
    { name, (PyCFunction)(void (*)(void))(function), METH_VARARGS | METH_KEYWORDS, doc }

/* -- errors.c ------------------------------------------------------------------------------------------ */

/* The exception of a failure: the class that status.h names, the message, and the code as its `status`.
 * @return a new reference, NULL with another exception set. */
PyObject *core_exception(const ap_error *err);

/* Raises it.   @return NULL */
void *core_raise(const ap_error *err);

/* -- to_value.c ---------------------------------------------------------------------------------------- */

/* Makes a value of what Python code gives: None, bool, int, float, str, list, tuple, dict and whatever has
 * the buffer protocol (its elements are borrowed, not copied). Anything else goes through the function that
 * core_set_simplify() was given.
 * @return owned: ap_value_destroy(). NULL with an exception set. */
ap_value *core_to_value(PyObject *object);

/* Module function: sets the function that turns other objects into those above. */
PyObject *core_set_simplify(PyObject *module, PyObject *function);

/* -- from_value.c -------------------------------------------------------------------------------------- */

/* None, bool, int, float, str, list, dict; a tensor is a numpy array where numpy is installed, else a
 * memoryview of its shape.   @return a new reference, NULL with an exception set. */
PyObject *core_from_value(const ap_value *value);

/* The same, and destroys the value, which may be NULL after a failure that `err` tells. */
PyObject *core_take_value(ap_status status, ap_value *value, const ap_error *err);

/* -- log.c --------------------------------------------------------------------------------------------- */

/* Lines are gathered while the library runs, because its log must not wait for the interpreter's lock, and
 * told when the call is over: core_log_drain() calls the function that core_set_log() was given with each.
 * @return -1 with an exception set: the function raised one (warnings may be errors). */
int core_log_drain(void);

/* Module function: (function, level). */
PyObject *core_set_log(PyObject *module, PyObject *args);

/* -- interrupt.c --------------------------------------------------------------------------------------- */

/* While the main thread is in a call, SIGINT also triggers the call's cancel; Python's own handler runs as it
 * always does. One for each call, on the stack of the caller. */
typedef struct core_watch {
    ap_cancel *cancel;
    struct core_watch *outer; /* Of a call around this one, by way of a callback. */
    int is_on;
} core_watch;

/* Both are to be called without the interpreter's lock or with it, on the thread of the call. */
void core_watch_begin(core_watch *watch, ap_cancel *cancel);
void core_watch_end(core_watch *watch);

/* -- boundary.c ---------------------------------------------------------------------------------------- */

/* Module function: sets the folder of the package, whose frames errors do not show. */
PyObject *core_set_package(PyObject *module, PyObject *folder);

/* -- the types ----------------------------------------------------------------------------------------- */

/* Each makes its type and adds it to the module.   @return -1 with an exception set. */
int core_add_pipeline(PyObject *module);
int core_add_tokenizer(PyObject *module);
int core_add_boundary(PyObject *module);
int core_add_cancel(PyObject *module);

/* Adds a type made from `spec` under its last name.   @return borrowed; NULL with an exception set. */
PyTypeObject *core_add_type(PyObject *module, PyType_Spec *spec);

/* The cancel of a Cancel object, NULL of None.   @return -1 with an exception set. */
int core_cancel_get(ap_cancel **out, PyObject *object);

/* Whether the process was forked since `pid`; then an exception is set, because the threads of the runtimes
 * are not there any more. */
int core_is_forked(long pid, const char *what);

#endif
