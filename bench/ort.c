#include "ort.h"

#include "common.h"

#include <dlfcn.h>

const OrtApi *ort;

void bench_ort_load(const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) bench_die("%s", dlerror());
    const OrtApiBase *(*get_base)(void);
    *(void **)&get_base = dlsym(library, "OrtGetApiBase");
    if (!get_base) bench_die("%s: no OrtGetApiBase", path);
    ort = get_base()->GetApi(ORT_API_VERSION);
    if (!ort) bench_die("%s: no API level %d", path, ORT_API_VERSION);
}

void bench_ort_check(OrtStatus *status) {
    if (status) bench_die("%s", ort->GetErrorMessage(status));
}
