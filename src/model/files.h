/* Which file of a model folder is opened.
 *
 * Below `subfolder` (or, when none is given, in onnx/ and then in the folder itself) the name follows from
 * the wanted dtype: model.onnx for float32, model_fp16.onnx for float16, ...; file_name names it outright. */
#ifndef AP_MODEL_FILES_H
#define AP_MODEL_FILES_H

#include "base/path.h"

#include <accelpipe/tensor.h>
#include <accelpipe/value.h>

/* What was asked for. */
typedef struct ap__file_request {
    const char *torch_dtype; /* NULL and "auto": float32. */
    const char *file_name;   /* model_kwargs.file_name; NULL: by dtype. */
    const char *subfolder;   /* model_kwargs.subfolder; NULL: not given. */
} ap__file_request;

/* What was chosen. */
typedef struct ap__file_choice {
    ap__path path;
    ap_dtype dtype; /* Arithmetic. */
} ap__file_choice;

/* @return AP_EINVAL a dtype that is not known, or a name that leaves the folder; AP_ENOTFOUND with the names
 * that were tried and the ones that are there; AP_EUNSUPPORTED only weights are there that cannot be read;
 * AP_EFORMAT the file is empty or a Git LFS pointer. */
ap_status ap__model_file_choose(ap__file_choice *out, const char *folder, const ap__file_request *request,
                                ap_error *err);

/* Appends the names of the model files in a folder (*.onnx, *.xml, *.safetensors), sorted, to a list. */
ap_status ap__model_files_list(ap_value *list, const char *folder, ap_error *err);

#endif
