#include "onnx/check.h"

#include "onnx/failure.h"
#include "onnx/model.h"

#include <new>

ap_status ipex_onnx_check(const void *bytes, size_t len) {
    try {
        ipex::onnx::read_model({static_cast<const char *>(bytes), len});
        return AP_OK;
    } catch (const ipex::Failure &f) {
        return f.status;
    } catch (const std::bad_alloc &) {
        return AP_ENOMEM;
    }
}
