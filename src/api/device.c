/* Devices. Sources: transformers@v4.55.4 pipelines/base.py Pipeline.__init__(); accelerate@v1.10
 * utils/modeling.py (the words that device_map knows). */
#include "api/device.h"

#include "base/ascii.h"
#include "base/error.h"

#include <stdio.h>
#include <string.h>

/* Devices that a number may mean, in the order in which they are looked for. */
static const char *const ACCELERATORS[] = {"cuda", "gpu", "xpu", "mps"};

/* Words of device_map that leave the choice open. */
static const char *const OPEN_MAPS[] = {"auto", "balanced", "balanced_low_0", "sequential"};

enum {
    N_ACCELERATORS = sizeof ACCELERATORS / sizeof *ACCELERATORS,
    N_OPEN_MAPS = sizeof OPEN_MAPS / sizeof *OPEN_MAPS,
    NAME_MAX_BYTES = 64
};

/* -- reading ------------------------------------------------------------------------------------------- */

static bool is_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* "cuda", "cuda:1", "GPU.0", "AUTO:GPU,CPU": what the letters mean is for the backend to say. */
static bool is_device_name(const char *name) {
    size_t len = strlen(name);
    if (len == 0 || len > NAME_MAX_BYTES || name[len - 1] == ':') return false;
    for (const char *p = name; *p; p++)
        if (!is_alnum(*p) && !strchr(":._,()-", *p)) return false;
    return is_alnum(name[0]);
}

/* "cpu:0", "CPU:7": there is one CPU, and PyTorch takes any number for it. */
static bool is_numbered_cpu(const char *name) {
    static const char start[] = "cpu:";
    const char *number = name + sizeof start - 1;
    return ap__ascii_begins_any_case(name, start) && strspn(number, "0123456789") == strlen(number);
}

static ap_status read_device(ap__device_request *out, const ap_value *value, ap_error *err) {
    size_t len = 0;
    switch (ap_value_kind(value)) {
    case AP_KIND_INT:
        out->is_number = true;
        out->number = ap_value_get_int(value);
        return AP_OK;
    case AP_KIND_STRING:
        out->name = ap_value_get_string(value, &len);
        if (!is_device_name(out->name) || strlen(out->name) != len)
            return ap__fail(err, AP_EINVAL, "parameter %s: \"%.64s\" is no device like \"cpu\" or \"cuda:0\"",
                            out->from, out->name);
        if (is_numbered_cpu(out->name)) out->name = "cpu";
        return AP_OK;
    default:
        return ap__fail(err, AP_ETYPE, "parameter %s: expected a string or int, found %s", out->from,
                        ap_kind_name(ap_value_kind(value)));
    }
}

/* A map from modules to devices: a graph runs on one, so that all have to be the same. */
static ap_status read_map_dict(ap__device_request *out, const ap_value *map, ap_error *err) {
    const char *module;
    if (!ap_value_len(map)) return ap__fail(err, AP_EINVAL, "parameter device_map: the dict is empty");
    const ap_value *first = ap_value_dict_at(map, 0, &module);
    for (size_t i = 1; i < ap_value_len(map); i++)
        if (!ap_value_equal(first, ap_value_dict_at(map, i, &module)))
            return ap__fail(
                err, AP_EUNSUPPORTED,
                "parameter device_map: \"%.64s\" is on another device than the rest; a model runs "
                "on one device, name it by device",
                module);
    if (ap__value_is_text(first, "disk") || ap__value_is_text(first, "meta"))
        return ap__fail(err, AP_EUNSUPPORTED, "parameter device_map: weights cannot stay on \"%s\"",
                        ap_value_get_string(first, NULL));
    return read_device(out, first, err);
}

static ap_status read_map(ap__device_request *out, const ap_value *map, ap_error *err) {
    if (ap_value_kind(map) == AP_KIND_DICT) return read_map_dict(out, map, err);
    for (size_t i = 0; i < N_OPEN_MAPS; i++)
        if (ap__value_is_text(map, OPEN_MAPS[i])) {
            out->is_accelerated = true;
            return AP_OK;
        }
    return read_device(out, map, err);
}

ap_status ap__device_read(ap__device_request *out, const ap_value *device, const ap_value *device_map,
                          ap_error *err) {
    memset(out, 0, sizeof *out);
    bool has_device = ap_value_kind(device) != AP_KIND_NULL,
         has_map = ap_value_kind(device_map) != AP_KIND_NULL;
    if (has_device && has_map)
        return ap__fail(err, AP_EINVAL, "device and device_map cannot be used together; give one of them");
    if (!has_device && !has_map) return AP_OK;
    out->from = has_device ? "device" : "device_map";
    return has_device ? read_device(out, device, err) : read_map(out, device_map, err);
}

/* -- choosing ------------------------------------------------------------------------------------------ */

static const char *find_accelerator(const ap__backend *backend) {
    for (size_t i = 0; i < N_ACCELERATORS; i++)
        if (ap__backend_has_device(backend, ACCELERATORS[i])) return ACCELERATORS[i];
    return NULL;
}

/* "auto" is a device of its own in some backends. */
static void choose_named(const char **out, const char **why, const ap__device_request *request,
                         const ap__backend *backend) {
    *why = "named";
    *out = request->name;
    if (strcmp(request->name, "auto") != 0 || ap__backend_has_device(backend, "auto")) return;
    *why = "\"auto\": the backend's default";
    *out = NULL;
}

void ap__device_choose(const char **out, const char **why, char *buf, size_t size,
                       const ap__device_request *request, const ap__backend *backend) {
    *out = NULL;
    *why = "the backend's default";
    if (!request->from) return;
    if (request->name) {
        choose_named(out, why, request, backend);
        return;
    }
    const char *accelerator = request->is_number && request->number < 0 ? NULL : find_accelerator(backend);
    if (accelerator) {
        snprintf(buf, size, "%s:%lld", accelerator, (long long)request->number);
        *out = buf;
        *why = "the GPU of that number";
    } else {
        *out = "cpu";
        *why = request->is_number && request->number < 0 ? "-1 is the CPU" : "the backend has no GPU here";
    }
}
