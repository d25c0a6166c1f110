/* Searches against those of the reference (tests/data/generate/searches.json), and what a loop of many
 * prompts does. */
#include "unit/generate/markov.h"
#include "unit/support/check.h"
#include "unit/support/torture.h"
#include "unit/support/values.h"
#include "value/json.h"
#include "value/value.h"

#include <string.h>

static size_t read_ids(int64_t *out, const ap_value *list) {
    for (size_t i = 0; i < ap_value_len(list); i++) out[i] = ap_value_get_int(ap_value_list_get(list, i));
    return ap_value_len(list);
}

/* Whether the sequences are the expected ones. */
static void compare(const ap__generated *found, const ap_value *expected, const char *what) {
    assert_int_equal(ap_value_len(expected), found->n);
    for (size_t i = 0; i < found->n; i++) {
        int64_t ids[256];
        size_t n = read_ids(ids, ap_value_list_get(expected, i));
        bool is_same =
            n == found->sequences[i].n && memcmp(ids, found->sequences[i].ptr, n * sizeof *ids) == 0;
        if (is_same) continue;
        for (size_t k = 0; k < found->sequences[i].n; k++)
            print_message("%lld ", (long long)found->sequences[i].ptr[k]);
        fail_msg("sequence %zu of %s", i, what);
    }
}

static void check_case(const ap_value *test) {
    int64_t ids[64];
    ap_error err = AP_ERROR_INIT;
    ap__generate_opts config;
    ap__generated found;
    markov model = {0};
    char *text = json_of(test);
    markov_params(&config, ap_value_dict_get(test, "params"));
    ap__prompt prompt = {.tokens = {ids, read_ids(ids, ap_value_dict_get(test, "prompt"))}};
    prompt.input = prompt.tokens;
    ap__generation g = {.config = &config,
                        .takes_mask = true,
                        .prompts = &prompt,
                        .n_prompts = 1,
                        .n_slots = 1,
                        .begin = markov_begin,
                        .begin_ctx = &model};
    assert_ok(ap__generate(&found, &g, &err), &err);
    compare(&found, ap_value_dict_get(test, "expect"), text);
    ap__generated_clear(&found);
    assert_int_equal(0, model.n_alive);
    ap_string_destroy(text);
}

static ap_value *read_cases(const char *name) {
    ap_value *cases = NULL;
    char path[512];
    ap_error err = AP_ERROR_INIT;
    snprintf(path, sizeof path, "%s/generate/%s", AP_TEST_DATA_DIR, name);
    assert_ok(ap__value_from_json_file(&cases, path, (size_t)16 << 20, &err), &err);
    return cases;
}

void test_searches_as_the_reference(void **state) {
    (void)state;
    ap_value *cases = read_cases("searches.json");
    assert_true(ap_value_len(cases) >= 480);
    for (size_t i = 0; i < ap_value_len(cases); i++) check_case(ap_value_list_get(cases, i));
    ap_value_destroy(cases);
}

/* -- many prompts -------------------------------------------------------------------------------------- */

enum { N_PROMPTS = 20 };

typedef struct many {
    int64_t ids[N_PROMPTS][8];
    ap__prompt prompts[N_PROMPTS];
    ap__generate_opts config;
    ap_value *params;
    ap__generation g;
    markov model;
} many;

/* Prompts of different lengths, which end at different times. */
static void make_many(many *m, const char *params) {
    memset(m, 0, sizeof *m);
    for (size_t i = 0; i < N_PROMPTS; i++) {
        size_t n = 1 + i % 7;
        for (size_t k = 0; k < n; k++) m->ids[i][k] = (int64_t)(2 + (5 * i + 3 * k) % (MARKOV_TOKENS - 2));
        m->prompts[i] = (ap__prompt){.tokens = {m->ids[i], n}, .input = {m->ids[i], n}, .index = i};
    }
    m->params = value_of(params);
    markov_params(&m->config, m->params);
    m->g = (ap__generation){.config = &m->config,
                            .takes_mask = true,
                            .prompts = m->prompts,
                            .n_prompts = N_PROMPTS,
                            .n_slots = 6,
                            .begin = markov_begin,
                            .begin_ctx = &m->model};
}

