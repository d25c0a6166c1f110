/* Each case in a process of its own: what is loaded stays loaded. Nothing here starts a thread before it
 * forks. */
#define _GNU_SOURCE /* setenv, dladdr, memmem */
#include "backend/loader.h"

#include "base/file.h"
#include "unit/support/check.h"
#include "unit/support/process.h"
#include "unit/support/tempdir.h"

#include <accelpipe/backend.h>
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_LIBRARY_BYTES = 1 << 30 };

static ap__path folder;
static ap_error err;

/* What a child found. */
typedef struct finding {
    ap_status status;
    ap_error error;
    char name[16];
    ap_probe probe;
} finding;

int test_setup(void **state) {
    (void)state;
    tempdir_create(&folder);
    setenv("ACCELPIPE_PLUGIN_DIR", AP_TEST_PLUGIN_DIR, 1);
    setenv("ACCELPIPE_CACHE", folder.text, 1);
    unsetenv("ACCELPIPE_ORT_LIBRARY");
    unsetenv("ACCELPIPE_OV_LIBRARY");
    err = (ap_error)AP_ERROR_INIT;
    return 0;
}

int test_teardown(void **state) {
    (void)state;
    tempdir_remove(&folder);
    return 0;
}

static void look(void *result, const void *name) {
    finding *out = result;
    const ap__backend *backend = NULL;
    out->status = ap__backend_get(&backend, name, &out->error);
    if (!backend) return;
    strncpy(out->name, ap__backend_get_name(backend), sizeof out->name - 1);
    out->probe = *ap__backend_get_probe(backend);
}

/* ap__backend_get(name) in a new process, which must not die. The error is also in `err`. */
static finding get(const char *name) {
    finding found = {.status = AP_EBUG};
    process_run(&found, sizeof found, look, name);
    err = found.error;
    return found;
}

static void use_folder_for_plugins(void) { setenv("ACCELPIPE_PLUGIN_DIR", folder.text, 1); }

/* The bytes of this build's plugin, written as the plugin `as` after `change`. */
static void copy_plugin(const char *name, const char *as, void (*change)(ap__bytes *bytes)) {
    ap__path path;
    ap__bytes bytes = {0};
    ap__path_format(&path, NULL, "%s/accelpipe_%s.so", AP_TEST_PLUGIN_DIR, name);
    assert_ok(ap__file_read(&bytes, path.text, MAX_LIBRARY_BYTES, &err), &err);
    if (change) change(&bytes);
    ap__path_format(&path, NULL, "accelpipe_%s.so", as);
    tempdir_write(&folder, path.text, bytes.ptr, bytes.len);
    ap__bytes_clear(&bytes);
}

/* -- names --------------------------------------------------------------------------------------------- */

void test_unknown_name(void **state) {
    (void)state;
    get("otr");
    assert_fails(err.status, AP_EINVAL, &err, "accelerator \"otr\" is not known");
    assert_says(&err, "\"ov\", \"ort\" or \"ipex\"");
    assert_says(&err, "did you mean \"ort\"");
    get("");
    assert_fails(err.status, AP_EINVAL, &err, "must be \"ov\", \"ort\" or \"ipex\"");
}

void test_replay_is_for_who_names_it(void **state) {
    (void)state;
    assert_string_equal("replay", get("replay").name);
    use_folder_for_plugins();
    copy_plugin("replay", "replay", NULL);
    get(NULL);
    assert_fails(err.status, AP_ENOBACKEND, &err, "no backend is available");
    assert_null(strstr(err.message, "replay"));
}

/* -- plugins ------------------------------------------------------------------------------------------- */

void test_no_plugin_at_all(void **state) {
    (void)state;
    use_folder_for_plugins();
    get("ov");
    assert_fails(err.status, AP_ENOBACKEND, &err, "this build has no plugin for it");
    assert_says(&err, "accelpipe_ov.so");
    assert_null(strstr(err.message, "pip install")); /* It would not help. */
    get(NULL);
    assert_fails(err.status, AP_ENOBACKEND, &err, "no backend is available");
    assert_says(&err, "ov: ");
    assert_says(&err, "ort: ");
    assert_says(&err, "ipex: ");
}

