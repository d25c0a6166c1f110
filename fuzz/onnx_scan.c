/* The look at an ONNX file's operators. */
#include "model/onnx_scan.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const wanted[] = {"DynamicQuantizeLinear", "Add", NULL}, *const none[] = {NULL};
    bool found = true, found_none = true;
    ap_status status = ap__onnx_has_op(&found, data, size, wanted, NULL);
    if (status && (status != AP_EFORMAT || found)) abort();
    /* Looking for nothing reads all of it: what is found wrong with a part is wrong with the whole. */
    ap_status whole = ap__onnx_has_op(&found_none, data, size, none, NULL);
    if (found_none || (status && !whole)) abort();
    return 0;
}