static void check_many(const char *params) {
    many m, single;
    ap_error err = AP_ERROR_INIT;
    ap__generated together[N_PROMPTS], alone;
    make_many(&m, params);
    make_many(&single, params);
    assert_ok(ap__generate(together, &m.g, &err), &err);
    for (size_t i = 0; i < N_PROMPTS; i++) {
        single.g.prompts = &single.prompts[i];
        single.g.n_prompts = 1;
        assert_ok(ap__generate(&alone, &single.g, &err), &err);
        assert_int_equal(alone.n, together[i].n);
        for (size_t k = 0; k < alone.n; k++) {
            assert_int_equal(alone.sequences[k].n, together[i].sequences[k].n);
            assert_memory_equal(alone.sequences[k].ptr, together[i].sequences[k].ptr,
                                alone.sequences[k].n * 8);
        }
        ap__generated_clear(&alone);
        ap__generated_clear(&together[i]);
    }
    assert_int_equal(0, m.model.n_alive);
    assert_true(m.model.most_rows <= 6);
    assert_true(m.model.n_steps < single.model.n_steps);
    ap_value_destroy(m.params);
    ap_value_destroy(single.params);
}

void test_company_changes_nothing(void **state) {
    (void)state;
    check_many("{\"max_new_tokens\": 30, \"eos_token_id\": [1, 2, 3]}");
    check_many("{\"max_new_tokens\": 30, \"eos_token_id\": [1, 2, 3], \"do_sample\": true, \"seed\": 7, "
               "\"num_return_sequences\": 2}");
    check_many("{\"max_new_tokens\": 12, \"num_beams\": 3, \"num_return_sequences\": 2}");
    check_many("{\"max_new_tokens\": 12, \"num_beams\": 2, \"do_sample\": true, \"seed\": 3}");
}

/* Those that leave make room for those that wait. */
void test_rows_join_and_leave(void **state) {
    many m;
    ap_error err = AP_ERROR_INIT;
    ap__generated out[N_PROMPTS];
    (void)state;
    make_many(&m, "{\"max_new_tokens\": 40, \"eos_token_id\": [1, 2, 3, 4]}");
    assert_ok(ap__generate(out, &m.g, &err), &err);
    assert_true(m.model.n_joins > 0);
    assert_true(m.model.n_begun < N_PROMPTS);
    for (size_t i = 0; i < N_PROMPTS; i++) ap__generated_clear(&out[i]);
    ap_value_destroy(m.params);
}

/* Without a mask, only prompts of one length may go together. */
void test_no_mask_no_company(void **state) {
    many m;
    ap_error err = AP_ERROR_INIT;
    ap__generated out[N_PROMPTS];
    (void)state;
    make_many(&m, "{\"max_new_tokens\": 5}");
    m.g.takes_mask = false;
    assert_ok(ap__generate(out, &m.g, &err), &err);
    assert_int_equal(0, m.model.n_joins);
    assert_int_equal(N_PROMPTS, m.model.n_begun); /* No two neighbours are of one length. */
    for (size_t i = 0; i < N_PROMPTS; i++) ap__generated_clear(&out[i]);
    ap_value_destroy(m.params);
}

void test_the_same_seed_draws_the_same(void **state) {
    many m;
    ap_error err = AP_ERROR_INIT;
    ap__generated a[N_PROMPTS], b[N_PROMPTS];
    bool differs = false;
    (void)state;
    make_many(&m, "{\"max_new_tokens\": 10, \"do_sample\": true, \"seed\": 11, \"eos_token_id\": null}");
    assert_ok(ap__generate(a, &m.g, &err), &err);
    assert_ok(ap__generate(b, &m.g, &err), &err);
    for (size_t i = 0; i < N_PROMPTS; i++) {
        assert_memory_equal(a[i].sequences[0].ptr, b[i].sequences[0].ptr, a[i].sequences[0].n * 8);
        ap__generated_clear(&b[i]);
    }
    m.config.seed.as.integer = 12;
    assert_ok(ap__generate(b, &m.g, &err), &err);
    for (size_t i = 0; i < N_PROMPTS; i++) {
        differs =
            differs || memcmp(a[i].sequences[0].ptr, b[i].sequences[0].ptr, a[i].sequences[0].n * 8) != 0;
        ap__generated_clear(&a[i]);
        ap__generated_clear(&b[i]);
    }
    assert_true(differs);
    ap_value_destroy(m.params);
}

/* -- an assistant -------------------------------------------------------------------------------------- */

/* How many steps the model takes with an assistant that errs so often.
 * @param n_steps_of the assistant, or NULL */