void test_plugin_is_a_text(void **state) {
    (void)state;
    use_folder_for_plugins();
    tempdir_write_text(&folder, "accelpipe_ort.so", "this is not a library");
    get("ort");
    assert_fails(err.status, AP_ENOBACKEND, &err, "not a shared library");
}

static void cut(ap__bytes *bytes) { bytes->len = 4096; }

void test_plugin_is_cut(void **state) {
    (void)state;
    use_folder_for_plugins();
    copy_plugin("replay", "ort", cut);
    get("ort");
    assert_fails(err.status, AP_ENOBACKEND, &err, "cut short");
}

void test_plugin_is_another(void **state) {
    (void)state;
    use_folder_for_plugins();
    copy_plugin("replay", "ort", NULL);
    get("ort");
    assert_fails(err.status, AP_ENOBACKEND, &err, "it is \"replay\"");
}

/* The table begins with two 32-bit numbers that no other data of the plugin has side by side. */
static void change_table(ap__bytes *bytes, uint32_t abi, uint32_t size) {
    const uint32_t now[2] = {AP_BACKEND_ABI, sizeof(ap_backend)}, then[2] = {abi, size};
    char *table = memmem(bytes->ptr, bytes->len, now, sizeof now);
    assert_non_null(table);
    memcpy(table, then, sizeof then);
}

static void raise_abi(ap__bytes *bytes) { change_table(bytes, AP_BACKEND_ABI + 1, sizeof(ap_backend)); }

static void shrink_table(ap__bytes *bytes) { change_table(bytes, AP_BACKEND_ABI, 16); }

void test_plugin_of_another_abi(void **state) {
    (void)state;
    use_folder_for_plugins();
    copy_plugin("replay", "replay", raise_abi);
    get("replay");
    assert_fails(err.status, AP_ENOBACKEND, &err, "built for plugin ABI 2, this library has 1");
}

void test_plugin_with_a_short_table(void **state) {
    (void)state;
    use_folder_for_plugins();
    copy_plugin("replay", "replay", shrink_table);
    get("replay");
    assert_fails(err.status, AP_ENOBACKEND, &err, "lacks functions");
}

/* A library that is on every machine and is not ours. */
static ap__path some_library(void) {
    Dl_info info;
    ap__path path;
    double (*function)(double) = cos;
    void *address;
    memcpy(&address, &function, sizeof address);
    assert_true(dladdr(address, &info) != 0);
    assert_ok(ap__path_resolve(&path, info.dli_fname, &err), &err);
    return path;
}

void test_plugin_without_the_function(void **state) {
    (void)state;
    ap__path library = some_library(), link;
    use_folder_for_plugins();
    ap__path_join(&link, folder.text, "accelpipe_ort.so", NULL);
    assert_int_equal(0, symlink(library.text, link.text));
    get("ort");
    assert_fails(err.status, AP_ENOBACKEND, &err, "it has no ap_backend_entry()");
}

/* -- runtimes ------------------------------------------------------------------------------------------ */

void test_explicit_library_is_missing(void **state) {
    (void)state;
    setenv("ACCELPIPE_ORT_LIBRARY", "/no/such/libonnxruntime.so", 1);
    get("ort");
    assert_fails(err.status, AP_ENOBACKEND, &err, "ACCELPIPE_ORT_LIBRARY: /no/such/libonnxruntime.so");
    assert_says(&err, "install it with: pip install onnxruntime");
}

void test_explicit_library_is_a_text(void **state) {
    (void)state;
    ap__path path = tempdir_write_text(&folder, "libonnxruntime.so", "not a library");
    setenv("ACCELPIPE_ORT_LIBRARY", path.text, 1);
    get("ort");
    assert_fails(err.status, AP_ENOBACKEND, &err, "not a shared library");
}

