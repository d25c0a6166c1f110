/* accelpipe run: one call of a pipeline, or a stream of them. */
#include "args.h"
#include "arrays.h"
#include "command.h"
#include "diag.h"
#include "inputs.h"
#include "interrupt.h"
#include "jsonl.h"
#include "out.h"
#include "page.h"
#include "params.h"
#include "pieces.h"
#include "progress.h"
#include "result_table.h"
#include "show.h"
#include "terminal.h"
#include "timings.h"

#include <accelpipe/model.h>
#include <accelpipe/pipeline.h>
#include <accelpipe/task.h>
#include <string.h>
#include <unistd.h>

typedef struct run_options {
    const char *init, *params, *output, *out_dir;
    bool json, jsonl, text_lines, stream, timings, quiet, verbose, help, version;
} run_options;

static const cli_option OPTIONS[] = {
    {"json", 0, NULL, "Read each INPUT as JSON.", offsetof(run_options, json)},
    {"jsonl", 0, NULL, "Read one input a line from standard input, as JSON; write one result a line.",
     offsetof(run_options, jsonl)},
    {"text-lines", 0, NULL, "As --jsonl, each line being the text itself.",
     offsetof(run_options, text_lines)},
    {"stream", 0, NULL, "Write text as it is generated, and nothing else.", offsetof(run_options, stream)},
    {"params", 0, "JSON", "The parameters of the call, as an object.", offsetof(run_options, params)},
    {"init", 0, "JSON", "The parameters of pipeline(), as an object.", offsetof(run_options, init)},
    {"output", 0, "json|jsonl|table", "Default: table on a terminal, else json.",
     offsetof(run_options, output)},
    {"out-dir", 0, "DIR", "Write arrays of the result into .npy files there.",
     offsetof(run_options, out_dir)},
    {"timings", 0, NULL, "Say where the time went: a table, with --output json or jsonl a line of JSON.",
     offsetof(run_options, timings)},
    {"quiet", 'q', NULL, "Say nothing but errors.", offsetof(run_options, quiet)},
    {"verbose", 'v', NULL, "Say also what was chosen.", offsetof(run_options, verbose)},
    CLI_COMMON_OPTIONS(run_options),
    {NULL, 0, NULL, NULL, 0},
};

const cli_page cli_run_page = {
    .usage = "run TASK [OPTIONS] [INPUT...]",
    .text = "Runs a task on inputs and prints the result as transformers returns it. One INPUT\n"
            "gives one result, several give a list; without INPUT, or with \"-\", standard input\n"
            "is read as one input. Without --model, the task's bundled model is used. TASK\n"
            "\"auto\" is the task that the folder given by --model was made for.\n"
            "\n"
            "Parameters of pipeline() and of the task are options too; `accelpipe run TASK\n"
            "--help` lists them. A value is read as JSON where that gives what the parameter\n"
            "takes, else as text; one that takes true and false may stand alone (true) or as\n"
            "--no-NAME (false).",
    .options = OPTIONS,
};

typedef struct run_state {
    run_options options;
    cli_args args;
    cli_params params;
    cli_arrays arrays;
    ap_value *inputs; /* NULL: they come from lines. */
    cli_interrupt
        *interrupt; /* Of lines only: a single call has nothing to finish, so the signal may end it. */
    ap_pipeline *pipe;
    ap_timings timings; /* With --timings. */
    ap_value *model;    /* Of TASK auto: what was found out about it. */
} run_state;

static bool reads_lines(const run_options *options) { return options->jsonl || options->text_lines; }

/* -- options ------------------------------------------------------------------------------------------- */

static ap_status check_pair(bool a, bool b, const char *names, ap_error *err) {
    return a && b ? cli_fail(err, AP_EINVAL, "%s exclude each other: give one of them", names) : AP_OK;
}

static ap_status check_conflicts(const run_state *run, ap_error *err) {
    const run_options *o = &run->options;
    const char *lines = o->jsonl ? "--jsonl" : "--text-lines";
    ap_status status = check_pair(o->json, o->jsonl, "--json and --jsonl", err);
    if (!status) status = check_pair(o->json, o->text_lines, "--json and --text-lines", err);
    if (!status) status = check_pair(o->jsonl, o->text_lines, "--jsonl and --text-lines", err);
    if (!status) status = check_pair(o->quiet, o->verbose, "--quiet and --verbose", err);
    if (!status) status = check_pair(o->stream, reads_lines(o), "--stream and --jsonl or --text-lines", err);
    if (!status) status = check_pair(o->stream, o->output != NULL, "--stream and --output", err);
    if (status) return status;
    if (reads_lines(o) && o->output && strcmp(o->output, "jsonl") != 0)
        return cli_fail(err, AP_EINVAL, "--output %s and %s exclude each other: lines give lines", o->output,
                        lines);
    bool has_inputs = run->args.n_inputs > 1 || (run->args.n_inputs && !run->args.has_dash);
    if (reads_lines(o) && has_inputs)
        return cli_fail(err, AP_EINVAL, "%s reads standard input: INPUT \"%.80s\" cannot be given too", lines,
                        run->args.inputs[0]);
    if (run->args.has_dash && run->args.n_inputs > 1)
        return cli_fail(err, AP_EINVAL,
                        "INPUT - is standard input and must be the only one; behind -- it is text");
    return AP_OK;
}

