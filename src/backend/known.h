/* The rows of known_backends.def. */
#ifndef AP_BACKEND_KNOWN_H
#define AP_BACKEND_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

typedef struct ap__known_backend {
    const char *name;
    bool is_listed;
    const char *runtime; /* NULL: needs none; the members below are NULL too. */
    const char *variable;
    const char *wheel_dir;
    const char *library;
    const char *sonames;
    const char *install;
    const char *reads, *computes;
    bool runs_merged;
} ap__known_backend;

/* How many there are, as a constant for arrays. */
enum {
#define AP_KNOWN_BACKEND(name, ...) AP__KNOWN_BACKEND_##name,
#include "backend/known_backends.def"
#undef AP_KNOWN_BACKEND
    AP__N_KNOWN_BACKENDS
};

extern const ap__known_backend ap__known_backends[AP__N_KNOWN_BACKENDS];

/* Whether `name` is one of `names`, which blanks separate. */
bool ap__known_backend_lists(const char *names, const char *name);

/* The row of that name, NULL when there is none. */
const ap__known_backend *ap__known_backend_find(const char *name);

/* Names of those that are offered, `"ov", "ort" or "ipex"`, for messages. `buf` holds it. */
const char *ap__known_backends_text(char *buf, size_t size);

#endif
