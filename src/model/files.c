/* Choosing the model's files. Source of the names: optimum-onnx@v0.0.3 (model.onnx, model_quantized.onnx,
 * onnxruntime/utils.py), optimum-intel@v2.2.0 (openvino_model.xml, intel/openvino/utils.py) and the variants
 * of the Hub's onnx-community models (model_fp16.onnx, decoder_model_merged_q4.onnx, ...). */
#include "model/files.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/suggest.h"
#include "base/words.h"
#include "value/value.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VARIANT_MAX_ENDS = 2, FILES_MAX = 4096 };

/* A kind of model file: what the names begin and end with, and the folders they are in, best first. */
typedef struct file_kind {
    const char *name, *start, *end;
    const char *places[3];
    bool is_rare; /* Not worth a word where it is missing. */
} file_kind;

static const file_kind KINDS[] = {
    {"onnx", "", ".onnx", {"onnx", ""}, false},
    {"ort", "", ".ort", {"onnx", ""}, true},
    {"xml", "openvino_", ".xml", {"", "openvino"}, false},
    {"pt", "", ".pt", {""}, true},
};

enum { N_KINDS = sizeof KINDS / sizeof *KINDS };

/* The files that a model may be made of: of those of its kind the first that is there whole is taken. */
typedef struct layout {
    ap_model_kind kind;
    const char *stems[AP__N_PARTS]; /* NULL: no such part. */
    bool is_merged;                 /* The next has the same in parts. */
} layout;

static const layout LAYOUTS[] = {
    {AP_MODEL_SINGLE_GRAPH, {"model"}, false},
    {AP_MODEL_CAUSAL_LM, {NULL, NULL, "model"}, false},
    {AP_MODEL_CAUSAL_LM, {NULL, NULL, "decoder_model_merged"}, true},
    {AP_MODEL_CAUSAL_LM, {NULL, NULL, "decoder_model", "decoder_with_past_model"}, false},
    {AP_MODEL_CAUSAL_LM, {NULL, NULL, "decoder_model"}, false},
    {AP_MODEL_ENCODER_DECODER, {NULL, "encoder_model", "decoder_model_merged"}, true},
    {AP_MODEL_ENCODER_DECODER, {NULL, "encoder_model", "decoder_model", "decoder_with_past_model"}, false},
    {AP_MODEL_ENCODER_DECODER, {NULL, "encoder_model", "decoder_model"}, false},
};

enum { N_LAYOUTS = sizeof LAYOUTS / sizeof *LAYOUTS };

/* A dtype as users name it, the arithmetic it means, and the ends of the file's name, best first. */
typedef struct variant {
    const char *name;
    ap_dtype dtype;
    const char *ends[VARIANT_MAX_ENDS];
} variant;

static const variant VARIANTS[] = {
    {"auto", AP_DTYPE_F32, {""}},        {"float32", AP_DTYPE_F32, {""}},
    {"fp32", AP_DTYPE_F32, {""}},        {"float16", AP_DTYPE_F16, {"_fp16"}},
    {"fp16", AP_DTYPE_F16, {"_fp16"}},   {"bfloat16", AP_DTYPE_BF16, {"_bf16"}},
    {"bf16", AP_DTYPE_BF16, {"_bf16"}},  {"int8", AP_DTYPE_F32, {"_int8", "_quantized"}},
    {"uint8", AP_DTYPE_F32, {"_uint8"}}, {"q8", AP_DTYPE_F32, {"_quantized", "_int8"}},
    {"q4", AP_DTYPE_F32, {"_q4"}},       {"q4f16", AP_DTYPE_F16, {"_q4f16"}},
    {"bnb4", AP_DTYPE_F32, {"_bnb4"}},
};

enum { N_VARIANTS = sizeof VARIANTS / sizeof *VARIANTS };

static ap_status find_variant(const variant **out, const char *name, ap_error *err) {
    ap__suggestion suggestion = {0};
    ap__buf names = {0};
    char hint[96];
    if (!name) name = "auto";
    if (strncmp(name, "torch.", 6) == 0) name += 6; /* str(torch.float16) */
    for (size_t i = 0; i < N_VARIANTS; i++) {
        if (strcmp(VARIANTS[i].name, name) == 0) {
            *out = &VARIANTS[i];
            return AP_OK;
        }
        ap__suggest(&suggestion, name, VARIANTS[i].name);
    }
    for (size_t i = 0; i < N_VARIANTS; i++)
        ap__buf_printf(&names, NULL, "%s%s", i ? ", " : "", VARIANTS[i].name);
    ap__fail(err, AP_EINVAL, "torch_dtype \"%.32s\" is not one of %s%s", name, ap__buf_text(&names),
             ap__suggestion_text(&suggestion, hint, sizeof hint));
    ap__buf_clear(&names);
    return AP_EINVAL;
}

