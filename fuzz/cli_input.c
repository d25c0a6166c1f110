/* What the command line program reads from outside: .npy files, JSON inputs, options, lines. The first byte
 * chooses.
 *
 * The program is no library, so the files under test are compiled into this one. */
#include "../cli/args.c"
#include "../cli/diag.c"
#include "../cli/inputs.c"
#include "../cli/lines.c"
#include "../cli/memory.c"
#include "../cli/npy.c"
#include "../cli/params.c"
#include "../cli/read.c"
#include "../cli/suggest.c"
#include "../cli/text.c"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds) abort();
}

/* -- .npy: what is read is written and read again ------------------------------------------------------ */

static void fuzz_npy(const char *bytes, size_t len) {
    char header[CLI_NPY_HEADER_BYTES + 1];
    cli_npy npy, again;
    ap_error err = AP_ERROR_INIT;
    if (cli_npy_parse(&npy, bytes, len, &err)) return;
    require(npy.data_offset <= len && npy.data_bytes == len - npy.data_offset);
    ap_tensor_view view = {.dtype = npy.dtype, .rank = npy.rank};
    memcpy(view.shape, npy.shape, sizeof view.shape);
    size_t n = cli_npy_header(header, &view);
    require(n && n % 64 == 0 && n <= CLI_NPY_HEADER_BYTES);
    /* Without its data it is refused for that alone. */
    ap_status status = cli_npy_parse(&again, header, n, &err);
    require(npy.data_bytes ? status == AP_EFORMAT : status == AP_OK);
    require(again.dtype == npy.dtype && again.rank == npy.rank);
    require(memcmp(again.shape, npy.shape, npy.rank * sizeof *npy.shape) == 0);
}

/* -- a line of JSON ------------------------------------------------------------------------------------ */

static void fuzz_json(const char *text, size_t len) {
    ap_error err = AP_ERROR_INIT;
    ap_value *inputs = NULL, *params = NULL;
    if (cli_inputs_from_json(&inputs, text, len, &err)) {
        require(!inputs && err.message[0]);
        return;
    }
    if (cli_inputs_split_kwargs(&inputs, len % 2 ? &params : NULL, &err)) require(err.message[0]);
    ap_value_destroy(inputs);
    ap_value_destroy(params);
}

/* -- options: arguments are separated by NUL ----------------------------------------------------------- */

enum { MAX_ARGS = 24 };

typedef struct fuzz_options {
    const char *value, *choice;
    bool flag, help, version;
} fuzz_options;

static const cli_option FUZZ_OPTIONS[] = {
    {"value", 0, "TEXT", "", offsetof(fuzz_options, value)},
    {"choice", 0, "one|two", "", offsetof(fuzz_options, choice)},
    {"flag", 'f', NULL, "", offsetof(fuzz_options, flag)},
    CLI_COMMON_OPTIONS(fuzz_options),
    {NULL, 0, NULL, NULL, 0},
};

static void parse_options(int argc, char **argv) {
    ap_error err = AP_ERROR_INIT;
    fuzz_options values = {0};
    cli_params params = {.task = "text-classification"};
    cli_args args = {.options = FUZZ_OPTIONS,
                     .values = &values,
                     .foreign = cli_params_take_option,
                     .foreign_suggest = cli_params_suggest,
                     .foreign_ctx = &params};
    ap_status status = cli_args_check_utf8(argc, argv, &err);
    if (!status) status = cli_args_parse(&args, argc, argv, &err);
    if (!status && args.n_inputs)
        status = cli_params_merge_json(&params.call, "--params", args.inputs[0], &err);
    require(!status || err.message[0]);
    require(args.n_inputs < MAX_ARGS);
    require(!values.choice || cli_args_is_choice("one|two", values.choice));
    cli_params_clear(&params);
}

static void fuzz_arguments(const char *text, size_t len) {
    char *copy = cli_copy_text(text, len), *argv[MAX_ARGS + 1] = {NULL};
    int argc = 1;
    argv[0] = copy + len;
    for (char *p = copy; p < copy + len && argc < MAX_ARGS; p += strlen(p) + 1) argv[argc++] = p;
    parse_options(argc, argv);
    free(copy);
}

/* -- lines through a pipe: none is lost, and none is too long ------------------------------------------ */

enum { MAX_LINE_BYTES = 32, MAX_PIPE_BYTES = 4096 };

/* How many lines there are: the last one need not have an end. */
static size_t count_lines(const char *text, size_t len) {
    size_t n = len && text[len - 1] != '\n';
    for (size_t i = 0; i < len; i++) n += text[i] == '\n';
    return n;
}

static void fuzz_lines(const char *text, size_t len) {
    int fds[2];
    cli_lines lines;
    ap_error err = AP_ERROR_INIT;
    if (len > MAX_PIPE_BYTES) len = MAX_PIPE_BYTES;
    if (pipe(fds)) return;
    require(write(fds[1], text, len) == (ssize_t)len);
    close(fds[1]);
    cli_lines_init(&lines, fds[0], -1, MAX_LINE_BYTES);
    size_t n = 0, line_len;
    const char *line;
    for (;; n++) {
        ap_status status = cli_lines_next(&line, &line_len, &lines, &err);
        if (!status && !line) break;
        require(status ? status == AP_ELIMIT : line_len <= MAX_LINE_BYTES && !memchr(line, '\n', line_len));
    }
    require(n == count_lines(text, len));
    cli_lines_clear(&lines);
    close(fds[0]);
}

/* -- text that is shown -------------------------------------------------------------------------------- */

static void fuzz_shown(const char *text, size_t len) {
    cli_text shown = {0};
    size_t max_columns = len % 40 + 3;
    size_t columns = cli_text_add_shown(&shown, text, len, max_columns);
    require(columns <= max_columns);
    require(cli_utf8_valid_len(shown.ptr ? shown.ptr : "", shown.len) == shown.len);
    require(cli_text_columns(shown.ptr ? shown.ptr : "", shown.len) == columns);
    for (size_t i = 0; i < shown.len; i++)
        require((unsigned char)shown.ptr[i] >= 0x20 && shown.ptr[i] != 0x7F);
    cli_text_clear(&shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const targets[])(const char *, size_t) = {fuzz_npy, fuzz_json, fuzz_arguments, fuzz_lines,
                                                            fuzz_shown};
    if (!size) return 0;
    targets[data[0] % (sizeof targets / sizeof *targets)]((const char *)data + 1, size - 1);
    return 0;
}
