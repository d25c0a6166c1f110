/* Options from the library's tables: no parameter has a line of code here. */
#include "params.h"

#include "diag.h"

#include <accelpipe/task.h>
#include <string.h>

/* Other names that the command line has for parameters of pipeline(). */
static const struct { const char *option, *param; } ALIASES[] = {{"threads", "num_threads"}};

enum { N_ALIASES = sizeof ALIASES / sizeof *ALIASES };

/* -- rows ---------------------------------------------------------------------------------------------- */

static const char *text_of(const ap_value *row, const char *key) {
    const char *text = ap_value_get_string(ap_value_dict_get(row, key), NULL);
    return text ? text : "";
}

cli_param cli_param_of(const ap_value *row) {
    const ap_value *choices = ap_value_dict_get(row, "choices");
    return (cli_param){
        .name = text_of(row, "name"),
        .type = text_of(row, "type"),
        .doc = text_of(row, "doc"),
        .choices = ap_value_len(choices) ? choices : NULL,
        .default_json = ap_value_get_string(ap_value_dict_get(row, "default"), NULL),
        .null_ok = ap_value_get_bool(ap_value_dict_get(row, "null_ok")),
    };
}

bool cli_param_is_option(const cli_param *param) { return *param->name && strcmp(param->name, "task") != 0; }

bool cli_param_takes_bool(const cli_param *param) {
    if (strcmp(param->type, "bool") == 0) return true;
    for (size_t i = 0; i < ap_value_len(param->choices); i++)
        if (ap_value_kind(ap_value_list_get(param->choices, i)) == AP_KIND_BOOL) return true;
    return false;
}

/* What a type is called in help. */
static const char *kind_text(const char *type) {
    static const struct {
        const char *type, *text;
    } kinds[] = {{"bool", "true|false"}, {"int", "INT"}, {"float", "NUMBER"}, {"string", "TEXT"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].type, type) == 0) return kinds[i].text;
    return "JSON";
}

void cli_param_add_kind(cli_text *text, const cli_param *param) {
    if (!param->choices) cli_text_addf(text, "%s", kind_text(param->type));
    for (size_t i = 0; i < ap_value_len(param->choices); i++) {
        const ap_value *choice = ap_value_list_get(param->choices, i);
        const char *name = ap_value_get_string(choice, NULL);
        if (!name) name = ap_value_get_bool(choice) ? "true" : "false";
        cli_text_addf(text, "%s%s", i ? "|" : "", name);
    }
    if (param->null_ok) cli_text_addf(text, "|null");
}

static void add_option_name(cli_text *text, const char *name) {
    cli_text_addf(text, "--");
    size_t start = text->len;
    cli_text_addf(text, "%s", name);
    for (char *p = text->ptr + start; *p; p++)
        if (*p == '_') *p = '-';
}

void cli_param_add_option(cli_text *text, const cli_param *param) {
    add_option_name(text, param->name);
    for (size_t i = 0; i < N_ALIASES; i++)
        if (strcmp(ALIASES[i].param, param->name) == 0) cli_text_addf(text, ", --%s", ALIASES[i].option);
}

/* -- tables -------------------------------------------------------------------------------------------- */

void cli_params_clear(cli_params *params) {
    ap_value_destroy(params->of_pipeline);
    ap_value_destroy(params->of_task);
    ap_value_destroy(params->init);
    ap_value_destroy(params->call);
    *params = (cli_params){.task = params->task};
}

ap_status cli_params_load_of_pipeline(cli_params *params, ap_error *err) {
    return params->of_pipeline ? AP_OK : ap_pipeline_describe_params(&params->of_pipeline, err);
}

/* Without a task there are the parameters of pipeline() alone. */
static ap_status load_of_task(cli_params *params, ap_error *err) {
    return params->of_task || !params->task ? AP_OK : ap_task_describe(&params->of_task, params->task, err);
}

ap_status cli_params_load(cli_params *params, ap_error *err) {
    ap_status status = load_of_task(params, err);
    return status ? status : cli_params_load_of_pipeline(params, err);
}

const ap_value *cli_params_of_pipeline(const cli_params *params) { return params->of_pipeline; }

const ap_value *cli_params_of_task(const cli_params *params) {
    return ap_value_dict_get(params->of_task, "params");
}

static bool same_name(const char *option, const char *param) {
    for (; *option && *param; option++, param++)
        if (*option != *param && !(*option == '-' && *param == '_')) return false;
    return !*option && !*param;
}

static bool find_in(cli_param *out, const ap_value *rows, const char *name) {
    for (size_t i = 0; i < ap_value_len(rows); i++) {
        *out = cli_param_of(ap_value_list_get(rows, i));
        if (cli_param_is_option(out) && same_name(name, out->name)) return true;
    }
    return false;
}