static size_t check_assistant(const char *params, int64_t errs_every, size_t *n_steps_of) {
    many plain, helped;
    uint8_t mask[8] = {0, 1, 1, 1, 1, 1, 1, 1};
    markov assistant = {.errs_every = errs_every};
    ap_error err = AP_ERROR_INIT;
    ap__generated expected[N_PROMPTS], found[N_PROMPTS];
    make_many(&plain, params);
    make_many(&helped, params);
    plain.prompts[4].mask = helped.prompts[4].mask = mask;
    helped.model.assistant = &assistant;
    helped.g.begin_assistant = markov_begin_assistant;
    assert_ok(ap__generate(expected, &plain.g, &err), &err);
    assert_ok(ap__generate(found, &helped.g, &err), &err);
    for (size_t i = 0; i < N_PROMPTS; i++) {
        assert_int_equal(1, found[i].n);
        assert_int_equal(expected[i].sequences[0].n, found[i].sequences[0].n);
        assert_memory_equal(expected[i].sequences[0].ptr, found[i].sequences[0].ptr,
                            found[i].sequences[0].n * sizeof(int64_t));
        ap__generated_clear(&expected[i]);
        ap__generated_clear(&found[i]);
    }
    assert_int_equal(0, helped.model.n_alive + assistant.n_alive);
    assert_int_equal(N_PROMPTS, assistant.n_begun);
    ap_value_destroy(plain.params);
    ap_value_destroy(helped.params);
    if (n_steps_of) *n_steps_of = assistant.n_steps;
    return helped.model.n_steps;
}

void test_an_assistant_changes_nothing(void **state) {
    static const char *const params[] = {
        "{\"max_new_tokens\": 40, \"eos_token_id\": [1, 2]}",
        "{\"max_new_tokens\": 40, \"eos_token_id\": [1, 2], \"num_assistant_tokens_schedule\": "
        "\"heuristic\", "
        "\"num_assistant_tokens\": 3, \"assistant_confidence_threshold\": null}",
        "{\"max_new_tokens\": 30, \"repetition_penalty\": 1.5, \"no_repeat_ngram_size\": 3, "
        "\"min_new_tokens\": 4, "
        "\"forced_eos_token_id\": 1}",
        "{\"max_new_tokens\": 30, \"do_sample\": true, \"seed\": 4, \"top_k\": 5}",
        "{\"max_new_tokens\": 1}"};
    (void)state;
    for (size_t i = 0; i < sizeof params / sizeof *params; i++)
        for (int64_t errs_every = 0; errs_every < 4; errs_every++)
            check_assistant(params[i], errs_every, NULL);
}

/* One that is right saves steps, one that is not costs some of its own, and its values say how many. */
void test_how_far_an_assistant_goes(void **state) {
    static const char plain[] = "{\"max_new_tokens\": 41, \"eos_token_id\": null, \"pad_token_id\": 0, "
                                "\"num_assistant_tokens\": 4, \"assistant_confidence_threshold\": 0.0}";
    static const char adapts[] = "{\"max_new_tokens\": 41, \"eos_token_id\": null, \"pad_token_id\": 0, "
                                 "\"num_assistant_tokens_schedule\": \"heuristic_transient\", "
                                 "\"num_assistant_tokens\": 4, \"assistant_confidence_threshold\": 0.0}";
    static const char wary[] = "{\"max_new_tokens\": 41, \"eos_token_id\": null, \"pad_token_id\": 0, "
                               "\"num_assistant_tokens\": 4, \"assistant_confidence_threshold\": 1.0}";
    size_t n_steps;
    (void)state;
    assert_int_equal(9 * N_PROMPTS, check_assistant(plain, 0, &n_steps)); /* Eight times five, and one. */
    assert_int_equal(32 * N_PROMPTS, n_steps);
    assert_int_equal(5 * N_PROMPTS, check_assistant(adapts, 0, NULL)); /* 5, 7, 9, 11 and the last 9. */
    assert_true(check_assistant(adapts, 1, NULL) > 20 * N_PROMPTS);
    assert_int_equal(21 * N_PROMPTS, check_assistant(wary, 0, &n_steps)); /* One guess at a time. */
    assert_int_equal(20 * N_PROMPTS, n_steps);
}

