/* Operators by which a position depends on its neighbours. */
#include "model/neighbours.h"

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/path.h"
#include "model/onnx_scan.h"
#include "wire/ir.h"

#include <stdint.h>
#include <string.h>

/* Convolutions, pools, recurrences and loops, transforms; and padding, by which a text is shifted against
 * itself. */
static const char *const OPS[] = {"AveragePool",
                                  "Conv",
                                  "ConvInteger",
                                  "ConvTranspose",
                                  "DFT",
                                  "GRU",
                                  "GlobalAveragePool",
                                  "GlobalMaxPool",
                                  "LSTM",
                                  "Loop",
                                  "LpPool",
                                  "MaxPool",
                                  "Pad",
                                  "QLinearConv",
                                  "RNN",
                                  "STFT",
                                  "Scan",
                                  NULL};

/* The same by OpenVINO's names. */
static const char *const LAYERS[] = {"AvgPool",
                                     "Convolution",
                                     "DFT",
                                     "ConvolutionBackpropData",
                                     "GRUSequence",
                                     "GroupConvolutionBackpropData",
                                     "GroupConvolution",
                                     "LSTMSequence",
                                     "Loop",
                                     "MaxPool",
                                     "Pad",
                                     "RDFT",
                                     "RNNSequence",
                                     "STFT",
                                     "TensorIterator"};

typedef ap_status (*look_fn)(bool *out, const ap__bytes *file, ap_error *err);

static ap_status look_at_onnx(bool *out, const ap__bytes *file, ap_error *err) {
    return ap__onnx_has_window_op(out, file->ptr, file->len, OPS, err);
}

/* A window of one position cannot be told from others: how large it is, the weights say. */
static ap_status look_at_ir(bool *out, const ap__bytes *file, ap_error *err) {
    (void)err;
    *out = false;
    for (size_t i = 0; !*out && i < sizeof LAYERS / sizeof *LAYERS; i++)
        *out = ir_has_layer((const char *)file->ptr, file->len, LAYERS[i]);
    return AP_OK;
}

bool ap__model_file_has_neighbours(const char *path) {
    look_fn look = ap__path_ends_with(path, ".onnx")  ? look_at_onnx
                   : ap__path_ends_with(path, ".xml") ? look_at_ir
                                                      : NULL;
    ap__bytes file;
    bool found = false;
    ap_error err = AP_ERROR_INIT;
    if (!look) return false;
    ap_status status = ap__file_map(&file, path, SIZE_MAX, &err);
    if (!status) {
        status = look(&found, &file, &err);
        ap__bytes_clear(&file);
    }
    if (!status) return found;
    ap__log(AP_LOG_WARNING, "model: cannot look at its operators, lengths are kept apart: %s", err.message);
    return true;
}
