#include "api/device.h"

#include "backend/loader.h"
#include "unit/support/check.h"
#include "unit/support/values.h"

#include <stdio.h>
#include <string.h>

static ap_error err;
static ap__backend backend;
static ap__device_request request;

static ap_status read(const char *device, const char *map) {
    static ap_value *values[2];
    for (size_t i = 0; i < 2; i++) {
        ap_value_destroy(values[i]);
        values[i] = NULL;
    }
    if (device) values[0] = value_of(device);
    if (map) values[1] = value_of(map);
    err = (ap_error)AP_ERROR_INIT;
    ap_status status = ap__device_read(&request, values[0], values[1], &err);
    /* Names are borrowed: they are looked at before the next call only. */
    return status;
}

static void assert_chooses(const char *expected, const char *device, const char *map, const char *devices) {
    char buf[64];
    const char *name, *why;
    assert_ok(read(device, map), &err);
    snprintf(backend.probe.devices, sizeof backend.probe.devices, "%s", devices);
    ap__device_choose(&name, &why, buf, sizeof buf, &request, &backend);
    assert_non_null(why);
    if (expected)
        assert_string_equal(expected, name ? name : "(none)");
    else
        assert_null(name);
}

void test_by_name(void **state) {
    (void)state;
    assert_chooses(NULL, NULL, NULL, "cpu");
    assert_chooses(NULL, "null", "null", "cpu");
    assert_chooses("cpu", "\"cpu\"", NULL, "cpu");
    assert_chooses("cpu", "\"cpu:0\"", NULL, "cpu");
    assert_chooses("cpu", "\"CPU:12\"", NULL, "cpu cuda");
    assert_chooses("cpu:x", "\"cpu:x\"", NULL, "cpu");
    assert_chooses("cpu", NULL, "{\"\": \"cpu:0\"}", "cpu");
    assert_chooses("cuda:1", "\"cuda:1\"", NULL, "cpu cuda");
    assert_chooses("GPU.0", "\"GPU.0\"", NULL, "CPU"); /* Whether it is there is asked later. */
    assert_chooses("AUTO:GPU,CPU", "\"AUTO:GPU,CPU\"", NULL, "CPU AUTO");
    assert_chooses(NULL, "\"auto\"", NULL, "cpu cuda"); /* The backend's own choice. */
    assert_chooses("auto", "\"auto\"", NULL, "CPU GPU AUTO");
}

void test_by_number(void **state) {
    (void)state;
    assert_chooses("cpu", "-1", NULL, "cpu cuda");
    assert_chooses("cpu", "-7", NULL, "cpu cuda");
    assert_chooses("cuda:0", "0", NULL, "cpu cuda");
    assert_chooses("cuda:3", "3", NULL, "cpu cuda");
    assert_chooses("gpu:1", "1", NULL, "CPU GPU");
    assert_chooses("cpu", "0", NULL, "cpu");
    assert_chooses("cpu", "0", NULL, "CPU NPU"); /* No device for any model. */
}

void test_maps(void **state) {
    (void)state;
    assert_chooses("cuda:0", NULL, "\"auto\"", "cpu cuda");
    assert_chooses("cpu", NULL, "\"balanced\"", "cpu");
    assert_chooses("cpu", NULL, "\"cpu\"", "cpu cuda");
    assert_chooses("cuda:1", NULL, "1", "cpu cuda");
    assert_chooses("cuda:1", NULL, "{\"\": 1}", "cpu cuda");
    assert_chooses("cpu", NULL, "{\"encoder\": \"cpu\", \"classifier\": \"cpu\"}", "cpu cuda");
}

void test_what_is_no_device(void **state) {
    (void)state;
    static const char *const names[] = {"\"\"",    "\"cuda:\"", "\":1\"",
                                        "\"a b\"", "\"../x\"",  "\"cpu\\u0000x\""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_fails(read(names[i], NULL), AP_EINVAL, &err, "is no device like \"cpu\" or \"cuda:0\"");
    assert_fails(read("true", NULL), AP_ETYPE, &err,
                 "parameter device: expected a string or int, found bool");
    assert_fails(read("1.5", NULL), AP_ETYPE, &err, "found float");
    assert_fails(read(NULL, "[1]"), AP_ETYPE, &err,
                 "parameter device_map: expected a string or int, found list");
    assert_fails(read(NULL, "{}"), AP_EINVAL, &err, "the dict is empty");
    assert_fails(read(NULL, "{\"a\": \"cpu\", \"b\": 0}"), AP_EUNSUPPORTED, &err,
                 "\"b\" is on another device than the rest");
    assert_fails(read(NULL, "{\"a\": \"disk\"}"), AP_EUNSUPPORTED, &err, "weights cannot stay on \"disk\"");
    assert_fails(read("0", "\"auto\""), AP_EINVAL, &err, "device and device_map cannot be used together");
}
