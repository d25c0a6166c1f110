/* The runtime's failures as ours. */
#include "ov.h"

#include <string.h>

/* Source: openvino@2026.4 src/bindings/c/include/openvino/c/ov_common.h ov_status_e. */
enum { OV_NOT_IMPLEMENTED = -2, OV_PARAMETER_MISMATCH = -4, OV_INFER_CANCELLED = -13 };

/* Nearly every failure is a general one: what it is, the text alone says. The first row that fits counts. */
typedef struct text_row {
    const char *text;
    ap_status status;
} text_row;

static const text_row texts[] = {
    {"bad_alloc", AP_ENOMEM},
    {"ailed to allocate", AP_ENOMEM},
    {"Not enough memory", AP_ENOMEM},
    {"cannot allocate memory", AP_ENOMEM},
    {"No conversion rule found", AP_EUNSUPPORTED},
    {"OpConversionFailure", AP_EUNSUPPORTED},
    {"doesn't support", AP_EUNSUPPORTED},
    {"does not support", AP_EUNSUPPORTED},
    {"not supported", AP_EUNSUPPORTED},
    {"Unsupported property", AP_EINVAL},
    {"is not registered", AP_EINVAL},
    {"Unable to read the model", AP_EFORMAT},
    {"FrontEnd API failed", AP_EFORMAT},
    {"src/frontends/", AP_EFORMAT},
    {"weights in bin file", AP_EFORMAT}, /* It is cut short, ... */
    {"weights data in bin", AP_EFORMAT}, /* ... or not there. */
};

static ap_status translate(ov_status_e status, const char *message) {
    if (status == OV_INFER_CANCELLED) return AP_ECANCELED;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strstr(message, texts[i].text)) return texts[i].status;
    if (status == OV_NOT_IMPLEMENTED) return AP_EUNSUPPORTED;
    return status == OV_PARAMETER_MISMATCH || status == OVP_INVALID_PARAMETER ? AP_EINVAL : AP_EBACKEND;
}

const char *ovp_last_message(void) {
    const char *message = ov.api.get_last_err_msg();
    return message ? message : "";
}

/* A stretch of a message. */
typedef struct span {
    const char *ptr;
    size_t len;
} span;

/* The last line that holds more than blanks; of what was thrown on the way, each "Exception from FILE" has a
 * line above it. */
static span last_line(const char *message) {
    span line = {message, strlen(message)};
    while (line.len && strchr(" \t\r\n", line.ptr[line.len - 1])) line.len--;
    for (size_t i = line.len; i-- > 0;)
        if (line.ptr[i] == '\n') return (span){line.ptr + i + 1, line.len - i - 1};
    return line;
}

/* Without "Check 'condition' failed at file.cpp:12" and the like in front. */
static span without_place(span line) {
    static const char cpp[] = ".cpp:";
    for (size_t i = 0; i + sizeof cpp <= line.len; i++) {
        if (memcmp(line.ptr + i, cpp, sizeof cpp - 1) != 0) continue;
        size_t end = i + sizeof cpp - 1;
        while (end < line.len && strchr("0123456789: ", line.ptr[end])) end++;
        if (end < line.len) return (span){line.ptr + end, line.len - end};
    }
    return line;
}

ap_status ovp_fail(ap_error *err, ov_status_e status, const char *what) {
    if (!status) return AP_OK;
    const char *message = status == OVP_INVALID_PARAMETER ? "wrong parameter" : ovp_last_message();
    ap_status ours = translate(status, message);
    span line = without_place(last_line(message));
    return ov.host->fail(err, ours, "OpenVINO: %s: %.*s", what, line.len ? (int)line.len : 7,
                         line.len ? line.ptr : "failure");
}

ap_status ovp_fail_nomem(ap_error *err) { return ov.host->fail(err, AP_ENOMEM, "out of memory"); }
