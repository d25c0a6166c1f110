/* Templates alone: what they give, where errors are, and that their work is bounded. What jinja2 gives for
 * random ones is compared by tools/fuzz_chat_templates.py. */
#include "generate/chat/jinja.h"

#include "unit/support/check.h"
#include "unit/support/torture.h"
#include "unit/support/values.h"

#include <string.h>

static ap_status render(char *out, size_t size, const char *source, const ap_value *variables,
                        ap_error *err) {
    ap__jinja *jinja;
    ap__jinja_text text = {0};
    ap__jinja_request request = {.dicts = {variables}, .max_steps = 1000000};
    ap_status status = ap__jinja_create(&jinja, source, strlen(source), err);
    if (!status) status = ap__jinja_render(&text, jinja, &request, err);
    if (!status) assert_true(text.len < size);
    if (!status) memcpy(out, text.ptr, text.len + 1);
    ap__jinja_text_clear(&text);
    ap__jinja_destroy(jinja);
    return status;
}

static void expect(const char *source, const char *expected) {
    ap_error err = AP_ERROR_INIT;
    char out[256];
    ap_value *variables =
        value_of("{\"l\": [3, 1, 2], \"d\": {\"a\": 1, \"items\": 2}, \"s\": \"\xC3\xA9t\xC3\xA9\"}");
    assert_ok(render(out, sizeof out, source, variables, &err), &err);
    assert_string_equal(out, expected);
    ap_value_destroy(variables);
}

static void expect_failure(const char *source, ap_status status, const char *message) {
    ap_error err = AP_ERROR_INIT;
    char out[256];
    assert_fails(render(out, sizeof out, source, NULL, &err), status, &err, message);
}

void test_white_space(void **state) {
    (void)state;
    expect("  {% if true %}\n  x\n  {% endif %}\ny\n", "  x\ny");
    expect("a {%- if true -%} b {%- endif %} c", "ab c");
    expect(" {%+ if true %} {% endif %}", "  ");
    expect("a\r\n{# c #}\r\nb", "a\nb");
    expect("{% raw %}{{ x }}{% endraw %}", "{{ x }}");
}

void test_scopes(void **state) {
    (void)state;
    expect("{% set x = 1 %}{% for i in l %}{% set x = i %}{{ x }}{% endfor %}{{ x }}", "3121");
    expect("{% macro f() %}{{ x }}{% endmacro %}{% set x = 1 %}{{ f() }}{% set x = 2 %}{{ f() }}", "12");
    expect("{% for i in l %}{{ s }}{% endfor %}{% set s = 1 %}", "");
    expect("{% set ns = namespace(n=0) %}{% for i in l %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}",
           "6");
}

void test_text_is_counted_in_characters(void **state) {
    (void)state;
    expect("{{ s|length }}{{ s[0] }}{{ s[-1] }}{{ s[::-1] }}{{ s.find('t') }}{{ s|upper }}",
           "3\xC3\xA9\xC3\xA9\xC3\xA9t\xC3\xA9"
           "1\xC3\x89T\xC3\x89");
}

void test_what_python_does(void **state) {
    (void)state;
    expect("{{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 1e16 }} {{ 0.1 + 0.2 }} {{ 2 ** -1 }}",
           "-4 2 3.5 1e+16 0.30000000000000004 0.5");
    expect("{{ d }} {{ l }} {{ (1,) }} {{ none }} {{ true }} {{ \"it's\" }} {{ [\"it's\"] }}",
           "{'a': 1, 'items': 2} [3, 1, 2] (1,) None True it's [\"it's\"]");
    expect("{{ d.items() | list }} {{ d['items'] }} {{ d.nothing }}", "[('a', 1), ('items', 2)] 2 ");
    expect("{{ 'yes' if l | select('odd') else 'no' }} {{ [] | map('int') | list }}", "yes []");
}

void test_errors_of_syntax(void **state) {
    (void)state;
    expect_failure("a\n {{ 1 + }}", AP_EFORMAT, "line 2, column 9: expected an expression, found \"}}\"");
    expect_failure("{% for x in y %}", AP_EFORMAT, "expected \"endfor\", found \"end of template\"");
    expect_failure("{% frob %}", AP_EFORMAT, "line 1, column 4: unknown tag \"frob\"");
    expect_failure("{{ 'a }}", AP_EFORMAT, "a string is not closed");
    expect_failure("{{ (1] }}", AP_EFORMAT, "unexpected \"]\", expected \")\"");
    expect_failure("{% break %}", AP_EFORMAT, "\"break\" outside of a loop");
    expect_failure("{{ 1 | frob }}", AP_EFORMAT, "no filter named \"frob\"");
    expect_failure("{% include 'x' %}", AP_EUNSUPPORTED, "the tag \"include\" is not supported");
    expect_failure("{{ 1 | pprint }}", AP_EUNSUPPORTED, "the filter \"pprint\" is not supported");
}