void test_explicit_library_is_another(void **state) {
    (void)state;
    setenv("ACCELPIPE_ORT_LIBRARY", some_library().text, 1);
    get("ort");
    assert_fails(err.status, AP_ENOBACKEND, &err, "not ONNX Runtime: the library has no OrtGetApiBase()");
}

void test_automatic_choice_survives_a_broken_runtime(void **state) {
    (void)state;
    setenv("ACCELPIPE_ORT_LIBRARY", "/no/such/libonnxruntime.so", 1);
    setenv("ACCELPIPE_OV_LIBRARY", "/no/such/libopenvino_c.so", 1);
    setenv("ACCELPIPE_IPEX_LIBRARY", "/no/such/libintel-ext-pt-cpu.so", 1);
    get(NULL);
    assert_fails(err.status, AP_ENOBACKEND, &err, "no backend is available");
    assert_says(&err, "ort: ACCELPIPE_ORT_LIBRARY");
    assert_says(&err, "ov: ACCELPIPE_OV_LIBRARY");
}

/* The path of the real runtime, or the test is left out. */
static ap_probe real_runtime_of(const char *name) {
    finding found = get(name);
    if (found.status) {
        print_message("left out: %s\n", err.message);
        skip();
    }
    return found.probe;
}

static ap_probe real_runtime(void) { return real_runtime_of("ort"); }

void test_real_runtime(void **state) {
    (void)state;
    ap_probe probe = real_runtime();
    assert_non_null(strstr(probe.version, "1."));
    assert_non_null(strstr(probe.path, "libonnxruntime.so"));
    assert_non_null(strstr(probe.devices, "cpu"));
    assert_true(probe.score > 0);
    setenv("ACCELPIPE_ORT_LIBRARY", probe.path, 1);
    assert_string_equal("ort", get("ort").name);
}

void test_runtime_is_cut(void **state) {
    (void)state;
    ap__bytes bytes = {0};
    ap_probe probe = real_runtime();
    assert_ok(ap__file_map(&bytes, probe.path, MAX_LIBRARY_BYTES, &err), &err);
    ap__path path = tempdir_write(&folder, "libonnxruntime.so", bytes.ptr, bytes.len / 3);
    ap__bytes_clear(&bytes);
    setenv("ACCELPIPE_ORT_LIBRARY", path.text, 1);
    get("ort");
    assert_fails(err.status, AP_ENOBACKEND, &err, "cut short");
}

/* A release from before the API level that the plugin asks for, made from the real one. */
void test_runtime_is_too_old(void **state) {
    (void)state;
    ap__bytes bytes = {0};
    ap_probe probe = real_runtime();
    assert_ok(ap__file_read(&bytes, probe.path, MAX_LIBRARY_BYTES, &err), &err);
    size_t len = strlen(probe.version);
    char old[sizeof probe.version] = "1.9.0";
    if (len < strlen(old)) skip();
    for (char *at = bytes.ptr;
         (at = memmem(at, bytes.len - (size_t)(at - bytes.ptr), probe.version, len + 1)); at += len)
        if (at[-1] == '\0') memcpy(at, old, len + 1);
    ap__path path = tempdir_write(&folder, "libonnxruntime.so", bytes.ptr, bytes.len);
    ap__bytes_clear(&bytes);
    setenv("ACCELPIPE_ORT_LIBRARY", path.text, 1);
    get("ort");
    assert_fails(err.status, AP_ENOBACKEND, &err, "ONNX Runtime 1.9.0 is too old");
}

/* -- OpenVINO ------------------------------------------------------------------------------------------ */

/* Replaces every `from` by `to`, which is as long. */
static void replace_all(ap__bytes *bytes, const char *from, const char *to) {
    size_t len = strlen(from);
    assert_int_equal(len, strlen(to));
    for (char *at = bytes->ptr; (at = memmem(at, bytes->len - (size_t)(at - bytes->ptr), from, len));
         at += len)
        memcpy(at, to, len);
}

