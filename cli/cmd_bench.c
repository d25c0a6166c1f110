/* accelpipe bench: how fast a task runs here, and in which backend faster. */
#include "args.h"
#include "bench_report.h"
#include "command.h"
#include "diag.h"
#include "inputs.h"
#include "memory.h"
#include "page.h"
#include "params.h"
#include "progress.h"
#include "show.h"

#include <accelpipe/task.h>
#include <accelpipe/tokenizer.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct bench_options {
    const char *vs, *lengths, *batch_sizes, *duration, *init, *params, *output;
    bool json, quiet, verbose, help, version;
} bench_options;

static const cli_option OPTIONS[] = {
    {"vs", 0, "NAME,...",
     "Backends to compare, taking turns; each row says how many times as fast it is as the first.",
     offsetof(bench_options, vs)},
    {"lengths", 0, "N,...",
     "Words of the inputs that are made: half as many to half as many again. Default: 16,128.",
     offsetof(bench_options, lengths)},
    {"batch-sizes", 0, "N,...",
     "Inputs of a call, which are one batch; auto: 64 inputs, in batches by length. Default: 1,8,auto.",
     offsetof(bench_options, batch_sizes)},
    {"duration", 0, "SECONDS", "For each length, batch size and backend. Default: 2.",
     offsetof(bench_options, duration)},
    {"json", 0, NULL, "Read each INPUT as JSON.", offsetof(bench_options, json)},
    {"params", 0, "JSON", "The parameters of the calls, as an object.", offsetof(bench_options, params)},
    {"init", 0, "JSON", "The parameters of pipeline(), as an object.", offsetof(bench_options, init)},
    {"output", 0, CLI_OUTPUT_FORMATS, "Default: table.", offsetof(bench_options, output)},
    {"quiet", 'q', NULL, "Say nothing but errors.", offsetof(bench_options, quiet)},
    {"verbose", 'v', NULL, "Say also what the library says of each call.", offsetof(bench_options, verbose)},
    CLI_COMMON_OPTIONS(bench_options),
    {NULL, 0, NULL, NULL, 0},
};

const cli_page cli_bench_page = {
    .usage = "bench TASK [OPTIONS] [INPUT...]",
    .text = "Measures a task on this machine: the median, 90th and 99th percentile of the time of\n"
            "a call, inputs and tokens per second, the share of padding, the shares of the phases,\n"
            "the time to load and the peak of memory. Inputs of some lengths are made up, or those\n"
            "that are given take turns. Each backend has a process of its own.\n"
            "\n"
            "It takes the options of `run` that make the pipeline and the call: the parameters of\n"
            "pipeline() and of the task (`accelpipe run TASK --help`).",
    .options = OPTIONS,
};

enum { MAX_SIZES = 16, MAX_BACKENDS = 8, N_ROUNDS = 5, MAX_NUMBER = 1 << 20 };

typedef struct bench_state {
    bench_options options;
    cli_args args;
    cli_params params;
    ap_value *call_params, *inputs, *tokenizer; /* The last: what is known of it. */
    char *accelerators;                         /* Text that the workers' names point into. */
    bench_cell cells[BENCH_MAX_CELLS];
    bench_plan plan;
    bench_worker workers[MAX_BACKENDS];
    size_t n_workers;
    int64_t slice_ms;
} bench_state;

/* -- options ------------------------------------------------------------------------------------------- */

/* "1,8,auto" to numbers.   @param zero_name stands for 0; NULL: nothing does. */
static ap_status parse_sizes(size_t *out, size_t *n, const char *option, const char *text,
                             const char *zero_name, ap_error *err) {
    *n = 0;
    for (const char *at = text;; at++) {
        size_t len = strcspn(at, ",");
        char *end = NULL;
        bool is_zero = zero_name && strlen(zero_name) == len && strncmp(at, zero_name, len) == 0;
        long number = is_zero ? 0 : strtol(at, &end, 10);
        bool is_number = is_zero || (end == at + len && number >= 1 && number <= MAX_NUMBER);
        if (!is_number || *n == MAX_SIZES)
            return cli_fail(
                err, AP_EINVAL,
                "--%s: expected up to %d numbers from 1 to %d%s%s with commas between, found \"%s\"", option,
                MAX_SIZES, MAX_NUMBER, zero_name ? ", or " : "", zero_name ? zero_name : "", text);
        out[(*n)++] = (size_t)number;
        at += len;
        if (!*at) return AP_OK;
    }
}

