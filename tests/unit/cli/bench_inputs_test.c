#include "bench_inputs.h"
#include "unit/support/check.h"

#include <accelpipe/accelpipe.h>
#include <string.h>

static size_t count_words(const char *text) {
    size_t n = *text != '\0';
    for (; *text; text++) n += *text == ' ';
    return n;
}

static ap_value *make(bench_maker *maker, size_t n_words) {
    ap_error err = AP_ERROR_INIT;
    ap_value *out;
    assert_ok(bench_input_make(&out, maker, n_words, &err), &err);
    return out;
}

static const char *text_of(const ap_value *dict, const char *key) {
    return ap_value_get_string(ap_value_dict_get(dict, key), NULL);
}

void test_texts_have_about_the_length(void **state) {
    (void)state;
    bench_maker maker = {.task = "text-classification"};
    size_t least = SIZE_MAX, most = 0;
    for (int i = 0; i < 500; i++) {
        ap_value *text = make(&maker, 20);
        size_t n = count_words(ap_value_get_string(text, NULL));
        if (n < least) least = n;
        if (n > most) most = n;
        ap_value_destroy(text);
    }
    assert_int_equal(least, 10);
    assert_int_equal(most, 30);
    ap_value *text = make(&maker, 1);
    assert_in_range(count_words(ap_value_get_string(text, NULL)), 1, 2);
    ap_value_destroy(text);
}

/* The same for the same seed, and another one each time. */
void test_inputs_repeat_by_their_seed(void **state) {
    (void)state;
    bench_maker a = {.task = "ner"}, b = {.task = "ner"};
    ap_value *first = make(&a, 30), *same = make(&b, 30), *other = make(&a, 30);
    assert_true(ap_value_equal(first, same));
    assert_false(ap_value_equal(first, other));
    ap_value_destroy(other);
    ap_value_destroy(same);
    ap_value_destroy(first);
}

void test_forms(void **state) {
    (void)state;
    bench_maker maker = {.task = "fill-mask", .mask_token = "<mask>"};
    for (size_t n = 1; n < 40; n++) {
        ap_value *masked = make(&maker, n);
        const char *at = strstr(ap_value_get_string(masked, NULL), "<mask>");
        assert_non_null(at);
        assert_null(strstr(at + 1, "<mask>"));
        ap_value_destroy(masked);
    }
    maker.task = "question-answering";
    ap_value *pair = make(&maker, 50);
    assert_int_equal(count_words(text_of(pair, "question")), 8);
    assert_in_range(count_words(text_of(pair, "context")), 25, 75);
    ap_value_destroy(pair);
    maker.task = "table-question-answering";
    ap_value *table = make(&maker, 50);
    assert_non_null(text_of(table, "query"));
    assert_in_range(ap_value_len(ap_value_dict_get(table, "table")), 25 / 4, 75 / 4 + 1);
    ap_value_destroy(table);
    maker.task = "document-question-answering";
    ap_value *page = make(&maker, 200);
    assert_in_range(ap_value_len(ap_value_dict_get(page, "word_boxes")), 100, 300);
    ap_value_destroy(page);
}

void test_only_some_tasks_need_parameters(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_value *params;
    assert_ok(bench_params_make(&params, "zero-shot-classification", &err), &err);
    assert_int_equal(ap_value_len(ap_value_dict_get(params, "candidate_labels")), 10);
    ap_value_destroy(params);
    assert_ok(bench_params_make(&params, "fill-mask", &err), &err);
    assert_null(params);
}
