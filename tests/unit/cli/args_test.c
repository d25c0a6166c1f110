/* Options of a table, and what is left. What it says is tested by tests/cli/usage.sh. */
#include "args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_ARGS = 16 };

typedef struct values {
    const char *text, *choice;
    bool flag, other, help, version;
} values;

static const cli_option OPTIONS[] = {
    {"text", 0, "TEXT", "", offsetof(values, text)},
    {"choice", 0, "one|two", "", offsetof(values, choice)},
    {"flag", 'f', NULL, "", offsetof(values, flag)},
    {"other", 'o', NULL, "", offsetof(values, other)},
    CLI_COMMON_OPTIONS(values),
    {NULL, 0, NULL, NULL, 0},
};

typedef struct parsed {
    values values;
    cli_args args;
    ap_error err;
    char *argv[MAX_ARGS + 1];
} parsed;

/* `words` ends with NULL. */
static ap_status parse(parsed *p, char **words) {
    int argc = 1;
    *p = (parsed){.args = {.options = OPTIONS}};
    p->args.values = &p->values;
    p->argv[0] = words[0];
    for (char **word = words; *word; word++) p->argv[argc++] = *word;
    return cli_args_parse(&p->args, argc, p->argv, &p->err);
}

#define WORDS(...) ((char *[]){__VA_ARGS__, NULL})

void test_options_and_inputs_in_any_order(void **state) {
    parsed p;
    (void)state;
    assert_int_equal(parse(&p, WORDS("a", "--text", "t", "b", "--flag", "--choice=two", "c")), AP_OK);
    assert_string_equal(p.values.text, "t");
    assert_string_equal(p.values.choice, "two");
    assert_true(p.values.flag && !p.values.other);
    assert_int_equal(p.args.n_inputs, 3);
    assert_string_equal(p.args.inputs[0], "a");
    assert_string_equal(p.args.inputs[1], "b");
    assert_string_equal(p.args.inputs[2], "c");
}

void test_values(void **state) {
    parsed p;
    (void)state;
    assert_int_equal(parse(&p, WORDS("--text=")), AP_OK);
    assert_string_equal(p.values.text, "");
    assert_int_equal(parse(&p, WORDS("--text", "-1")), AP_OK);
    assert_string_equal(p.values.text, "-1");
    assert_int_equal(parse(&p, WORDS("--text=--flag")), AP_OK);
    assert_string_equal(p.values.text, "--flag");
    assert_int_equal(parse(&p, WORDS("--text=a=b")), AP_OK);
    assert_string_equal(p.values.text, "a=b");
    assert_int_equal(parse(&p, WORDS("--text", "--flag")), AP_EINVAL);
    assert_int_equal(parse(&p, WORDS("--text")), AP_EINVAL);
    assert_int_equal(parse(&p, WORDS("--text=a", "--text=b")), AP_EINVAL);
    assert_int_equal(parse(&p, WORDS("--flag=1")), AP_EINVAL);
    assert_int_equal(parse(&p, WORDS("--choice=thr")), AP_EINVAL);
    assert_int_equal(parse(&p, WORDS("--choice=on")), AP_EINVAL);
}

void test_letters(void **state) {
    parsed p;
    (void)state;
    assert_int_equal(parse(&p, WORDS("-fo", "-h")), AP_OK);
    assert_true(p.values.flag && p.values.other && p.values.help && !p.values.version);
    assert_int_equal(parse(&p, WORDS("-fx")), AP_EKEY);
}

void test_end_of_options(void **state) {
    parsed p;
    (void)state;
    assert_int_equal(parse(&p, WORDS("--flag", "--", "--text", "-x", "--", "-")), AP_OK);
    assert_int_equal(p.args.n_inputs, 4);
    assert_string_equal(p.args.inputs[0], "--text");
    assert_string_equal(p.args.inputs[3], "-");
    assert_false(p.args.has_dash);
    assert_int_equal(parse(&p, WORDS("-")), AP_OK);
    assert_true(p.args.has_dash);
}

void test_unknown(void **state) {
    parsed p;
    (void)state;
    assert_int_equal(parse(&p, WORDS("--flg")), AP_EKEY);
    assert_string_equal(p.err.message, "unknown option --flg; did you mean --flag?");
    assert_int_equal(parse(&p, WORDS("--fla")), AP_EKEY); /* Names are not abbreviated. */
    assert_int_equal(parse(&p, WORDS("--no-flag")), AP_EKEY);
    assert_int_equal(
        parse(&p, WORDS("--a-name-that-is-longer-than-any-option-can-be-and-so-is-not-even-compared=1")),
        AP_EKEY);
}

static ap_status take_foreign(void *ctx, cli_foreign_option *option, ap_error *err) {
    const char **slot = ctx;
    if (strcmp(option->name, "foreign") == 0) return cli_args_value(slot, option, err);
    option->is_unknown = true;
    return AP_OK;
}

void test_options_of_others(void **state) {
    const char *value = NULL;
    char *argv[] = {(char *)(uintptr_t) "p", (char *)(uintptr_t) "--foreign", (char *)(uintptr_t) "v",
                    (char *)(uintptr_t) "in", NULL};
    values own = {0};
    cli_args args = {.options = OPTIONS, .values = &own, .foreign = take_foreign};
    ap_error err = AP_ERROR_INIT;
    (void)state;
    args.foreign_ctx = &value;
    assert_int_equal(cli_args_parse(&args, 4, argv, &err), AP_OK);
    assert_string_equal(value, "v");
    assert_int_equal(args.n_inputs, 1);
    assert_string_equal(args.inputs[0], "in");
}
