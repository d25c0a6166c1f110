/* The table of commands, and the way into them. */
#include "command.h"

#include "args.h"
#include "diag.h"
#include "out.h"
#include "page.h"
#include "suggest.h"

#include <string.h>

const cli_command cli_commands[] = {
    {"run", "Run a task on inputs.", &cli_run_page, cli_run},
    {"tasks", "Show the tasks, or one and its parameters.", &cli_tasks_page, cli_tasks},
    {"backends", "Show the backends, and how to install missing ones.", &cli_backends_page, cli_backends},
    {"inspect", "Show what a model folder holds.", &cli_inspect_page, cli_inspect},
    {"explain", "Show what would be used for a model, why, and what would be faster.", &cli_explain_page,
     cli_explain},
    {"tokenize", "Turn text into tokens, or ids back into text.", &cli_tokenize_page, cli_tokenize},
    {"bench", "Measure a task on this machine, and compare backends.", &cli_bench_page, cli_bench},
    {"help", "Show help about a command.", NULL, cli_help},
    {"__complete", NULL, NULL, cli_complete},
    {NULL, NULL, NULL, NULL},
};

static const char USAGE[] = "COMMAND [ARGUMENTS]\n--help | --version";
static const char TEXT[] = "Hugging Face pipelines, without Python.";

const cli_command *cli_command_find(const char *name) {
    for (const cli_command *c = cli_commands; c->name; c++)
        if (strcmp(c->name, name) == 0) return c;
    return NULL;
}

static int print_help(void) {
    static const cli_page page = {.usage = USAGE, .text = TEXT};
    cli_page_print(&page);
    cli_out_text("\nCommands\n");
    for (const cli_command *c = cli_commands; c->name; c++)
        if (c->summary) cli_page_print_entry(c->name, c->summary);
    cli_out_text("\n`accelpipe COMMAND --help` tells more. Example:\n"
                 "  accelpipe run text-classification \"I loved every minute of it.\"\n\n"
                 "Exit status: 0 done, 1 failed while running, 2 bad usage or value, 3 no backend\n"
                 "available, 130 interrupted.\n");
    return CLI_EXIT_OK;
}

static int fail_unknown(const char *name) {
    ap_error err = AP_ERROR_INIT;
    cli_suggestion suggestion = {0};
    char hint[64];
    for (const cli_command *c = cli_commands; c->name; c++)
        if (c->summary) cli_suggest(&suggestion, name, c->name);
    const char *what = name[0] == '-' ? "option" : "command";
    cli_fail(
        &err, AP_EKEY, "unknown %s %.64s%s", what, name,
        cli_suggestion_text(&suggestion, "", "; `accelpipe --help` lists the commands", hint, sizeof hint));
    return cli_report(&err);
}

int cli_command_dispatch(int argc, char **argv) {
    ap_error err = AP_ERROR_INIT;
    if (cli_args_check_utf8(argc, argv, &err)) return cli_report(&err);
    if (argc < 2) {
        cli_fail(&err, AP_EINVAL, "no command; `accelpipe --help` lists them");
        return cli_report(&err);
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) return print_help();
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        cli_page_print_version();
        return CLI_EXIT_OK;
    }
    const cli_command *command = cli_command_find(name);
    return command ? command->run(argc - 1, argv + 1) : fail_unknown(name);
}

int cli_help(int argc, char **argv) {
    static char help_option[] = "--help";
    if (argc < 2 || argv[1][0] == '-') return print_help();
    const cli_command *command = cli_command_find(argv[1]);
    if (!command || !command->summary) return fail_unknown(argv[1]);
    if (command->run == cli_help) return print_help();
    char *with_help[4] = {argv[1], argc > 2 ? argv[2] : help_option, argc > 2 ? help_option : NULL, NULL};
    return command->run(argc > 2 ? 3 : 2, with_help);
}