static ap_status make_cells(bench_state *state, ap_error *err) {
    const bench_options *o = &state->options;
    size_t lengths[MAX_SIZES] = {0}, sizes[MAX_SIZES], n_lengths = 1, n_sizes;
    ap_status status = parse_sizes(sizes, &n_sizes, "batch-sizes",
                                   o->batch_sizes ? o->batch_sizes : "1,8,auto", "auto", err);
    if (!status && o->lengths && state->args.n_inputs)
        status = cli_fail(err, AP_EINVAL,
                          "--lengths is of inputs that are made, and INPUT is given: leave one of them out");
    if (!status && !state->args.n_inputs)
        status = parse_sizes(lengths, &n_lengths, "lengths", o->lengths ? o->lengths : "16,128", NULL, err);
    for (size_t i = 0; !status && i < n_lengths; i++)
        for (size_t j = 0; j < n_sizes; j++)
            state->cells[state->plan.n_cells++] = (bench_cell){lengths[i], sizes[j]};
    state->plan.cells = state->cells;
    return status;
}

/* Seconds with up to three decimals, in milliseconds: strtod() reads what the locale says. */
static ap_status parse_duration(int64_t *out_ms, const char *text, ap_error *err) {
    char *end = NULL;
    long whole = strtol(text, &end, 10), ms = 0, unit = 100;
    bool is_number = end != text && whole >= 0 && whole <= 86400;
    if (is_number && *end == '.')
        for (end++; *end >= '0' && *end <= '9'; end++, unit /= 10) ms += (*end - '0') * unit;
    if (!is_number || *end || (whole == 0 && ms == 0))
        return cli_fail(err, AP_EINVAL, "--duration: expected seconds, 0.001 to 86400, found \"%s\"", text);
    *out_ms = whole * 1000 + ms;
    return AP_OK;
}

static ap_status add_worker(bench_state *state, const char *name, ap_error *err) {
    for (size_t i = 0; i < state->n_workers; i++)
        if (strcmp(state->workers[i].accelerator, name) == 0)
            return cli_fail(err, AP_EINVAL, "--vs: %s is compared with itself: name it once", name);
    if (state->n_workers == MAX_BACKENDS)
        return cli_fail(err, AP_EINVAL, "--vs: more than %d backends", MAX_BACKENDS);
    state->workers[state->n_workers++].accelerator = name;
    return AP_OK;
}

/* That of --accelerator first, then those of --vs; without either, the library chooses. */
static ap_status make_workers(bench_state *state, ap_error *err) {
    const char *first = ap_value_get_string(ap_value_dict_get(state->params.init, "accelerator"), NULL);
    const char *vs = state->options.vs;
    ap_status status = first ? add_worker(state, first, err) : AP_OK;
    if (!vs) {
        if (!first) state->n_workers = 1;
        return status;
    }
    state->accelerators = cli_copy_text(vs, strlen(vs));
    for (char *name = state->accelerators, *next; !status && name; name = next) {
        next = strchr(name, ',');
        if (next) *next++ = '\0';
        status = *name ? add_worker(state, name, err)
                       : cli_fail(err, AP_EINVAL,
                                  "--vs: expected names of backends with commas between, found \"%s\"", vs);
    }
    return status;
}

/* -- the plan ------------------------------------------------------------------------------------------ */