/* A guess ends where the model, or the assistant, has no positions; that is no failure. */
void test_guesses_within_the_positions(void **state) {
    static const char params[] = "{\"max_length\": 19, \"eos_token_id\": null, \"pad_token_id\": 0}";
    ap_error err = AP_ERROR_INIT;
    (void)state;
    for (int which = 0; which < 3; which++) {
        many m;
        markov assistant = {0};
        ap__generated out[N_PROMPTS];
        make_many(&m, params);
        m.model.assistant = &assistant;
        if (which) m.g.begin_assistant = markov_begin_assistant;
        if (!which) m.config.prompt_lookup_num_tokens = (ap_opt){.origin = AP_ORIGIN_CALL, .as.integer = 30};
        m.g.position_limit = which < 2 ? 18 : 0; /* The last token is not read. */
        m.g.assistant_positions = which == 2 ? 9 : 0;
        assert_ok(ap__generate(out, &m.g, &err), &err);
        for (size_t i = 0; i < N_PROMPTS; i++) {
            assert_int_equal(19, out[i].sequences[0].n);
            ap__generated_clear(&out[i]);
        }
        ap_value_destroy(m.params);
    }
}

static void expect_refused(const char *params, ap_status status, const char *message) {
    many m;
    markov assistant = {0};
    ap_error err = AP_ERROR_INIT;
    ap__generated out[N_PROMPTS];
    make_many(&m, params);
    m.model.assistant = &assistant;
    m.g.begin_assistant = markov_begin_assistant;
    assert_fails(ap__generate(out, &m.g, &err), status, &err, message);
    assert_int_equal(0, m.model.n_alive + assistant.n_alive);
    ap_value_destroy(m.params);
}

void test_what_an_assistant_does_not_go_with(void **state) {
    (void)state;
    expect_refused("{\"do_sample\": true, \"num_return_sequences\": 2}", AP_EINVAL,
                   "assistant_model gives one sequence, and num_return_sequences is 2");
    expect_refused("{\"use_cache\": false}", AP_EINVAL, "assistant_model needs a cache");
    expect_refused("{\"cache_implementation\": \"static\"}", AP_EINVAL, "cache_implementation \"static\"");
    expect_refused("{\"guidance_scale\": 2.0}", AP_EUNSUPPORTED,
                   "guidance_scale: not supported with assistant_model");
    expect_refused("{\"bad_words_ids\": [[99]]}", AP_EINVAL, "the model has 24 tokens, 99 is none of them");
}

/* -- failures ------------------------------------------------------------------------------------------ */

static void expect_failure(const char *params, size_t fails_at, size_t limit, ap_status status,
                           const char *message) {
    many m;
    ap_error err = AP_ERROR_INIT;
    ap__generated out[N_PROMPTS];
    markov assistant = {.fails_at = 2};
    make_many(&m, params);
    m.model.fails_at = fails_at;
    m.model.assistant = &assistant;
    if (fails_at == SIZE_MAX) m.g.begin_assistant = markov_begin_assistant;
    m.g.position_limit = limit;
    assert_fails(ap__generate(out, &m.g, &err), status, &err, message);
    for (size_t i = 0; i < N_PROMPTS; i++) assert_null(out[i].sequences);
    assert_int_equal(0, m.model.n_alive + assistant.n_alive);
    ap_value_destroy(m.params);
}

