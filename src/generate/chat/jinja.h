/* Templates of chat formats: the part of Jinja that they use, as jinja2's ImmutableSandboxedEnvironment
 * renders it with trim_blocks, lstrip_blocks, loop controls, and what transformers adds.
 *
 * A compiled template is immutable and may be rendered by many threads at once. Nothing of the system can be
 * reached from a template; time, memory, nesting and the length of the text are bounded.
 *
 * Source: jinja2@3.1.6; transformers@v4.55.4 utils/chat_template_utils.py _compile_jinja_template. */
#ifndef AP_GENERATE_CHAT_JINJA_H
#define AP_GENERATE_CHAT_JINJA_H

#include <accelpipe/value.h>
#include <stdint.h>

typedef struct ap__jinja ap__jinja;

/* Longest template, and longest text that is rendered. */
#define AP__JINJA_MAX_BYTES ((size_t)1 << 20)
#define AP__JINJA_MAX_OUTPUT_BYTES ((size_t)64 << 20)

/* Most steps of a rendering, a second or two; and most memory of one. */
#define AP__JINJA_MAX_STEPS 50000000
#define AP__JINJA_MAX_MEMORY_BYTES ((size_t)512 << 20)

/* @param[out] out owned: ap__jinja_destroy(). NULL on failure.
 * @return AP_EFORMAT an error of syntax, AP_EUNSUPPORTED a construct that is left out: both with line and
 * column; AP_EUTF8, AP_ELIMIT, AP_ENOMEM. */
ap_status ap__jinja_create(ap__jinja **out, const char *text, size_t len, ap_error *err);
void ap__jinja_destroy(ap__jinja *jinja);

/* Whether the template marks what the model wrote ({% generation %}). */
int ap__jinja_has_generation(const ap__jinja *jinja);

/* Characters [start, end) of the text. */
typedef struct ap__jspan {
    size_t start, end;
} ap__jspan;

/* A time of day, as the template's strftime_now() shows it. */
typedef struct ap__jinja_time {
    int64_t year;
    int month, day, hour, minute, second, microsecond; /* month and day from 1 */
} ap__jinja_time;

/* A variable by its name; NULL is none. */
typedef struct ap__jinja_variable {
    const char *name;
    const ap_value *value;
} ap__jinja_variable;

typedef struct ap__jinja_request {
    const ap_value *dicts[2]; /* Variables; NULL or dicts, of which the second goes before the first, */
    const ap__jinja_variable *variables; /* and these go before both. */
    size_t n_variables;
    const ap__jinja_time *now; /* NULL: strftime_now() fails. */
    uint64_t max_steps;        /* How much work it may be; 0: AP__JINJA_MAX_STEPS. */
} ap__jinja_request;

/* What is rendered. */
typedef struct ap__jinja_text {
    char *ptr; /* NUL-terminated. Owned: ap__free(). */
    size_t len;
    ap__jspan *generated; /* What the model wrote, where the template says so. Owned: ap__free(). */
    size_t n_generated;
} ap__jinja_text;

/* @param[out] out all zero on failure.
 * @return AP_EINVAL where the template raises an exception; AP_ETYPE, AP_EKEY and others where an operation
 * fails, with line and column; AP_ELIMIT; AP_ENOMEM. */
ap_status ap__jinja_render(ap__jinja_text *out, const ap__jinja *jinja, const ap__jinja_request *request,
                           ap_error *err);
void ap__jinja_text_clear(ap__jinja_text *text);

#endif
