/* A torch that the application has loaded: a second one in the process would end it, so that this one is
 * taken, or refused. Here it is an empty library that says it is another release. */
#include "backend/loader.h"
#include "base/file.h"
#include "unit/backend/sessions.h"
#include "unit/support/check.h"
#include "unit/support/tempdir.h"

#include <dlfcn.h>
#include <string.h>

#define FAKE AP_TEST_BUILD_DIR "/tests/fakes/fake_libtorch_cpu.so.so"

static ap__path folder;
static ap_error err;

int group_setup(void **state) {
    (void)state;
    sessions_setup(&folder);
    return 0;
}

int group_teardown(void **state) {
    (void)state;
    sessions_teardown(&folder);
    return 0;
}

void test_a_torch_of_another_release_is_there(void **state) {
    const ap__backend *backend = NULL;
    ap__bytes fake = {0};
    (void)state;
    assert_ok(ap__file_read(&fake, FAKE, 1 << 20, &err), &err);
    ap__path library = tempdir_write(&folder, "torch/lib/libtorch_cpu.so", fake.ptr, fake.len);
    tempdir_write_text(&folder, "torch/version.py", "__version__ = '2.9.1+cpu'\n");
    ap__bytes_clear(&fake);
    assert_non_null(dlopen(library.text, RTLD_NOW | RTLD_LOCAL));
    ap_status status = ap__backend_get(&backend, "ipex", &err);
    if (!strstr(err.message, "2.9.1")) skip(); /* IPEX is not there, or not for this CPU. */
    assert_fails(status, AP_ENOBACKEND, &err,
                 "torch 2.9.1+cpu, which this process has loaded, is not the release");
}
