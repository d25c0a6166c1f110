/* Merged decoders, taken into their parts. */
#include "model/merged.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ap__branches parts = {0};
    ap_status status = ap__merged_split_bytes(&parts, data, size, "model.onnx", "/nowhere", NULL);
    if (status && (parts.is_merged || parts.graphs[0].ptr)) abort();
    if (status && status != AP_EFORMAT && status != AP_EUNSUPPORTED && status != AP_ELIMIT) abort();
    ap__branches_clear(&parts);
    return 0;
}
