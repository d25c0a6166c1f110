/* The table of tasks: the library's own, and behind them what the application registered. */
#include "tasks/registry.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/suggest.h"
#include "base/words.h"
#include "tasks/custom.h"
#include "value/params.h"
#include "value/value.h"

#include <accelpipe/task.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define AP_TASK(name) extern const ap_task ap__task_##name;
#include "tasks/tasks.def"
#undef AP_TASK

static const ap__task_layer TASKS[] = {
#define AP_TASK(name) {.own = &ap__task_##name, .task = &ap__task_##name},
#include "tasks/tasks.def"
#undef AP_TASK
};

enum { N_TASKS = sizeof TASKS / sizeof *TASKS };

/* A registered task. They are only ever added, so that reading them needs no lock. */
typedef struct node {
    const ap__task_layer *layer;
    struct node *_Atomic next;
} node;

static node *_Atomic registered;
static pthread_mutex_t registering =
    PTHREAD_MUTEX_INITIALIZER; /* Guards adding; no other lock is taken in it. */

/* -- finding ------------------------------------------------------------------------------------------- */

/* Walks all tasks: begins with all zero. */
typedef struct walk {
    size_t i;
    node *at;
} walk;

/* NULL at the end. */
static const ap__task_layer *next_task(walk *w) {
    if (w->i < N_TASKS) return &TASKS[w->i++];
    w->at = w->at ? atomic_load(&w->at->next) : atomic_load(&registered);
    return w->at ? w->at->layer : NULL;
}

static ap_status fail_unknown(const char *name, ap_error *err) {
    ap__suggestion suggestion = {0};
    ap__buf names = {0};
    char hint[96];
    walk w = {0};
    for (const ap__task_layer *layer; (layer = next_task(&w));) {
        ap__suggest(&suggestion, name, layer->task->name);
        ap__buf_printf(&names, NULL, "%s%s", names.len ? ", " : "", layer->task->name);
    }
    ap__fail(err, AP_EKEY, "unknown task \"%.64s\"%s available tasks are %s", name,
             suggestion.best ? ap__suggestion_text(&suggestion, hint, sizeof hint) : ";",
             ap__buf_text(&names));
    ap__buf_clear(&names);
    return AP_EKEY;
}

/* The length of a part of a name, up to the next '_'. */
static size_t part_len(const char *text, size_t len) {
    const char *end = memchr(text, '_', len);
    return end ? (size_t)(end - text) : len;
}

/* Whether a name is an alias; parts "xx" and "yy" of it stand for any ("translation_xx_to_yy"). */
static bool is_alias(const char *alias, size_t alias_len, const char *name, size_t len) {
    for (;;) {
        size_t n = part_len(alias, alias_len), n_name = part_len(name, len);
        bool is_any = n == 2 && (memcmp(alias, "xx", 2) == 0 || memcmp(alias, "yy", 2) == 0);
        if (is_any ? !n_name : n != n_name || memcmp(alias, name, n) != 0) return false;
        if (n == alias_len || n_name == len) return n == alias_len && n_name == len;
        alias += n + 1;
        alias_len -= n + 1;
        name += n_name + 1;
        len -= n_name + 1;
    }
}

/* The task that has this name, or an alias of it, of `len` bytes. */
static const ap__task_layer *find(const char *name, size_t len) {
    walk w = {0};
    for (const ap__task_layer *layer; (layer = next_task(&w));) {
        const char *word, *rest = layer->task->aliases ? layer->task->aliases : "";
        if (strlen(layer->task->name) == len && memcmp(layer->task->name, name, len) == 0) return layer;
        for (size_t n; (n = ap__words_next(&word, &rest));)
            if (is_alias(word, n, name, len)) return layer;
    }
    return NULL;
}

ap_status ap__task_find(const ap__task_layer **out, const char *name, ap_error *err) {
    *out = find(name, strlen(name));
    return *out ? AP_OK : fail_unknown(name, err);
}

/* -- registering --------------------------------------------------------------------------------------- */

static ap_status check_free(const ap_task *task, ap_error *err) {
    const char *word = task->name, *rest = task->aliases ? task->aliases : "";
    for (size_t len = strlen(word); len; len = ap__words_next(&word, &rest)) {
        const ap__task_layer *taken = find(word, len);
        if (taken)
            return ap__fail(err, AP_EKEY,
                            "task %s: the name \"%.*s\" is taken by the task %s; choose another", task->name,
                            (int)(len < 64 ? len : 64), word, taken->task->name);
    }
    return AP_OK;
}

static ap_status add(node *added, ap_error *err) {
    node *_Atomic *end = &registered;
    pthread_mutex_lock(&registering);
    ap_status status = check_free(added->layer->task, err);
    while (atomic_load(end)) end = &atomic_load(end)->next;
    if (!status) atomic_store(end, added);
    pthread_mutex_unlock(&registering);
    return status;
}

ap_status ap_task_register(const ap_task *row, ap_error *err) {
    ap__task_layer *layer = NULL;
    if (!row) return ap__fail(err, AP_EINVAL, "ap_task_register: row is NULL");
    ap_status status = ap__task_layer_create(&layer, row, err);
    if (status) return status;
    node *added = ap__calloc(1, sizeof *added);
    if (!added) {
        status = ap__fail_nomem(err);
    } else if (!layer->own->name || !layer->own->name[0]) {
        status = ap__fail(err, AP_EINVAL, "ap_task: a row that is registered needs a name of its own");
    } else {
        added->layer = layer;
        status = add(added, err);
    }
    if (status) {
        ap__free(added);
        ap__free(layer);
    }
    return status;
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

ap_status ap__task_infer(const ap__task_layer **out, const ap__config *config, ap_error *err) {
    const ap_value *architectures = ap_value_dict_get(config->json, "architectures");
    if (!ap_value_len(architectures))
        return ap__fail(err, AP_EINVAL,
                        "%s names no architectures, so the task cannot be inferred; name the task",
                        config->source);
    walk w = {0};
    while ((*out = next_task(&w)))
        if ((*out)->task->architectures && ap__task_fits((*out)->task, config)) return AP_OK;
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
    if (!status && task->base) status = ap__dict_set_text(dict, "base", task->base, err);
    if (!status) status = ap__dict_set_list(&params, dict, "params", err);
    return status ? status : ap__params_describe(params, task->params, err);
}

ap_status ap_task_describe(ap_value **out, const char *name, ap_error *err) {
    const ap__task_layer *layer;
    if (!out || !name) return ap__fail(err, AP_EINVAL, "ap_task_describe: %s is NULL", out ? "name" : "out");
    *out = NULL;
    ap_status status = ap__task_find(&layer, name, err);
    if (!status) status = ap_value_create_null(out, err);
    if (!status && (status = describe(*out, layer->task, err))) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}

ap_status ap_tasks_describe(ap_value **out, ap_error *err) {
    if (!out) return ap__fail(err, AP_EINVAL, "ap_tasks_describe: out is NULL");
    walk w = {0};
    ap_status status = ap_value_create_list(out, err);
    for (const ap__task_layer *layer; !status && (layer = next_task(&w));) {
        ap_value *slot;
        if (!(status = ap__list_add(&slot, *out, err))) status = describe(slot, layer->task, err);
    }
    if (status) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}
