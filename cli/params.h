/* The parameters of pipeline() and of a task as options of the command line, from the library's tables.
 *
 * A parameter `batch_size` is the option --batch-size. Its value is read as JSON where that gives a kind the
 * parameter takes, else as text; one that takes true and false may stand alone (true), also as --no-NAME
 * (false). The tables are asked for when the first such option comes, since most calls have none. */
#ifndef CLI_PARAMS_H
#define CLI_PARAMS_H

#include "args.h"
#include "text.h"

#include <accelpipe/value.h>

/* One row of a table. All of it is borrowed from the table. */
typedef struct cli_param {
    const char *name, *type, *doc;
    const char *default_json; /* NULL: none. */
    const ap_value *choices;  /* A list, or NULL. */
    bool null_ok;
} cli_param;

cli_param cli_param_of(const ap_value *row);

/* Whether true and false are among its values, so that it may stand alone. */
bool cli_param_takes_bool(const cli_param *param);

/* Adds what may be given, as help shows it: "int|null", "softmax|sigmoid|none". */
void cli_param_add_kind(cli_text *text, const cli_param *param);

/* Adds its option with "-" for "_", and the shorter names that the command line has for some. */
void cli_param_add_option(cli_text *text, const cli_param *param);

/* Whether it is an option: of pipeline(), `task` is an argument. */
bool cli_param_is_option(const cli_param *param);

/* The tables, and what was given by options. All zero but `task` at the beginning. */
typedef struct cli_params {
    const char *task;
    ap_value *of_pipeline; /* ap_pipeline_describe_params(); NULL: not asked for yet. */
    ap_value *of_task;     /* ap_task_describe(). */
    ap_value *init, *call; /* Dicts: parameters for the creation and for the call; NULL: none. */
} cli_params;

void cli_params_clear(cli_params *params);

/* Asks for the table of pipeline(). */
ap_status cli_params_load_of_pipeline(cli_params *params, ap_error *err);

/* Whether an option is one of pipeline(), also as --no-NAME; its table is loaded. */
bool cli_params_is_of_pipeline(const cli_params *params, const char *option);

/* Asks for both tables. @return AP_EKEY unknown task. */
ap_status cli_params_load(cli_params *params, ap_error *err);

/* The rows of the two tables, NULL before they are loaded. */
const ap_value *cli_params_of_pipeline(const cli_params *params);
const ap_value *cli_params_of_task(const cli_params *params);

/* For cli_args: `ctx` is a cli_params. */
ap_status cli_params_take_option(void *ctx, cli_foreign_option *option, ap_error *err);
void cli_params_suggest(void *ctx, const char *name, cli_suggestion *suggestion);

/* Adds the entries of the JSON object that `option` ("--params") was given to `*dict`.
 * @return AP_EINVAL not a JSON object, or an entry was given by an option of its own too. */
ap_status cli_params_merge_json(ap_value **dict, const char *option, const char *json, ap_error *err);

/* Whether a parameter of the call is an input, so that there need not be any other.
 * @return AP_EKEY unknown task. */
ap_status cli_params_has_input(bool *out, cli_params *params, ap_error *err);

/* Reads an argument that has to be JSON. @return AP_EINVAL with the byte offset; `what` names it. */
ap_status cli_json_argument(ap_value **out, const char *what, const char *json, ap_error *err);

/* The row that an option's name stands for. @return false: none, or its table is not loaded. */
bool cli_params_find(cli_param *out, const cli_params *params, const char *name);

#endif
