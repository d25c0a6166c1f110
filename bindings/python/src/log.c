/* The library's log, told to Python when a call is over.
 *
 * The library holds a lock while it tells a line. Whoever waited for the interpreter's lock there would stop
 * a thread that has it and logs itself; so lines go into a queue first. */
#include "core.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINES = 256 }; /* Of one call, mostly: more are not worth reading. */

typedef struct line {
    ap_log_level level;
    char *text;
} line;

/* Guards `lines`; innermost. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static line lines[MAX_LINES];
static atomic_size_t n_lines; /* Read without the lock: mostly there are none. */

static PyObject *sink; /* Guarded by the interpreter's lock. */

static void gather(ap_log_level level, const char *text, void *ctx) {
    (void)ctx;
    pthread_mutex_lock(&lock);
    size_t n = atomic_load(&n_lines);
    char *copy = n < MAX_LINES ? strdup(text) : NULL;
    if (copy) {
        lines[n] = (line){level, copy};
        atomic_store(&n_lines, n + 1);
    }
    pthread_mutex_unlock(&lock);
}

static size_t take_lines(line *taken) {
    pthread_mutex_lock(&lock);
    size_t n = atomic_load(&n_lines);
    memcpy(taken, lines, n * sizeof *taken);
    atomic_store(&n_lines, 0);
    pthread_mutex_unlock(&lock);
    return n;
}

int core_log_drain(void) {
    if (!atomic_load_explicit(&n_lines, memory_order_relaxed)) return 0;
    line *taken = malloc(sizeof lines);
    size_t n = taken ? take_lines(taken) : 0;
    int failed = 0;
    for (size_t i = 0; i < n; i++) {
        if (sink && !failed) {
            PyObject *done =
                PyObject_CallFunction(sink, "ss", ap_log_level_name(taken[i].level), taken[i].text);
            failed = !done;
            Py_XDECREF(done);
        }
        free(taken[i].text);
    }
    free(taken);
    return failed ? -1 : 0;
}

PyObject *core_set_log(PyObject *module, PyObject *args) {
    PyObject *function;
    int level;
    (void)module;
    if (!PyArg_ParseTuple(args, "Oi", &function, &level)) return NULL;
    PyObject *old = sink;
    Py_INCREF(function);
    sink = function;
    Py_XDECREF(old);
    ap_log_set(gather, (ap_log_level)level, NULL);
    Py_RETURN_NONE;
}