/* The task that the model of --model was made for: its options cannot be read without it. */
static ap_status infer_task(ap_value **model, const char **task, int argc, char **argv, ap_error *err) {
    const char *name = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--model") == 0 && i + 1 < argc) name = argv[i + 1];
        if (strncmp(argv[i], "--model=", 8) == 0) name = argv[i] + 8;
    }
    if (!name) return cli_fail(err, AP_EINVAL, "TASK auto needs --model, whose task it is");
    ap_status status = ap_model_inspect(model, name, NULL, err);
    if (status) return status;
    *task = cli_show_string(*model, "task", NULL);
    return *task ? AP_OK : cli_fail(err, AP_EINVAL, "%s: the task of this model is not known; name it", name);
}

static ap_status parse(run_state *run, int argc, char **argv, ap_error *err) {
    run->args = (cli_args){
        .options = OPTIONS,
        .values = &run->options,
        .foreign = cli_params_take_option,
        .foreign_suggest = cli_params_suggest,
        .foreign_ctx = &run->params,
    };
    return cli_args_parse(&run->args, argc, argv, err);
}

/* -- inputs -------------------------------------------------------------------------------------------- */

static ap_status take_keywords(run_state *run, ap_error *err) {
    bool has_input = false;
    ap_status status = cli_inputs_split_kwargs(&run->inputs, &run->params.call, err);
    if (status || run->inputs) return status;
    status = cli_params_has_input(&has_input, &run->params, err);
    if (status || has_input) return status;
    return cli_fail(err, AP_ETYPE, "\"$kwargs\" has no \"inputs\", which the call needs");
}

static ap_status read_inputs(run_state *run, ap_error *err) {
    const cli_args *args = &run->args;
    bool is_json = run->options.json, has_input = false;
    if (reads_lines(&run->options)) return AP_OK;
    ap_status status = AP_OK;
    if (!args->n_inputs) status = cli_params_has_input(&has_input, &run->params, err);
    if (status || has_input) return status;
    if (args->n_inputs && !args->has_dash)
        status = cli_inputs_from_args(&run->inputs, args->inputs, args->n_inputs, is_json, err);
    else if (!args->has_dash && cli_terminal_is(STDIN_FILENO))
        status = cli_fail(err, AP_EINVAL, "no INPUT: give one as argument, or write it to standard input");
    else
        status = cli_inputs_from_stdin(&run->inputs, is_json, err);
    return status || !is_json ? status : take_keywords(run, err);
}

/* -- the pipeline -------------------------------------------------------------------------------------- */

static ap_status merge_params(run_state *run, ap_error *err) {
    const run_options *o = &run->options;
    ap_status status = AP_OK;
    if (o->params) status = cli_params_merge_json(&run->params.call, "--params", o->params, err);
    if (!status && o->init) status = cli_params_merge_json(&run->params.init, "--init", o->init, err);
    return status;
}

static ap_status set_task(run_state *run, ap_error *err) {
    ap_value **init = &run->params.init, *task = NULL;
    const ap_value *given = ap_value_dict_get(*init, "task");
    const char *name = ap_value_get_string(given, NULL);
    if (given && (!name || strcmp(name, run->params.task) != 0))
        return cli_fail(err, AP_EINVAL, "--init has the task \"%s\", and TASK is %s", name ? name : "null",
                        run->params.task);
    ap_status status = *init ? AP_OK : ap_value_create_dict(init, err);
    if (!status) status = ap_value_create_string(&task, run->params.task, AP_NUL_TERMINATED, err);
    return status ? status : ap_value_dict_set_take(*init, "task", task, err);
}

/* --verbose: everything that was chosen, on one line. */
static void note_all(const ap_value *chosen) {
    cli_text text = {0};
    for (size_t i = 0; i < ap_value_len(chosen); i++) {
        const char *key;
        const ap_value *value = ap_value_dict_at(chosen, i, &key);
        cli_text_addf(&text, "%s%s: ", i ? ", " : "", key);
        cli_show_add(&text, value);
    }
    cli_note("%s", text.ptr ? text.ptr : "");
    cli_text_clear(&text);
}

