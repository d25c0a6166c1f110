/* Tensors that stay in the backend from one run to the next, many of one kind: the keys and values of a
 * cache. What is done with them is done there, by sessions of the same backend: their elements never come to
 * the host.
 *
 * Threading: one set, for all decodings of a model and any number of threads; its sessions are opened when
 * they are needed first. The tensors belong to their decoding. */
#ifndef AP_MODEL_KEPT_H
#define AP_MODEL_KEPT_H

#include "backend/backend.h"
#include "model/kept_graph.h"

#include <pthread.h>

typedef struct ap__kept_set {
    ap__kept_spec spec;
    const ap__backend *backend;
    ap__session_options options; /* Its strings are owned by the model. */
    pthread_mutex_t lock;        /* Guards what is below, and is held while a session is opened. */
    ap__session *sessions[AP__N_KEPT_OPS];
    ap__buf graphs[AP__N_KEPT_OPS];
} ap__kept_set;

/* Of `n` tensors of that type and rank.
 * @param options how to open sessions; its model is not looked at. Borrowed until clear. */
ap_status ap__kept_set_init(ap__kept_set *set, size_t n, ap_dtype dtype, uint32_t rank, ap_error *err);
void ap__kept_set_clear(ap__kept_set *set); /* All zero is fine. */

/* Tensors without a token, in host memory. */
ap_status ap__kept_create(ap__tensor **tensors, const ap__kept_set *set, size_t n_rows, ap_error *err);
void ap__kept_unref(ap__tensor **tensors, size_t n);

/* Row i becomes row `rows[i]`. These three replace `tensors`, which are as before after a failure. */
ap_status ap__kept_gather(ap__kept_set *set, ap__tensor **tensors, const int64_t *rows, size_t n_rows,
                          ap_cancel *cancel, ap_error *err);

/* Tokens [start, end). */
ap_status ap__kept_slice(ap__kept_set *set, ap__tensor **tensors, int64_t start, int64_t end, ap_error *err);

/* Appends the rows of `others`; the shorter ones get zeros on the left. */
ap_status ap__kept_join(ap__kept_set *set, ap__tensor **tensors, ap__tensor *const *others, ap_error *err);

#endif
