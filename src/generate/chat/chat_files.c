#include "generate/chat/chat_files.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"

#include <dirent.h>
#include <string.h>

#define CONFIG_MAX_BYTES ((size_t)64 << 20)
enum { MAX_TEMPLATES = 256 };

/* -- templates ----------------------------------------------------------------------------------------- */

/* Compiles a template, or keeps why it cannot be. Of a name that comes twice the last counts. */
static ap_status add(ap__chat_templates *templates, ap__text name, ap__text text, const char *file,
                     ap_error *err) {
    ap__named_template *slot = NULL;
    if (templates->n == MAX_TEMPLATES)
        return ap__fail(err, AP_ELIMIT, "%s: more than %d chat templates", file, MAX_TEMPLATES);
    for (size_t i = 0; i < templates->n && !slot; i++) {
        const char *known = templates->ptr[i].name;
        if (strlen(known) == name.len && !memcmp(known, name.ptr, name.len)) slot = &templates->ptr[i];
    }
    if (!slot) {
        if (!ap__grow((void **)&templates->ptr, &templates->capacity, templates->n + 1, sizeof *slot,
                      MAX_TEMPLATES))
            return ap__fail_nomem(err);
        slot = &templates->ptr[templates->n];
        *slot = (ap__named_template){.name = ap__strndup(name.ptr, name.len)};
        if (!slot->name) return ap__fail_nomem(err);
        templates->n++;
    }
    ap__jinja_destroy(slot->jinja);
    ap_status status = ap__jinja_create(&slot->jinja, text.ptr, text.len, &slot->failure);
    if (status == AP_ENOMEM) return ap__fail_nomem(err);
    if (status) ap__error_wrap(&slot->failure, status, "%s: chat template \"%s\"", file, slot->name);
    return AP_OK;
}

static ap_status add_file(ap__chat_templates *templates, ap__text name, const char *path, ap_error *err) {
    ap__bytes file = {0};
    ap_status status = ap__file_read(&file, path, AP__JINJA_MAX_BYTES, err);
    if (!status) status = add(templates, name, (ap__text){file.ptr, file.len}, path, err);
    ap__bytes_clear(&file);
    return status;
}

/* additional_chat_templates/NAME.jinja */
static ap_status add_additional(ap__chat_templates *templates, const char *folder, ap_error *err) {
    static const char SUFFIX[] = ".jinja";
    ap__path path, file;
    ap_status status = ap__path_join(&path, folder, "additional_chat_templates", err);
    DIR *dir = status ? NULL : opendir(path.text);
    for (const struct dirent *entry; dir && !status && (entry = readdir(dir));) {
        size_t len = strlen(entry->d_name), n = sizeof SUFFIX - 1;
        if (len < n || strcmp(entry->d_name + len - n, SUFFIX)) continue;
        status = ap__path_join(&file, path.text, entry->d_name, err);
        if (!status && ap__path_is_file(file.text))
            status = add_file(templates, (ap__text){entry->d_name, len - n}, file.text, err);
    }
    if (dir) closedir(dir);
    return status;
}

static ap_status add_files(ap__chat_templates *templates, const char *folder, ap_error *err) {
    ap__path path;
    ap_status status = ap__path_join(&path, folder, "chat_template.jinja", err);
    if (!status && ap__path_is_file(path.text))
        status = add_file(templates, (ap__text){"default", 7}, path.text, err);
    if (!status) status = add_additional(templates, folder, err);
    templates->is_dict = !(templates->n == 1 && !strcmp(templates->ptr[0].name, "default"));
    return status;
}

static ap__text text_of(yyjson_val *value) {
    return (ap__text){yyjson_get_str(value), yyjson_get_len(value)};
}

static ap_status fail_config(const char *path, ap_error *err) {
    return ap__fail(err, AP_EFORMAT,
                    "%s: chat_template: expected a string, or a list of {\"name\", \"template\"}", path);
}

/* tokenizer_config.json's "chat_template": a string, a list of {"name", "template"}, or an object. */
static ap_status add_config(ap__chat_templates *templates, yyjson_val *config, const char *path,
                            ap_error *err) {
    yyjson_val *json = yyjson_obj_get(config, "chat_template"), *item, *key;
    size_t i, max;
    ap_status status = AP_OK;
    templates->is_dict = !yyjson_is_str(json);
    if (!json || yyjson_is_null(json)) return AP_OK;
    if (yyjson_is_str(json)) return add(templates, (ap__text){"default", 7}, text_of(json), path, err);
    if (!yyjson_is_arr(json) && !yyjson_is_obj(json)) return fail_config(path, err);
    yyjson_arr_foreach(json, i, max, item) {
        yyjson_val *name = yyjson_obj_get(item, "name"), *text = yyjson_obj_get(item, "template");
        if (!yyjson_is_str(name) || !yyjson_is_str(text)) return fail_config(path, err);
        if (!status) status = add(templates, text_of(name), text_of(text), path, err);
    }
    if (!yyjson_is_obj(json)) return status;
    yyjson_obj_foreach(json, i, max, key, item) {
        if (!yyjson_is_str(item)) return fail_config(path, err);
        if (!status) status = add(templates, text_of(key), text_of(item), path, err);
    }
    return status;
}

