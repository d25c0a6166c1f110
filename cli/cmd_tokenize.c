/* accelpipe tokenize: a tokenizer alone, without its model. */
#include "args.h"
#include "chat.h"
#include "command.h"
#include "diag.h"
#include "failures.h"
#include "inputs.h"
#include "interrupt.h"
#include "jsonl.h"
#include "lines.h"
#include "memory.h"
#include "out.h"
#include "page.h"
#include "terminal.h"
#include "text.h"
#include "tokenize_request.h"
#include "tokens_json.h"
#include "tokens_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct tokenize_options {
    const char *truncation, *max_length, *stride, *truncation_side, *padding, *padding_side, *multiple,
        *fields, *output;
    bool json, jsonl, text_lines, chat, decode, skip_special_tokens, clean_up, no_special_tokens,
        stored_options;
    bool quiet, verbose, help, version;
} tokenize_options;

static const cli_option OPTIONS[] = {
    {"json", 0, NULL, "Read each INPUT as JSON.", offsetof(tokenize_options, json)},
    {"jsonl", 0, NULL, "Read one input a line from standard input, as JSON; write one result a line.",
     offsetof(tokenize_options, jsonl)},
    {"text-lines", 0, NULL, "As --jsonl, each line being the text itself.",
     offsetof(tokenize_options, text_lines)},
    {"no-add-special-tokens", 0, NULL, "Leave out the special tokens around a text.",
     offsetof(tokenize_options, no_special_tokens)},
    {"truncation", 0, "longest_first|only_first|only_second", "Cut what is longer than --max-length.",
     offsetof(tokenize_options, truncation)},
    {"max-length", 0, "N", "In tokens; without it, the tokenizer's model_max_length.",
     offsetof(tokenize_options, max_length)},
    {"stride", 0, "N", "Tokens that the parts of a text that was cut share.",
     offsetof(tokenize_options, stride)},
    {"truncation-side", 0, "right|left", "Default: as the tokenizer has it.",
     offsetof(tokenize_options, truncation_side)},
    {"padding", 0, "longest|max_length", "Pad to the longest of the inputs, or to --max-length.",
     offsetof(tokenize_options, padding)},
    {"padding-side", 0, "right|left", "Default: as the tokenizer has it.",
     offsetof(tokenize_options, padding_side)},
    {"pad-to-multiple-of", 0, "N", "Pad to a multiple of N tokens.", offsetof(tokenize_options, multiple)},
    {"stored-options", 0, NULL, "Truncate and pad as tokenizer.json itself stores.",
     offsetof(tokenize_options, stored_options)},
    {"chat", 0, NULL, "INPUT is a conversation, as JSON; print the text that its chat template makes of it.",
     offsetof(tokenize_options, chat)},
    {"decode", 0, NULL, "INPUT are ids; print the text that they stand for.",
     offsetof(tokenize_options, decode)},
    {"skip-special-tokens", 0, NULL, "With --decode: leave special tokens out.",
     offsetof(tokenize_options, skip_special_tokens)},
    {"clean-up-tokenization-spaces", 0, NULL, "With --decode: no spaces before punctuation.",
     offsetof(tokenize_options, clean_up)},
    {"fields", 0, "NAME,...",
     "Which fields a result has: ids, tokens, type_ids, offsets, byte_offsets, special_tokens_mask, "
     "attention_mask, word_ids, sequence_ids, overflowing, decode. Default: all.",
     offsetof(tokenize_options, fields)},
    {"output", 0, "json|jsonl|text", "Default: text on a terminal, else json.",
     offsetof(tokenize_options, output)},
    {"quiet", 'q', NULL, "Say nothing but errors.", offsetof(tokenize_options, quiet)},
    {"verbose", 'v', NULL, "Say also what was chosen.", offsetof(tokenize_options, verbose)},
    CLI_COMMON_OPTIONS(tokenize_options),
    {NULL, 0, NULL, NULL, 0},
};