/* A copy of one library of OpenVINO in the test's folder. */
static ap__path copy_library(const char *path, const char *from, const char *to) {
    ap__bytes bytes = {0};
    assert_ok(ap__file_read(&bytes, path, MAX_LIBRARY_BYTES, &err), &err);
    replace_all(&bytes, from, to);
    ap__path copy = tempdir_write(&folder, ap__path_name(path), bytes.ptr, bytes.len);
    ap__bytes_clear(&bytes);
    return copy;
}

/* An OpenVINO in which one text is another: its C library and its core are copies, TBB is a link. */
static void use_changed_openvino(const char *from, const char *to) {
    ap_probe probe = real_runtime_of("ov");
    ap__path dir, core, tbb, link;
    assert_ok(ap__path_format(&dir, &err, "%s", probe.path), &err);
    ap__path_cut_name(&dir);
    const char *version = strstr(probe.path, ".so");
    assert_non_null(version);
    assert_ok(ap__path_format(&core, &err, "%s/libopenvino%s", dir.text, version), &err);
    assert_ok(ap__path_format(&tbb, &err, "%s/libtbb.so.12", dir.text), &err);
    assert_ok(ap__path_join(&link, folder.text, "libtbb.so.12", &err), &err);
    if (!ap__path_is_file(core.text) || !ap__path_is_file(tbb.text)) skip();
    assert_int_equal(0, symlink(tbb.text, link.text));
    copy_library(core.text, from, to);
    setenv("ACCELPIPE_OV_LIBRARY", copy_library(probe.path, from, to).text, 1);
    get("ov");
}

void test_openvino_is_too_old(void **state) {
    (void)state;
    ap_probe probe = real_runtime_of("ov");
    char now[sizeof probe.version + 1], old[sizeof now];
    snprintf(now, sizeof now, "%.60s-", probe.version);
    snprintf(old, sizeof old, "2023%s", now + 4);
    use_changed_openvino(now, old);
    assert_fails(err.status, AP_ENOBACKEND, &err, "OpenVINO 2023.");
    assert_says(&err, "is too old: 2025.4 or later is needed");
}

void test_openvino_lacks_a_function(void **state) {
    (void)state;
    use_changed_openvino("ov_infer_request_start_async", "ov_infer_request_begin_async");
    assert_fails(err.status, AP_ENOBACKEND, &err, "this OpenVINO lacks ov_infer_request_start_async()");
    assert_says(&err, "ACCELPIPE_OV_LIBRARY");
}

/* Copies have no devices beside them. */
void test_openvino_without_its_plugins(void **state) {
    (void)state;
    use_changed_openvino("accelpipe", "accelpipe");
    assert_fails(err.status, AP_ENOBACKEND, &err, "has no device here: its plugins are not beside");
}

void test_library_is_not_openvino(void **state) {
    (void)state;
    setenv("ACCELPIPE_OV_LIBRARY", some_library().text, 1);
    get("ov");
    assert_fails(err.status, AP_ENOBACKEND, &err, "not OpenVINO's C library");
}

void test_real_openvino(void **state) {
    (void)state;
    ap_probe probe = real_runtime_of("ov");
    assert_non_null(strstr(probe.version, "20"));
    assert_null(strchr(probe.version, '-'));
    assert_non_null(strstr(probe.path, "libopenvino_c.so"));
    assert_int_equal(0, strncmp(probe.devices, "cpu", 3));
}

/* -- both ---------------------------------------------------------------------------------------------- */

void test_broken_plugin_does_not_touch_the_others(void **state) {
    (void)state;
    ap_probe probe = real_runtime();
    use_folder_for_plugins();
    copy_plugin("ort", "ort", NULL);
    tempdir_write_text(&folder, "accelpipe_ov.so", "broken");
    setenv("ACCELPIPE_ORT_LIBRARY", probe.path, 1);
    assert_string_equal("ort", get(NULL).name);
    assert_string_equal("ort", get("ort").name);
}

