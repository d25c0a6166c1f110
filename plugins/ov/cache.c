/* The start-up cache: a folder that is the runtime's CACHE_DIR for one model. Only compiling from a file is
 * fast with it: the runtime then finds its blob without reading the model.
 *
 * The runtime writes into whatever folder it is given when it finds nothing of use there. So that nobody sees
 * half a blob, it is given a folder that is still private; and a folder from which it did not take the model
 * is no use to others either, and goes. */
#include "common/cache_folder.h"
#include "ov.h"

#include <string.h>

/* The first line of a manifest. Raise the number when the content of the folder means something else. */
#define MANIFEST_HEADER "accelpipe ov cache 1"

static bool is_for_cache(const ovp_compile *what) {
    return what->model->cache_path && what->model->path && !what->external->n_mappings &&
           !ovp_properties_have(what->properties, "CACHE_DIR");
}

static ov_compiled_model_t *compile_with(const ovp_compile *what, const char *folder, ap_error *err) {
    ovp_compile with_folder = *what;
    ov_compiled_model_t *model = NULL;
    with_folder.cache_dir = folder;
    ovp_compile_model(&model, &with_folder, err);
    return model;
}

ov_compiled_model_t *ovp_cache_open(const ovp_compile *what) {
    const cache_source source = {.host = ov.host, .header = MANIFEST_HEADER, .model = what->model};
    ap_error err = AP_ERROR_INIT;
    if (!is_for_cache(what) || !cache_folder_find(&source)) return NULL;
    ov_compiled_model_t *model = compile_with(what, what->model->cache_path, &err);
    if (!model || !ovp_is_from_cache(model))
        cache_folder_drop(&source, model ? "the runtime found nothing in it" : err.message);
    return model;
}

ov_compiled_model_t *ovp_cache_write(const ovp_compile *what, const ovp_source *from) {
    const onnx_text ir_weights = {from->weights_name, strlen(from->weights_name)};
    const bool is_onnx = from->format == OVP_FORMAT_ONNX;
    const cache_source source = {
        .host = ov.host,
        .header = MANIFEST_HEADER,
        .model = what->model,
        .external = is_onnx ? from->onnx.external : &ir_weights,
        .n_external = is_onnx ? from->onnx.n_external : ir_weights.len != 0,
    };
    ap_error err = AP_ERROR_INIT;
    if (!is_for_cache(what) || (is_onnx && from->onnx.is_truncated)) return NULL;
    cache_writer *writer = cache_writer_begin(&source, from->n_bytes, 1);
    if (!writer) return NULL;
    ov_compiled_model_t *model = compile_with(what, cache_writer_get_folder(writer), &err);
    if (!model) ov.host->log(AP_LOG_DEBUG, "ov: cache: not written: %s", err.message);
    cache_writer_end(writer, model != NULL);
    return model;
}