void test_failures(void **state) {
    (void)state;
    expect_failure("{\"max_new_tokens\": 5}", 1, 0, AP_EBACKEND, "broken");
    expect_failure("{\"max_new_tokens\": 5}", SIZE_MAX, 0, AP_EBACKEND, "broken"); /* The assistant. */
    expect_failure("{\"max_new_tokens\": 5, \"num_beams\": 2}", 4, 0, AP_EBACKEND, "broken");
    expect_failure("{\"max_new_tokens\": 5, \"prompt_lookup_num_tokens\": 2}", 2, 0, AP_EBACKEND, "broken");
    expect_failure("{\"max_new_tokens\": 5, \"guidance_scale\": 2.0}", 3, 0, AP_EBACKEND, "broken");
    expect_failure("{\"max_new_tokens\": 5, \"guidance_scale\": 2.0, \"num_beams\": 2}", 4, 0, AP_EBACKEND,
                   "broken");
    expect_failure("{\"guidance_scale\": 2.0, \"prompt_lookup_num_tokens\": 2}", 0, 0, AP_EUNSUPPORTED,
                   "guidance_scale: not supported with prompt_lookup_num_tokens");
    expect_failure("{\"guidance_scale\": 2.0, \"negative_prompt_ids\": [3, 99]}", 0, 0, AP_EINVAL,
                   "negative_prompt_ids: the model has 24 tokens, 99 is none of them");
    expect_failure("{\"guidance_scale\": 2.0, \"negative_prompt_ids\": [3, -1]}", 0, 0, AP_EINVAL,
                   "negative_prompt_ids: -1 is no token id");
    expect_failure("{\"guidance_scale\": 2.0, \"negative_prompt_ids\": [[3], [4, 5]]}", 0, 0, AP_EINVAL,
                   "list 1 has another length than the first, 1");
    expect_failure("{\"guidance_scale\": 2.0, \"negative_prompt_ids\": [[3], [4]]}", 0, 0, AP_EINVAL,
                   "2 different prompts for 1 input;");
    expect_failure("{\"guidance_scale\": 2.0, \"negative_prompt_ids\": []}", 0, 0, AP_EINVAL,
                   "negative_prompt_ids: expected ints [n_tokens] or [n_prompts, n_tokens]");
    expect_failure("{\"guidance_scale\": 2.0, \"negative_prompt_ids\": \"a\"}", 0, 0, AP_EINVAL,
                   "found string");
    expect_failure("{\"guidance_scale\": 2.0, \"negative_prompt_attention_mask\": [1]}", 0, 0, AP_EINVAL,
                   "negative_prompt_ids is not");
    expect_failure("{\"guidance_scale\": 2.0, \"negative_prompt_ids\": [3], "
                   "\"negative_prompt_attention_mask\": [1, 1]}",
                   0, 0, AP_EINVAL,
                   "negative_prompt_attention_mask is [1, 2], and negative_prompt_ids [1, 1]");
    expect_failure("{\"max_new_tokens\": 50, \"eos_token_id\": null, \"guidance_scale\": 2.0, "
                   "\"negative_prompt_ids\": [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]}",
                   0, 8, AP_EINVAL, "have 10 tokens, and the model has 8 positions");
    expect_failure("{\"max_new_tokens\": 5}", 0, 4, AP_EINVAL,
                   "the prompt has 5 tokens and the model 4 positions");
    expect_failure("{\"max_new_tokens\": 50, \"eos_token_id\": null, \"pad_token_id\": 0}", 0, 9, AP_EINVAL,
                   "max_new_tokens=");
    expect_failure("{\"max_length\": 5}", 0, 0, AP_EINVAL, "has 5 tokens already, and max_length is 5");
    expect_failure("{\"max_new_tokens\": 5, \"repetition_penalty\": -1.0}", 0, 0, AP_EINVAL,
                   "repetition_penalty");
    expect_failure("{\"do_sample\": true, \"temperature\": 0.0}", 0, 0, AP_EINVAL, "temperature");
    expect_failure("{\"bad_words_ids\": [[99]]}", 0, 0, AP_EINVAL,
                   "the model has 24 tokens, 99 is none of them");
    expect_failure("{\"bad_words_ids\": [3]}", 0, 0, AP_EINVAL, "bad_words_ids: expected a list of lists");
    expect_failure("{\"sequence_bias\": []}", 0, 0, AP_EINVAL, "sequence_bias");
    expect_failure("{\"watermarking_config\": 3}", 0, 0, AP_ETYPE,
                   "watermarking_config: expected a dict, found int");
    expect_failure("{\"watermarking_config\": {\"keys\": [1]}}", 0, 0, AP_EUNSUPPORTED,
                   "keys is no entry of a WatermarkingConfig");
    expect_failure("{\"watermarking_config\": {\"greenlist_ratio\": 1.0}}", 0, 0, AP_EINVAL,
                   "greenlist_ratio: expected a number between 0 and 1");
    expect_failure("{\"watermarking_config\": {\"context_width\": 0}}", 0, 0, AP_EINVAL, "at least 1");
    expect_failure("{\"watermarking_config\": {\"seeding_scheme\": \"x\"}}", 0, 0, AP_EINVAL, "selfhash");
    expect_failure("{\"watermarking_config\": {\"hashing_key\": \"x\"}}", 0, 0, AP_EINVAL, "expected an int");
    expect_failure("{\"watermarking_config\": {\"bias\": \"x\"}}", 0, 0, AP_EINVAL, "expected a number");
    expect_failure("{\"stop_strings\": \"a\"}", 0, 0, AP_EINVAL, "stop_strings needs a tokenizer");
}

