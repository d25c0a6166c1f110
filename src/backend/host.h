/* The services that plugins get. */
#ifndef AP_BACKEND_HOST_H
#define AP_BACKEND_HOST_H

#include <accelpipe/sys/host.h>

/* Static storage. */
const ap_host *ap__host_get(void);

#endif
