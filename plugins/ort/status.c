/* The runtime's failures as ours. */
#include "ort.h"

#include <string.h>

typedef struct status_row {
    OrtErrorCode code;
    ap_status status;
} status_row;

/* Codes that are not here are AP_EBACKEND. */
static const status_row rows[] = {
    {ORT_INVALID_ARGUMENT, AP_EINVAL}, {ORT_NO_SUCHFILE, AP_ENOTFOUND},
    {ORT_NO_MODEL, AP_EFORMAT},        {ORT_INVALID_PROTOBUF, AP_EFORMAT},
    {ORT_INVALID_GRAPH, AP_EFORMAT},   {ORT_NOT_IMPLEMENTED, AP_EUNSUPPORTED},
};

/* Out of memory has no code of its own. Texts: onnxruntime@1.21 core/framework/bfc_arena.cc
 * AllocateRawInternal, and what() of std::bad_alloc. */
static const char *const nomem_texts[] = {"bad_alloc", "Failed to allocate memory", "Available memory of"};

/* Neither has a file of weights that is cut short or missing. Texts: onnxruntime@1.22
 * core/framework/tensorprotoutils.cc GetExtDataFromTensorProto, ValidateExternalDataPath. */
static const char *const external_texts[] = {"External initializer", "External data path",
                                             "external initializer"};

static bool has_text(const char *message, const char *const *texts, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (strstr(message, texts[i])) return true;
    return false;
}

static ap_status translate(OrtErrorCode code, const char *message) {
    if (has_text(message, nomem_texts, sizeof nomem_texts / sizeof *nomem_texts)) return AP_ENOMEM;
    if (has_text(message, external_texts, sizeof external_texts / sizeof *external_texts)) return AP_EFORMAT;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].code == code) return rows[i].status;
    return AP_EBACKEND;
}

ap_status ort_fail(ap_error *err, OrtStatus *status, const char *what) {
    if (!status) return AP_OK;
    const char *message = ort.api->GetErrorMessage(status);
    ap_status ours = translate(ort.api->GetErrorCode(status), message);
    ort.host->fail(err, ours, "ONNX Runtime: %s: %s", what, message);
    ort.api->ReleaseStatus(status);
    return ours;
}

ap_status ort_fail_nomem(ap_error *err) { return ort.host->fail(err, AP_ENOMEM, "out of memory"); }

void ort_ignore(OrtStatus *status) {
    if (status) ort.api->ReleaseStatus(status);
}