static bool find_of_pipeline(cli_param *out, const cli_params *params, const char *name) {
    if (find_in(out, params->of_pipeline, name)) return true;
    for (size_t i = 0; i < N_ALIASES; i++)
        if (strcmp(ALIASES[i].option, name) == 0) return find_in(out, params->of_pipeline, ALIASES[i].param);
    return false;
}

bool cli_params_is_of_pipeline(const cli_params *params, const char *option) {
    cli_param param;
    if (find_of_pipeline(&param, params, option)) return true;
    return strncmp(option, "no-", 3) == 0 && find_of_pipeline(&param, params, option + 3);
}

bool cli_params_find(cli_param *out, const cli_params *params, const char *name) {
    return find_of_pipeline(out, params, name) || find_in(out, cli_params_of_task(params), name);
}

/* -- values -------------------------------------------------------------------------------------------- */

/* Whether a value of JSON is one that the parameter's type may have; which one of them is allowed is for the
 * library to say. */
static bool takes_kind(const cli_param *param, ap_kind kind) {
    const char *type = param->type;
    if (kind == AP_KIND_NULL) return param->null_ok || strcmp(type, "value") == 0;
    if (kind == AP_KIND_BOOL && cli_param_takes_bool(param)) return true;
    if (strcmp(type, "bool") == 0) return false;
    if (strcmp(type, "int") == 0) return kind == AP_KIND_INT;
    if (strcmp(type, "float") == 0) return kind == AP_KIND_INT || kind == AP_KIND_FLOAT;
    if (strcmp(type, "string") == 0 || strcmp(type, "choice") == 0) return kind == AP_KIND_STRING;
    return true;
}

/* Whether text that is no JSON can be a value. */
static bool takes_text(const cli_param *param) {
    return strcmp(param->type, "bool") != 0 && strcmp(param->type, "int") != 0 &&
           strcmp(param->type, "float") != 0;
}

static ap_status fail_kind(const cli_param *param, const char *option, const char *text, ap_error *err) {
    cli_text kind = {0};
    cli_param_add_kind(&kind, param);
    cli_fail(err, AP_EINVAL, "--%s: expected %s, found \"%s\"", option, kind.ptr, text);
    cli_text_clear(&kind);
    return AP_EINVAL;
}

static ap_status read_value(ap_value **out, const cli_param *param, const char *option, const char *text,
                            ap_error *err) {
    ap_error why = AP_ERROR_INIT;
    ap_status status = ap_value_from_json(out, text, AP_NUL_TERMINATED, &why);
    if (status == AP_ENOMEM) return cli_fail_nomem(err);
    if (!status && takes_kind(param, ap_value_kind(*out))) return AP_OK;
    ap_value_destroy(*out);
    *out = NULL;
    bool is_meant_as_json = status && (*text == '{' || *text == '[') && strcmp(param->type, "value") == 0;
    if (is_meant_as_json) return cli_fail(err, AP_EINVAL, "--%s: %s", option, why.message);
    if (!takes_text(param)) return fail_kind(param, option, text, err);
    return ap_value_create_string(out, text, AP_NUL_TERMINATED, err);
}

/* Whether `text`, behind an option that may stand alone, is its value rather than an input. */
static bool is_own_value(const cli_param *param, const char *text) {
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) return true;
    if (strcmp(text, "null") == 0) return param->null_ok;
    for (size_t i = 0; i < ap_value_len(param->choices); i++) {
        const char *choice = ap_value_get_string(ap_value_list_get(param->choices, i), NULL);
        if (choice && strcmp(choice, text) == 0) return true;
    }
    return false;
}

static ap_status option_value(ap_value **out, const cli_param *param, cli_foreign_option *option,
                              ap_error *err) {
    const char *text;
    bool stands_alone = !option->value && cli_param_takes_bool(param) &&
                        (!option->next || !is_own_value(param, option->next));
    if (stands_alone) return ap_value_create_bool(out, 1, err);
    ap_status status = cli_args_value(&text, option, err);
    return status ? status : read_value(out, param, option->name, text, err);
}

/* -- options ------------------------------------------------------------------------------------------- */

static ap_status set_once(ap_value **dict, const char *key, ap_value *value, const char *option,
                          ap_error *err) {
    ap_status status = *dict ? AP_OK : ap_value_create_dict(dict, err);
    if (!status && ap_value_dict_get(*dict, key))
        status = cli_fail(err, AP_EINVAL, "--%s: \"%s\" is given twice", option, key);
    if (status) {
        ap_value_destroy(value);
        return status;
    }
    return ap_value_dict_set_take(*dict, key, value, err);
}

/* Finds the row, asking for the tables it needs. `*dict` is where its value goes; NULL: there is no row. */
static ap_status find_row(cli_param *param, ap_value ***dict, cli_params *params, const char *name,
                          ap_error *err) {
    *dict = NULL;
    ap_status status = cli_params_load_of_pipeline(params, err);
    if (status) return status;
    if (find_of_pipeline(param, params, name)) {
        *dict = &params->init;
        return AP_OK;
    }
    if ((status = load_of_task(params, err))) return status;
    if (find_in(param, cli_params_of_task(params), name)) *dict = &params->call;
    return AP_OK;
}

