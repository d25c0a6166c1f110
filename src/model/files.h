/* Which file of a model folder is opened.
 *
 * Below `subfolder` (or, when none is given, in onnx/ and then in the folder itself; OpenVINO's in the folder
 * and then in openvino/) the name follows from the wanted dtype: model.onnx for float32, model_fp16.onnx for
 * float16, ...; file_name names it outright. Of the kinds of files that a backend reads, the first that is
 * there is taken. */
#ifndef AP_MODEL_FILES_H
#define AP_MODEL_FILES_H

#include "base/path.h"

#include <accelpipe/sys/task.h>
#include <accelpipe/tensor.h>

/* What was asked for. */
typedef struct ap__file_request {
    ap_model_kind kind;      /* 0: AP_MODEL_SINGLE_GRAPH. */
    const char *torch_dtype; /* NULL and "auto": float32. */
    const char *file_name;   /* model_kwargs.file_name; NULL: by dtype. */
    const char *subfolder;   /* model_kwargs.subfolder; NULL: not given. */
    const char *reads;       /* Of the backend: kinds of files, best first; NULL: "onnx ort". */
    const char *computes;    /* Of the backend: dtypes that need no file of their own; NULL: none. */
    bool splits_merged;      /* Of the backend: merged decoders are opened in parts, files with the parts are
                                better. */
} ap__file_request;

/* What the files of a model may be for. */
typedef enum ap__part {
    AP__PART_MODEL, /* All of it. */
    AP__PART_ENCODER,
    AP__PART_DECODER,          /* Reads the first tokens. */
    AP__PART_DECODER_WITH_PAST /* Reads what comes behind them; where there is none, the one above does. */
} ap__part;

enum { AP__N_PARTS = AP__PART_DECODER_WITH_PAST + 1 };

/* What was chosen. */
typedef struct ap__file_choice {
    ap__path path;
    ap_dtype dtype; /* Arithmetic. */
} ap__file_choice;

/* The files of a model; the path of a part that it has no file for is "". */
typedef struct ap__file_set {
    ap__path paths[AP__N_PARTS];
    ap_dtype dtype; /* Arithmetic. */
} ap__file_set;

/* @return AP_EINVAL a dtype that is not known, or a name that leaves the folder; AP_ENOTFOUND with the names
 * that were tried and the ones that are there; AP_EUNSUPPORTED only weights are there that cannot be read;
 * AP_EFORMAT the file is empty or a Git LFS pointer. */
ap_status ap__model_file_choose(ap__file_choice *out, const char *folder, const ap__file_request *request,
                                ap_error *err);

/* The same of a model that may need several files, all of one folder, format and dtype. Of a decoder in one
 * file it is AP__PART_DECODER. */
ap_status ap__model_files_choose(ap__file_set *out, const char *folder, const ap__file_request *request,
                                 ap_error *err);

/* Whether the file that a dtype of that name asks for is there ("q8", "int8", ...), for advice.
 * @param[out] out its path. */
bool ap__model_file_has_variant(ap__path *out, const char *folder, const char *torch_dtype,
                                const char *reads);

/* Whether a backend that reads these kinds could be given the file of that name. */
bool ap__model_file_is_read(const char *name, const char *reads);

/* Appends the names of the model files in a folder (*.onnx, *.xml, *.safetensors), sorted, to a list. */
ap_status ap__model_files_list(ap_value *list, const char *folder, ap_error *err);

#endif
