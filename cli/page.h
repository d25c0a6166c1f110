/* Help pages. */
#ifndef CLI_PAGE_H
#define CLI_PAGE_H

#include "args.h"

#include <accelpipe/value.h>

typedef struct cli_page {
    const char *usage; /* Lines; without the program's name. */
    const char *text;  /* Paragraphs, wrapped by hand. */
    const cli_option *options;
} cli_page;

void cli_page_print(const cli_page *page);

/* Prints a table of parameters, by their names. */
void cli_page_print_params(const char *title, const ap_value *rows);

/* Adds to a page the options that come from a table of parameters. One whose name an option of the page has
 * is left out: it can be given by --params only. */
void cli_page_print_param_options(const cli_page *page, const char *title, const ap_value *rows);

/* Whether the page has an option for itself that hides the parameter of that name. */
bool cli_page_hides(const cli_page *page, const char *param_name);

/* Prints `text` on its line, and `doc` behind it from a fixed column on, wrapped. */
void cli_page_print_entry(const char *text, const char *doc);

/* Prints "accelpipe VERSION". */
void cli_page_print_version(void);

/* The two options that every command has. @return whether one of them was given and has been answered */
bool cli_page_answer(const cli_page *page, bool help, bool version);

#endif