/* -- IPEX ---------------------------------------------------------------------------------------------- */

/* A library that has no torch beside it. */
void test_ipex_without_torch(void **state) {
    (void)state;
    setenv("ACCELPIPE_IPEX_LIBRARY", some_library().text, 1);
    get("ipex");
    if (strstr(err.message, "no plugin") || strstr(err.message, "needs a CPU")) skip();
    assert_fails(err.status, AP_ENOBACKEND, &err, "torch, which IPEX needs, cannot be loaded");
    assert_says(&err, "pip install torch==2.8.0");
}

/* And torch of another release beside it. */
void test_ipex_with_another_torch(void **state) {
    (void)state;
    ap__path path, torch;
    ap__bytes bytes = {0};
    assert_ok(ap__file_read(&bytes, some_library().text, MAX_LIBRARY_BYTES, &err), &err);
    assert_int_equal(AP_OK, ap__path_join(&path, folder.text, "a", NULL));
    assert_int_equal(0, mkdir(path.text, 0700));
    assert_int_equal(AP_OK, ap__path_join(&torch, folder.text, "torch", NULL));
    assert_int_equal(0, mkdir(torch.text, 0700));
    assert_int_equal(AP_OK, ap__path_join(&path, folder.text, "a/b", NULL));
    assert_int_equal(0, mkdir(path.text, 0700));
    tempdir_write_text(&folder, "torch/version.py", "__version__ = '2.9.1+cpu'\n");
    path = tempdir_write(&folder, "a/b/libintel-ext-pt-cpu.so", bytes.ptr, bytes.len);
    setenv("ACCELPIPE_IPEX_LIBRARY", path.text, 1);
    get("ipex");
    ap__bytes_clear(&bytes);
    if (strstr(err.message, "no plugin") || strstr(err.message, "needs a CPU")) skip();
    assert_fails(err.status, AP_ENOBACKEND, &err,
                 "torch 2.9.1+cpu is not the release this plugin was built for: 2.8");
}

/* -- the table for users ------------------------------------------------------------------------------- */

void test_describe(void **state) {
    (void)state;
    static const char *const names[] = {"ov", "ort", "ipex"};
    ap_value *list = NULL;
    setenv("ACCELPIPE_ORT_LIBRARY", "/no/such/libo\xFFnnx\xC3", 1); /* Not UTF-8: no reason to fail. */
    assert_ok(ap_backends_describe(&list, &err), &err);
    assert_int_equal(3, ap_value_len(list));
    for (size_t i = 0; i < 3; i++) {
        const ap_value *dict = ap_value_list_get(list, i);
        assert_string_equal(names[i], ap_value_get_string(ap_value_dict_get(dict, "name"), NULL));
        assert_int_equal(AP_KIND_BOOL, ap_value_kind(ap_value_dict_get(dict, "available")));
        assert_int_equal(AP_KIND_LIST, ap_value_kind(ap_value_dict_get(dict, "devices")));
        assert_non_null(ap_value_dict_get(dict, "runtime"));
    }
    const ap_value *ort = ap_value_list_get(list, 1);
    assert_non_null(strstr(ap_value_get_string(ap_value_dict_get(ort, "reason"), NULL), "/no/such/"));
    assert_string_equal("pip install onnxruntime",
                        ap_value_get_string(ap_value_dict_get(ort, "install"), NULL));
    assert_int_equal(AP_KIND_NULL, ap_value_kind(ap_value_dict_get(ort, "version")));
    assert_non_null(strstr(ap_value_get_string(ap_value_dict_get(ort, "reason"), NULL), "libo?nnx?"));
    ap_value_destroy(list);
    assert_fails(ap_backends_describe(NULL, &err), AP_EINVAL, &err, "out is NULL");
}
