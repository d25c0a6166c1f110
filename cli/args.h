/* The command line: options from a table, options that others know, and what is left.
 *
 * "--name value" and "--name=value" are the same; "--" ends the options. Names are not abbreviated. */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include "suggest.h"

#include <accelpipe/status.h>
#include <stdbool.h>
#include <stddef.h>

/* One option of a command. */
typedef struct cli_option {
    const char *name; /* Without the dashes; NULL ends the table. */
    char letter;      /* 'q' for -q; 0: none. */
    /* What stands for the value in help; with a "|" in it, the values that are allowed. NULL: a flag. */
    const char *value_name;
    const char *doc;
    size_t offset; /* In the struct that is filled: of a bool for a flag, of a const char * for a value. */
} cli_option;

/* The rows that every command has; `type` holds the bools `help` and `version`. */
#define CLI_COMMON_OPTIONS(type)                                                                             \
    {"help", 'h', NULL, "Show this help.", offsetof(type, help)}, {                                          \
        "version", 'V', NULL, "Show the version.", offsetof(type, version)                                   \
    }

/* An option that is not in the table, for whoever else may know it. */
typedef struct cli_foreign_option {
    const char *name;  /* Without the dashes, NUL-terminated. */
    const char *value; /* What came behind "="; NULL: nothing did. */
    const char *next;  /* The argument that follows; NULL: there is none. */
    bool took_next;    /* To be set when `next` is the value. */
    bool is_unknown;   /* To be set when there is no such option; the parser then makes the message. */
} cli_foreign_option;

typedef ap_status (*cli_foreign_fn)(void *ctx, cli_foreign_option *option, ap_error *err);

/* Offers all names that `ctx` knows. */
typedef void (*cli_foreign_suggest_fn)(void *ctx, const char *name, cli_suggestion *suggestion);

typedef struct cli_args {
    const cli_option *options;
    void *values;           /* The struct that the offsets are in. */
    cli_foreign_fn foreign; /* NULL: the table has all options. */
    cli_foreign_suggest_fn foreign_suggest;
    void *foreign_ctx;
    /* Filled: what is no option, in place in argv. */
    char **inputs;
    size_t n_inputs;
    bool has_dash; /* One of them is a "-" that stood before "--". */
} cli_args;

/* Parses argv[1] to argv[argc - 1], whose order is changed.
 * @return AP_EKEY unknown option; AP_EINVAL a value is missing, given twice or not allowed. */
ap_status cli_args_parse(cli_args *args, int argc, char **argv, ap_error *err);

/* Checks how many inputs there are. `usage` is shown. @return AP_EINVAL */
ap_status cli_args_expect(const cli_args *args, size_t least, size_t most, const char *usage, ap_error *err);

/* @return AP_EUTF8 naming the first argument that is not UTF-8. */
ap_status cli_args_check_utf8(int argc, char **argv, ap_error *err);

/* The value that option `name` takes from behind "=" or from the next argument, which may not begin with
 * "--".
 * @return AP_EINVAL when there is none */
ap_status cli_args_value(const char **out, cli_foreign_option *option, ap_error *err);

/* Whether `text` is one of `names`, which "|" separates. */
bool cli_args_is_choice(const char *names, const char *text);

#endif
