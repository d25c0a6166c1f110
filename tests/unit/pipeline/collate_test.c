/* Stacking feeds into a batch and taking it apart. The model and the tokenizer are this file's own: they
 * stand in place of those of the library. */
#include "pipeline/collate.h"

#include "unit/support/check.h"
#include "unit/support/torture.h"
#include "unit/support/values.h"
#include "value/value.h"

#include <string.h>

static ap_error err;

/* -- a model and a tokenizer --------------------------------------------------------------------------- */

enum { MAX_INPUTS = 4 };

static ap_io inputs[MAX_INPUTS];
static ap_session_info info = {.inputs = inputs};
static ap__tokenizer_config config;

/* Only their addresses count. */
static char a_model, a_session, a_tokenizer;

ap__session *ap__model_get_session(const ap__model *model) {
    assert_ptr_equal(&a_model, model);
    return (ap__session *)(void *)&a_session;
}

const ap_session_info *ap__session_get_info(const ap__session *session) {
    assert_ptr_equal(&a_session, session);
    return &info;
}

const ap__tokenizer_config *ap__tokenizer_get_config(const ap__tokenizer *tokenizer) {
    assert_ptr_equal(&a_tokenizer, tokenizer);
    return &config;
}

static const ap_task task = {.token_outputs = "last_hidden_state", .kept_inputs = "attention_mask"};

static ap_task_context ctx = {.task = &task,
                              .model = (ap__model *)(void *)&a_model,
                              .tokenizer = (ap__tokenizer *)(void *)&a_tokenizer};

int test_setup(void **state) {
    (void)state;
    info.n_inputs = 0;
    config = (ap__tokenizer_config){.pad_token_id = 9};
    err = (ap_error)AP_ERROR_INIT;
    return 0;
}

/* The graph's next input, [-1, length]. */
static void add_input(const char *name, ap_dtype dtype, int64_t length) {
    inputs[info.n_inputs++] = (ap_io){.name = name, .dtype = dtype, .rank = 2, .shape = {-1, length}};
}

/* -- feeds --------------------------------------------------------------------------------------------- */

static void set_ids(ap_value *feed, const char *name, const int64_t *ids, int64_t n) {
    const int64_t shape[] = {1, n};
    assert_ok(ap_value_dict_set_take(feed, name, tensor_value(AP_DTYPE_I64, shape, 2, ids), &err), &err);
}

/* input_ids 1, 2, ..., n */
static ap_value *feed_of(int64_t n) {
    static const int64_t ids[] = {1, 2, 3, 4, 5, 6};
    ap_value *feed = value_of("{}");
    set_ids(feed, "input_ids", ids, n);
    return feed;
}

static const ap_tensor_view *view_of(const ap_value *dict, const char *name) {
    ap__tensor *tensor = ap__value_tensor(ap__dict_find(dict, name, strlen(name)));
    assert_non_null(tensor);
    return ap__tensor_get_view(tensor);
}

static void assert_i64(const ap_value *dict, const char *name, const int64_t *expected, int64_t rows,
                       int64_t columns) {
    const ap_tensor_view *view = view_of(dict, name);
    assert_int_equal(AP_DTYPE_I64, view->dtype);
    assert_int_equal(2, view->rank);
    assert_int_equal(rows, view->shape[0]);
    assert_int_equal(columns, view->shape[1]);
    assert_memory_equal(expected, view->data, (size_t)(rows * columns) * sizeof *expected);
}

static ap_value *collated(ap_value *a, ap_value *b) {
    ap_value *feeds[] = {a, b}, *batch = NULL;
    assert_ok(ap__collate(&batch, &ctx, feeds, b ? 2 : 1, 0, &err), &err);
    return batch;
}

static void destroy(ap_value *a, ap_value *b, ap_value *c) {
    ap_value_destroy(a);
    ap_value_destroy(b);
    ap_value_destroy(c);
}

/* -- stacking ------------------------------------------------------------------------------------------ */

/* Inputs by token are padded further; others, and those of a fixed length, are not. */
void test_a_length_beyond_the_longest_feed(void **state) {
    (void)state;
    static const int64_t pixels[] = {7, 7, 7};
    add_input("input_ids", AP_DTYPE_I64, -1);
    add_input("attention_mask", AP_DTYPE_I64, -1);
    add_input("pixel_values", AP_DTYPE_I64, -1);
    ap_value *feed = feed_of(2), *batch = NULL;
    set_ids(feed, "pixel_values", pixels, 3);
    assert_int_equal(2, ap__feeds_longest(&ctx, &feed, 1));
    assert_ok(ap__collate(&batch, &ctx, &feed, 1, 4, &err), &err);
    assert_i64(batch, "input_ids", (const int64_t[]){1, 2, 9, 9}, 1, 4);
    assert_i64(batch, "attention_mask", (const int64_t[]){1, 1, 0, 0}, 1, 4);
    assert_i64(batch, "pixel_values", pixels, 1, 3);
    destroy(feed, batch, NULL);
}

