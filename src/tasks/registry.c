/* The table of tasks. */
#include "tasks/registry.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/suggest.h"
#include "base/words.h"
#include "value/params.h"
#include "value/value.h"

#include <accelpipe/task.h>
#include <string.h>

#define AP_TASK(name) extern const ap_task ap__task_##name;
#include "tasks/tasks.def"
#undef AP_TASK

static const ap_task *const TASKS[] = {
#define AP_TASK(name) &ap__task_##name,
#include "tasks/tasks.def"
#undef AP_TASK
};

enum { N_TASKS = sizeof TASKS / sizeof *TASKS };

static ap_status fail_unknown(const char *name, ap_error *err) {
    ap__suggestion suggestion = {0};
    ap__buf names = {0};
    char hint[96];
    for (size_t i = 0; i < N_TASKS; i++) {
        ap__suggest(&suggestion, name, TASKS[i]->name);
        ap__buf_printf(&names, NULL, "%s%s", i ? ", " : "", TASKS[i]->name);
    }
    ap__fail(err, AP_EKEY, "unknown task \"%.64s\"%s available tasks are %s", name,
             suggestion.best ? ap__suggestion_text(&suggestion, hint, sizeof hint) : ";",
             ap__buf_text(&names));
    ap__buf_clear(&names);
    return AP_EKEY;
}

/* Whether a name is an alias; its parts "xx" and "yy" stand for any ("translation_xx_to_yy"). */
static bool is_alias(const char *alias, size_t len, const char *name) {
    const char *end = alias + len;
    for (;;) {
        size_t n_alias = strcspn(alias, "_ "), n_name = strcspn(name, "_");
        bool is_any = n_alias == 2 && (memcmp(alias, "xx", 2) == 0 || memcmp(alias, "yy", 2) == 0);
        bool fits = is_any ? n_name > 0 : n_alias == n_name && memcmp(alias, name, n_name) == 0;
        alias += n_alias;
        name += n_name;
        if (!fits || (alias == end) != (*name == '\0')) return false;
        if (alias == end) return true;
        alias++;
        name++;
    }
}

static bool has_alias(const ap_task *task, const char *name) {
    const char *word, *rest = task->aliases ? task->aliases : "";
    for (size_t len; (len = ap__words_next(&word, &rest));)
        if (is_alias(word, len, name)) return true;
    return false;
}

ap_status ap__task_find(const ap_task **out, const char *name, ap_error *err) {
    for (size_t i = 0; i < N_TASKS; i++) {
        if (strcmp(TASKS[i]->name, name) != 0 && !has_alias(TASKS[i], name)) continue;
        *out = TASKS[i];
        return AP_OK;
    }
    return fail_unknown(name, err);
}

/* -- inference ----------------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end, size_t end_len) {
    size_t len = strlen(text);
    return len >= end_len && strncmp(text + len - end_len, end, end_len) == 0;
}

bool ap__task_fits(const ap_task *task, const ap__config *config) {
    const ap_value *architectures = ap_value_dict_get(config->json, "architectures");
    if (!task->architectures || !ap_value_len(architectures)) return true;
    for (size_t i = 0; i < ap_value_len(architectures); i++) {
        const char *name = ap_value_get_string(ap_value_list_get(architectures, i), NULL);
        const char *word, *rest = task->architectures;
        for (size_t len; name && (len = ap__words_next(&word, &rest));)
            if (ends_with(name, word, len)) return true;
    }
    return false;
}

ap_status ap__task_infer(const ap_task **out, const ap__config *config, ap_error *err) {
    const ap_value *architectures = ap_value_dict_get(config->json, "architectures");
    if (!ap_value_len(architectures))
        return ap__fail(err, AP_EINVAL,
                        "%s names no architectures, so the task cannot be inferred; name the task",
                        config->source);
    for (size_t i = 0; i < N_TASKS; i++) {
        if (!ap__task_fits(TASKS[i], config)) continue;
        *out = TASKS[i];
        return AP_OK;
    }
    const char *first = ap_value_get_string(ap_value_list_get(architectures, 0), NULL);
    return ap__fail(err, AP_EINVAL,
                    "%s: no task of this version is for the architecture %.64s; name the task",
                    config->source, first ? first : "(not a string)");
}

/* -- describing ---------------------------------------------------------------------------------------- */

static ap_status set_words(ap_value *dict, const char *key, const char *words, ap_error *err) {
    ap_value *list;
    ap_status status = ap__dict_set_list(&list, dict, key, err);
    const char *word, *rest = words ? words : "";
    for (size_t len; !status && (len = ap__words_next(&word, &rest));)
        status = ap__list_add_text(list, word, len, err);
    return status;
}

static ap_status describe(ap_value *dict, const ap_task *task, ap_error *err) {
    static const char *const inputs[] = {"", "text", "image", "audio", "video"};
    ap_value *params;
    ap__value_set_dict(dict);
    ap_status status = ap__dict_set_text(dict, "name", task->name, err);
    if (!status) status = set_words(dict, "aliases", task->aliases, err);
    if (!status) status = ap__dict_set_text(dict, "doc", task->doc, err);
    if (!status) status = ap__dict_set_text(dict, "input", inputs[task->input], err);
    if (!status) status = ap__dict_set_text(dict, "default_model", task->default_model, err);
    if (!status) status = ap__dict_set_list(&params, dict, "params", err);
    return status ? status : ap__params_describe(params, task->params, err);
}

ap_status ap_task_describe(ap_value **out, const char *name, ap_error *err) {
    const ap_task *task;
    if (!out || !name) return ap__fail(err, AP_EINVAL, "ap_task_describe: %s is NULL", out ? "name" : "out");
    *out = NULL;
    ap_status status = ap__task_find(&task, name, err);
    if (!status) status = ap_value_create_null(out, err);
    if (!status && (status = describe(*out, task, err))) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}

ap_status ap_tasks_describe(ap_value **out, ap_error *err) {
    if (!out) return ap__fail(err, AP_EINVAL, "ap_tasks_describe: out is NULL");
    ap_status status = ap_value_create_list(out, err);
    for (size_t i = 0; !status && i < N_TASKS; i++) {
        ap_value *slot;
        if (!(status = ap__list_add(&slot, *out, err))) status = describe(slot, TASKS[i], err);
    }
    if (status) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}