/* -- listing ------------------------------------------------------------------------------------------- */

/* NULL: a file of another kind. */
static const file_kind *kind_of(const char *name) {
    for (size_t i = 0; i < N_KINDS; i++)
        if (ap__path_ends_with(name, KINDS[i].end)) return &KINDS[i];
    return NULL;
}

static bool is_model_name(const char *name) {
    return kind_of(name) || ap__path_ends_with(name, ".safetensors") || ap__path_ends_with(name, ".bin");
}

static int compare_values(const void *a, const void *b) {
    return strcmp(ap_value_get_string(a, NULL), ap_value_get_string(b, NULL));
}

static bool is_model_file(const char *folder, const char *name) {
    ap__path path;
    return is_model_name(name) && !ap__path_join(&path, folder, name, NULL) && ap__path_is_file(path.text);
}

/* The model files of one folder, each with `prefix` before its name. No such folder: none. */
static ap_status list_folder(ap_value *list, const char *folder, const char *prefix, ap_error *err) {
    ap_status status = AP_OK;
    DIR *dir = opendir(folder);
    if (!dir) return AP_OK;
    for (struct dirent *entry; !status && (entry = readdir(dir)) && ap_value_len(list) < FILES_MAX;) {
        ap__path name;
        ap_value *slot;
        if (!is_model_file(folder, entry->d_name)) continue;
        if (ap__path_format(&name, NULL, "%s%s", prefix, entry->d_name)) continue;
        if (!(status = ap__list_add(&slot, list, err)))
            status = ap__value_set_string(slot, name.text, strlen(name.text), err);
    }
    closedir(dir);
    return status;
}

ap_status ap__model_files_list(ap_value *list, const char *folder, ap_error *err) {
    static const char *const below[][2] = {{"onnx", "onnx/"}, {"openvino", "openvino/"}};
    ap_status status = list_folder(list, folder, "", err);
    for (size_t i = 0; !status && i < sizeof below / sizeof *below; i++) {
        ap__path path;
        status = ap__path_join(&path, folder, below[i][0], err);
        if (!status) status = list_folder(list, path.text, below[i][1], err);
    }
    if (!status && list->as.list.len)
        qsort(list->as.list.items, list->as.list.len, sizeof(ap_value), compare_values);
    return status;
}

/* -- choosing ------------------------------------------------------------------------------------------ */

static bool try_file(ap__path *out, const char *folder, const char *subfolder, const char *name) {
    ap__path path;
    if (ap__path_join(&path, folder, subfolder, NULL) || ap__path_join(out, path.text, name, NULL))
        return false;
    return ap__path_is_file(out->text);
}

/* The names that are there, as text. */
static void join_names(ap__buf *out, const ap_value *files) {
    for (size_t i = 0; i < ap_value_len(files); i++)
        ap__buf_printf(out, NULL, "%s%s", i ? ", " : "",
                       ap_value_get_string(ap_value_list_get(files, i), NULL));
}

static const char *reads_of(const ap__file_request *request) {
    return request->reads ? request->reads : "onnx ort";
}

/* The next kind of a list of kinds; NULL at its end. */
static const file_kind *next_kind(const char **rest) {
    const char *word;
    for (size_t len; (len = ap__words_next(&word, rest));)
        for (size_t i = 0; i < N_KINDS; i++)
            if (strlen(KINDS[i].name) == len && strncmp(KINDS[i].name, word, len) == 0) return &KINDS[i];
    return NULL;
}

bool ap__model_file_is_read(const char *name, const char *reads) {
    const file_kind *kind = kind_of(name);
    return kind && ap__words_have(reads, kind->name);
}

static bool has_readable_file(const ap_value *files, const char *reads) {
    for (size_t i = 0; i < ap_value_len(files); i++)
        if (ap__model_file_is_read(ap_value_get_string(ap_value_list_get(files, i), NULL), reads))
            return true;
    return false;
}

