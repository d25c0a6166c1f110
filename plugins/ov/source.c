/* What a model's bytes are: ONNX, or the XML of OpenVINO IR. Other formats are refused here, because a whole
 * installation of OpenVINO would try them with all its readers. */
#include "operators.h"
#include "wire/ir.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* -- IR ------------------------------------------------------------------------------------------------ */

static bool starts_with(const char *text, size_t len, const char *start) {
    return len >= strlen(start) && memcmp(text, start, strlen(start)) == 0;
}

static bool is_ir(const char *text, size_t len) {
    static const char mark[] = "\xEF\xBB\xBF";
    if (starts_with(text, len, mark)) text += 3, len -= 3;
    while (len && ir_is_space(*text)) text++, len--;
    return starts_with(text, len, "<?xml") || starts_with(text, len, "<net");
}

/* Layers of the type ReadValue keep a value from one run to the next. */
static bool has_state(const char *text, size_t len) { return ir_has_layer(text, len, "ReadValue"); }

/* The runtime takes the weights from the file of that name that ends with .bin. */
static void find_weights(ovp_source *out, const char *path) {
    char file[4096];
    struct stat info;
    const char *dot = strrchr(path, '.'), *slash = strrchr(path, '/');
    int stem = dot && (!slash || dot > slash) ? (int)(dot - path) : (int)strlen(path);
    int n = snprintf(file, sizeof file, "%.*s.bin", stem, path);
    if (n < 0 || (size_t)n >= sizeof file || stat(file, &info) != 0) return;
    const char *name = strrchr(file, '/');
    snprintf(out->weights_name, sizeof out->weights_name, "%s", name ? name + 1 : file);
}

static ap_status look_at_ir(ovp_source *out, const ap_model_ref *model, const void *bytes, size_t n_bytes,
                            ap_error *err) {
    out->format = OVP_FORMAT_IR;
    out->has_state = has_state(bytes, n_bytes);
    if (model->path)
        find_weights(out, model->path);
    else if (model->external_data)
        return ov.host->fail(
            err, AP_EUNSUPPORTED,
            "OpenVINO IR in memory does not say where its weights are; open it from its file");
    return AP_OK;
}

/* -- both ---------------------------------------------------------------------------------------------- */

ap_status ovp_source_look(ovp_source *out, const ap_model_ref *model, const void *bytes, size_t n_bytes,
                          ap_error *err) {
    memset(out, 0, sizeof *out);
    out->n_bytes = n_bytes;
    if (bytes && is_ir(bytes, n_bytes)) return look_at_ir(out, model, bytes, n_bytes, err);
    onnx_info_scan(&out->onnx, bytes, n_bytes);
    out->format = OVP_FORMAT_ONNX;
    if (out->onnx.is_onnx) return ovp_operators_check(bytes, n_bytes, err);
    return ov.host->fail(err, AP_EFORMAT, "neither an ONNX model nor OpenVINO IR, or not whole");
}