/* -- special tokens ------------------------------------------------------------------------------------ */

static const char *const NAMES[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                    "pad_token", "cls_token", "mask_token"};
enum { N_NAMES = sizeof NAMES / sizeof *NAMES };

/* The content of a token: a string, or an object with "content". */
static yyjson_val *content_of(yyjson_val *json) {
    yyjson_val *content = yyjson_is_obj(json) ? yyjson_obj_get(json, "content") : json;
    return yyjson_get_len(content) ? content : NULL;
}

static ap_status set_token(ap_value *dict, const char *name, yyjson_val *json, ap_error *err) {
    yyjson_val *content = content_of(json);
    ap_value *slot;
    if (!yyjson_is_str(content)) return AP_OK;
    ap_status status = ap__dict_add(&slot, dict, name, strlen(name), err);
    if (status) return status;
    ap__value_clear(slot);
    return ap__value_set_string(slot, yyjson_get_str(content), yyjson_get_len(content), err);
}

/* Tokens that have no name of their own, and those of one kind of model: {"image_token": "<image>"}. */
static ap_status set_more_tokens(ap_value *dict, yyjson_val *config, ap_error *err) {
    yyjson_val *list = yyjson_obj_get(config, "additional_special_tokens"), *key, *item;
    yyjson_val *extra = yyjson_obj_get(config, "extra_special_tokens");
    ap_value *slot;
    size_t i, max;
    ap_status status = AP_OK;
    if (yyjson_arr_size(list)) status = ap__dict_set_list(&slot, dict, "additional_special_tokens", err);
    yyjson_arr_foreach(list, i, max, item) {
        yyjson_val *content = content_of(item);
        if (!status && yyjson_is_str(content))
            status = ap__list_add_text(slot, yyjson_get_str(content), yyjson_get_len(content), err);
    }
    if (!yyjson_is_obj(extra)) return status;
    yyjson_obj_foreach(extra, i, max, key, item) {
        if (!status) status = set_token(dict, yyjson_get_str(key), item, err);
    }
    return status;
}

static ap_status set_special_tokens(ap__chat_templates *templates, const ap__tokenizer *tokenizer,
                                    yyjson_val *config, ap_error *err) {
    ap_value *dict = &templates->special_tokens;
    ap_status status = AP_OK;
    ap__value_set_dict(dict);
    if (tokenizer) {
        const ap__tokenizer_config *c = ap__tokenizer_get_config(tokenizer);
        const char *const texts[N_NAMES] = {c->bos_token, c->eos_token, c->unk_token, c->sep_token,
                                            c->pad_token, c->cls_token, c->mask_token};
        for (int i = 0; i < N_NAMES && !status; i++)
            if (texts[i] && texts[i][0]) status = ap__dict_set_text(dict, NAMES[i], texts[i], err);
    } else {
        for (int i = 0; i < N_NAMES && !status; i++)
            status = set_token(dict, NAMES[i], yyjson_obj_get(config, NAMES[i]), err);
    }
    return status ? status : set_more_tokens(dict, config, err);
}

/* -- all of it ----------------------------------------------------------------------------------------- */

static ap_status load(ap__chat_templates *templates, const char *folder, const ap__tokenizer *tokenizer,
                      ap_error *err) {
    ap__path path;
    yyjson_doc *doc = NULL;
    if (!folder) return set_special_tokens(templates, tokenizer, NULL, err);
    ap_status status = ap__path_join(&path, folder, "tokenizer_config.json", err);
    if (!status && ap__path_is_file(path.text))
        status = ap__json_parse_file(&doc, path.text, CONFIG_MAX_BYTES, err);
    yyjson_val *config = yyjson_doc_get_root(doc);
    if (!status) status = set_special_tokens(templates, tokenizer, config, err);
    if (!status) status = add_files(templates, folder, err);
    if (!status && !templates->n) status = add_config(templates, config, path.text, err);
    yyjson_doc_free(doc);
    return status;
}

ap_status ap__chat_templates_load(ap__chat_templates **out, const char *folder,
                                  const ap__tokenizer *tokenizer, ap_error *err) {
    *out = NULL;
    ap__chat_templates *templates = ap__calloc(1, sizeof *templates);
    if (!templates) return ap__fail_nomem(err);
    ap_status status = load(templates, folder, tokenizer, err);
    if (status)
        ap__chat_templates_destroy(templates);
    else
        *out = templates;
    return status;
}