/* What was looked for and what is there, so that the user can name the right file. */
static ap_status fail_missing(const char *folder, const ap__file_request *request, const char *tried,
                              ap_error *err) {
    const char *subfolder = request->subfolder;
    ap_value files = {0};
    ap__buf names = {0};
    ap__value_set_list(&files);
    ap_status status = ap__model_files_list(&files, folder, err);
    if (!status) join_names(&names, &files);
    const char *slash = subfolder && subfolder[0] ? "/" : "";
    if (!status && names.len && !has_readable_file(&files, reads_of(request)))
        status =
            ap__fail(err, AP_EUNSUPPORTED,
                     "%s holds no ONNX file, only %s; export it with: optimum-cli export onnx --model %s OUT",
                     folder, ap__buf_text(&names), folder);
    else if (!status)
        status =
            ap__fail(err, AP_ENOTFOUND, "%s has no %s%s%s; model files there: %s", folder,
                     subfolder ? subfolder : "", slash, tried, names.len ? ap__buf_text(&names) : "none");
    ap__buf_clear(&names);
    ap__value_clear(&files);
    return status;
}

/* The two ways in which model files are mostly broken; everything else is for the backend to see. */
static ap_status check_content(const char *path, ap_error *err) {
    static const char lfs[] = "version https://git-lfs.github.com/spec/";
    char start[sizeof lfs - 1];
    FILE *file = fopen(path, "re");
    if (!file) return ap__fail(err, AP_EIO, "%s: %s", path, strerror(errno));
    size_t n = fread(start, 1, sizeof start, file);
    fclose(file);
    if (n == 0) return ap__fail(err, AP_EFORMAT, "%s is empty; fetch it again", path);
    if (n == sizeof start && memcmp(start, lfs, n) == 0)
        return ap__fail(err, AP_EFORMAT, "%s is a Git LFS pointer and not the model; run: git lfs pull",
                        path);
    return AP_OK;
}

static ap_model_kind kind_asked(const ap__file_request *request) {
    return request->kind ? request->kind : AP_MODEL_SINGLE_GRAPH;
}

static ap_status choose_named(ap__file_set *out, const char *folder, const ap__file_request *request,
                              ap_error *err) {
    const char *subfolder = request->subfolder ? request->subfolder : "";
    const file_kind *kind = kind_of(request->file_name);
    ap__path *path = &out->paths[request->kind == AP_MODEL_CAUSAL_LM ? AP__PART_DECODER : AP__PART_MODEL];
    if (request->kind == AP_MODEL_ENCODER_DECODER)
        return ap__fail(err, AP_EINVAL,
                        "model_kwargs: file_name names one file, and the model is made of an encoder and a "
                        "decoder; leave it out");
    if (!ap__path_is_inside(request->file_name))
        return ap__fail(err, AP_EINVAL,
                        "model_kwargs: file_name and subfolder must stay inside the model folder");
    if (kind && !ap__words_have(reads_of(request), kind->name))
        return ap__fail(err, AP_EUNSUPPORTED,
                        "model_kwargs: file_name %s: the backend reads no %s files (it reads: %s)",
                        request->file_name, kind->end, reads_of(request));
    if (try_file(path, folder, subfolder, request->file_name)) return AP_OK;
    if (!request->subfolder && try_file(path, folder, "onnx", request->file_name)) return AP_OK;
    return fail_missing(folder, request, request->file_name, err);
}

/* Names that were looked for and not found, as text. */
typedef struct tried_names {
    char text[256];
    size_t len;
} tried_names;

static void add_tried(tried_names *tried, const char *name) {
    if (strstr(tried->text, name)) return; /* No name is part of another but for their first letters. */
    int n = snprintf(tried->text + tried->len, sizeof tried->text - tried->len, "%s%s",
                     tried->len ? " or " : "", name);
    if (n > 0 && (size_t)n < sizeof tried->text - tried->len)
        tried->len += (size_t)n;
    else
        tried->text[tried->len] = '\0';
}

/* One kind of files in one folder, with `end` behind the stems. */
typedef struct place {
    const char *folder, *subfolder, *end;
    const file_kind *kind;
} place;