static ap_status set_init(bench_state *state, ap_error *err) {
    ap_value **init = &state->params.init, *task = NULL;
    ap_status status = AP_OK;
    if (state->options.init) status = cli_params_merge_json(init, "--init", state->options.init, err);
    if (!status && !*init) status = ap_value_create_dict(init, err);
    if (!status && state->options.params)
        status = cli_params_merge_json(&state->params.call, "--params", state->options.params, err);
    if (!status) status = ap_value_create_string(&task, state->plan.maker.task, AP_NUL_TERMINATED, err);
    return status ? status : ap_value_dict_set_take(*init, "task", task, err);
}

/* What the task needs and nobody gave comes first, what was given over it. */
static ap_status make_params(bench_state *state, ap_error *err) {
    ap_status status = bench_params_make(&state->call_params, state->plan.maker.task, err);
    if (!status && !state->call_params) status = ap_value_create_dict(&state->call_params, err);
    for (size_t i = 0; !status && i < ap_value_len(state->params.call); i++) {
        const char *key;
        ap_value *copy = NULL;
        const ap_value *item = ap_value_dict_at(state->params.call, i, &key);
        if (!(status = ap_value_copy(&copy, item, err)))
            status = ap_value_dict_set_take(state->call_params, key, copy, err);
    }
    state->plan.params = state->call_params;
    return status;
}

/* The text that stands for a word that is not there; of a folder without a tokenizer, creating the pipeline
 * says so. */
static void find_mask_token(bench_state *state) {
    const char *folder = ap_value_get_string(ap_value_dict_get(state->params.init, "tokenizer"), NULL);
    ap_tokenizer *tokenizer = NULL;
    if (!folder) folder = ap_value_get_string(ap_value_dict_get(state->params.init, "model"), NULL);
    if (!folder || ap_tokenizer_create(&tokenizer, folder, NULL)) return;
    if (!ap_tokenizer_describe(&state->tokenizer, tokenizer, NULL)) {
        const ap_value *special = ap_value_dict_get(state->tokenizer, "special_tokens");
        state->plan.maker.mask_token =
            cli_show_string(ap_value_dict_get(special, "mask_token"), "token", NULL);
    }
    ap_tokenizer_destroy(tokenizer);
}

static ap_status read_inputs(bench_state *state, ap_error *err) {
    const cli_args *args = &state->args;
    ap_value *one = NULL;
    if (!args->n_inputs) {
        const char *kind = cli_show_string(state->params.of_task, "input", "text");
        if (strcmp(kind, "text") != 0)
            return cli_fail(err, AP_EINVAL, "%s takes %s, which is not made up: give one or more INPUT",
                            state->plan.maker.task, kind);
        if (strcmp(state->plan.maker.task, "fill-mask") == 0) find_mask_token(state);
        return AP_OK;
    }
    ap_status status = cli_inputs_from_args(&one, args->inputs, args->n_inputs, state->options.json, err);
    if (status || args->n_inputs > 1) {
        state->inputs = one;
    } else if ((status = ap_value_create_list(&state->inputs, err))) {
        ap_value_destroy(one);
    } else {
        status = ap_value_list_append_take(state->inputs, one, err);
    }
    state->plan.given = state->inputs;
    return status;
}

static ap_status make_plan(bench_state *state, ap_error *err) {
    int64_t ms = 0;
    ap_status status = cli_params_load(&state->params, err);
    if (status) return status;
    state->plan.maker.task = cli_show_string(state->params.of_task, "name", state->params.task);
    status = parse_duration(&ms, state->options.duration ? state->options.duration : "2", err);
    state->slice_ms = ms / N_ROUNDS ? ms / N_ROUNDS : 1;
    if (!status) status = make_cells(state, err);
    if (!status) status = set_init(state, err);
    if (!status) status = make_workers(state, err);
    if (!status) status = make_params(state, err);
    if (!status) status = read_inputs(state, err);
    state->plan.init = state->params.init;
    state->plan.is_verbose = state->options.verbose;
    return status;
}

