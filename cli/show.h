/* Values for people: what a cell says, and what a command prints. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "text.h"

#include <accelpipe/value.h>
#include <stdbool.h>

/* Adds a value as a cell: text as it is, floats with four decimals, lists of plain values with commas,
 * anything else as JSON. */
void cli_show_add(cli_text *text, const ap_value *value);

/* What `--output` of the commands that show things takes; the default is the table. */
#define CLI_OUTPUT_FORMATS "json|table"
bool cli_show_wants_json(const char *output);

/* Prints one JSON value and a newline: on one line, on a terminal indented. @return AP_ENOMEM */
ap_status cli_show_json(const ap_value *value, ap_error *err);

/* The string of `dict` at `key`, or `otherwise`. Borrowed. */
const char *cli_show_string(const ap_value *dict, const char *key, const char *otherwise);

#endif
