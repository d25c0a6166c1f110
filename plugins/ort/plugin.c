/* The table of the ONNX Runtime plugin. */
#include "ort.h"

static const ap_backend table = {
    .abi = AP_BACKEND_ABI,
    .size = sizeof(ap_backend),
    .name = "ort",
    .probe = ort_probe,
    .open = ort_open,
    .describe = ort_describe,
    .run = ort_run,
    .close = ort_close,
    .read = NULL, /* Outputs are in host memory. */
};

AP_API const ap_backend *ap_backend_entry(uint32_t host_abi);

const ap_backend *ap_backend_entry(uint32_t host_abi) { return host_abi == AP_BACKEND_ABI ? &table : NULL; }