/* Whether all files of a layout are there; the first that is not is added to `tried`. */
static bool find_layout(ap__file_set *out, tried_names *tried, const place *where, const layout *wanted) {
    bool found = true;
    memset(out->paths, 0, sizeof out->paths);
    for (size_t part = 0; found && part < AP__N_PARTS; part++) {
        char name[96];
        if (!wanted->stems[part]) continue;
        snprintf(name, sizeof name, "%s%s%s%s", where->kind->start, wanted->stems[part], where->end,
                 where->kind->end);
        found = try_file(&out->paths[part], where->folder, where->subfolder, name);
        if (!found && !where->kind->is_rare) add_tried(tried, name);
    }
    return found;
}

static bool find_in_place(ap__file_set *out, tried_names *tried, const place *where,
                          const ap__file_request *request) {
    for (const layout *at = LAYOUTS; at < LAYOUTS + N_LAYOUTS; at++) {
        if (at->kind != kind_asked(request)) continue;
        if (at->is_merged && request->splits_merged && find_layout(out, tried, where, at + 1)) return true;
        if (find_layout(out, tried, where, at)) return true;
    }
    return false;
}

/* Looks for one end of the names in all kinds. */
static bool find_end(ap__file_set *out, tried_names *tried, const char *folder,
                     const ap__file_request *request, const char *end) {
    const char *const given[] = {request->subfolder, NULL};
    const char *rest = reads_of(request);
    for (const file_kind *kind; (kind = next_kind(&rest));)
        for (const char *const *at = request->subfolder ? given : kind->places; *at; at++) {
            const place where = {folder, *at, end, kind};
            if (find_in_place(out, tried, &where, request)) return true;
        }
    return false;
}

/* A backend that computes in the dtype by itself takes the plain file where there is none of that dtype. */
static ap_status choose_by_dtype(ap__file_set *out, const char *folder, const ap__file_request *request,
                                 const variant *wanted, ap_error *err) {
    tried_names tried = {"", 0};
    bool found = false;
    for (size_t e = 0; !found && e < VARIANT_MAX_ENDS && wanted->ends[e]; e++)
        found = find_end(out, &tried, folder, request, wanted->ends[e]);
    if (!found && ap__words_have(request->computes, ap_dtype_name(wanted->dtype)))
        found = find_end(out, &tried, folder, request, "");
    return found ? AP_OK : fail_missing(folder, request, tried.text, err);
}

bool ap__model_file_has_variant(ap__path *out, const char *folder, const char *torch_dtype,
                                const char *reads) {
    const ap__file_request request = {.reads = reads};
    const variant *wanted = NULL;
    tried_names tried = {"", 0};
    ap__file_set set;
    bool found = false;
    if (find_variant(&wanted, torch_dtype, NULL)) return false;
    for (size_t e = 0; !found && e < VARIANT_MAX_ENDS && wanted->ends[e]; e++)
        found = find_end(&set, &tried, folder, &request, wanted->ends[e]);
    if (found) *out = set.paths[AP__PART_MODEL];
    return found;
}

ap_status ap__model_files_choose(ap__file_set *out, const char *folder, const ap__file_request *request,
                                 ap_error *err) {
    const variant *wanted = NULL;
    ap_status status = find_variant(&wanted, request->torch_dtype, err);
    if (status) return status;
    memset(out, 0, sizeof *out);
    out->dtype = wanted->dtype;
    if (request->subfolder && request->subfolder[0] && !ap__path_is_inside(request->subfolder))
        return ap__fail(err, AP_EINVAL,
                        "model_kwargs: file_name and subfolder must stay inside the model folder");
    status = request->file_name ? choose_named(out, folder, request, err)
                                : choose_by_dtype(out, folder, request, wanted, err);
    for (size_t part = 0; !status && part < AP__N_PARTS; part++)
        if (out->paths[part].text[0]) status = check_content(out->paths[part].text, err);
    return status;
}

ap_status ap__model_file_choose(ap__file_choice *out, const char *folder, const ap__file_request *request,
                                ap_error *err) {
    ap__file_set set;
    ap_status status = ap__model_files_choose(&set, folder, request, err);
    if (status) return status;
    out->dtype = set.dtype;
    out->path = set.paths[kind_asked(request) == AP_MODEL_SINGLE_GRAPH ? AP__PART_MODEL : AP__PART_DECODER];
    return AP_OK;
}
