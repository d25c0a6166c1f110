/* A row of scores behind all rules, against the reference (tests/data/generate/scores.json). */
#include "unit/generate/markov.h"
#include "unit/support/check.h"
#include "unit/support/values.h"
#include "value/json.h"
#include "value/value.h"

#include <math.h>

static void check_case(const ap_value *test) {
    int64_t ids[64];
    float scores[MARKOV_TOKENS];
    ap_error err = AP_ERROR_INIT;
    ap__generate_opts config;
    ap__rules *rules;
    ap__scratch scratch;
    const ap_value *tokens = ap_value_dict_get(test, "tokens"), *expected = ap_value_dict_get(test, "expect");
    size_t n = ap_value_len(tokens),
           prompt_len = (size_t)ap_value_get_int(ap_value_dict_get(test, "prompt_len"));
    for (size_t i = 0; i < n; i++) ids[i] = ap_value_get_int(ap_value_list_get(tokens, i));
    markov_params(&config, ap_value_dict_get(test, "params"));
    ap__rules_maker maker = {.config = &config, .input = {ids, prompt_len}, .prompt_len = prompt_len};
    assert_ok(ap__rules_create(&rules, &maker, &err), &err);
    assert_ok(ap__scratch_create(&scratch, MARKOV_TOKENS, &err), &err);
    for (int64_t k = 0; k < MARKOV_TOKENS; k++)
        scores[k] = markov_logit(n > 1 ? ids[n - 2] : 0, ids[n - 1], k);
    ap__row row = {.scores = scores, .tokens = {ids, n}, .scratch = &scratch};
    ap__rules_apply(rules, &row);
    for (size_t k = 0; k < MARKOV_TOKENS; k++) {
        const ap_value *item = ap_value_list_get(expected, k);
        bool is_out = ap_value_kind(item) == AP_KIND_NULL;
        double number = ap_value_get_float(item);
        if (is_out ? scores[k] == -INFINITY
                   : fabs(number - (double)scores[k]) <= 1e-5 * fmax(1, fabs(number)))
            continue;
        char *text = json_of(test);
        fail_msg("token %zu has %g: %s", k, (double)scores[k], text);
    }
    ap__scratch_clear(&scratch);
    ap__rules_destroy(rules);
}

void test_scores_as_the_reference(void **state) {
    ap_value *cases = NULL;
    char path[512];
    ap_error err = AP_ERROR_INIT;
    (void)state;
    snprintf(path, sizeof path, "%s/generate/scores.json", AP_TEST_DATA_DIR);
    assert_ok(ap__value_from_json_file(&cases, path, (size_t)16 << 20, &err), &err);
    assert_true(ap_value_len(cases) >= 220);
    for (size_t i = 0; i < ap_value_len(cases); i++) check_case(ap_value_list_get(cases, i));
    ap_value_destroy(cases);
}
