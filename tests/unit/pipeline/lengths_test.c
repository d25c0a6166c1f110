/* To how many tokens a batch is padded. The model is this file's own: it stands in place of the library's. */
#include "pipeline/lengths.h"

#include "unit/support/check.h"
#include "unit/support/values.h"

static ap_io outputs[] = {{.name = "logits", .rank = 2, .shape = {-1, 2}},
                          {.name = "states", .rank = 3, .shape = {-1, -1, 8}}};
static ap_session_info info;
static ap__tokenizer_config tokenizer;
static ap__batching batching;
static ap__config config;
static ap_task task;
static char a_model, a_session, a_tokenizer, a_decoder;
static bool has_decoder;

ap__session *ap__model_get_session(const ap__model *model) {
    assert_ptr_equal(&a_model, model);
    return (ap__session *)(void *)&a_session;
}

const ap_session_info *ap__session_get_info(const ap__session *session) {
    assert_ptr_equal(&a_session, session);
    return &info;
}

ap__batching ap__model_get_batching(ap__model *model) {
    assert_ptr_equal(&a_model, model);
    return batching;
}

const ap__decoder *ap__model_get_decoder(const ap__model *model) {
    assert_ptr_equal(&a_model, model);
    return has_decoder ? (const ap__decoder *)(void *)&a_decoder : NULL;
}

const ap__tokenizer_config *ap__tokenizer_get_config(const ap__tokenizer *of) {
    assert_ptr_equal(&a_tokenizer, of);
    return &tokenizer;
}

static ap_task_context ctx = {.task = &task,
                              .model = (ap__model *)(void *)&a_model,
                              .config = &config,
                              .tokenizer = (ap__tokenizer *)(void *)&a_tokenizer};

static void set_config(const char *json) {
    ap_value_destroy(config.json);
    config.json = value_of(json);
}

int test_setup(void **state) {
    (void)state;
    info = (ap_session_info){.few_lengths = 1, .n_outputs = 2, .outputs = outputs};
    tokenizer = (ap__tokenizer_config){.pad_token_id = 0, .padding_side = AP__SIDE_RIGHT};
    batching = AP__BATCHING_PADDED;
    task = (ap_task){.token_outputs = "states"};
    has_decoder = false;
    set_config("{\"max_position_embeddings\": 100, \"pad_token_id\": 0}");
    return 0;
}

int test_teardown(void **state) {
    (void)state;
    ap_value_destroy(config.json);
    config.json = NULL;
    return 0;
}

static size_t count_lengths(size_t n_rows, size_t exact_max, size_t share) {
    size_t n_lengths = 0, last = 0;
    for (size_t length = 1; length <= 512; length++) {
        size_t rounded = ap__lengths_round(length, n_rows);
        assert_true(rounded >= length && rounded - length < (length < 4 * share ? 4 : length / share + 1));
        if (length <= exact_max) assert_int_equal(length, rounded);
        assert_int_equal(rounded, ap__lengths_round(rounded, n_rows));
        n_lengths += rounded != last;
        last = rounded;
    }
    assert_int_equal(SIZE_MAX, ap__lengths_round(SIZE_MAX, n_rows));
    return n_lengths;
}

void test_lengths_grow_little_and_are_few(void **state) {
    (void)state;
    assert_int_equal(52, count_lengths(1, 16, 8));
    assert_int_equal(46, count_lengths(2, 8, 8));
    assert_int_equal(46, count_lengths(100, 8, 8));
}

void test_a_backend_that_asks_gets_few_lengths(void **state) {
    (void)state;
    assert_int_equal(36, ap__lengths_choose(&ctx, 35, 2));
    assert_int_equal(12, ap__lengths_choose(&ctx, 9, 2));
    assert_int_equal(9, ap__lengths_choose(&ctx, 9, 1));
    assert_int_equal(36, ap__lengths_choose(&ctx, 35, 1));
    assert_int_equal(100, ap__lengths_choose(&ctx, 99, 2));
    assert_int_equal(101, ap__lengths_choose(&ctx, 101, 2)); /* Too long: the model says so, not we. */
    set_config("{\"max_position_embeddings\": 98, \"pad_token_id\": 0}");
    assert_int_equal(98, ap__lengths_choose(&ctx, 97, 2));
    info.few_lengths = 0;
    assert_int_equal(35, ap__lengths_choose(&ctx, 35, 2));
}

/* Where padding could make a difference to a text that is alone, there is none. */
void test_what_rules_it_out(void **state) {
    (void)state;
    for (int i = 0; i < 9; i++) {
        test_setup(NULL);
        if (i == 0) tokenizer.padding_side = AP__SIDE_LEFT;
        if (i == 1) tokenizer.pad_token_id = AP__TOKEN_NONE;
        if (i == 2) batching = AP__BATCHING_EQUAL;
        if (i == 3) task.flags = AP_TASK_RUNS_ALONE;
        if (i == 4) task.token_outputs = "others";
        if (i == 5) has_decoder = true;
        if (i == 6) set_config("{\"max_position_embeddings\": 100, \"pad_token_id\": null}");
        if (i == 7) set_config("{\"pad_token_id\": 0}");
        if (i == 8) batching = AP__BATCHING_ASKED;
        assert_int_equal(35, ap__lengths_choose(&ctx, 35, 2));
    }
}