/* Of a batch that was asked for, each prompt may have a negative one of its own; a masked token is none. */
void test_negative_prompts_of_a_batch(void **state) {
    static const char *const each[] = {
        "{\"max_new_tokens\": 6, \"guidance_scale\": 2.0, \"negative_prompt_ids\": [3, 4]}",
        "{\"max_new_tokens\": 6, \"guidance_scale\": 2.0, \"negative_prompt_ids\": [7]}"};
    many together, alone;
    ap_error err = AP_ERROR_INIT;
    ap__generated found[2], expected;
    (void)state;
    make_many(&together, "{\"max_new_tokens\": 6, \"guidance_scale\": 2.0, "
                         "\"negative_prompt_ids\": [[3, 4], [9, 7]], "
                         "\"negative_prompt_attention_mask\": [[1, 1], [0, 1]]}");
    together.g.n_prompts = 2;
    together.g.is_batch = true;
    assert_ok(ap__generate(found, &together.g, &err), &err);
    for (size_t i = 0; i < 2; i++) {
        make_many(&alone, each[i]);
        alone.g.prompts = &alone.prompts[i];
        alone.g.n_prompts = 1;
        assert_ok(ap__generate(&expected, &alone.g, &err), &err);
        assert_int_equal(expected.sequences[0].n, found[i].sequences[0].n);
        assert_memory_equal(expected.sequences[0].ptr, found[i].sequences[0].ptr,
                            expected.sequences[0].n * sizeof(int64_t));
        ap__generated_clear(&expected);
        ap__generated_clear(&found[i]);
        ap_value_destroy(alone.params);
    }
    ap_value_destroy(together.params);
}

void test_a_cancelled_call_ends(void **state) {
    many m;
    ap_error err = AP_ERROR_INIT;
    ap__generated out[N_PROMPTS];
    (void)state;
    make_many(&m, "{\"max_new_tokens\": 50, \"eos_token_id\": null, \"pad_token_id\": 0}");
    assert_ok(ap_cancel_create(&m.model.cancel, &err), &err);
    m.model.cancels_at = 3;
    m.g.cancel = m.model.cancel;
    assert_fails(ap__generate(out, &m.g, &err), AP_ECANCELED, &err, "cancelled");
    assert_int_equal(3, m.model.n_steps);
    assert_int_equal(0, m.model.n_alive);
    ap_cancel_destroy(m.model.cancel);
    ap_value_destroy(m.params);
}

static ap_status generate_all(void *ctx, ap_error *err) {
    many *m = ctx;
    ap__generated out[N_PROMPTS];
    ap_status status = ap__generate(out, &m->g, err);
    for (size_t i = 0; i < m->g.n_prompts; i++) {
        if (status) assert_null(out[i].sequences);
        ap__generated_clear(&out[i]);
    }
    assert_int_equal(0, m->model.n_alive);
    return status;
}

void test_torture(void **state) {
    static const char *const params[] = {
        "{\"max_new_tokens\": 2, \"bad_words_ids\": [[3], [4, 5]], \"sequence_bias\": [[[5], 1.5]]}",
        "{\"max_new_tokens\": 2, \"num_beams\": 2, \"do_sample\": true, \"seed\": 1}",
        "{\"max_new_tokens\": 2, \"watermarking_config\": {\"seeding_scheme\": \"selfhash\"}}",
        "{\"max_new_tokens\": 2, \"num_beams\": 4, \"num_beam_groups\": 2, \"diversity_penalty\": 0.5}",
        "{\"max_new_tokens\": 3, \"prompt_lookup_num_tokens\": 2}",
        "{\"max_new_tokens\": 3, \"guidance_scale\": 1.5, \"do_sample\": true, \"seed\": 1}",
        "{\"max_new_tokens\": 2, \"guidance_scale\": 1.5, \"num_beams\": 2, \"negative_prompt_ids\": [[3, "
        "4]], "
        "\"negative_prompt_attention_mask\": [[0, 1]]}"};
    (void)state;
    for (size_t i = 0; i < sizeof params / sizeof *params; i++) {
        many m;
        make_many(&m, params[i]);
        m.g.n_prompts = 2;
        torture(generate_all, &m);
        ap_value_destroy(m.params);
    }
    many m;
    markov assistant = {.errs_every = 2};
    make_many(&m, "{\"max_new_tokens\": 4, \"do_sample\": true, \"seed\": 1}");
    m.g.n_prompts = 2;
    m.model.assistant = &assistant;
    m.g.begin_assistant = markov_begin_assistant;
    torture(generate_all, &m);
    assert_int_equal(0, assistant.n_alive);
    ap_value_destroy(m.params);
}
