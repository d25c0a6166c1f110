/* The table of the OpenVINO plugin. */
#include "ov.h"

static const ap_backend table = {
    .abi = AP_BACKEND_ABI,
    .size = sizeof(ap_backend),
    .name = "ov",
    .probe = ovp_probe,
    .open = ovp_open,
    .describe = ovp_describe,
    .run = ovp_run,
    .close = ovp_close,
    .read = NULL, /* Outputs are in host memory. */
    .create_state = ovp_create_state,
    .destroy_state = ovp_destroy_state,
};

AP_API const ap_backend *ap_backend_entry(uint32_t host_abi);

const ap_backend *ap_backend_entry(uint32_t host_abi) { return host_abi == AP_BACKEND_ABI ? &table : NULL; }
