/* accelpipe tasks: the tasks there are, or one of them. */
#include "args.h"
#include "command.h"
#include "diag.h"
#include "out.h"
#include "page.h"
#include "show.h"
#include "table.h"

#include <accelpipe/task.h>
#include <string.h>

typedef struct tasks_options {
    const char *output;
    bool help, version;
} tasks_options;

static const cli_option OPTIONS[] = {
    {"output", 0, CLI_OUTPUT_FORMATS, "Default: table.", offsetof(tasks_options, output)},
    CLI_COMMON_OPTIONS(tasks_options),
    {NULL, 0, NULL, NULL, 0},
};

const cli_page cli_tasks_page = {
    .usage = "tasks [NAME] [--output json|table]",
    .text = "Lists the tasks, or shows one of them: what it takes, its bundled model and its\n"
            "parameters.",
    .options = OPTIONS,
};

/* A field of a task as text; what is absent, null or empty is "-". */
static void add_field(cli_table *table, const ap_value *task, const char *key) {
    cli_text text = {0};
    const ap_value *value = ap_value_dict_get(task, key);
    if (ap_value_kind(value) != AP_KIND_NULL) cli_show_add(&text, value);
    cli_table_add_text(table, text.len ? text.ptr : "-");
    cli_text_clear(&text);
}

static void print_list(const ap_value *tasks) {
    static const char *const columns[][2] = {
        {"task", "name"}, {"aliases", "aliases"}, {"input", "input"}, {"bundled model", "default_model"}};
    enum { N_COLUMNS = sizeof columns / sizeof *columns };
    cli_table table = {0};
    for (size_t c = 0; c < N_COLUMNS; c++) cli_table_add_column(&table, columns[c][0], CLI_COLUMN_TEXT);
    for (size_t i = 0; i < ap_value_len(tasks); i++)
        for (size_t c = 0; c < N_COLUMNS; c++) add_field(&table, ap_value_list_get(tasks, i), columns[c][1]);
    cli_table_print(&table);
    cli_table_clear(&table);
}

static void print_field(const char *title, const ap_value *task, const char *key) {
    cli_text text = {0};
    const ap_value *value = ap_value_dict_get(task, key);
    if (ap_value_kind(value) != AP_KIND_NULL) cli_show_add(&text, value);
    if (text.len) cli_page_print_entry(title, text.ptr);
    cli_text_clear(&text);
}

static void print_one(const ap_value *task) {
    cli_table_print_heading(cli_show_string(task, "name", "?"));
    print_field("does", task, "doc");
    print_field("takes", task, "input");
    print_field("other names", task, "aliases");
    print_field("bundled model", task, "default_model");
    cli_page_print_params("Parameters", ap_value_dict_get(task, "params"));
    cli_out_printf("\nParameters of pipeline() itself: accelpipe run %s --help\n",
                   cli_show_string(task, "name", "TASK"));
}

static ap_status print(const char *name, bool as_json, ap_error *err) {
    ap_value *found = NULL;
    ap_status status = name ? ap_task_describe(&found, name, err) : ap_tasks_describe(&found, err);
    if (status) return status;
    if (as_json)
        status = cli_show_json(found, err);
    else if (name)
        print_one(found);
    else
        print_list(found);
    ap_value_destroy(found);
    return status;
}

int cli_tasks(int argc, char **argv) {
    ap_error err = AP_ERROR_INIT;
    tasks_options options = {0};
    cli_args args = {.options = OPTIONS, .values = &options};
    ap_status status = cli_args_parse(&args, argc, argv, &err);
    if (!status && cli_page_answer(&cli_tasks_page, options.help, options.version)) return CLI_EXIT_OK;
    if (!status) status = cli_args_expect(&args, 0, 1, cli_tasks_page.usage, &err);
    if (!status)
        status = print(args.n_inputs ? args.inputs[0] : NULL, cli_show_wants_json(options.output), &err);
    return status ? cli_report(&err) : CLI_EXIT_OK;
}