const cli_page cli_tokenize_page = {
    .usage = "tokenize MODEL|FILE [OPTIONS] [INPUT...]",
    .text = "Shows the tokens of texts: their ids, strings and places in the text. MODEL is a\n"
            "model folder, with what its tokenizer_config.json says; FILE is a tokenizer.json\n"
            "alone. Without INPUT, or with \"-\", standard input is read as one text.\n"
            "\n"
            "In JSON, an input is a string or an object with one of \"text\", \"pair\": [a, b],\n"
            "\"words\": [...], \"batch\": [...] and \"ids_in\": [...] (to decode), and what is to be\n"
            "done: \"add_special_tokens\", \"truncation\": {\"max_length\", \"stride\", \"strategy\",\n"
            "\"direction\"}, \"padding\": {\"direction\", \"pad_id\", \"pad_type_id\", \"pad_token\",\n"
            "\"length\", \"pad_to_multiple_of\"}, \"stored_options\".\n"
            "\n"
            "With --chat, an input is a list of messages, or an object with \"messages\" and, if\n"
            "wanted, \"tools\", \"documents\", \"chat_template\", \"add_generation_prompt\",\n"
            "\"continue_final_message\" and \"variables\".",
    .options = OPTIONS,
};

typedef struct tokenize_state {
    tokenize_options options;
    cli_args args;
    char *const *inputs; /* Behind MODEL. */
    size_t n_inputs;
    ap_encode_options encode;
    unsigned fields;
    ap_tokenizer *tokenizer;
    cli_interrupt *interrupt; /* Of lines. */
} tokenize_state;

static bool reads_lines(const tokenize_options *o) { return o->jsonl || o->text_lines; }

/* -- options ------------------------------------------------------------------------------------------- */

/* complexity: a condition for each row of a table, nothing shared. */
static ap_status check_conflicts(const tokenize_state *state, ap_error *err) {
    const tokenize_options *o = &state->options;
    bool encodes = o->truncation || o->max_length || o->stride || o->truncation_side || o->padding ||
                   o->padding_side || o->multiple || o->fields || o->no_special_tokens || o->stored_options;
    bool has_inputs = state->n_inputs > 1 || (state->n_inputs && !state->args.has_dash);
    bool is_other_output = o->output && strcmp(o->output, "jsonl") != 0;
    const struct {
        bool is_wrong;
        const char *message;
    } rules[] = {
        {o->json && o->jsonl, "--json and --jsonl exclude each other: give one of them"},
        {o->json && o->text_lines, "--json and --text-lines exclude each other: give one of them"},
        {o->jsonl && o->text_lines, "--jsonl and --text-lines exclude each other: give one of them"},
        {o->quiet && o->verbose, "--quiet and --verbose exclude each other: give one of them"},
        {reads_lines(o) && is_other_output,
         "--output other than jsonl, and --jsonl or --text-lines, exclude each other: lines give lines"},
        {reads_lines(o) && has_inputs,
         "--jsonl and --text-lines read standard input: INPUT cannot be given too"},
        {state->args.has_dash && state->n_inputs > 1,
         "INPUT - is standard input and must be the only one; behind -- it is text"},
        {o->decode && encodes, "--decode takes no options of encoding"},
        {o->chat && o->decode, "--chat and --decode exclude each other: give one of them"},
        {o->chat && encodes, "--chat gives a text and takes no options of encoding"},
        {o->chat && o->text_lines, "--chat reads JSON: give --jsonl in place of --text-lines"},
        {!o->decode && (o->skip_special_tokens || o->clean_up),
         "--skip-special-tokens and --clean-up-tokenization-spaces go with --decode"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].is_wrong) return cli_fail(err, AP_EINVAL, "%s", rules[i].message);
    return AP_OK;
}

