/* Infer requests. Each serves one run at a time, so those that are free are kept in a list, and there are
 * never more of them than there were runs at once. */
#include "ov.h"

#include <string.h>

static ap_status create(ovp_request **out, const ap_session *session, ap_error *err) {
    size_t size = sizeof **out + session->n_outputs * sizeof(*out)->bound[0];
    ovp_request *request = ov.host->alloc(size);
    if (!request) return ovp_fail_nomem(err);
    memset(request, 0, size);
    ap_status status =
        ovp_fail(err, ov.api.compiled_model_create_infer_request(session->model, &request->handle), "run");
    if (status) {
        ovp_request_destroy(request);
        return status;
    }
    *out = request;
    return AP_OK;
}

ap_status ovp_request_take(ovp_request **out, ap_session *session, ap_error *err) {
    pthread_mutex_lock(&session->lock);
    ovp_request *request = session->free_requests;
    if (request) session->free_requests = request->next;
    pthread_mutex_unlock(&session->lock);
    *out = request;
    return request ? AP_OK : create(out, session, err);
}

void ovp_request_give_back(ap_session *session, ovp_request *request) {
    pthread_mutex_lock(&session->lock);
    request->next = session->free_requests;
    session->free_requests = request;
    pthread_mutex_unlock(&session->lock);
}

void ovp_request_destroy(ovp_request *request) {
    if (request->handle) ov.api.infer_request_free(request->handle);
    ov.host->free(request);
}

void ovp_requests_clear(ap_session *session) {
    while (session->free_requests) {
        ovp_request *request = session->free_requests;
        session->free_requests = request->next;
        ovp_request_destroy(request);
    }
}

/* -- state --------------------------------------------------------------------------------------------- */

ap_status ovp_create_state(ap_session *session, ap_state **out, ap_error *err) {
    ovp_request *request = NULL;
    ap_status status = create(&request, session, err);
    *out = (ap_state *)request;
    return status;
}

void ovp_destroy_state(ap_session *session, ap_state *state) {
    (void)session;
    if (state) ovp_request_destroy((ovp_request *)state);
}