static bool is_named(const run_state *run, const char *param) {
    return ap_value_kind(ap_value_dict_get(run->params.init, param)) != AP_KIND_NULL;
}

/* One line for what was chosen where nothing was named, and why. */
static void note_automatic(const ap_value *chosen, bool has_model, bool has_accelerator) {
    const char *model = cli_show_string(chosen, "model", "?");
    const char *accelerator = cli_show_string(chosen, "accelerator", "?");
    const char *why = cli_show_string(chosen, "accelerator_reason", "?");
    if (!has_model && !has_accelerator)
        cli_note("using the bundled model %s on %s (%s); --model and --accelerator name others", model,
                 accelerator, why);
    else if (!has_model)
        cli_note("using the bundled model %s on %s; --model names another", model, accelerator);
    else if (!has_accelerator)
        cli_note("using %s (%s); --accelerator names another", accelerator, why);
}

/* Says what was taken where nothing was named. */
static ap_status note_choice(const run_state *run, ap_error *err) {
    bool has_model = is_named(run, "model"), has_accelerator = is_named(run, "accelerator");
    if (run->options.quiet || (has_model && has_accelerator && !run->options.verbose)) return AP_OK;
    ap_value *chosen = NULL;
    ap_status status = ap_pipeline_describe(&chosen, run->pipe, err);
    if (status) return status;
    note_automatic(chosen, has_model, has_accelerator);
    if (run->options.verbose) note_all(chosen);
    ap_value_destroy(chosen);
    return AP_OK;
}

static ap_status create_pipeline(run_state *run, ap_error *err) {
    ap_status status = set_task(run, err);
    if (!status && reads_lines(&run->options)) status = cli_interrupt_create(&run->interrupt, err);
    if (!status) status = ap_pipeline_create_from_value(&run->pipe, run->params.init, err);
    return status ? status : note_choice(run, err);
}

/* -- the call ------------------------------------------------------------------------------------------ */

static void show_progress(size_t n_done, size_t n_total, void *ctx) {
    cli_progress_update(ctx, n_done, n_total);
}

static ap_timings *wanted_timings(run_state *run) { return run->options.timings ? &run->timings : NULL; }

static ap_status print_timings(const run_state *run, ap_error *err) {
    const char *output = run->options.output;
    if (!run->options.timings) return AP_OK;
    cli_out_flush(); /* First the result, where both go to one terminal. */
    return cli_timings_print(&run->timings, output && strcmp(output, "table") != 0, err);
}

static ap_status call(ap_value **out, run_state *run, ap_error *err) {
    cli_progress progress;
    ap_call_options options = AP_CALL_OPTIONS_INIT;
    cli_progress_start(&progress, !run->options.quiet);
    options.progress = progress.is_on ? show_progress : NULL;
    options.progress_ctx = &progress;
    options.timings = wanted_timings(run);
    ap_status status = ap_pipeline_call_with(out, run->pipe, run->inputs, run->params.call, &options, err);
    cli_progress_end(&progress, ap_value_kind(run->inputs) == AP_KIND_LIST ? ap_value_len(run->inputs) : 1);
    return status;
}

static ap_status print_jsonl(const ap_value *inputs, const ap_value *result, ap_error *err) {
    bool is_by_input = ap_value_kind(inputs) == AP_KIND_LIST && ap_value_kind(result) == AP_KIND_LIST;
    ap_status status = AP_OK;
    for (size_t i = 0; i < (is_by_input ? ap_value_len(result) : 1) && !status; i++) {
        char *json = NULL;
        size_t len = 0;
        const ap_value *item = is_by_input ? ap_value_list_get(result, i) : result;
        status = ap_value_to_json(&json, &len, item, AP_JSON_COMPACT, err);
        if (!status) cli_out_line(json, len);
        ap_string_destroy(json);
    }
    return status;
}

static ap_status print_result(const run_state *run, const ap_value *result, ap_error *err) {
    const char *output = run->options.output;
    if (!output) output = cli_terminal_is(STDOUT_FILENO) ? "table" : "json";
    if (strcmp(output, "jsonl") == 0) return print_jsonl(run->inputs, result, err);
    if (strcmp(output, "table") == 0 && cli_result_table_print(run->inputs, result)) return AP_OK;
    return cli_show_json(result, err);
}

static int call_and_print(run_state *run) {
    ap_error err = AP_ERROR_INIT;
    ap_value *result = NULL;
    ap_status status = call(&result, run, &err);
    if (!status) status = cli_arrays_replace(&run->arrays, &result, &err);
    if (!status) status = print_result(run, result, &err);
    if (!status) status = print_timings(run, &err);
    ap_value_destroy(result);
    return status ? cli_report(&err) : CLI_EXIT_OK;
}