void test_errors_while_rendering(void **state) {
    (void)state;
    expect_failure("\n{{ a.b }}", AP_EKEY, "line 2, column 5: \"a\" is undefined");
    expect_failure("{{ [].append(1) }}", AP_EUNSUPPORTED,
                   "\"append\" of a list may not be used in a template");
    expect_failure("{{ ''.__class__.x }}", AP_EUNSUPPORTED, "\"__class__\" of a str may not be used");
    expect_failure("{{ 1 + 'a' }}", AP_ETYPE, "\"+\" does not work between int and str");
    expect_failure("{{ raise_exception('no ' ~ 1) }}", AP_EINVAL, "no 1");
    expect_failure("{% if false %}{{ 1 | frob }}{% endif %}{% if true %}{{ 1 | frob }}{% endif %}", AP_EKEY,
                   "no filter named \"frob\"");
    expect_failure("{{ 9223372036854775807 + 1 }}", AP_EUNSUPPORTED, "beyond 64 bits");
    expect_failure("{{ [1] | map('int') }}", AP_EUNSUPPORTED, "a generator has no text of its own");
}

void test_limits(void **state) {
    (void)state;
    expect_failure("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
                   AP_ELIMIT, "too many steps");
    expect_failure("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", AP_ELIMIT, "calls nest too deep");
    expect_failure("{{ 'a' * 99999999 }}", AP_ELIMIT, "a repeated text is too long");
    expect_failure("{{ range(100001) }}", AP_ELIMIT, "at most 100000");
}

static ap_status render_much(void *context, ap_error *err) {
    char out[256];
    return render(out, sizeof out, context, NULL, err);
}

void test_torture(void **state) {
    (void)state;
    torture(
        render_much,
        "{% macro f(a, b=[1]) %}{{ a ~ b | join }}{{ caller() }}{% endmacro %}{% call f('x') %}y{% endcall %}"
        "{% set n = namespace(d={'k': (1, 2)}) %}{{ n.d | tojson(indent=1) }}{{ '%5.1f' | format(2.25) }}"
        "{{ [3, 1] | sort | map('string') | list }}{{ 'a-b'.split('-') | last | title }}");
}

/* Markup that is padded is still markup: what is added to it is escaped. */
void test_padded_markup(void **state) {
    (void)state;
    expect("{{ ('u'|safe).center(3, '*') + \"'\" }}", "*u*&#39;");
    expect("{{ ('u'|safe).ljust(1) + \"'\" }}{{ ('u'|safe).rjust(2) + \"'\" }}", "u&#39; u&#39;");
    expect("{{ ('7'|safe).zfill(3) + \"'\" }}{{ ('u'|safe)|center(3) + \"'\" }}", "007&#39; u &#39;");
    expect("{{ 'u'.center(3) + \"'\" }}", " u '");
}

/* A float with a precision and no type: as 'g', but for room for a digit behind the point. */
void test_floats_without_type(void **state) {
    (void)state;
    expect("{{ '{:.4}|{:.4}|{:.1}|{:.4}|{:.0}|{:#.4}'.format(1000.1, 999.9, 0.0, 0.0, 9.5, 1000.1) }}",
           "1e+03|999.9|0e+00|0.0|1e+01|1.000e+03");
    expect("{{ '{:_%}|{:,%}'.format(1e307, 12.5) }}", "inf%|1,250.000000%");
    expect("{{ '{:.4g}|{:012,.4}|{:.3}'.format(1000.1, 3184.0, -99.96) }}", "1000|0,003.184e+03|-1e+02");
}

void test_numbers_need_a_digit(void **state) {
    (void)state;
    expect("{{ '.'|int(7) }}|{{ '-.'|int(7) }}|{{ '.e1'|float(7) }}|{{ '1.'|float }}|{{ '.5'|float }}|{{ "
           "'00.'|int(7) }}",
           "7|7|7|1.0|0.5|0");
}

void test_what_is_cut_stays_markup(void **state) {
    (void)state;
    expect("{{ {'a': ('abcdef ghi'|escape)|truncate(8, end='<', leeway=0)} }}",
           "{'a': Markup('abcdef&lt;')}");
    expect("{{ ('<b>cdef'|escape)|truncate(4, true, leeway=0) }}|{{ 'abc def'|truncate(5, leeway=0) }}",
           "&...|ab...");
    expect("{{ nothing|last }}|{{ [5['x']|last] }}", "|[Undefined]");
}