void test_length_is_the_second_extent(void **state) {
    (void)state;
    add_input("pixel_values", AP_DTYPE_F32, -1);
    add_input("input_ids", AP_DTYPE_I64, -1);
    ap_value *feed = feed_of(5), *empty = value_of("{\"text\": \"carried\"}");
    assert_int_equal(5, ap__feed_length(&ctx, feed));
    assert_int_equal(1, ap__feed_length(&ctx, empty));
    destroy(feed, empty, NULL);
}

void test_padding_is_the_tokenizers(void **state) {
    (void)state;
    add_input("input_ids", AP_DTYPE_I64, -1);
    ap_value *a = feed_of(2), *b = feed_of(3), *batch = collated(a, b);
    assert_i64(batch, "input_ids", (const int64_t[]){1, 2, 9, 1, 2, 3}, 2, 3);
    ap_value_destroy(batch);
    config.padding_side = AP__SIDE_LEFT;
    batch = collated(a, b);
    assert_i64(batch, "input_ids", (const int64_t[]){9, 1, 2, 1, 2, 3}, 2, 3);
    ap_value_destroy(batch);
    config.pad_token_id = AP__TOKEN_NONE;
    batch = collated(a, b);
    assert_i64(batch, "input_ids", (const int64_t[]){0, 1, 2, 1, 2, 3}, 2, 3);
    destroy(a, b, batch);
}

void test_padding_by_name(void **state) {
    static const int64_t ones[] = {1, 1, 1};
    static const char *const names[] = {"attention_mask", "special_tokens_mask", "p_mask", "token_type_ids"};
    (void)state;
    ap_value *a = feed_of(2), *b = feed_of(3);
    for (size_t i = 0; i < 4; i++) {
        add_input(names[i], AP_DTYPE_I64, -1);
        set_ids(a, names[i], ones, 2);
        set_ids(b, names[i], ones, 3);
    }
    ap_value *batch = collated(a, b);
    assert_i64(batch, "attention_mask", (const int64_t[]){1, 1, 0, 1, 1, 1}, 2, 3);
    assert_i64(batch, "special_tokens_mask", (const int64_t[]){1, 1, 1, 1, 1, 1}, 2, 3);
    assert_i64(batch, "p_mask", (const int64_t[]){1, 1, 1, 1, 1, 1}, 2, 3);
    assert_i64(batch, "token_type_ids", (const int64_t[]){1, 1, 0, 1, 1, 1}, 2, 3);
    destroy(a, b, batch);
}

void test_inputs_that_are_made(void **state) {
    (void)state;
    add_input("input_ids", AP_DTYPE_I64, -1);
    add_input("position_ids", AP_DTYPE_I64, -1);
    add_input("attention_mask", AP_DTYPE_I64, -1);
    add_input("token_type_ids", AP_DTYPE_I64, -1);
    ap_value *a = feed_of(2), *b = feed_of(3), *batch = collated(a, b);
    assert_i64(batch, "position_ids", (const int64_t[]){0, 1, 0, 0, 1, 2}, 2, 3);
    assert_i64(batch, "attention_mask", (const int64_t[]){1, 1, 0, 1, 1, 1}, 2, 3);
    assert_i64(batch, "token_type_ids", (const int64_t[]){0, 0, 0, 0, 0, 0}, 2, 3);
    destroy(a, b, batch);
}

/* LayoutLM without boxes: all of them are empty. */
void test_boxes_that_are_made(void **state) {
    (void)state;
    add_input("input_ids", AP_DTYPE_I64, -1);
    add_input("bbox", AP_DTYPE_I64, -1);
    ap_value *a = feed_of(2), *b = feed_of(3), *batch = collated(a, b);
    const ap_tensor_view *view = view_of(batch, "bbox");
    assert_int_equal(3, view->rank);
    for (uint32_t i = 0; i < 3; i++) assert_int_equal(i + 2, view->shape[i]);
    for (size_t i = 0; i < 24; i++) assert_int_equal(0, ((const int64_t *)view->data)[i]);
    destroy(a, b, batch);
}

void test_an_input_that_nobody_can_make(void **state) {
    (void)state;
    add_input("pixel_values", AP_DTYPE_F32, -1);
    ap_value *feed = feed_of(2), *batch = (ap_value *)1;
    assert_fails(ap__collate(&batch, &ctx, &feed, 1, 0, &err), AP_EINVAL, &err,
                 "the model asks for the input pixel_values");
    assert_null(batch);
    ap_value_destroy(feed);
}