static ap_status check_stream(run_state *run, ap_error *err) {
    ap_status status = run->options.stream ? cli_params_load(&run->params, err) : AP_OK;
    if (status || !run->options.stream || cli_pieces_has(cli_params_of_task(&run->params))) return status;
    return cli_fail(err, AP_EINVAL, "--stream shows text as it is generated, and task %s generates none",
                    run->params.task);
}

static int write_pieces(run_state *run) {
    ap_error err = AP_ERROR_INIT;
    ap_status status = cli_pieces_run(run->pipe, run->inputs, run->params.call, &err);
    return status ? cli_report(&err) : CLI_EXIT_OK;
}

static int stream(run_state *run) {
    const cli_jsonl_options options = {
        .is_text = run->options.text_lines,
        .show_progress = !run->options.quiet,
        .params = run->params.call,
        .arrays = &run->arrays,
        .interrupt = run->interrupt,
        .timings = wanted_timings(run),
    };
    ap_error err = AP_ERROR_INIT;
    int exit_status = cli_jsonl_run(run->pipe, &options);
    return print_timings(run, &err) ? cli_report(&err) : exit_status;
}

/* -- the command --------------------------------------------------------------------------------------- */

static ap_status print_task_help(run_state *run, ap_error *err) {
    ap_status status = cli_params_load(&run->params, err);
    if (status) return status;
    cli_text title = {0};
    cli_text_addf(&title, "Parameters of %s", cli_show_string(run->params.of_task, "name", run->params.task));
    cli_page_print(&cli_run_page);
    cli_page_print_param_options(&cli_run_page, title.ptr, cli_params_of_task(&run->params));
    cli_page_print_param_options(&cli_run_page, "Parameters of pipeline()",
                                 cli_params_of_pipeline(&run->params));
    cli_text_clear(&title);
    return AP_OK;
}

static ap_status prepare(run_state *run, ap_error *err) {
    ap_status status = check_conflicts(run, err);
    if (!status) status = check_stream(run, err);
    if (!status) status = merge_params(run, err);
    if (!status) status = cli_arrays_open(&run->arrays, run->options.out_dir, err);
    if (!status) status = read_inputs(run, err);
    return status ? status : create_pipeline(run, err);
}

static int run_task(run_state *run, int argc, char **argv) {
    ap_error err = AP_ERROR_INIT;
    ap_status status = parse(run, argc, argv, &err);
    if (!status && run->options.help) {
        status = print_task_help(run, &err);
        return status ? cli_report(&err) : CLI_EXIT_OK;
    }
    if (!status && cli_page_answer(&cli_run_page, false, run->options.version)) return CLI_EXIT_OK;
    if (run->options.quiet) cli_diag_set_verbosity(CLI_QUIET);
    if (run->options.verbose) cli_diag_set_verbosity(CLI_VERBOSE);
    if (!status) status = prepare(run, &err);
    if (status) return cli_report(&err);
    if (run->options.stream) return write_pieces(run);
    return reads_lines(&run->options) ? stream(run) : call_and_print(run);
}

/* `accelpipe run --help` and the like: no task yet. */
static int answer_without_task(int argc, char **argv) {
    ap_error err = AP_ERROR_INIT;
    run_options options = {0};
    cli_args args = {.options = OPTIONS, .values = &options};
    const char *first = argc > 1 ? argv[1] : "";
    bool is_question = cli_args_is_choice("--help|-h|--version|-V", first);
    if (is_question && !cli_args_parse(&args, argc, argv, &err)) {
        cli_page_answer(&cli_run_page, options.help, options.version);
        return CLI_EXIT_OK;
    }
    if (!err.status)
        cli_fail(&err, AP_EINVAL,
                 "TASK comes first: accelpipe run TASK [OPTIONS] [INPUT...]; `accelpipe tasks` lists them");
    return cli_report(&err);
}

static void clear(run_state *run) {
    ap_pipeline_destroy(run->pipe);
    cli_interrupt_destroy(run->interrupt);
    ap_value_destroy(run->inputs);
    cli_params_clear(&run->params);
    ap_value_destroy(run->model);
}

int cli_run(int argc, char **argv) {
    if (argc < 2 || argv[1][0] == '-') return answer_without_task(argc, argv);
    run_state run = {.params = {.task = argv[1]}, .timings = AP_TIMINGS_INIT};
    ap_error err = AP_ERROR_INIT;
    ap_status status = AP_OK;
    if (strcmp(argv[1], "auto") == 0)
        status = infer_task(&run.model, &run.params.task, argc - 1, argv + 1, &err);
    int exit_status = status ? cli_report(&err) : run_task(&run, argc - 1, argv + 1);
    if (CLI_FREES_AT_END) clear(&run);
    return exit_status;
}