/* *out stays as it is without a value. */
static ap_status parse_count(int64_t *out, const char *name, const char *text, ap_error *err) {
    int64_t count = 0;
    if (!text) return AP_OK;
    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9' || count > INT32_MAX)
            return cli_fail(err, AP_EINVAL, "--%s: expected a count, found \"%.40s\"", name, text);
        count = count * 10 + (*p - '0');
    }
    if (!*text) return cli_fail(err, AP_EINVAL, "--%s: expected a count, found nothing", name);
    *out = count;
    return AP_OK;
}

static ap_side side_of(const char *name) {
    if (!name) return AP_SIDE_DEFAULT;
    return strcmp(name, "left") == 0 ? AP_SIDE_LEFT : AP_SIDE_RIGHT;
}

static ap_truncation truncation_of(const char *name) {
    if (!name) return AP_TRUNCATION_DEFAULT;
    if (strcmp(name, "only_first") == 0) return AP_TRUNCATION_ONLY_FIRST;
    return strcmp(name, "only_second") == 0 ? AP_TRUNCATION_ONLY_SECOND : AP_TRUNCATION_LONGEST_FIRST;
}

static ap_status set_encode_options(tokenize_state *state, ap_error *err) {
    const tokenize_options *o = &state->options;
    ap_encode_options *encode = &state->encode;
    int64_t stride = 0, multiple = 0;
    *encode = (ap_encode_options)AP_ENCODE_OPTIONS_INIT;
    ap_status status = parse_count(&encode->max_length, "max-length", o->max_length, err);
    if (!status) status = parse_count(&stride, "stride", o->stride, err);
    if (!status) status = parse_count(&multiple, "pad-to-multiple-of", o->multiple, err);
    if (o->max_length && !encode->max_length) encode->max_length = AP_LENGTH_ZERO;
    encode->stride = (size_t)stride;
    encode->pad_to_multiple_of = (size_t)multiple;
    encode->truncation = truncation_of(o->truncation);
    encode->truncation_side = side_of(o->truncation_side);
    encode->padding_side = side_of(o->padding_side);
    if (o->padding)
        encode->padding = strcmp(o->padding, "longest") == 0 ? AP_PADDING_LONGEST : AP_PADDING_MAX_LENGTH;
    encode->add_special_tokens = o->no_special_tokens ? AP_SWITCH_OFF : AP_SWITCH_ON;
    encode->stored_options = o->stored_options ? AP_SWITCH_ON : AP_SWITCH_DEFAULT;
    encode->return_overflowing_tokens = state->fields & CLI_FIELD_OVERFLOWING ? AP_SWITCH_ON : AP_SWITCH_OFF;
    return status;
}

/* -- one request --------------------------------------------------------------------------------------- */

/* A request and what came of it; not to be copied. */
typedef struct outcome {
    cli_tokenize_request request;
    ap_encoding *one;
    ap_encodings *many; /* Of a batch. */
    char *text;         /* Of --decode. */
    size_t text_len;
} outcome;

static void outcome_clear(outcome *o) {
    cli_tokenize_request_clear(&o->request);
    ap_encoding_destroy(o->one);
    ap_encodings_destroy(o->many);
    ap_string_destroy(o->text);
}

static ap_status decode(outcome *o, const tokenize_state *state, ap_error *err) {
    ap_decode_options options = AP_DECODE_OPTIONS_INIT;
    options.skip_special_tokens = state->options.skip_special_tokens ? AP_SWITCH_ON : AP_SWITCH_OFF;
    options.clean_up_tokenization_spaces = state->options.clean_up ? AP_SWITCH_ON : AP_SWITCH_OFF;
    return ap_tokenizer_decode(&o->text, &o->text_len, state->tokenizer, &o->request.ids, &options, err);
}

