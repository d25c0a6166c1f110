/* Cancelling: see ap_cancel_trigger() in <accelpipe/pipeline.h> and cancel_bind in <accelpipe/sys/host.h>. */
#ifndef AP_BASE_CANCEL_H
#define AP_BASE_CANCEL_H

#include <accelpipe/pipeline.h>
#include <accelpipe/sys/host.h>

/* NULL is never cancelled. */
int ap__cancel_is_triggered(const ap_cancel *cancel);

/* As ap_host's members of these names. */
int ap__cancel_bind(ap_cancel *cancel, ap_cancel_fn fn, void *ctx);
void ap__cancel_unbind(ap_cancel *cancel, ap_cancel_fn fn, void *ctx);

#endif
