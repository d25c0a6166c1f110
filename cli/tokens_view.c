/* Two lines for each line of the terminal: tokens, and their ids below. Neighbours differ in colour; special
 * tokens are inverse, padding is faint, and so are the ids. */
#include "tokens_view.h"

#include "out.h"
#include "terminal.h"
#include "text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef struct view {
    bool has_style;
    size_t width, used; /* Columns of the terminal, and of the line so far. */
    cli_text tokens, ids;
    size_t n_tinted;
} view;

static const char *const TINTS[] = {"36", "33", "32", "35", "34"};

static const char *style_of(view *v, const ap_encoding *encoding, size_t i) {
    if (!ap_encoding_get_attention_mask(encoding, NULL)[i]) return "2";
    if (ap_encoding_get_special_tokens_mask(encoding, NULL)[i]) return "7";
    return TINTS[v->n_tinted++ % (sizeof TINTS / sizeof *TINTS)];
}

static void add_styled(cli_text *line, const view *v, const char *style, const char *text, size_t len) {
    if (v->has_style) cli_text_addf(line, "\033[%sm", style);
    cli_text_add(line, text, len);
    if (v->has_style) cli_text_addf(line, "\033[0m");
}

static void add_blanks(cli_text *line, size_t n) {
    while (n--) cli_text_add(line, " ", 1);
}

static void print_line(cli_text *line) {
    while (line->len && line->ptr[line->len - 1] == ' ') line->len--;
    cli_out_line(line->ptr ? line->ptr : "", line->len);
    line->len = 0;
}

static void print_lines(view *v) {
    if (!v->used) return;
    print_line(&v->tokens);
    print_line(&v->ids);
    v->used = 0;
}

static void add_cell(view *v, const ap_encoding *encoding, size_t i) {
    cli_text token = {0};
    char id[12];
    size_t len,
        n_id = (size_t)snprintf(id, sizeof id, "%u", (unsigned)ap_encoding_get_ids(encoding, NULL)[i]);
    const char *text = ap_encoding_get_token(encoding, i, &len), *style = style_of(v, encoding, i);
    size_t columns = cli_text_add_shown(&token, text, len, v->width);
    size_t width = columns > n_id ? columns : n_id;
    if (v->used && v->used + 1 + width > v->width) print_lines(v);
    if (v->used) {
        add_blanks(&v->tokens, 1);
        add_blanks(&v->ids, 1);
        v->used++;
    }
    add_styled(&v->tokens, v, style, token.ptr ? token.ptr : "", token.len);
    add_blanks(&v->tokens, width - columns);
    add_styled(&v->ids, v, "2", id, n_id);
    add_blanks(&v->ids, width - n_id);
    v->used += width;
    cli_text_clear(&token);
}

static void print_one(view *v, const ap_encoding *encoding) {
    size_t n = ap_encoding_get_n(encoding);
    v->n_tinted = 0;
    for (size_t i = 0; i < n; i++) add_cell(v, encoding, i);
    print_lines(v);
    cli_out_printf("%zu token%s\n", n, n == 1 ? "" : "s");
}

void cli_tokens_view_print(const ap_encoding *encoding) {
    view v = {.has_style = cli_terminal_has_style(), .width = cli_terminal_columns()};
    print_one(&v, encoding);
    for (size_t i = 0; i < ap_encoding_get_n_overflowing(encoding); i++) {
        cli_out_printf("\noverflowing %zu\n", i + 1);
        print_one(&v, ap_encoding_get_overflowing(encoding, i));
    }
    cli_text_clear(&v.tokens);
    cli_text_clear(&v.ids);
}

void cli_tokens_view_print_text(const char *text, size_t len) {
    cli_text line = {0};
    for (size_t i = 0; i <= len; i++) {
        const char *end = memchr(text + i, '\n', len - i);
        size_t n = end ? (size_t)(end - (text + i)) : len - i;
        cli_text_add_shown(&line, text + i, n, SIZE_MAX);
        cli_out_line(line.ptr ? line.ptr : "", line.len);
        line.len = 0;
        i += n;
    }
    cli_text_clear(&line);
}
