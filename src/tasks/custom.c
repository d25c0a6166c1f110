/* Rows that an application made: they are looked at closely, because nothing else has been. */
#include "tasks/custom.h"

#include "base/alloc.h"
#include "base/error.h"
#include "tasks/registry.h"

#include <stdalign.h>
#include <string.h>

/* A layer with all that it needs, in one block. */
typedef struct custom {
    ap__task_layer layer;
    ap_task own, task;
    ap_param params[3]; /* Of an override: its own table, that of its base, the end. */
} custom;

/* Rows of ABI 1 reach at least to this member; whatever an older row lacks is zero. */
#define LEAST_SIZE (offsetof(ap_task, user) + sizeof(void *))

static const ap_param NO_PARAMS[] = {AP_PARAM_END};

/* -- checks -------------------------------------------------------------------------------------------- */

static ap_status fail_row(const ap_task *row, ap_error *err, const char *what) {
    return ap__fail(err, AP_EINVAL, "ap_task %s: %s",
                    row->name   ? row->name
                    : row->base ? row->base
                                : "(unnamed)",
                    what);
}

static ap_status check_version(const ap_task *row, ap_error *err) {
    if (row->abi != AP_TASK_ABI)
        return ap__fail(err, AP_EABI, "ap_task: abi is %u, this version has %u; start from AP_TASK_INIT",
                        row->abi, AP_TASK_ABI);
    if (row->size < LEAST_SIZE || row->size > sizeof *row)
        return ap__fail(
            err, AP_EABI,
            "ap_task: size is %u, this version takes %zu to %zu; start from AP_TASK_INIT, and compile "
            "against the headers of the library that is loaded (%s)",
            row->size, LEAST_SIZE, sizeof *row, ap_version());
    return AP_OK;
}

static ap_status fail_param(const ap_task *row, const ap_param *param, ap_error *err, const char *what) {
    return ap__fail(err, AP_EINVAL, "ap_task %s: parameter %.64s: %s", row->name ? row->name : row->base,
                    param->name, what);
}

/* A table, whose options have `size` bytes from where it begins. */
static ap_status check_params(const ap_task *row, const ap_param *table, size_t size, ap_error *err) {
    ap_status status = AP_OK;
    for (const ap_param *param = table; param->name && !status; param++) {
        bool is_inside = param->offset <= size && param->offset % alignof(ap_opt) == 0;
        size_t room = is_inside ? size - param->offset : 0;
        if (param->include && param->name[0])
            status = fail_param(row, param, err, "a table that is included has an empty name");
        else if (param->include)
            status = check_params(row, param->include, room, err);
        else if (!param->name[0])
            status = fail_param(row, param, err, "its name is empty");
        else if (param->type < AP_PARAM_TYPE_BOOL || param->type > AP_PARAM_TYPE_VALUE)
            status = fail_param(row, param, err, "its type is none of ap_param_type");
        else if (param->type == AP_PARAM_TYPE_CHOICE && !param->choices)
            status = fail_param(row, param, err, "it has no choices to choose from");
        else if (room < sizeof(ap_opt))
            status =
                fail_param(row, param, err, "its ap_opt is not inside the opts_size bytes of the options");
    }
    return status;
}

/* What a row without a base has to have. */
static ap_status check_whole(const ap_task *row, ap_error *err) {
    if (row->input < AP_INPUT_TEXT || row->input > AP_INPUT_VIDEO)
        return fail_row(row, err, "input is none of ap_input_kind");
    if (!row->model_kind) return fail_row(row, err, "model_kind is missing");
    if (!row->preprocess)
        return fail_row(row, err, "preprocess is missing; only a row with a base may leave it out");
    if (!row->postprocess)
        return fail_row(row, err, "postprocess is missing; only a row with a base may leave it out");
    return AP_OK;
}

static ap_status check_row(const ap_task *row, ap_error *err) {
    if ((!row->name || !row->name[0]) && !row->base) return fail_row(row, err, "name is missing");
    if (row->input > AP_INPUT_VIDEO) return fail_row(row, err, "input is none of ap_input_kind");
    ap_status status = row->base ? AP_OK : check_whole(row, err);
    if (!status && row->opts_size > AP__TASK_OPTS_MAX_BYTES)
        status = fail_row(row, err, "opts_size is over the limit of 1 MiB");
    if (!status && row->params) status = check_params(row, row->params, row->opts_size, err);
    return status;
}

/* -- inheritance --------------------------------------------------------------------------------------- */

static size_t align(size_t size) {
    size_t unit = alignof(max_align_t);
    return (size + unit - 1) / unit * unit;
}

static ap_param include(const ap_param *table, size_t offset) {
    return (ap_param){.name = "", .type = AP_PARAM_TYPE_VALUE, .offset = offset, .include = table};
}

/* Parameters stand behind those of the base, and are found before them. */
static void inherit_params(custom *c, const ap_task *base) {
    const ap_param *own = c->own.params ? c->own.params : NO_PARAMS;
    c->layer.opts_offset = align(base->opts_size);
    c->params[0] = include(own, c->layer.opts_offset);
    c->params[1] = include(base->params, 0);
    c->task.params = c->params;
    c->task.opts_size = c->layer.opts_offset + c->own.opts_size;
}

/* Functions are not inherited but looked for (pipeline/phases.c), and an alias stands for one task only. */
static void inherit(custom *c, const ap__task_layer *base) {
    const ap_task *from = base->task;
    ap_task *to = &c->task;
    c->layer.base = base;
#define INHERIT(member)                                                                                      \
    if (!to->member) to->member = from->member
    INHERIT(name);
    INHERIT(doc);
    INHERIT(input);
    INHERIT(model_kind);
    INHERIT(default_model);
    INHERIT(architectures);
    INHERIT(outputs);
    INHERIT(token_outputs);
    INHERIT(kept_inputs);
#undef INHERIT
    to->components |= from->components;
    to->flags |= from->flags;
    inherit_params(c, from);
}

ap_status ap__task_layer_create(ap__task_layer **out, const ap_task *row, ap_error *err) {
    const ap__task_layer *base = NULL;
    *out = NULL;
    ap_status status = check_version(row, err);
    if (status) return status;
    custom *c = ap__calloc(1, sizeof *c);
    if (!c) return ap__fail_nomem(err);
    memcpy(&c->own, row, row->size);
    c->task = c->own;
    if (!c->task.params) c->task.params = NO_PARAMS;
    c->layer = (ap__task_layer){.own = &c->own, .task = &c->task};
    status = check_row(&c->own, err);
    if (!status && c->own.base) status = ap__task_find(&base, c->own.base, err);
    if (!status && base) inherit(c, base);
    if (status)
        ap__free(c);
    else
        *out = &c->layer;
    return status;
}
