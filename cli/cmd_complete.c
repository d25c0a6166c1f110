/* accelpipe __complete WORD...: what the last word may become, for cli/completion/. One candidate a line; a
 * line
 * ":file" or ":dir" asks the shell for its own names. Nothing is printed where nothing is known. */
#include "args.h"
#include "command.h"
#include "diag.h"
#include "out.h"
#include "params.h"

#include <accelpipe/backend.h>
#include <accelpipe/task.h>
#include <string.h>

typedef struct completion {
    char *const *words; /* The command first. */
    size_t n_words;
    const char *current; /* The last of them. */
    const cli_command *command;
    cli_params params; /* Loaded for `run TASK` and `bench TASK`. */
} completion;

static void offer(const completion *c, const char *candidate) {
    if (strncmp(candidate, c->current, strlen(c->current)) == 0) cli_out_printf("%s\n", candidate);
}

static void offer_choices(const completion *c, const char *names) {
    while (*names) {
        size_t n = strcspn(names, "|");
        if (strncmp(names, c->current, strlen(c->current)) == 0) cli_out_printf("%.*s\n", (int)n, names);
        names += n + (names[n] == '|');
    }
}

static void offer_commands(const completion *c) {
    for (const cli_command *row = cli_commands; row->name; row++)
        if (row->summary) offer(c, row->name);
}

/* Aliases are either a list or text, as the table has them. */
static void offer_aliases(const completion *c, const ap_value *aliases) {
    for (size_t i = 0; i < ap_value_len(aliases); i++) {
        const char *alias = ap_value_get_string(ap_value_list_get(aliases, i), NULL);
        if (alias) offer(c, alias);
    }
}

static void offer_tasks(const completion *c) {
    ap_value *tasks = NULL;
    if (ap_tasks_describe(&tasks, NULL)) return;
    for (size_t i = 0; i < ap_value_len(tasks); i++) {
        const ap_value *task = ap_value_list_get(tasks, i);
        const char *name = ap_value_get_string(ap_value_dict_get(task, "name"), NULL);
        if (name) offer(c, name);
        offer_aliases(c, ap_value_dict_get(task, "aliases"));
    }
    ap_value_destroy(tasks);
}

static void offer_param_options(const completion *c, const ap_value *rows) {
    for (size_t i = 0; i < ap_value_len(rows); i++) {
        cli_param param = cli_param_of(ap_value_list_get(rows, i));
        cli_text text = {0};
        if (!cli_param_is_option(&param) || cli_page_hides(c->command->page, param.name)) continue;
        cli_param_add_option(&text, &param);
        for (char *name = text.ptr, *end; name; name = end ? end + 2 : NULL) {
            if ((end = strstr(name, ", "))) *end = '\0';
            offer(c, name);
        }
        cli_text_clear(&text);
    }
}

static void offer_options(const completion *c) {
    for (const cli_option *o = c->command->page->options; o->name; o++) {
        char name[64] = "--";
        strncat(name, o->name, sizeof name - 3);
        offer(c, name);
    }
    offer_param_options(c, cli_params_of_task(&c->params));
    offer_param_options(c, cli_params_of_pipeline(&c->params));
}

static void offer_backends(const completion *c) {
    ap_value *backends = NULL;
    if (ap_backends_describe(&backends, NULL)) return;
    for (size_t i = 0; i < ap_value_len(backends); i++) {
        const char *name =
            ap_value_get_string(ap_value_dict_get(ap_value_list_get(backends, i), "name"), NULL);
        if (name) offer(c, name);
    }
    ap_value_destroy(backends);
}

static void offer_param_values(const completion *c, const cli_param *param) {
    bool has_names = ap_value_len(param->choices) || cli_param_takes_bool(param);
    cli_text names = {0};
    cli_param_add_kind(&names, param);
    if (has_names)
        offer_choices(c, names.ptr);
    else if (strcmp(param->name, "accelerator") == 0)
        offer_backends(c);
    else if (strcmp(param->type, "string") == 0)
        cli_out_text(":file\n");
    else if (param->null_ok)
        offer(c, "null");
    cli_text_clear(&names);
}

/* @return false when the word before is no option that takes the current one as its value */
static bool offer_value(const completion *c) {
    const char *before = c->n_words > 1 ? c->words[c->n_words - 2] : "";
    cli_param param;
    if (strncmp(before, "--", 2) != 0) return false;
    for (const cli_option *o = c->command->page->options; o->name; o++) {
        if (strcmp(o->name, before + 2) != 0) continue;
        if (!o->value_name) return false;
        if (strchr(o->value_name, '|'))
            offer_choices(c, o->value_name);
        else if (strcmp(o->name, "vs") == 0)
            offer_backends(c);
        else if (strcmp(o->value_name, "DIR") == 0)
            cli_out_text(":dir\n");
        return true;
    }
    if (!cli_params_find(&param, &c->params, before + 2)) return false;
    offer_param_values(c, &param);
    return !cli_param_takes_bool(&param) || *c->current != '-';
}

static void complete_run(completion *c) {
    ap_error err = AP_ERROR_INIT;
    if (c->n_words == 2) {
        offer_tasks(c);
        offer_choices(c, c->command->run == cli_run ? "auto|--help|--version" : "--help|--version");
        return;
    }
    c->params.task = c->words[1];
    if (cli_params_load(&c->params, &err)) ap_pipeline_describe_params(&c->params.of_pipeline, NULL);
    if (!offer_value(c) && *c->current == '-') offer_options(c);
    cli_params_clear(&c->params);
}

static void complete_explain(completion *c) {
    ap_pipeline_describe_params(&c->params.of_pipeline, NULL);
    if (strcmp(c->words[c->n_words - 2], "--task") == 0)
        offer_tasks(c);
    else if (!offer_value(c) && *c->current == '-')
        offer_options(c);
    else if (*c->current != '-' && c->n_words == 2)
        cli_out_text(":dir\n");
    cli_params_clear(&c->params);
}

static void complete_command(completion *c) {
    const char *before = c->words[c->n_words - 2];
    if (c->command->run == cli_run || c->command->run == cli_bench)
        complete_run(c);
    else if (c->command->run == cli_explain)
        complete_explain(c);
    else if (c->command->run == cli_help && c->n_words == 2)
        offer_commands(c);
    else if (c->command->run == cli_inspect && strcmp(before, "--accelerator") == 0)
        offer_backends(c);
    else if (c->command->page && *c->current == '-')
        offer_options(c);
    else if (c->command->run == cli_tasks)
        offer_tasks(c);
    else if (c->command->run == cli_inspect)
        cli_out_text(":dir\n");
    else if (c->command->run == cli_tokenize && !offer_value(c) && c->n_words == 2)
        cli_out_text(":file\n"); /* Folders are completed as well. */
}

int cli_complete(int argc, char **argv) {
    if (argc < 2) return CLI_EXIT_USAGE;
    completion c = {.words = argv + 1, .n_words = (size_t)argc - 1, .current = argv[argc - 1]};
    c.command = cli_command_find(c.words[0]);
    if (c.n_words == 1) {
        offer_commands(&c);
        offer_choices(&c, "--help|--version");
    } else if (c.command) {
        complete_command(&c);
    }
    return CLI_EXIT_OK;
}