/* -- measuring ----------------------------------------------------------------------------------------- */

/* After a turn, a runtime's threads may spin for a while; the next turn is not to pay for that. */
static void pause_between_turns(const bench_state *state) {
    const struct timespec a_while = {.tv_nsec = 20000000};
    if (state->n_workers > 1) nanosleep(&a_while, NULL);
}

/* A B, B A, A B, ...: who goes first alternates, because the first of a pair may find other caches. Calls
 * that take longer than a turn use the time up in fewer of them. */
static ap_status measure_cell(bench_state *state, size_t cell, ap_error *err) {
    int64_t start_ms = cli_now_ms(), most_ms = state->slice_ms * N_ROUNDS * (int64_t)state->n_workers;
    ap_status status = AP_OK;
    for (size_t round = 0; !status && round < N_ROUNDS && (!round || cli_now_ms() - start_ms < most_ms);
         round++)
        for (size_t i = 0; !status && i < state->n_workers; i++) {
            size_t w = round % 2 ? state->n_workers - 1 - i : i;
            status = bench_worker_turn(&state->workers[w], cell, state->slice_ms, err);
            pause_between_turns(state);
        }
    return status;
}

static ap_status measure(bench_state *state, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t w = 0; !status && w < state->n_workers; w++)
        status = bench_worker_start(&state->workers[w], &state->plan, err);
    for (size_t c = 0; !status && c < state->plan.n_cells; c++) status = measure_cell(state, c, err);
    return status;
}

static ap_status print(const bench_state *state, ap_error *err) {
    bench_report report = {&state->plan, state->workers, state->n_workers};
    ap_value *value = NULL;
    bench_report_prepare(&report);
    if (!cli_show_wants_json(state->options.output)) {
        bench_report_print_tables(&report);
        return AP_OK;
    }
    ap_status status = bench_report_to_value(&value, &report, err);
    if (!status) status = cli_show_json(value, err);
    ap_value_destroy(value);
    return status;
}

/* -- the command --------------------------------------------------------------------------------------- */

static void clear(bench_state *state) {
    for (size_t w = 0; w < state->n_workers; w++) bench_worker_stop(&state->workers[w], &state->plan);
    free(state->accelerators);
    ap_value_destroy(state->tokenizer);
    ap_value_destroy(state->inputs);
    ap_value_destroy(state->call_params);
    cli_params_clear(&state->params);
    free(state);
}

static ap_status parse(bench_state *state, int argc, char **argv, ap_error *err) {
    state->args = (cli_args){
        .options = OPTIONS,
        .values = &state->options,
        .foreign = cli_params_take_option,
        .foreign_suggest = cli_params_suggest,
        .foreign_ctx = &state->params,
    };
    return cli_args_parse(&state->args, argc, argv, err);
}

int cli_bench(int argc, char **argv) {
    ap_error err = AP_ERROR_INIT;
    bench_state *state = cli_grow(NULL, 1, sizeof *state);
    *state = (bench_state){.params = {.task = argc > 1 && argv[1][0] != '-' ? argv[1] : NULL}};
    int skip = state->params.task ? 1 : 0;
    ap_status status = parse(state, argc - skip, argv + skip, &err);
    if (!status && cli_page_answer(&cli_bench_page, state->options.help, state->options.version)) {
        clear(state);
        return CLI_EXIT_OK;
    }
    if (state->options.quiet) cli_diag_set_verbosity(CLI_QUIET);
    if (state->options.verbose) cli_diag_set_verbosity(CLI_VERBOSE);
    if (!status && !skip)
        status = cli_fail(
            &err, AP_EINVAL,
            "TASK comes first: accelpipe bench TASK [OPTIONS] [INPUT...]; `accelpipe tasks` lists them");
    if (!status) status = make_plan(state, &err);
    if (!status) status = measure(state, &err);
    if (!status) status = print(state, &err);
    clear(state);
    return status ? cli_report(&err) : CLI_EXIT_OK;
}