static ap_status run_request(outcome *o, const tokenize_state *state, ap_error *err) {
    cli_tokenize_request *r = &o->request;
    if (state->options.decode) return decode(o, state, err);
    if (r->is_decode) return AP_OK; /* While it is printed, since either way of it may fail alone. */
    if (r->is_batch)
        return ap_tokenizer_encode_batch(&o->many, state->tokenizer, r->inputs, r->n_inputs, &r->options,
                                         err);
    return ap_tokenizer_encode_input(&o->one, state->tokenizer, r->inputs, &r->options, err);
}

/* Whether what comes out is a text. */
static bool gives_text(const tokenize_state *state) { return state->options.decode || state->options.chat; }

/* @param value has to live as long as the outcome */
static ap_status evaluate(outcome *o, const tokenize_state *state, const ap_value *value, ap_error *err) {
    if (state->options.chat) return cli_chat_render(&o->text, &o->text_len, state->tokenizer, value, err);
    ap_status status = state->options.decode
                           ? cli_tokenize_request_read_ids(&o->request, value, err)
                           : cli_tokenize_request_read(&o->request, value, &state->encode, err);
    return status ? status : run_request(o, state, err);
}

static void print_batch(const ap_encodings *encodings, const tokenize_state *state, const char *between) {
    for (size_t i = 0; i < ap_encodings_get_n(encodings); i++) {
        if (i) cli_out_text(between);
        cli_tokens_json_print(ap_encodings_get(encodings, i), state->tokenizer, state->fields);
    }
}

static void print_json(const outcome *o, const tokenize_state *state) {
    if (gives_text(state)) {
        cli_json_print_string(o->text, o->text_len);
    } else if (o->request.is_decode) {
        cli_tokens_json_print_decoded(&o->request.ids, state->tokenizer);
    } else if (o->many) {
        cli_out_text("{\"encodings\":[");
        print_batch(o->many, state, ",");
        cli_out_text("]}");
    } else {
        cli_tokens_json_print(o->one, state->tokenizer, state->fields);
    }
}

static void print_view(const outcome *o, const tokenize_state *state) {
    for (size_t i = 0; i < ap_encodings_get_n(o->many); i++) {
        if (i) cli_out_text("\n");
        cli_tokens_view_print(ap_encodings_get(o->many, i));
    }
    if (o->one) cli_tokens_view_print(o->one);
    if (o->text) cli_tokens_view_print_text(o->text, o->text_len);
    if (!o->request.is_decode || gives_text(state)) return;
    cli_tokens_json_print_decoded(&o->request.ids, state->tokenizer);
    cli_out_text("\n");
}

/* -- inputs that are there at once --------------------------------------------------------------------- */

/* Texts of the command line: one batch, so that they are padded together. */
static ap_status evaluate_texts(outcome *o, const tokenize_state *state, ap_error *err) {
    size_t n = state->n_inputs;
    ap_text *texts = cli_grow(NULL, n, sizeof *texts);
    ap_encode_input *inputs = cli_grow(NULL, n, sizeof *inputs);
    for (size_t i = 0; i < n; i++) {
        texts[i] = (ap_text){state->inputs[i], AP_NUL_TERMINATED};
        inputs[i] = (ap_encode_input){.texts = &texts[i], .n_texts = 1};
    }
    o->request = (cli_tokenize_request){.options = state->encode, .inputs = inputs, .n_inputs = n};
    o->request.is_batch = true;
    o->request.memory[0] = texts;
    o->request.memory[1] = inputs;
    return run_request(o, state, err);
}

static void print_texts(const outcome *o, const tokenize_state *state, const char *output) {
    if (strcmp(output, "text") == 0) {
        print_view(o, state);
        return;
    }
    bool is_list = strcmp(output, "json") == 0;
    if (is_list) cli_out_text("[");
    print_batch(o->many, state, is_list ? "," : "\n");
    cli_out_text(is_list ? "]\n" : "\n");
}

