/* Pieces of text. */
#include "pieces.h"

#include "out.h"
#include "terminal.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The sequences of one input. */
typedef struct pieces {
    bool is_terminal;
    cli_text *texts; /* [n] Of the sequences behind the first, which is written at once. */
    size_t n;
} pieces;

bool cli_pieces_has(const ap_value *task_params) {
    for (size_t i = 0; i < ap_value_len(task_params); i++) {
        const ap_value *name = ap_value_dict_get(ap_value_list_get(task_params, i), "name");
        const char *text = ap_value_get_string(name, NULL);
        if (text && strcmp(text, "max_new_tokens") == 0) return true;
    }
    return false;
}

/* A terminal is shown no control characters but line ends and tabs: a model must not steer it. */
static void write_text(const pieces *p, const char *text, size_t len) {
    size_t start = 0;
    for (size_t i = 0; p->is_terminal && i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        bool is_c1 = c == 0xC2 && i + 1 < len && (unsigned char)text[i + 1] < 0xA0;
        if (!is_c1 && ((c >= 0x20 && c != 0x7F) || c == '\n' || c == '\t')) continue;
        cli_out_write(text + start, i - start);
        cli_out_text("\xEF\xBF\xBD");
        i += is_c1;
        start = i + 1;
    }
    cli_out_write(text + start, len - start);
}

static bool make_room(pieces *p, size_t n) {
    if (n <= p->n) return true;
    cli_text *texts = realloc(p->texts, n * sizeof *texts);
    if (!texts) return false;
    memset(texts + p->n, 0, (n - p->n) * sizeof *texts);
    p->texts = texts;
    p->n = n;
    return true;
}

static void take(size_t input, size_t sequence, const char *text, size_t len, void *ctx) {
    pieces *p = ctx;
    (void)input;
    if (sequence) {
        if (make_room(p, sequence + 1)) cli_text_add(&p->texts[sequence], text, len);
        return;
    }
    if (len)
        write_text(p, text, len);
    else
        cli_out_write("\n", 1);
    cli_out_flush();
}

static ap_status run_one(const ap_pipeline *pipe, const ap_value *input, const ap_value *params,
                         ap_error *err) {
    pieces p = {.is_terminal = cli_terminal_is(STDOUT_FILENO)};
    ap_call_options options = AP_CALL_OPTIONS_INIT;
    ap_value *result = NULL;
    options.piece = take;
    options.piece_ctx = &p;
    ap_status status = ap_pipeline_call_with(&result, pipe, input, params, &options, err);
    for (size_t i = 1; i < p.n; i++) {
        if (!status) write_text(&p, p.texts[i].ptr ? p.texts[i].ptr : "", p.texts[i].len);
        if (!status) cli_out_write("\n", 1);
        cli_text_clear(&p.texts[i]);
    }
    free(p.texts);
    ap_value_destroy(result);
    return status;
}

ap_status cli_pieces_run(const ap_pipeline *pipe, const ap_value *inputs, const ap_value *params,
                         ap_error *err) {
    bool is_chat = ap_value_kind(ap_value_list_get(inputs, 0)) == AP_KIND_DICT;
    if (ap_value_kind(inputs) != AP_KIND_LIST || is_chat || !ap_value_len(inputs))
        return run_one(pipe, inputs, params, err);
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < ap_value_len(inputs); i++)
        status = run_one(pipe, ap_value_list_get(inputs, i), params, err);
    return status;
}