/* --no-NAME of a parameter that takes false. */
static ap_status take_negated(cli_params *params, cli_foreign_option *option, ap_error *err) {
    cli_param param;
    ap_value **dict = NULL;
    ap_value *value = NULL;
    ap_status status = find_row(&param, &dict, params, option->name + 3, err);
    if (status) return status;
    if (!dict || !cli_param_takes_bool(&param)) {
        option->is_unknown = true;
        return AP_OK;
    }
    if (option->value) return cli_fail(err, AP_EINVAL, "--%s takes no value", option->name);
    if ((status = ap_value_create_bool(&value, 0, err))) return status;
    return set_once(dict, param.name, value, option->name, err);
}

ap_status cli_params_take_option(void *ctx, cli_foreign_option *option, ap_error *err) {
    cli_params *params = ctx;
    cli_param param;
    ap_value **dict = NULL;
    ap_value *value = NULL;
    ap_status status = find_row(&param, &dict, params, option->name, err);
    if (status) return status;
    if (!dict && strncmp(option->name, "no-", 3) == 0) return take_negated(params, option, err);
    if (!dict) {
        option->is_unknown = true;
        return AP_OK;
    }
    if ((status = option_value(&value, &param, option, err))) return status;
    return set_once(dict, param.name, value, option->name, err);
}

static void suggest_from(const ap_value *rows, const char *name, cli_suggestion *suggestion) {
    for (size_t i = 0; i < ap_value_len(rows); i++) {
        cli_param param = cli_param_of(ap_value_list_get(rows, i));
        if (cli_param_is_option(&param)) cli_suggest(suggestion, name, param.name);
    }
}

void cli_params_suggest(void *ctx, const char *name, cli_suggestion *suggestion) {
    const cli_params *params = ctx;
    suggest_from(cli_params_of_task(params), name, suggestion);
    suggest_from(params->of_pipeline, name, suggestion);
    for (size_t i = 0; i < N_ALIASES; i++) cli_suggest(suggestion, name, ALIASES[i].option);
}

ap_status cli_params_has_input(bool *out, cli_params *params, ap_error *err) {
    *out = false;
    if (!ap_value_len(params->call)) return AP_OK;
    ap_status status = load_of_task(params, err);
    const ap_value *rows = cli_params_of_task(params);
    for (size_t i = 0; i < ap_value_len(rows) && !*out; i++) {
        const ap_value *row = ap_value_list_get(rows, i);
        *out = strcmp(text_of(row, "phase"), "input") == 0 &&
               ap_value_dict_get(params->call, text_of(row, "name"));
    }
    return status;
}

/* -- JSON ---------------------------------------------------------------------------------------------- */

ap_status cli_json_argument(ap_value **out, const char *what, const char *json, ap_error *err) {
    ap_status status = ap_value_from_json(out, json, AP_NUL_TERMINATED, err);
    if (status == AP_EFORMAT) err->status = status = AP_EINVAL; /* No file: what was typed is at fault. */
    return status ? cli_error_wrap(err, what) : AP_OK;
}

/* The option of that parameter, as it is typed. */
static ap_status fail_twice(const char *option, const char *key, ap_error *err) {
    cli_text name = {0};
    add_option_name(&name, key);
    cli_fail(err, AP_EINVAL, "%s has \"%s\", and %s is given too: give one of them", option, key, name.ptr);
    cli_text_clear(&name);
    return AP_EINVAL;
}

static ap_status merge(ap_value **dict, const char *option, const ap_value *object, ap_error *err) {
    ap_status status = *dict ? AP_OK : ap_value_create_dict(dict, err);
    for (size_t i = 0; i < ap_value_len(object) && !status; i++) {
        const char *key;
        ap_value *copy = NULL;
        const ap_value *item = ap_value_dict_at(object, i, &key);
        if (ap_value_dict_get(*dict, key)) return fail_twice(option, key, err);
        if ((status = ap_value_copy(&copy, item, err))) break;
        status = ap_value_dict_set_take(*dict, key, copy, err);
    }
    return status;
}

ap_status cli_params_merge_json(ap_value **dict, const char *option, const char *json, ap_error *err) {
    ap_value *object = NULL;
    ap_status status = cli_json_argument(&object, option, json, err);
    if (!status && ap_value_kind(object) != AP_KIND_DICT)
        status = cli_fail(err, AP_EINVAL, "%s: expected a JSON object, found %s", option,
                          ap_kind_name(ap_value_kind(object)));
    if (!status) status = merge(dict, option, object, err);
    ap_value_destroy(object);
    return status;
}
