/* The whole of an ONNX file, as the plugin ipex reads it. */
#include "onnx/check.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ap_status status = ipex_onnx_check(data, size);
    if (status && status != AP_EFORMAT && status != AP_ENOMEM) abort();
    return 0;
}
