#include "onnx/check.h"

#include "onnx/failure.h"
#include "onnx/order.h"

#include <new>

ap_status ipex_onnx_check(const void *bytes, size_t len) {
    try {
        const ipex::onnx::Model model = ipex::onnx::read_model({static_cast<const char *>(bytes), len});
        ipex::onnx::in_order(model.graph);
        return AP_OK;
    } catch (const ipex::Failure &f) {
        return f.status;
    } catch (const std::bad_alloc &) {
        return AP_ENOMEM;
    }
}
