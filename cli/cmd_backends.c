/* accelpipe backends: what this machine can run models with. */
#include "args.h"
#include "command.h"
#include "diag.h"
#include "out.h"
#include "page.h"
#include "show.h"
#include "table.h"

#include <accelpipe/backend.h>
#include <string.h>

typedef struct backends_options {
    const char *output;
    bool json, help, version;
} backends_options;

static const cli_option OPTIONS[] = {
    {"output", 0, CLI_OUTPUT_FORMATS, "Default: table.", offsetof(backends_options, output)},
    {"json", 0, NULL, "The same as --output json.", offsetof(backends_options, json)},
    CLI_COMMON_OPTIONS(backends_options),
    {NULL, 0, NULL, NULL, 0},
};

const cli_page cli_backends_page = {
    .usage = "backends [--output json|table] [--json]",
    .text = "Shows the backends in the order in which they are tried when --accelerator is not\n"
            "given, and for those that are not available the reason and how to install them;\n"
            "then how many threads they share, and where the start-up cache is.",
    .options = OPTIONS,
};

static bool is_available(const ap_value *backend) {
    return ap_value_get_bool(ap_value_dict_get(backend, "available"));
}

static void add_field(cli_table *table, const ap_value *backend, const char *key) {
    cli_text text = {0};
    const ap_value *value = ap_value_dict_get(backend, key);
    if (ap_value_kind(value) != AP_KIND_NULL) cli_show_add(&text, value);
    cli_table_add(table, text.ptr ? text.ptr : "", text.len);
    cli_text_clear(&text);
}

static void print_table(const ap_value *backends) {
    static const char *const columns[] = {"runtime", "version", "devices", "path"};
    enum { N_COLUMNS = sizeof columns / sizeof *columns };
    cli_table table = {0};
    cli_table_add_column(&table, "backend", CLI_COLUMN_TEXT);
    cli_table_add_column(&table, "available", CLI_COLUMN_TEXT);
    for (size_t c = 0; c < N_COLUMNS; c++) cli_table_add_column(&table, columns[c], CLI_COLUMN_TEXT);
    for (size_t i = 0; i < ap_value_len(backends); i++) {
        const ap_value *backend = ap_value_list_get(backends, i);
        add_field(&table, backend, "name");
        cli_table_add_text(&table, is_available(backend) ? "yes" : "no");
        for (size_t c = 0; c < N_COLUMNS; c++) add_field(&table, backend, columns[c]);
    }
    cli_table_print(&table);
    cli_table_clear(&table);
}

/* What all backends share. */
static void print_shared(const ap_value *backend) {
    cli_text text = {0};
    cli_show_add(&text, ap_value_dict_get(backend, "threads"));
    cli_out_printf("\nthreads       %s (%s)\n", text.ptr ? text.ptr : "?",
                   cli_show_string(backend, "threads_reason", "?"));
    const char *dir = cli_show_string(backend, "cache_dir", "none: HOME is not set");
    text.len = 0;
    cli_text_add_shown(&text, dir, strlen(dir), (size_t)-1);
    cli_out_printf("cache folder  %s\n", text.ptr ? text.ptr : "");
    cli_text_clear(&text);
}

static void print_missing(const ap_value *backend) {
    cli_text reason = {0};
    const char *text = cli_show_string(backend, "reason", "no reason was given");
    cli_text_add_shown(&reason, text, strlen(text), (size_t)-1);
    cli_out_printf("\n%s: %s\n", cli_show_string(backend, "name", "?"), reason.ptr ? reason.ptr : "");
    const char *install = cli_show_string(backend, "install", NULL);
    if (install) cli_out_printf("  install with: %s\n", install);
    cli_text_clear(&reason);
}

static ap_status print(const ap_value *backends, bool as_json, ap_error *err) {
    if (as_json) return cli_show_json(backends, err);
    print_table(backends);
    for (size_t i = 0; i < ap_value_len(backends); i++)
        if (!is_available(ap_value_list_get(backends, i))) print_missing(ap_value_list_get(backends, i));
    print_shared(ap_value_list_get(backends, 0));
    return AP_OK;
}

int cli_backends(int argc, char **argv) {
    ap_error err = AP_ERROR_INIT;
    ap_value *backends = NULL;
    backends_options options = {0};
    cli_args args = {.options = OPTIONS, .values = &options};
    ap_status status = cli_args_parse(&args, argc, argv, &err);
    if (!status && cli_page_answer(&cli_backends_page, options.help, options.version)) return CLI_EXIT_OK;
    if (!status) status = cli_args_expect(&args, 0, 0, cli_backends_page.usage, &err);
    if (!status && options.json && options.output && strcmp(options.output, "json") != 0)
        status = cli_fail(&err, AP_EINVAL, "--json and --output %s exclude each other: give one of them",
                          options.output);
    if (!status) status = ap_backends_describe(&backends, &err);
    if (!status) status = print(backends, options.json || cli_show_wants_json(options.output), &err);
    ap_value_destroy(backends);
    return status ? cli_report(&err) : CLI_EXIT_OK;
}
