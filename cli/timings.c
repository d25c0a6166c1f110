/* A table of six lines. */
#include "timings.h"

#include "diag.h"

#include <stdint.h>

#define PHASE(NAME)                                                                                          \
    { #NAME, offsetof(ap_timings, NAME##_ns) }

const cli_timings_phase cli_timings_phases[CLI_N_PHASES] = {PHASE(preprocess), PHASE(collate), PHASE(forward),
                                                            PHASE(unbatch), PHASE(postprocess)};

uint64_t cli_timings_phase_ns(const ap_timings *timings, size_t phase) {
    return *(const uint64_t *)(const void *)((const char *)timings + cli_timings_phases[phase].offset);
}

double cli_timings_padding(const ap_timings *timings) {
    uint64_t n = timings->n_tokens + timings->n_padding_tokens;
    return n ? (double)timings->n_padding_tokens / (double)n : 0;
}

/* -- JSON ---------------------------------------------------------------------------------------------- */

static ap_status set_count(ap_value *dict, const char *key, uint64_t n, ap_error *err) {
    ap_value *value = NULL;
    ap_status status = ap_value_create_int(&value, n < INT64_MAX ? (int64_t)n : INT64_MAX, err);
    return status ? status : ap_value_dict_set_take(dict, key, value, err);
}

ap_status cli_timings_to_value(ap_value **out, const ap_timings *timings, ap_error *err) {
    const struct {
        const char *key;
        uint64_t n;
    } counts[] = {{"n_inputs", timings->n_inputs},
                  {"n_feeds", timings->n_feeds},
                  {"n_batches", timings->n_batches},
                  {"n_tokens", timings->n_tokens},
                  {"n_padding_tokens", timings->n_padding_tokens}};
    ap_status status = ap_value_create_dict(out, err);
    if (!status) status = set_count(*out, "total_ns", timings->total_ns, err);
    for (size_t i = 0; !status && i < CLI_N_PHASES; i++) {
        cli_text key = {0};
        cli_text_addf(&key, "%s_ns", cli_timings_phases[i].name);
        status = set_count(*out, key.ptr, cli_timings_phase_ns(timings, i), err);
        cli_text_clear(&key);
    }
    for (size_t i = 0; !status && i < sizeof counts / sizeof *counts; i++)
        status = set_count(*out, counts[i].key, counts[i].n, err);
    if (!status) return AP_OK;
    ap_value_destroy(*out);
    *out = NULL;
    return status;
}

static ap_status add_json(cli_text *text, const ap_timings *timings, ap_error *err) {
    ap_value *value = NULL;
    char *json = NULL;
    size_t len = 0;
    ap_status status = cli_timings_to_value(&value, timings, err);
    if (!status) status = ap_value_to_json(&json, &len, value, AP_JSON_COMPACT, err);
    if (!status) cli_text_addf(text, "{\"timings\":%s}\n", json);
    ap_string_destroy(json);
    ap_value_destroy(value);
    return status;
}

/* -- for people ---------------------------------------------------------------------------------------- */

static void add_line(cli_text *text, const char *name, uint64_t ns, uint64_t total_ns) {
    cli_text ms = {0}, share = {0};
    cli_text_add_decimal(&ms, (double)ns / 1e6, 3);
    cli_text_add_decimal(&share, total_ns ? 100 * (double)ns / (double)total_ns : 0, 1);
    cli_text_addf(text, "%-12s%12s%8s %%\n", name, ms.ptr, share.ptr);
    cli_text_clear(&share);
    cli_text_clear(&ms);
}

static void add_count(cli_text *text, uint64_t n, const char *one, const char *many, const char *end) {
    cli_text_addf(text, "%llu %s%s", (unsigned long long)n, n == 1 ? one : many, end);
}

static void add_table(cli_text *text, const ap_timings *t) {
    cli_text_addf(text, "%-12s%12s%10s\n", "phase", "ms", "share");
    for (size_t i = 0; i < CLI_N_PHASES; i++)
        add_line(text, cli_timings_phases[i].name, cli_timings_phase_ns(t, i), t->total_ns);
    add_line(text, "total", t->total_ns, t->total_ns);
    add_count(text, t->n_inputs, "input", "inputs", ", ");
    add_count(text, t->n_feeds, "feed", "feeds", ", ");
    add_count(text, t->n_batches, "batch", "batches", ", ");
    add_count(text, t->n_tokens, "token", "tokens", " and ");
    cli_text_addf(text, "%llu of padding (", (unsigned long long)t->n_padding_tokens);
    cli_text_add_decimal(text, 100 * cli_timings_padding(t), 1);
    cli_text_addf(text, " %%)\n");
}

ap_status cli_timings_print(const ap_timings *timings, bool as_json, ap_error *err) {
    cli_text text = {0};
    ap_status status = AP_OK;
    if (as_json)
        status = add_json(&text, timings, err);
    else
        add_table(&text, timings);
    if (!status) cli_diag_text(text.ptr, text.len);
    cli_text_clear(&text);
    return status;
}
