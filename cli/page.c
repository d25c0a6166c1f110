/* Usage, text, then options with their lines of documentation. */
#include "page.h"

#include "out.h"
#include "params.h"
#include "table.h"
#include "text.h"

#include <string.h>

enum { DOC_COLUMN = 26, LINE_COLUMNS = 79 };

static void blanks(size_t n) {
    while (n--) cli_out_text(" ");
}

/* Words of `doc` from DOC_COLUMN on; the cursor is at `column`. */
static void print_wrapped(const char *doc, size_t column) {
    while (*doc) {
        size_t n = strcspn(doc, " "), width = cli_text_columns(doc, n);
        if (column > DOC_COLUMN && column + 1 + width > LINE_COLUMNS) {
            cli_out_text("\n");
            column = 0;
        }
        size_t gap = column < DOC_COLUMN ? DOC_COLUMN - column : column > DOC_COLUMN;
        blanks(gap);
        cli_out_write(doc, n);
        column += gap + width;
        doc += n + strspn(doc + n, " ");
    }
    cli_out_text("\n");
}

void cli_page_print_entry(const char *text, const char *doc) {
    size_t width = cli_text_columns(text, strlen(text)) + 2;
    cli_out_printf("  %s", text);
    if (*doc && width + 2 > DOC_COLUMN) {
        cli_out_text("\n");
        width = 0;
    }
    print_wrapped(doc, width);
}

static void print_option(const cli_option *option) {
    cli_text text = {0};
    if (option->letter) cli_text_addf(&text, "-%c, ", option->letter);
    cli_text_addf(&text, "--%s", option->name);
    if (option->value_name) cli_text_addf(&text, " %s", option->value_name);
    cli_page_print_entry(text.ptr, option->doc);
    cli_text_clear(&text);
}

static void print_usage(const char *usage) {
    const char *head = "Usage: ";
    while (*usage) {
        size_t n = strcspn(usage, "\n");
        cli_out_printf("%saccelpipe %.*s\n", head, (int)n, usage);
        head = "       ";
        usage += n + (usage[n] == '\n');
    }
}

void cli_page_print(const cli_page *page) {
    print_usage(page->usage);
    cli_out_printf("\n%s\n", page->text);
    if (!page->options) return;
    cli_out_text("\n");
    cli_table_print_heading("Options");
    for (const cli_option *o = page->options; o->name; o++) print_option(o);
}

/* `text` is how the parameter is named; the function clears it. */
static void print_param(cli_text *text, const cli_param *param) {
    cli_text doc = {0};
    cli_text_addf(text, " ");
    cli_param_add_kind(text, param);
    cli_text_addf(&doc, "%s", param->doc);
    if (param->default_json) cli_text_addf(&doc, " Default: %s.", param->default_json);
    cli_page_print_entry(text->ptr, doc.ptr ? doc.ptr : "");
    cli_text_clear(text);
    cli_text_clear(&doc);
}

void cli_page_print_params(const char *title, const ap_value *rows) {
    if (!ap_value_len(rows)) return;
    cli_out_text("\n");
    cli_table_print_heading(title);
    for (size_t i = 0; i < ap_value_len(rows); i++) {
        cli_param param = cli_param_of(ap_value_list_get(rows, i));
        cli_text text = {0};
        cli_text_addf(&text, "%s", param.name);
        print_param(&text, &param);
    }
}

bool cli_page_hides(const cli_page *page, const char *param_name) {
    for (const cli_option *o = page->options; o->name; o++)
        if (strcmp(o->name, param_name) == 0) return true;
    return false;
}

void cli_page_print_param_options(const cli_page *page, const char *title, const ap_value *rows) {
    if (!ap_value_len(rows)) return;
    cli_out_text("\n");
    cli_table_print_heading(title);
    for (size_t i = 0; i < ap_value_len(rows); i++) {
        cli_param param = cli_param_of(ap_value_list_get(rows, i));
        cli_text text = {0};
        if (!cli_param_is_option(&param) || cli_page_hides(page, param.name)) continue;
        cli_param_add_option(&text, &param);
        print_param(&text, &param);
    }
}

void cli_page_print_version(void) { cli_out_printf("accelpipe %s\n", ap_version()); }

bool cli_page_answer(const cli_page *page, bool help, bool version) {
    if (help)
        cli_page_print(page);
    else if (version)
        cli_page_print_version();
    return help || version;
}
