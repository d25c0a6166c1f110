/* modules.json and 1_Pooling/config.json.
 * Source: UKPLab/sentence-transformers@v5.1.0 sentence_transformers/SentenceTransformer.py,
 * models/Pooling.py. */
#include "tasks/sentence_modules.h"

#include "base/error.h"
#include "base/path.h"
#include "value/json.h"

#include <string.h>

#define MODULES_MAX_BYTES ((size_t)1 << 20)

/* -- the way of pooling -------------------------------------------------------------------------------- */

static const struct {
    const char *key;
    ap__pooling pooling;
} MODES[] = {{"pooling_mode_cls_token", AP__POOLING_CLS},
             {"pooling_mode_mean_tokens", AP__POOLING_MEAN},
             {"pooling_mode_max_tokens", AP__POOLING_MAX}};

static ap__pooling find_mode(const char *key) {
    for (size_t i = 0; i < sizeof MODES / sizeof *MODES; i++)
        if (strcmp(MODES[i].key, key) == 0) return MODES[i].pooling;
    return AP__POOLING_NONE;
}

/* Exactly one of the modes may be on: several are concatenated there. */
static ap_status read_pooling(ap__pooling *out, const ap_value *config, const char *path, ap_error *err) {
    for (size_t i = 0; i < ap_value_len(config); i++) {
        const char *key;
        const ap_value *value = ap_value_dict_at(config, i, &key);
        if (strncmp(key, "pooling_mode_", 13) != 0 || !ap_value_get_bool(value)) continue;
        bool is_second = *out != AP__POOLING_NONE;
        *out = find_mode(key);
        if (is_second || *out == AP__POOLING_NONE)
            return ap__fail(err, AP_EUNSUPPORTED,
                            "%s: %s%.64s is not supported; parameter pooling can name one of mean, cls, max",
                            path, is_second ? "a second way of pooling, " : "", key);
    }
    return AP_OK;
}

/* -- the modules --------------------------------------------------------------------------------------- */

/* Whether a type like "sentence_transformers.models.Pooling" is of that class. */
static bool is_class(const char *type, const char *name) {
    const char *dot = strrchr(type, '.');
    return strcmp(dot ? dot + 1 : type, name) == 0;
}

static ap_status read_module(ap__pooling *out, const ap_value *module, const ap__path *folder,
                             ap_error *err) {
    const char *type = ap_value_get_string(ap_value_dict_get(module, "type"), NULL);
    const char *place = ap_value_get_string(ap_value_dict_get(module, "path"), NULL);
    ap__path path;
    ap_value *config = NULL;
    if (!type || !place)
        return ap__fail(err, AP_EFORMAT, "%s/modules.json: a module needs the strings type and path",
                        folder->text);
    if (is_class(type, "Transformer") || is_class(type, "Normalize")) return AP_OK;
    if (!is_class(type, "Pooling"))
        return ap__fail(
            err, AP_EUNSUPPORTED,
            "%s/modules.json: the module %.64s is not supported; Transformer, Pooling and Normalize are",
            folder->text, type);
    ap_status status = ap__path_format(&path, err, "%s/%s/config.json", folder->text, place);
    if (!status) status = ap__value_from_json_file(&config, path.text, MODULES_MAX_BYTES, err);
    if (status) return status;
    status = read_pooling(out, config, path.text, err);
    ap_value_destroy(config);
    return status;
}

static ap_status read_modules(ap__pooling *out, const ap__path *folder, const char *path, ap_error *err) {
    ap_value *modules = NULL;
    ap_status status = ap__value_from_json_file(&modules, path, MODULES_MAX_BYTES, err);
    for (size_t i = 0; !status && i < ap_value_len(modules); i++)
        status = read_module(out, ap_value_list_get(modules, i), folder, err);
    ap_value_destroy(modules);
    return status;
}

ap_status ap__sentence_modules_read(ap__pooling *out, const char *model_file, ap_error *err) {
    ap__path folder, path;
    *out = AP__POOLING_NONE;
    ap_status status = ap__path_format(&folder, err, "%s", model_file);
    for (int level = 0; !status && level < 2; level++) {
        ap__path_cut_name(&folder);
        status = ap__path_format(&path, err, "%s/modules.json", folder.text);
        if (!status && ap__path_is_file(path.text)) return read_modules(out, &folder, path.text, err);
    }
    return status;
}