static void print_values(const outcome *outcomes, size_t n, const tokenize_state *state, const char *output) {
    bool is_view = strcmp(output, "text") == 0, is_list = n > 1 && strcmp(output, "json") == 0;
    if (is_list) cli_out_text("[");
    for (size_t i = 0; i < n; i++) {
        if (i) cli_out_text(is_list ? "," : is_view ? "\n" : "");
        if (is_view)
            print_view(&outcomes[i], state);
        else
            print_json(&outcomes[i], state);
        if (!is_view && !is_list) cli_out_text("\n");
    }
    if (is_list) cli_out_text("]\n");
}

/* All ids of the command line are one list, as "--decode 101 102 103". */
static ap_status read_ids(ap_value **out, const tokenize_state *state, ap_error *err) {
    cli_text ids = {0};
    for (size_t i = 0; i < state->n_inputs; i++) cli_text_addf(&ids, "%s ", state->inputs[i]);
    ap_status status = ap_value_create_string(out, ids.ptr, ids.len, err);
    cli_text_clear(&ids);
    return status;
}

static ap_status read_inputs(ap_value **out, const tokenize_state *state, ap_error *err) {
    bool is_json = state->options.json;
    if (state->n_inputs && !state->args.has_dash) {
        if (state->options.decode && !is_json) return read_ids(out, state, err);
        return cli_inputs_from_args(out, state->inputs, state->n_inputs, is_json, err);
    }
    if (!state->args.has_dash && cli_terminal_is(STDIN_FILENO))
        return cli_fail(err, AP_EINVAL, "no INPUT: give one as argument, or write it to standard input");
    return cli_inputs_from_stdin(out, is_json, err);
}

static ap_status evaluate_values(outcome *outcomes, size_t n, const tokenize_state *state,
                                 const ap_value *value, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < n && !status; i++) {
        const ap_value *one = n > 1 ? ap_value_list_get(value, i) : value;
        char what[48];
        if (!(status = evaluate(&outcomes[i], state, one, err)) || n == 1) continue;
        snprintf(what, sizeof what, "INPUT %zu", i + 1);
        cli_error_wrap(err, what);
    }
    return status;
}

static int run_once(const tokenize_state *state) {
    ap_error err = AP_ERROR_INIT;
    ap_value *value = NULL;
    const tokenize_options *o = &state->options;
    const char *output = o->output ? o->output : cli_terminal_is(STDOUT_FILENO) ? "text" : "json";
    bool is_texts = state->n_inputs > 1 && !o->json && !o->decode;
    size_t n = o->json && state->n_inputs > 1 ? state->n_inputs : 1;
    outcome *outcomes = cli_grow(NULL, n, sizeof *outcomes);
    memset(outcomes, 0, n * sizeof *outcomes);
    ap_status status = is_texts ? evaluate_texts(outcomes, state, &err) : read_inputs(&value, state, &err);
    if (!status && !is_texts) status = evaluate_values(outcomes, n, state, value, &err);
    if (!status && is_texts) print_texts(outcomes, state, output);
    if (!status && !is_texts) print_values(outcomes, n, state, output);
    for (size_t i = 0; i < n; i++) outcome_clear(&outcomes[i]);
    free(outcomes);
    ap_value_destroy(value);
    return status ? cli_report(&err) : CLI_EXIT_OK;
}

/* -- lines --------------------------------------------------------------------------------------------- */

static ap_status answer_line(const tokenize_state *state, const char *line, size_t len, ap_error *err) {
    ap_value *value = NULL;
    outcome o = {0};
    ap_status status = state->options.text_lines ? ap_value_create_string(&value, line, len, err)
                                                 : cli_inputs_from_line(&value, line, len, false, err);
    if (!status) status = evaluate(&o, state, value, err);
    if (!status) {
        print_json(&o, state);
        cli_out_write("\n", 1);
    }
    outcome_clear(&o);
    ap_value_destroy(value);
    return status;
}

