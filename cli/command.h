/* The commands of the program. One row each in command.c; nothing else lists them. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "page.h"

/* Taking a pipeline apart costs milliseconds, a tenth of a short run, and the system does the same when the
 * process ends. So a release build just ends; others free everything, for whoever looks for leaks. */
#ifdef NDEBUG
enum { CLI_FREES_AT_END = 0 };
#else
enum { CLI_FREES_AT_END = 1 };
#endif

typedef struct cli_command {
    const char *name;
    const char *summary;  /* One line; NULL: not shown, for other programs. */
    const cli_page *page; /* NULL: it has no options. */
    /* `argv[0]` is the command's name, `argv[argc]` is NULL. Returns the exit status; standard output is
     * flushed by main(). */
    int (*run)(int argc, char **argv);
} cli_command;

/* All commands; a NULL name ends them. */
extern const cli_command cli_commands[];

/* Runs the command that the arguments of main() name, or answers --help and --version. @return the exit
 * status */
int cli_command_dispatch(int argc, char **argv);

/* NULL when there is none. */
const cli_command *cli_command_find(const char *name);

extern const cli_page cli_run_page, cli_backends_page, cli_tasks_page, cli_inspect_page, cli_explain_page,
    cli_tokenize_page, cli_bench_page;

int cli_run(int argc, char **argv);
int cli_backends(int argc, char **argv);
int cli_tasks(int argc, char **argv);
int cli_inspect(int argc, char **argv);
int cli_explain(int argc, char **argv);
int cli_tokenize(int argc, char **argv);
int cli_bench(int argc, char **argv);
int cli_help(int argc, char **argv);
int cli_complete(int argc, char **argv);

#endif
