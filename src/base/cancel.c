/* A request to stop: a flag that is read often, and functions to call when it is set. */
#include "base/cancel.h"

#include "base/alloc.h"
#include "base/error.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct binding {
    ap_cancel_fn fn;
    void *ctx;
} binding;

struct ap_cancel {
    atomic_int triggered;
    pthread_mutex_t lock; /* Guards the bindings; held while they are called. */
    binding *bindings;
    size_t n_bindings, capacity;
};

ap_status ap_cancel_create(ap_cancel **out, ap_error *err) {
    if (!out) return ap__fail(err, AP_EINVAL, "ap_cancel_create: out is NULL");
    *out = ap__calloc(1, sizeof **out);
    if (!*out) return ap__fail_nomem(err);
    pthread_mutex_init(&(*out)->lock, NULL);
    return AP_OK;
}

void ap_cancel_destroy(ap_cancel *cancel) {
    if (!cancel) return;
    pthread_mutex_destroy(&cancel->lock);
    ap__free(cancel->bindings);
    ap__free(cancel);
}

void ap_cancel_trigger(ap_cancel *cancel) {
    if (!cancel) return;
    pthread_mutex_lock(&cancel->lock);
    atomic_store(&cancel->triggered, 1);
    for (size_t i = 0; i < cancel->n_bindings; i++) cancel->bindings[i].fn(cancel->bindings[i].ctx);
    pthread_mutex_unlock(&cancel->lock);
}

int ap__cancel_is_triggered(const ap_cancel *cancel) {
    return cancel && atomic_load_explicit(&cancel->triggered, memory_order_relaxed);
}

int ap__cancel_bind(ap_cancel *cancel, ap_cancel_fn fn, void *ctx) {
    if (!cancel) return 0;
    pthread_mutex_lock(&cancel->lock);
    void *bindings = cancel->bindings;
    /* Out of memory: the flag alone then stops the call, between two steps rather than inside one. */
    if (ap__grow(&bindings, &cancel->capacity, cancel->n_bindings + 1, sizeof(binding), 1u << 20)) {
        cancel->bindings = bindings;
        cancel->bindings[cancel->n_bindings++] = (binding){fn, ctx};
    }
    int triggered = atomic_load(&cancel->triggered);
    if (triggered) fn(ctx);
    pthread_mutex_unlock(&cancel->lock);
    return triggered;
}

void ap__cancel_unbind(ap_cancel *cancel, ap_cancel_fn fn, void *ctx) {
    if (!cancel) return;
    pthread_mutex_lock(&cancel->lock);
    for (size_t i = 0; i < cancel->n_bindings; i++) {
        if (cancel->bindings[i].fn != fn || cancel->bindings[i].ctx != ctx) continue;
        cancel->bindings[i] = cancel->bindings[--cancel->n_bindings];
        break;
    }
    pthread_mutex_unlock(&cancel->lock);
}