/* Answers lines until they end. Whoever waits for an answer gets it before the next line is waited for. */
static ap_status answer_lines(const tokenize_state *state, cli_lines *lines, cli_failures *failures,
                              size_t *n_lines, ap_error *err) {
    while (!cli_interrupt_came(state->interrupt)) {
        ap_error failure = AP_ERROR_INIT;
        const char *line;
        size_t len;
        if (!cli_lines_is_ready(lines) && !cli_out_flush()) return AP_OK; /* main() says why. */
        ap_status status = cli_lines_next(&line, &len, lines, &failure);
        if (!status && !line) return cli_lines_check(lines, err);
        ++*n_lines;
        if (!status) status = answer_line(state, line, len, &failure);
        if (status && (status = cli_failures_print(failures, *n_lines, &failure, err))) return status;
    }
    return AP_OK;
}

static int run_lines(tokenize_state *state) {
    ap_error err = AP_ERROR_INIT;
    cli_failures failures = {0};
    cli_lines lines;
    size_t n_lines = 0;
    if (cli_interrupt_create(&state->interrupt, &err)) return cli_report(&err);
    cli_lines_init(&lines, STDIN_FILENO, cli_interrupt_get_fd(state->interrupt), CLI_LINE_MAX_BYTES);
    ap_status status = answer_lines(state, &lines, &failures, &n_lines, &err);
    bool was_interrupted = cli_interrupt_came(state->interrupt), printed = cli_out_flush();
    cli_lines_clear(&lines);
    cli_interrupt_destroy(state->interrupt);
    if (was_interrupted) return CLI_EXIT_INTERRUPTED;
    if (!printed) return CLI_EXIT_FAILED;
    return status ? cli_report(&err) : cli_failures_report(&failures, n_lines);
}

/* -- the command --------------------------------------------------------------------------------------- */

static ap_status note_choice(const tokenize_state *state, ap_error *err) {
    ap_value *about = NULL;
    char *json = NULL;
    if (!state->options.verbose) return AP_OK;
    ap_status status = ap_tokenizer_describe(&about, state->tokenizer, err);
    if (!status) status = ap_value_to_json(&json, NULL, about, AP_JSON_COMPACT, err);
    if (!status) cli_note("%s", json);
    ap_string_destroy(json);
    ap_value_destroy(about);
    return status;
}

static ap_status prepare(tokenize_state *state, ap_error *err) {
    const tokenize_options *o = &state->options;
    ap_status status = cli_args_expect(&state->args, 1, SIZE_MAX, cli_tokenize_page.usage, err);
    if (status) return status;
    state->inputs = state->args.inputs + 1;
    state->n_inputs = state->args.n_inputs - 1;
    state->fields = CLI_FIELD_ALL;
    status = check_conflicts(state, err);
    if (o->chat && !o->jsonl) state->options.json = true;
    if (!status && o->fields) status = cli_token_fields_parse(&state->fields, o->fields, err);
    if (!status) status = set_encode_options(state, err);
    if (!status) status = ap_tokenizer_create(&state->tokenizer, state->args.inputs[0], err);
    return status ? status : note_choice(state, err);
}

int cli_tokenize(int argc, char **argv) {
    ap_error err = AP_ERROR_INIT;
    tokenize_state state = {.args = {.options = OPTIONS}};
    state.args.values = &state.options;
    ap_status status = cli_args_parse(&state.args, argc, argv, &err);
    if (!status && cli_page_answer(&cli_tokenize_page, state.options.help, state.options.version))
        return CLI_EXIT_OK;
    if (state.options.quiet) cli_diag_set_verbosity(CLI_QUIET);
    if (state.options.verbose) cli_diag_set_verbosity(CLI_VERBOSE);
    if (!status) status = prepare(&state, &err);
    int exit_status = status                        ? cli_report(&err)
                      : reads_lines(&state.options) ? run_lines(&state)
                                                    : run_once(&state);
    if (CLI_FREES_AT_END) ap_tokenizer_destroy(state.tokenizer);
    return exit_status;
}
