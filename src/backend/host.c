/* The services that plugins get. */
#include "backend/host.h"

#include "backend/folder.h"
#include "base/alloc.h"
#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "base/threads.h"

#include <accelpipe/sys/backend_plugin.h>

static const ap_host host = {
    .abi = AP_BACKEND_ABI,
    .size = sizeof(ap_host),
    .alloc = ap__malloc,
    .realloc = ap__realloc,
    .free = ap__free,
    .fail = ap__fail,
    .log = ap__log,
    .cancel_bind = ap__cancel_bind,
    .cancel_unbind = ap__cancel_unbind,
    .remove_folder = ap__folder_remove,
    .threads_allowed = ap__threads_allowed,
};

const ap_host *ap__host_get(void) { return &host; }
