/* accelpipe inspect: a model folder, without running it. */
#include "args.h"
#include "command.h"
#include "diag.h"
#include "out.h"
#include "page.h"
#include "show.h"
#include "table.h"

#include <accelpipe/model.h>
#include <string.h>

typedef struct inspect_options {
    const char *accelerator, *output;
    bool help, version;
} inspect_options;

static const cli_option OPTIONS[] = {
    {"accelerator", 0, "NAME", "The backend that would run it; without it, the first that is available.",
     offsetof(inspect_options, accelerator)},
    {"output", 0, CLI_OUTPUT_FORMATS, "Default: table.", offsetof(inspect_options, output)},
    CLI_COMMON_OPTIONS(inspect_options),
    {NULL, 0, NULL, NULL, 0},
};

const cli_page cli_inspect_page = {
    .usage = "inspect MODEL [--accelerator NAME] [--output json|table]",
    .text = "Shows what the folder MODEL holds: kind of model, task, labels, tokenizer, the file\n"
            "that would be used, and its inputs and outputs where a backend can open it.",
    .options = OPTIONS,
};

static bool is_list_of_dicts(const ap_value *value) {
    return ap_value_kind(ap_value_list_get(value, 0)) == AP_KIND_DICT;
}

/* A dict as "name: input_ids, dtype: int64, shape: ...". */
static void add_dict(cli_text *text, const ap_value *dict) {
    for (size_t i = 0; i < ap_value_len(dict); i++) {
        const char *key;
        const ap_value *value = ap_value_dict_at(dict, i, &key);
        cli_text_addf(text, "%s%s: ", i ? ", " : "", key);
        bool is_list = ap_value_kind(value) == AP_KIND_LIST;
        cli_text_addf(text, "%s", is_list ? "[" : "");
        cli_show_add(text, value);
        cli_text_addf(text, "%s", is_list ? "]" : "");
    }
}

static void add_row(cli_table *table, const char *name, const ap_value *value) {
    cli_text text = {0};
    if (ap_value_kind(value) == AP_KIND_DICT)
        add_dict(&text, value);
    else
        cli_show_add(&text, value);
    cli_table_add_text(table, name);
    cli_table_add(table, text.len ? text.ptr : "-", text.len ? text.len : 1);
    cli_text_clear(&text);
}

static void print_table(const ap_value *model) {
    cli_table table = {0};
    cli_table_add_column(&table, "field", CLI_COLUMN_TEXT);
    cli_table_add_column(&table, "value", CLI_COLUMN_TEXT);
    for (size_t i = 0; i < ap_value_len(model); i++) {
        const char *key;
        const ap_value *value = ap_value_dict_at(model, i, &key);
        if (!is_list_of_dicts(value)) {
            add_row(&table, key, value);
            continue;
        }
        for (size_t j = 0; j < ap_value_len(value); j++)
            add_row(&table, j ? "" : key, ap_value_list_get(value, j));
    }
    cli_table_print(&table);
    cli_table_clear(&table);
}

static ap_status print(const char *path, const inspect_options *options, ap_error *err) {
    ap_value *model = NULL;
    ap_status status = ap_model_inspect(&model, path, options->accelerator, err);
    if (status) return status;
    if (cli_show_wants_json(options->output))
        status = cli_show_json(model, err);
    else
        print_table(model);
    ap_value_destroy(model);
    return status;
}

int cli_inspect(int argc, char **argv) {
    ap_error err = AP_ERROR_INIT;
    inspect_options options = {0};
    cli_args args = {.options = OPTIONS, .values = &options};
    ap_status status = cli_args_parse(&args, argc, argv, &err);
    if (!status && cli_page_answer(&cli_inspect_page, options.help, options.version)) return CLI_EXIT_OK;
    if (!status) status = cli_args_expect(&args, 1, 1, cli_inspect_page.usage, &err);
    if (!status) status = print(args.inputs[0], &options, &err);
    return status ? cli_report(&err) : CLI_EXIT_OK;
}