/* Graphs want ids and masks in other types, too. */
void test_dtypes_of_the_graph(void **state) {
    (void)state;
    add_input("input_ids", AP_DTYPE_I32, -1);
    add_input("attention_mask", AP_DTYPE_BOOL, -1);
    add_input("token_type_ids", AP_DTYPE_F32, -1);
    ap_value *a = feed_of(1), *b = feed_of(2), *batch = collated(a, b);
    assert_int_equal(AP_DTYPE_I32, view_of(batch, "input_ids")->dtype);
    assert_memory_equal(((const int32_t[]){1, 9, 1, 2}), view_of(batch, "input_ids")->data, 16);
    assert_int_equal(AP_DTYPE_BOOL, view_of(batch, "attention_mask")->dtype);
    assert_memory_equal(((const uint8_t[]){1, 0, 1, 1}), view_of(batch, "attention_mask")->data, 4);
    assert_int_equal(AP_DTYPE_F32, view_of(batch, "token_type_ids")->dtype);
    assert_memory_equal(((const float[]){0, 0, 0, 0}), view_of(batch, "token_type_ids")->data, 16);
    ap_value_destroy(batch);
    inputs[0].dtype = AP_DTYPE_F16;
    ap_value *feeds[] = {a, b};
    assert_fails(ap__collate(&batch, &ctx, feeds, 2, 0, &err), AP_EINVAL, &err,
                 "input input_ids: the model takes float16, the feed has int64");
    destroy(a, b, NULL);
}

void test_a_fixed_length_of_the_graph(void **state) {
    (void)state;
    add_input("input_ids", AP_DTYPE_I64, 4);
    ap_value *a = feed_of(3), *b = feed_of(6), *batch = collated(a, NULL);
    assert_i64(batch, "input_ids", (const int64_t[]){1, 2, 3, 9}, 1, 4);
    ap_value_destroy(batch);
    assert_fails(ap__collate(&batch, &ctx, &b, 1, 0, &err), AP_EINVAL, &err, "the model takes 4 tokens");
    assert_says(&err, "the input has 6; truncation=true with max_length=4 cuts it");
    destroy(a, b, NULL);
}

void test_a_single_feed_is_not_copied(void **state) {
    (void)state;
    add_input("input_ids", AP_DTYPE_I64, -1);
    ap_value *feed = feed_of(3), *batch = collated(feed, NULL);
    assert_ptr_equal(view_of(feed, "input_ids")->data, view_of(batch, "input_ids")->data);
    destroy(feed, batch, NULL);
}

void test_feeds_that_cannot_be_stacked(void **state) {
    static const float pixels[24] = {0};
    (void)state;
    add_input("pixel_values", AP_DTYPE_F32, -1);
    inputs[0].rank = 3;
    inputs[0].shape[2] = -1;
    ap_value *a = value_of("{}"), *b = value_of("{}"), *feeds[] = {a, b}, *batch;
    ap_value_dict_set_take(a, "pixel_values",
                           tensor_value(AP_DTYPE_F32, (const int64_t[]){1, 3, 4}, 3, pixels), &err);
    ap_value_dict_set_take(b, "pixel_values",
                           tensor_value(AP_DTYPE_F32, (const int64_t[]){1, 3, 8}, 3, pixels), &err);
    assert_fails(ap__collate(&batch, &ctx, feeds, 2, 0, &err), AP_EINVAL, &err,
                 "feeds of different shapes cannot share a batch");
    ap_value_dict_set_take(b, "pixel_values", tensor_value(AP_DTYPE_F32, NULL, 0, pixels), &err);
    assert_fails(ap__collate(&batch, &ctx, &b, 1, 0, &err), AP_EINVAL, &err,
                 "a feed needs a first dimension");
    destroy(a, b, NULL);
}

/* -- back ---------------------------------------------------------------------------------------------- */

