/* A parser that walks the table of options. */
#include "args.h"

#include "diag.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = 64 };

static const cli_option *find_option(const cli_option *options, const char *name) {
    for (const cli_option *o = options; o->name; o++)
        if (strcmp(o->name, name) == 0) return o;
    return NULL;
}

static const cli_option *find_letter(const cli_option *options, char letter) {
    for (const cli_option *o = options; o->name; o++)
        if (o->letter && o->letter == letter) return o;
    return NULL;
}

bool cli_args_is_choice(const char *names, const char *text) {
    size_t n = strlen(text);
    for (const char *name = names; name; name = strchr(name, '|') ? strchr(name, '|') + 1 : NULL)
        if (strncmp(name, text, n) == 0 && (name[n] == '|' || !name[n])) return true;
    return false;
}

ap_status cli_args_value(const char **out, cli_foreign_option *option, ap_error *err) {
    *out = option->value;
    if (*out) return AP_OK;
    const char *next = option->next;
    if (!next || strncmp(next, "--", 2) == 0)
        return cli_fail(err, AP_EINVAL,
                        "--%s needs a value; a value that begins with -- is given as --%s=VALUE",
                        option->name, option->name);
    option->took_next = true;
    *out = next;
    return AP_OK;
}

/* -- options of the table ------------------------------------------------------------------------------ */

static ap_status set_flag(const cli_option *row, void *values, const char *value, ap_error *err) {
    if (value) return cli_fail(err, AP_EINVAL, "--%s takes no value, \"%s\" was given", row->name, value);
    *(bool *)((char *)values + row->offset) = true;
    return AP_OK;
}

static ap_status set_value(const cli_option *row, void *values, cli_foreign_option *option, ap_error *err) {
    const char **slot = (const char **)(void *)((char *)values + row->offset);
    const char *value;
    if (*slot) return cli_fail(err, AP_EINVAL, "--%s is given twice", row->name);
    ap_status status = cli_args_value(&value, option, err);
    if (status) return status;
    if (strchr(row->value_name, '|') && !cli_args_is_choice(row->value_name, value))
        return cli_fail(err, AP_EINVAL, "--%s: expected %s, found \"%s\"", row->name, row->value_name, value);
    *slot = value;
    return AP_OK;
}

/* -- all options --------------------------------------------------------------------------------------- */

static ap_status fail_unknown(const cli_args *args, const char *name, ap_error *err) {
    cli_suggestion suggestion = {0};
    char hint[NAME_BYTES * 2];
    for (const cli_option *o = args->options; o->name; o++) cli_suggest(&suggestion, name, o->name);
    if (args->foreign_suggest) args->foreign_suggest(args->foreign_ctx, name, &suggestion);
    const char *otherwise = "; --help lists them, and -- goes before an input that begins with -";
    return cli_fail(err, AP_EKEY, "unknown option --%s%s", name,
                    cli_suggestion_text(&suggestion, "--", otherwise, hint, sizeof hint));
}

/* Whether it is --no-NAME of an option of ours, which must not reach a parameter that NAME hides. */
static bool negates_own(const cli_option *options, const char *name) {
    return strncmp(name, "no-", 3) == 0 && find_option(options, name + 3);
}

/* `text` is the argument without its dashes. */
static ap_status parse_long(const cli_args *args, const char *text, const char *next, bool *took_next,
                            ap_error *err) {
    char name[NAME_BYTES];
    size_t n = strcspn(text, "=");
    if (n >= sizeof name) return cli_fail(err, AP_EKEY, "unknown option --%.40s...", text);
    memcpy(name, text, n);
    name[n] = '\0';
    cli_foreign_option option = {.name = name, .value = text[n] ? text + n + 1 : NULL, .next = next};
    const cli_option *row = find_option(args->options, name);
    ap_status status = AP_OK;
    if (row)
        status = row->value_name ? set_value(row, args->values, &option, err)
                                 : set_flag(row, args->values, option.value, err);
    else if (args->foreign && !negates_own(args->options, name))
        status = args->foreign(args->foreign_ctx, &option, err);
    else
        option.is_unknown = true;
    *took_next = option.took_next;
    return option.is_unknown ? fail_unknown(args, name, err) : status;
}

static ap_status parse_letters(const cli_args *args, const char *letters, ap_error *err) {
    for (const char *p = letters; *p; p++) {
        const cli_option *row = find_letter(args->options, *p);
        if (!row)
            return cli_fail(err, AP_EKEY, "unknown option -%s; -- goes before an input that begins with -",
                            letters);
        ap_status status = set_flag(row, args->values, NULL, err);
        if (status) return status;
    }
    return AP_OK;
}

ap_status cli_args_parse(cli_args *args, int argc, char **argv, ap_error *err) {
    bool options_ended = false;
    ap_status status = AP_OK;
    args->inputs = argv + 1;
    args->n_inputs = 0;
    for (int i = 1; i < argc && !status; i++) {
        char *arg = argv[i];
        bool took_next = false;
        if (options_ended || arg[0] != '-' || !arg[1]) {
            args->has_dash |= !options_ended && strcmp(arg, "-") == 0;
            args->inputs[args->n_inputs++] = arg; /* Never behind argv[i]. */
        } else if (arg[1] != '-') {
            status = parse_letters(args, arg + 1, err);
        } else if (!arg[2]) {
            options_ended = true;
        } else {
            status = parse_long(args, arg + 2, argv[i + 1], &took_next, err);
        }
        if (took_next) i++;
    }
    return status;
}

ap_status cli_args_expect(const cli_args *args, size_t least, size_t most, const char *usage, ap_error *err) {
    if (args->n_inputs < least)
        return cli_fail(err, AP_EINVAL, "an argument is missing: accelpipe %s", usage);
    if (args->n_inputs <= most) return AP_OK;
    return cli_fail(err, AP_EINVAL, "unexpected argument \"%.80s\": accelpipe %s", args->inputs[most], usage);
}

ap_status cli_args_check_utf8(int argc, char **argv, ap_error *err) {
    for (int i = 1; i < argc; i++) {
        size_t len = strlen(argv[i]), valid = cli_utf8_valid_len(argv[i], len);
        if (valid < len)
            return cli_fail(err, AP_EUTF8, "argument %d is not UTF-8: byte 0x%02X at offset %zu", i,
                            (unsigned char)argv[i][valid], valid);
    }
    return AP_OK;
}
