/* The rows of known_backends.def. */
#include "backend/known.h"

#include <stdio.h>
#include <string.h>

const ap__known_backend ap__known_backends[AP__N_KNOWN_BACKENDS] = {
#define AP_KNOWN_BACKEND(name, listed, runtime, variable, wheel_dir, library, sonames, install, reads,       \
                         computes, merged)                                                                   \
    {#name, listed, runtime, variable, wheel_dir, library, sonames, install, reads, computes, merged},
#include "backend/known_backends.def"
#undef AP_KNOWN_BACKEND
};

bool ap__known_backend_lists(const char *names, const char *name) {
    size_t len = strlen(name);
    for (const char *at = names; len && (at = strstr(at, name)); at += len)
        if ((at == names || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0')) return true;
    return false;
}

const ap__known_backend *ap__known_backend_find(const char *name) {
    for (size_t i = 0; i < AP__N_KNOWN_BACKENDS; i++)
        if (strcmp(ap__known_backends[i].name, name) == 0) return &ap__known_backends[i];
    return NULL;
}

static size_t count_listed(void) {
    size_t n = 0;
    for (size_t i = 0; i < AP__N_KNOWN_BACKENDS; i++) n += ap__known_backends[i].is_listed;
    return n;
}

const char *ap__known_backends_text(char *buf, size_t size) {
    size_t at = 0, n_left = count_listed();
    if (!size) return "";
    buf[0] = '\0';
    for (size_t i = 0; i < AP__N_KNOWN_BACKENDS && at < size; i++) {
        if (!ap__known_backends[i].is_listed) continue;
        n_left--;
        const char *behind = n_left > 1 ? ", " : n_left == 1 ? " or " : "";
        int n = snprintf(buf + at, size - at, "\"%s\"%s", ap__known_backends[i].name, behind);
        if (n < 0) break;
        at += (size_t)n;
    }
    return buf;
}
