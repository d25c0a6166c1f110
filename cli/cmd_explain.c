/* accelpipe explain: what `run` would use, why, and what would be faster. */
#include "args.h"
#include "command.h"
#include "diag.h"
#include "out.h"
#include "page.h"
#include "params.h"
#include "show.h"
#include "table.h"
#include "terminal.h"

#include <accelpipe/model.h>
#include <accelpipe/pipeline.h>
#include <string.h>
#include <unistd.h>

typedef struct explain_options {
    const char *task, *init, *output;
    bool quiet, verbose, help, version;
} explain_options;

static const cli_option OPTIONS[] = {
    {"task", 0, "TASK", "The task; without it, the one the model was made for.",
     offsetof(explain_options, task)},
    {"init", 0, "JSON", "The parameters of pipeline(), as an object.", offsetof(explain_options, init)},
    {"output", 0, CLI_OUTPUT_FORMATS, "Default: table on a terminal, else json.",
     offsetof(explain_options, output)},
    {"quiet", 'q', NULL, "Say nothing but errors.", offsetof(explain_options, quiet)},
    {"verbose", 'v', NULL, "Say also what the library says.", offsetof(explain_options, verbose)},
    CLI_COMMON_OPTIONS(explain_options),
    {NULL, 0, NULL, NULL, 0},
};

const cli_page cli_explain_page = {
    .usage = "explain [MODEL] [OPTIONS]",
    .text = "Shows what `accelpipe run` would use for the folder MODEL: task, file, tokenizer,\n"
            "backend, device, precision and threads, each with the reason; what was passed\n"
            "over and why; and what would be faster. Without MODEL, --task names a task whose\n"
            "bundled model is taken.\n"
            "\n"
            "It takes the options of `run` that make the pipeline: the parameters of pipeline()\n"
            "and of the task (`accelpipe run TASK --help`).",
    .options = OPTIONS,
};

typedef struct explain_state {
    explain_options options;
    cli_args args;
    cli_params params;
    ap_value *model; /* Of a model whose task had to be found out: what is known of it. */
} explain_state;

/* -- options ------------------------------------------------------------------------------------------- */

/* An option that is none of pipeline() is one of the task, which then has to be known. */
static ap_status take_option(void *ctx, cli_foreign_option *option, ap_error *err) {
    explain_state *state = ctx;
    cli_params *params = &state->params;
    ap_error ignored = AP_ERROR_INIT;
    ap_status status = cli_params_load_of_pipeline(params, err);
    if (status) return status;
    if (!params->task) params->task = state->options.task;
    if (!params->task && state->args.n_inputs && !cli_params_is_of_pipeline(params, option->name) &&
        !ap_model_inspect(&state->model, state->args.inputs[0], NULL, &ignored))
        params->task = cli_show_string(state->model, "task", NULL);
    return cli_params_take_option(params, option, err);
}

static void suggest(void *ctx, const char *name, cli_suggestion *suggestion) {
    cli_params_suggest(&((explain_state *)ctx)->params, name, suggestion);
}

static ap_status parse(explain_state *state, int argc, char **argv, ap_error *err) {
    state->args = (cli_args){
        .options = OPTIONS,
        .values = &state->options,
        .foreign = take_option,
        .foreign_suggest = suggest,
        .foreign_ctx = state,
    };
    return cli_args_parse(&state->args, argc, argv, err);
}

/* -- the parameters ------------------------------------------------------------------------------------ */

static ap_status set_text(ap_value *init, const char *key, const char *text, const char *given_as,
                          ap_error *err) {
    ap_value *value = NULL;
    const ap_value *other = ap_value_dict_get(init, key);
    if (!text) return AP_OK;
    if (other)
        return cli_fail(err, AP_EINVAL, "%s and \"%s\" of --init or --%s are both given: give one of them",
                        given_as, key, key);
    ap_status status = ap_value_create_string(&value, text, AP_NUL_TERMINATED, err);
    return status ? status : ap_value_dict_set_take(init, key, value, err);
}

/* Parameters of the task, which `run` gives to the call, are checked at creation. */
static ap_status take_call_params(cli_params *params, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < ap_value_len(params->call); i++) {
        const char *key;
        ap_value *copy = NULL;
        status = ap_value_copy(&copy, ap_value_dict_at(params->call, i, &key), err);
        if (!status) status = ap_value_dict_set_take(params->init, key, copy, err);
    }
    return status;
}

