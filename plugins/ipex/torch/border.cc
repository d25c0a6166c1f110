// The C table of this half of the plugin: what is thrown behind it becomes a status and one line of text
// here.
#include "common/branches.h"
#include "ipex.h"
#include "onnx/failure.h"
#include "torch/memory.h"
#include "torch/session.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/util/Exception.h>
#include <torch/csrc/jit/runtime/operator.h>

#include <dlfcn.h>

#include <cstdio>
#include <cstring>
#include <new>

namespace ipex {

namespace {

const ap_host *host_table;

// -- warnings -----------------------------------------------------------------------------------------------

// torch's and IPEX's warnings, which would go to stderr.
struct LogWarnings : c10::WarningHandler {
    void process(const c10::Warning &warning) override {
        host_table->log(AP_LOG_DEBUG, "ipex: %.400s", warning.msg().c_str());
    }
};

LogWarnings log_warnings;

// -- failures -----------------------------------------------------------------------------------------------

// The line of torch's text that says what is wrong: the last that begins with "RuntimeError:", else the
// first.
std::string one_line(const std::string &text) {
    static const char mark[] = "RuntimeError: ";
    size_t at = text.rfind(mark);
    size_t start = at == std::string::npos ? 0 : at + sizeof mark - 1;
    while (start < text.size() && text[start] == '\n') start++;
    return text.substr(start, std::min(text.find('\n', start), text.size()) - start);
}

bool is_out_of_memory(const std::string &text) {
    return text.find("can't allocate memory") != std::string::npos ||
           text.find("bad_alloc") != std::string::npos || text.find("not enough memory") != std::string::npos;
}

ap_status fail_foreign(ap_error *err, ap_status status, const char *what, const std::string &text) {
    if (is_out_of_memory(text)) return host_table->fail(err, AP_ENOMEM, "out of memory");
    return host_table->fail(err, status, "%s: %.400s", what, one_line(text).c_str());
}

// Runs `function`; what it throws is `status` unless it says otherwise itself.
template <typename F>
ap_status guarded(ap_error *err, ap_status status, const char *what, F function) noexcept {
    try {
        c10::WarningUtils::WarningHandlerGuard guard(&log_warnings);
        function();
        return AP_OK;
    } catch (const Failure &f) {
        return host_table->fail(err, f.status, "%s", f.message.c_str());
    } catch (const std::bad_alloc &) {
        return host_table->fail(err, AP_ENOMEM, "out of memory");
    } catch (const c10::Error &e) {
        return fail_foreign(err, status, what, e.what_without_backtrace());
    } catch (const std::exception &e) {
        return fail_foreign(err, status, what, e.what());
    } catch (...) {
        return host_table->fail(err, status, "%s: an unknown exception", what);
    }
}

// -- start --------------------------------------------------------------------------------------------------

// "TORCH_VERSION=2.8.0" is part of the build settings that torch tells of itself.
std::string torch_version() {
    static const char mark[] = "TORCH_VERSION=";
    const std::string config = at::show_config();
    size_t at = config.find(mark);
    if (at == std::string::npos) return "";
    at += sizeof mark - 1;
    return config.substr(at, config.find_first_of(", \n", at) - at);
}

void load_ipex(const char *path, ap_probe *out) {
    const std::string version = torch_version();
    if (version.compare(0, strlen(IPEX_TORCH_RELEASE) + 1, IPEX_TORCH_RELEASE ".") != 0)
        fail(AP_EUNSUPPORTED, "torch %s is not the release this plugin was built for: " IPEX_TORCH_RELEASE,
             version.c_str());
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) fail(AP_ENOTFOUND, "%s", dlerror());
    if (jit::getAllOperatorsFor(c10::Symbol::fromQualString("ipex_prepack::linear_run")).empty())
        fail(AP_EFORMAT, "%s is not IPEX for CPUs: it brings no operator ipex_prepack::linear_run", path);
    snprintf(out->version, sizeof out->version, "torch %s with IPEX", version.c_str());
    snprintf(out->path, sizeof out->path, "%s", path);
    snprintf(out->devices, sizeof out->devices, "cpu");
    // One run is one thread with its OpenMP team; nothing forks.
    if (at::get_num_interop_threads() != 1) at::set_num_interop_threads(1);
    install_pool();
}

ap_status start(const ap_host *host, const char *path, ap_probe *out, ap_error *err) {
    host_table = host;
    return guarded(err, AP_EBACKEND, "IPEX", [&] { load_ipex(path, out); });
}

// -- open ---------------------------------------------------------------------------------------------------

OpenOptions read_options(const ap_model_ref *model) {
    OpenOptions out;
    out.is_low = model->dtype == AP_DTYPE_BF16;
    for (size_t i = 0; i < model->n_options; i++) {
        const ap_key_value &option = model->options[i];
        if (strcmp(option.key, "input_dtypes") == 0)
            out.input_dtypes = option.value;
        else if (strcmp(option.key, "output_names") == 0)
            out.output_names = option.value;
        else
            fail(AP_EINVAL,
                 "option \"%.64s\" is not known; accelerator \"ipex\" has input_dtypes and output_names",
                 option.key);
    }
    return out;
}

// The graph with the branch that is taken in place of each If that always takes the same; nothing when there
// is none.
std::shared_ptr<Bytes> without_branches(const ap_host *host, std::string_view bytes) {
    char *graph = nullptr;
    size_t len = 0;
    ap_error err = AP_ERROR_INIT;
    if (onnx_branches_fold(host, &graph, &len, bytes.data(), bytes.size(), &err))
        fail(err.status, "%s", err.message);
    return graph ? Bytes::take(graph, len, host->free) : nullptr;
}

// A value of two ranks is mostly no hindrance; where it is, the Ifs that are none are taken out first. That
// copies the weights that are in the file.
Loaded load_graph(const ap_host *host, const std::shared_ptr<Bytes> &bytes, const std::string &folder,
                  const std::string &blobs, const OpenOptions &options) {
    try {
        return load_onnx(bytes, folder, blobs, options);
    } catch (const Failure &f) {
        const std::shared_ptr<Bytes> folded =
            f.status == AP_EUNSUPPORTED ? without_branches(host, bytes->view()) : nullptr;
        if (!folded) throw;
        return load_onnx(folded, folder, blobs, options);
    }
}

Loaded load(const ap_host *host, const ap_model_ref *model, const OpenOptions &options) {
    std::shared_ptr<Bytes> bytes =
        model->path ? Bytes::map(model->path) : Bytes::borrow(model->bytes, model->n_bytes);
    if (is_torchscript(bytes->view())) return load_torchscript(bytes->view(), options);
    if (!options.input_dtypes.empty() || !options.output_names.empty())
        fail(AP_EINVAL,
             "the options input_dtypes and output_names are for TorchScript files; this one is not");
    if (model->path)
        return load_graph(host, bytes, folder_of(model->path), folder_of(real_path(model->path)), options);
    return load_graph(host, bytes, model->external_data ? model->external_data : "", "", options);
}

ap_status open_model(ap_session **out, const ap_host *host, const ap_model_ref *model, ap_error *err) {
    *out = nullptr;
    return guarded(err, AP_EFORMAT, "IPEX cannot open the model", [&] {
        c10::InferenceMode guard;
        const OpenOptions options = read_options(model);
        use_threads(model->n_threads);
        auto *session = new Session(load(host, model, options), model->n_threads, options.is_low);
        *out = reinterpret_cast<ap_session *>(session);
    });
}

// -- the rest -----------------------------------------------------------------------------------------------

const Session *session_of(const ap_session *session) { return reinterpret_cast<const Session *>(session); }

void describe(const ap_session *session, ap_session_info *out) { session_of(session)->describe(out); }

ap_status run(ap_session *session, const ap_run_args *args, ap_error *err) {
    return guarded(err, AP_EBACKEND, "IPEX: run", [&] { session_of(session)->run(host_table, args); });
}

void close_session(ap_session *session) {
    guarded(nullptr, AP_EBACKEND, "IPEX: close", [&] {
        delete session_of(session);
        trim_pool();
    });
}

const char *const *inspect(const ap_session *session) { return session_of(session)->inspect(); }

const ipex_shim table = {start, open_model, describe, run, close_session, inspect};

} // namespace

} // namespace ipex

extern "C" AP_API const ipex_shim *ipex_shim_entry(void);

const ipex_shim *ipex_shim_entry(void) { return &ipex::table; }