void test_each_feed_gets_its_row_and_what_it_carried(void **state) {
    static const float logits[] = {1, 2, 3, 4};
    (void)state;
    add_input("input_ids", AP_DTYPE_I64, -1);
    ap_value *feed = feed_of(2), *outputs = value_of("{}"), *row = NULL;
    ap_value_dict_set_take(feed, "text", text_value("a text", AP_NUL_TERMINATED), &err);
    ap_value_dict_set_take(outputs, "logits", tensor_value(AP_DTYPE_F32, (const int64_t[]){2, 2}, 2, logits),
                           &err);
    ap_value_dict_set_take(outputs, "scale", tensor_value(AP_DTYPE_F32, NULL, 0, logits), &err);
    const ap__batch_place place = {1, 2, 3, 3};
    assert_ok(ap__uncollate(&row, &ctx, outputs, feed, &place, &err), &err);
    assert_null(ap_value_get_string(ap_value_dict_get(row, "text"), NULL)); /* Still the feed's. */
    ap__uncollate_carry(row, &ctx, outputs, feed);
    assert_int_equal(1, view_of(row, "logits")->shape[0]);
    assert_memory_equal(logits + 2, view_of(row, "logits")->data, 8);
    assert_int_equal(0, view_of(row, "scale")->rank); /* Of no row: whole. */
    assert_string_equal("a text", ap_value_get_string(ap_value_dict_get(row, "text"), NULL));
    assert_null(ap_value_dict_get(row, "input_ids"));
    destroy(feed, outputs, row);
}

static ap_value *states_of_batch(void) {
    static const float states[] = {1, 2, 3, 4, 5, 6};
    ap_value *outputs = value_of("{}");
    ap_value_dict_set_take(outputs, "last_hidden_state",
                           tensor_value(AP_DTYPE_F32, (const int64_t[]){2, 3, 1}, 3, states), &err);
    return outputs;
}

static void assert_row(const float *expected, int64_t n, const ap_value *outputs, const ap_value *feed,
                       size_t kept_length) {
    const ap__batch_place place = {1, 2, 3, kept_length};
    ap_value *row = NULL;
    assert_ok(ap__uncollate(&row, &ctx, outputs, feed, &place, &err), &err);
    const ap_tensor_view *view = view_of(row, "last_hidden_state");
    assert_int_equal(1, view->shape[0]);
    assert_int_equal(n, view->shape[1]);
    assert_memory_equal(expected, view->data, (size_t)n * sizeof *expected);
    ap_value_destroy(row);
}

/* The second feed has two tokens, the batch three. */
void test_padding_comes_off_outputs_by_token(void **state) {
    (void)state;
    add_input("input_ids", AP_DTYPE_I64, -1);
    ap_value *feed = feed_of(2), *outputs = states_of_batch();
    assert_row((const float[]){4, 5}, 2, outputs, feed, 0);
    assert_row((const float[]){4, 5, 6}, 3, outputs, feed, 3); /* It is to stay. */
    config.padding_side = AP__SIDE_LEFT;
    assert_row((const float[]){5, 6}, 2, outputs, feed, 0);
    destroy(feed, outputs, NULL);
}

void test_inputs_that_the_task_keeps(void **state) {
    static const int64_t ones[] = {1, 1};
    (void)state;
    add_input("input_ids", AP_DTYPE_I64, -1);
    add_input("attention_mask", AP_DTYPE_I64, -1);
    ap_value *feed = feed_of(2), *outputs = states_of_batch(), *row = NULL;
    set_ids(feed, "attention_mask", ones, 2);
    const ap__batch_place place = {0, 2, 3, 0};
    assert_ok(ap__uncollate(&row, &ctx, outputs, feed, &place, &err), &err);
    ap__uncollate_carry(row, &ctx, outputs, feed);
    assert_i64(row, "attention_mask", ones, 1, 2);
    assert_null(ap_value_dict_get(row, "input_ids"));
    destroy(feed, outputs, row);
}

/* -- out of memory ------------------------------------------------------------------------------------- */

static ap_status collate_and_back(void *ctx_ptr, ap_error *error) {
    ap_value *batch = NULL, *row = NULL, *feeds[2] = {0};
    (void)ctx_ptr;
    ap_status status = AP_OK;
    for (int64_t i = 0; i < 2 && !status; i++) {
        ap_value *ids = NULL;
        const int64_t shape[] = {1, i + 1};
        status = ap_value_create_dict(&feeds[i], error);
        if (!status) status = ap_value_create_tensor(&ids, AP_DTYPE_I64, shape, 2, NULL, error);
        if (!status) status = ap_value_dict_set_take(feeds[i], "input_ids", ids, error);
    }
    if (!status && (status = ap__collate(&batch, &ctx, feeds, 2, 0, error))) assert_null(batch);
    const ap__batch_place place = {0, 2, 2, 0};
    if (!status && (status = ap__uncollate(&row, &ctx, batch, feeds[0], &place, error))) assert_null(row);
    destroy(feeds[0], feeds[1], batch);
    ap_value_destroy(row);
    return status;
}

void test_out_of_memory(void **state) {
    (void)state;
    add_input("input_ids", AP_DTYPE_I32, -1);
    add_input("attention_mask", AP_DTYPE_I64, -1);
    torture(collate_and_back, NULL);
}
