/* accelpipe._core: the C API as Python objects. The package beside it is what people import. */
#include "core.h"

#include <string.h>
#include <unistd.h>

PyTypeObject *core_add_type(PyObject *module, PyType_Spec *spec) {
    const char *name = strrchr(spec->name, '.');
    PyObject *type = PyType_FromSpec(spec);
    if (type && PyModule_AddObject(module, name ? name + 1 : spec->name, type)) Py_CLEAR(type);
    return (PyTypeObject *)type;
}

int core_is_forked(long pid, const char *what) {
    if (pid == (long)getpid()) return 0;
    PyErr_Format(
        PyExc_RuntimeError,
        "%s, in process %ld, and process %ld was forked from it: the threads of the runtime are not "
        "there any more. Make pipelines after the fork only, or start processes by \"spawn\" "
        "(multiprocessing.set_start_method(\"spawn\"), DataLoader(multiprocessing_context=\"spawn\"))",
        what, pid, (long)getpid());
    return -1;
}

/* -- functions ----------------------------------------------------------------------------------------- */

static PyObject *describe_tasks(PyObject *module, PyObject *unused) {
    ap_error err = AP_ERROR_INIT;
    ap_value *value = NULL;
    (void)module, (void)unused;
    ap_status status = ap_tasks_describe(&value, &err);
    return core_take_value(status, value, &err);
}

static PyObject *describe_params(PyObject *module, PyObject *unused) {
    ap_error err = AP_ERROR_INIT;
    ap_value *value = NULL;
    (void)module, (void)unused;
    ap_status status = ap_pipeline_describe_params(&value, &err);
    return core_take_value(status, value, &err);
}

static PyObject *describe_backends(PyObject *module, PyObject *unused) {
    ap_error err = AP_ERROR_INIT;
    ap_value *value = NULL;
    ap_status status;
    (void)module, (void)unused;
    Py_BEGIN_ALLOW_THREADS;
    status = ap_backends_describe(&value, &err);
    Py_END_ALLOW_THREADS;
    return core_log_drain() ? (ap_value_destroy(value), NULL) : core_take_value(status, value, &err);
}

static PyObject *explain(PyObject *module, PyObject *init) {
    ap_error err = AP_ERROR_INIT;
    ap_value *dict = core_to_value(init), *value = NULL;
    ap_status status;
    (void)module;
    if (!dict) return NULL;
    Py_BEGIN_ALLOW_THREADS;
    status = ap_explain(&value, dict, &err);
    ap_value_destroy(dict);
    Py_END_ALLOW_THREADS;
    return core_log_drain() ? (ap_value_destroy(value), NULL) : core_take_value(status, value, &err);
}

static PyObject *add_packages(PyObject *module, PyObject *args) {
    const char *folder;
    ap_error err = AP_ERROR_INIT;
    (void)module;
    if (!PyArg_ParseTuple(args, "s", &folder)) return NULL;
    if (ap_backends_add_packages(folder, &err)) return core_raise(&err);
    Py_RETURN_NONE;
}

/* What the library makes of an object and gives back: for tests of the conversion. */
static PyObject *round_trip(PyObject *module, PyObject *object) {
    ap_error err = AP_ERROR_INIT;
    (void)module;
    ap_value *value = core_to_value(object);
    return value ? core_take_value(AP_OK, value, &err) : NULL;
}

static PyMethodDef functions[] = {
    {"describe_tasks", describe_tasks, METH_NOARGS, "The tasks and their parameters."},
    {"describe_params", describe_params, METH_NOARGS, "The parameters of pipeline()."},
    {"describe_backends", describe_backends, METH_NOARGS, "Which backends are available, and why not."},
    {"explain", explain, METH_O, "explain(init): what a pipeline would choose, and why."},
    {"add_packages", add_packages, METH_VARARGS, "add_packages(folder): runtimes are looked for there too."},
    {"round_trip", round_trip, METH_O, "round_trip(object): to a value and back."},
    {"set_simplify", core_set_simplify, METH_O, "set_simplify(function): for inputs of other types."},
    {"set_log", core_set_log, METH_VARARGS, "set_log(function, level): where lines of the log go."},
    {"set_package", core_set_package, METH_O, "set_package(folder): whose frames errors do not show."},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT,
                                        "accelpipe._core",
                                        "The C API of accelpipe.",
                                        -1,
                                        functions,
                                        NULL,
                                        NULL,
                                        NULL,
                                        NULL};

PyMODINIT_FUNC PyInit__core(void);

PyMODINIT_FUNC PyInit__core(void) {
    PyObject *module = PyModule_Create(&definition);
    if (!module) return NULL;
    if (core_add_pipeline(module) || core_add_tokenizer(module) || core_add_boundary(module) ||
        core_add_cancel(module) || PyModule_AddStringConstant(module, "version", ap_version()))
        Py_CLEAR(module);
    return module;
}
