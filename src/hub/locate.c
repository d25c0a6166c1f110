/* Local folders and bundled models. */
#include "hub/locate.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

ap_status ap__model_locate(ap__path *out, const char *model, ap_error *err) {
    if (!model[0]) return ap__fail(err, AP_EINVAL, "model is an empty string; name a folder");
    ap_status status = ap__path_format(out, err, "%s", model);
    if (status) return status;
    if (ap__path_is_dir(out->text)) return AP_OK;
    if (ap__path_is_file(out->text))
        return ap__fail(err, AP_EINVAL, "model %s is a file; name the folder that holds config.json", model);
    return ap__fail(
        err, AP_ENOTFOUND,
        "model %s: no such folder; this version reads local folders in Hugging Face layout (config.json, "
        "tokenizer.json, model.onnx or onnx/model.onnx) and does not download",
        model);
}

ap_status ap__model_locate_bundled(ap__path *out, const char *name, ap_error *err) {
    const char *folder = getenv("ACCELPIPE_MODELS");
    ap_status status = folder && folder[0] ? ap__path_join(out, folder, name, err)
                                           : ap__path_format(out, err, "%s/../share/accelpipe/models/%s",
                                                             ap__path_library_dir(), name);
    if (status) return status;
    if (ap__path_is_dir(out->text)) return AP_OK;
    return ap__fail(
        err, AP_ENOTFOUND,
        "the bundled model %s is not at %s; name a model, or set ACCELPIPE_MODELS to the folder of the "
        "bundled models",
        name, out->text);
}
