/* Devices: the runtime's names are upper case with a number behind a dot, "GPU.1"; ours lower case with a
 * colon, "gpu:1". The first GPU is "gpu" and "gpu:0". */
#include "ov.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define AUTO_DEVICE "AUTO"
#define DEFAULT_DEVICE "CPU"

static char to_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

bool ovp_has_word(const char *list, const char *word) {
    size_t len = strlen(word);
    for (const char *at = list; at && (at = strstr(at, word)); at += len)
        if ((at == list || at[-1] == ' ') && (at[len] == ' ' || !at[len])) return true;
    return false;
}

void ovp_text_free(char *text) {
    if (text) ov.api.free(text);
}

char *ovp_device_get(const ovp_device *device, const char *key) {
    char *value = NULL;
    if (ov.api.core_get_property(ov.core, device->text, key, &value)) return NULL;
    return value;
}

void ovp_device_name(char *buf, size_t size, const ovp_device *device) {
    size_t len = strlen(device->text);
    if (len > 2 && strcmp(device->text + len - 2, ".0") == 0) len -= 2;
    if (len >= size) len = size - 1;
    for (size_t i = 0; i < len; i++) buf[i] = device->text[i] == '.' ? ':' : to_lower(device->text[i]);
    buf[len] = '\0';
}

/* -- listing ------------------------------------------------------------------------------------------- */

/* The runtime lists AUTO nowhere: it is there when its plugin is, and asking it for anything loads that. */
static bool has_auto(void) {
    const ovp_device device = {AUTO_DEVICE};
    char *text = ovp_device_get(&device, "SUPPORTED_PROPERTIES");
    bool is_there = text != NULL;
    ovp_text_free(text);
    return is_there;
}

static void append_word(char *buf, size_t size, const char *word) {
    size_t at = strlen(buf);
    if (ovp_has_word(buf, word) || at + strlen(word) + 2 > size) return;
    snprintf(buf + at, size - at, "%s%s", at ? " " : "", word);
}

void ovp_devices_init(void) {
    ov_available_devices_t devices = {NULL, 0};
    char *list = ov.devices;
    list[0] = '\0';
    if (ov.api.core_get_available_devices(ov.core, &devices)) return;
    for (size_t i = 0; i < devices.size; i++)
        if (strcmp(devices.devices[i], DEFAULT_DEVICE) == 0)
            append_word(list, sizeof ov.devices, DEFAULT_DEVICE);
    for (size_t i = 0; i < devices.size; i++) append_word(list, sizeof ov.devices, devices.devices[i]);
    if (devices.size && has_auto()) append_word(list, sizeof ov.devices, AUTO_DEVICE);
    ov.api.available_devices_free(&devices);
}

void ovp_devices_list(char *buf, size_t size) {
    ovp_device device;
    char name[sizeof device.text];
    buf[0] = '\0';
    for (const char *at = ov.devices; ovp_device_next(&device, &at);) {
        ovp_device_name(name, sizeof name, &device);
        append_word(buf, size, name);
    }
}

/* -- finding ------------------------------------------------------------------------------------------- */

bool ovp_device_next(ovp_device *out, const char **at) {
    size_t len = strcspn(*at, " ");
    if (!len || len >= sizeof out->text) return false;
    memcpy(out->text, *at, len);
    out->text[len] = '\0';
    *at += len + strspn(*at + len, " ");
    return true;
}

ap_status ovp_device_find(ovp_device *out, const char *name, ap_error *err) {
    char ours[sizeof out->text];
    size_t len = name ? strlen(name) : 0;
    if (name && len > 2 && strcmp(name + len - 2, ":0") == 0) len -= 2;
    for (const char *at = ov.devices; ovp_device_next(out, &at);) {
        ovp_device_name(ours, sizeof ours, out);
        if (!name || (strlen(ours) == len && strncasecmp(ours, name, len) == 0)) return AP_OK;
    }
    return ov.host->fail(err, AP_EINVAL, "OpenVINO has no device \"%.32s\" here; it has: %s",
                         name ? name : "", ov.devices);
}
