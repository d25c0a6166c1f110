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

bool ovp_device_is_auto(const ovp_device *device) {
    size_t len = strlen(AUTO_DEVICE);
    return strncmp(device->text, AUTO_DEVICE, len) == 0 && (!device->text[len] || device->text[len] == ':');
}

/* One of those that are there, by either name; the runtime's may end with ".0", and ours with ":0". */
static bool find_one(ovp_device *out, const char *name, size_t len) {
    char ours[sizeof out->text];
    if (len > 2 && (strncmp(name + len - 2, ":0", 2) == 0 || strncmp(name + len - 2, ".0", 2) == 0)) len -= 2;
    for (const char *at = ov.devices; ovp_device_next(out, &at);) {
        ovp_device_name(ours, sizeof ours, out);
        if (strlen(ours) == len && strncasecmp(ours, name, len) == 0) return true;
        if (strlen(out->text) == len && strncasecmp(out->text, name, len) == 0) return true;
    }
    return false;
}

/* "AUTO:GPU,CPU": AUTO may take one of these, in this order. */
static bool find_auto(ovp_device *out, const char *name) {
    size_t n = strlen(AUTO_DEVICE);
    ovp_device one;
    if (strncasecmp(name, AUTO_DEVICE ":", n + 1) != 0 || !find_one(out, name, n)) return false;
    for (name += n; *name; name += n) {
        n = strcspn(++name, ",");
        size_t at = strlen(out->text);
        if (!find_one(&one, name, n) || at + strlen(one.text) + 2 > sizeof out->text) return false;
        out->text[at++] = strchr(out->text, ':') ? ',' : ':';
        memcpy(out->text + at, one.text, strlen(one.text) + 1);
    }
    return true;
}

ap_status ovp_device_find(ovp_device *out, const char *name, ap_error *err) {
    const char *at = ov.devices;
    bool is_found = !name ? ovp_device_next(out, &at) : find_one(out, name, strlen(name));
    if (is_found || (name && find_auto(out, name))) return AP_OK;
    return ov.host->fail(err, AP_EINVAL, "OpenVINO has no device \"%.64s\" here; it has: %s",
                         name ? name : "", ov.devices);
}