static ap_status make_init(explain_state *state, ap_error *err) {
    cli_params *params = &state->params;
    const char *model = state->args.n_inputs ? state->args.inputs[0] : NULL;
    ap_status status = AP_OK;
    if (state->options.init)
        status = cli_params_merge_json(&params->init, "--init", state->options.init, err);
    if (!status && !params->init) status = ap_value_create_dict(&params->init, err);
    if (!status) status = set_text(params->init, "model", model, "MODEL", err);
    if (!status) status = set_text(params->init, "task", state->options.task, "--task", err);
    return status ? status : take_call_params(params, err);
}

/* -- printing ------------------------------------------------------------------------------------------ */

static void add_cell(cli_table *table, const ap_value *row, const char *key) {
    const char *text = cli_show_string(row, key, "");
    cli_table_add(table, text, strlen(text));
}

static void print_rows(const ap_value *record, const char *key, const char *heading, const char *last) {
    const ap_value *rows = ap_value_dict_get(record, key);
    cli_table table = {0};
    if (!ap_value_len(rows)) return;
    cli_table_add_column(&table, heading, CLI_COLUMN_TEXT);
    cli_table_add_column(&table, last, CLI_COLUMN_TEXT);
    cli_table_add_column(&table, "why", CLI_COLUMN_BAR); /* It wraps: to be read it has to be whole. */
    for (size_t i = 0; i < ap_value_len(rows); i++) {
        const ap_value *row = ap_value_list_get(rows, i);
        add_cell(&table, row, "what");
        add_cell(&table, row, "choice");
        add_cell(&table, row, "why");
    }
    cli_table_print(&table);
    cli_table_clear(&table);
}

static void print_tables(const ap_value *record) {
    bool has_passed = ap_value_len(ap_value_dict_get(record, "passed_over")) != 0;
    bool has_faster = ap_value_len(ap_value_dict_get(record, "faster")) != 0;
    print_rows(record, "decisions", "used", "choice");
    if (has_passed) cli_out_text("\n");
    print_rows(record, "passed_over", "passed over", "choice");
    if (has_faster) cli_out_text("\n");
    print_rows(record, "faster", "faster", "choice");
}

/* The failure that ended the decisions, as one of the command. */
static ap_status report_error(const ap_value *record, ap_error *err) {
    const ap_value *error = ap_value_dict_get(record, "error");
    const char *code = cli_show_string(error, "code", NULL);
    if (!code) return AP_OK;
    ap_status status = AP_EBUG;
#define FIND_CODE(name, number, python, text)                                                                \
    if (strcmp(code, "AP_" #name) == 0) status = AP_##name;
    AP_STATUS_MAP(FIND_CODE)
#undef FIND_CODE
    return cli_fail(err, status, "%s", cli_show_string(error, "message", ""));
}

static ap_status print(const explain_state *state, const ap_value *record, ap_error *err) {
    const char *output = state->options.output;
    ap_status status = AP_OK;
    if (output ? cli_show_wants_json(output) : !cli_terminal_is(STDOUT_FILENO))
        status = cli_show_json(record, err);
    else
        print_tables(record);
    return status ? status : report_error(record, err);
}

/* -- the command --------------------------------------------------------------------------------------- */

static ap_status explain(explain_state *state, ap_error *err) {
    ap_value *record = NULL;
    ap_status status = cli_args_expect(&state->args, state->options.task || state->options.init ? 0 : 1, 1,
                                       cli_explain_page.usage, err);
    if (!status) status = make_init(state, err);
    if (!status) status = ap_explain(&record, state->params.init, err);
    if (!status) status = print(state, record, err);
    ap_value_destroy(record);
    return status;
}

int cli_explain(int argc, char **argv) {
    ap_error err = AP_ERROR_INIT;
    explain_state state = {.options = {0}};
    ap_status status = parse(&state, argc, argv, &err);
    if (!status && cli_page_answer(&cli_explain_page, state.options.help, state.options.version))
        return CLI_EXIT_OK;
    if (state.options.quiet) cli_diag_set_verbosity(CLI_QUIET);
    if (state.options.verbose) cli_diag_set_verbosity(CLI_VERBOSE);
    if (!status) status = explain(&state, &err);
    cli_params_clear(&state.params);
    ap_value_destroy(state.model);
    return status ? cli_report(&err) : CLI_EXIT_OK;
}
