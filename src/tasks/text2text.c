/* Texts through an encoder-decoder. */
#include "tasks/text2text.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "pipeline/feeds.h"
#include "value/value.h"

#include <stdio.h>
#include <string.h>

static const char DEFAULTS[] = "{\"max_new_tokens\": 256, \"num_beams\": 4}";

ap_status ap__text2text_check_model(const ap_task_context *ctx, ap_error *err) {
    const ap__decoder *decoder = ap__model_get_decoder(ctx->model);
    if (decoder && ap__decoder_has_encoder(decoder)) return AP_OK;
    return ap__fail(err, AP_EINVAL, "%s: task %s needs a model with encoder and decoder", ctx->config->source,
                    ctx->task->name);
}

/* -- parameters ---------------------------------------------------------------------------------------- */

/* task_specific_params may have a prefix for this task; else config.json has one for all. */
static void find_prefix(ap__text2text_opts *o, const ap_task_context *ctx, const ap_value *task_params) {
    const ap_value *own = ap_value_dict_get(task_params, "prefix");
    const ap_value *prefix = own ? own : ap_value_dict_get(ctx->config->json, "prefix");
    o->prefix.ptr = ap_value_get_string(prefix, &o->prefix.len);
}

ap_status ap__text2text_sanitize(const ap_task_context *ctx, ap__text2text_opts *o, const char *task,
                                 ap_error *err) {
    const ap_value *own = ap__task_specific_params(ctx, task);
    ap__generation_task about = {.defaults_json = DEFAULTS, .task_params = own, .stops_at_first = true};
    o->source = NULL; /* Of each call anew. */
    find_prefix(o, ctx, own);
    o->generation.cleans_up = ap__opt_boolean(&o->clean_up_tokenization_spaces, false);
    return ap__generation_sanitize(&o->generation, ctx, &about, err);
}

ap_status ap__text2text_sanitize_named(const ap_task_context *ctx, void *opts, ap_error *err) {
    return ap__text2text_sanitize(ctx, opts, ap__task_name(ctx), err);
}

void ap__text2text_clear_opts(void *opts, const void *created) {
    ap__text2text_opts *o = opts;
    const ap__text2text_opts *of_creation = created;
    ap__generation_clear(&o->generation, of_creation ? &of_creation->generation : NULL);
    if (!of_creation || o->source != of_creation->source) ap__source_language_destroy(o->source);
    o->source = NULL;
}

int64_t ap__text2text_max_length(const ap__text2text_opts *o) {
    return ap__generation_length(&o->generation.given.max_length, &o->generation.made.max_length, 20);
}

int64_t ap__text2text_min_length(const ap__text2text_opts *o) {
    return ap__generation_length(&o->generation.given.min_length, &o->generation.made.min_length, 0);
}

/* -- preprocess ---------------------------------------------------------------------------------------- */

static ap_status encode_in_language(ap_value *feed, const ap_task_context *ctx, const ap__text2text_opts *o,
                                    ap__text text, const ap__tokenizer_opts *tokenizer, ap_error *err) {
    ap__encode_options options;
    ap__encoding encoding = {0};
    ap_status status = ap__tokenize_resolve(&options, ctx->tokenizer, tokenizer, err);
    options.skip_overflowing = true;
    options.source_language = o->source;
    if (!status) status = ap__tokenizer_encode(&encoding, ctx->tokenizer, text, NULL, &options, err);
    if (!status) status = ap__feed_add_encoding(feed, &encoding, ctx->tokenizer, tokenizer, err);
    ap__encoding_clear(&encoding);
    return status;
}

static ap_status encode(ap_value *feed, const ap_task_context *ctx, const ap__text2text_opts *o,
                        ap__text text, ap_error *err) {
    ap__tokenizer_opts tokenizer = {.truncation = o->truncation};
    ap__text_input input = {.text = text};
    ap__buf joined = {0};
    if (o->source) return encode_in_language(feed, ctx, o, text, &tokenizer, err);
    if (!o->prefix.len) return ap__tokenize(feed, ctx->tokenizer, &input, &tokenizer, err);
    ap_status status = ap__buf_append(&joined, o->prefix.ptr, o->prefix.len, err);
    if (!status) status = ap__buf_append(&joined, text.ptr, text.len, err);
    input.text = (ap__text){joined.ptr, joined.len};
    if (!status) status = ap__tokenize(feed, ctx->tokenizer, &input, &tokenizer, err);
    ap__buf_clear(&joined);
    return status;
}

ap_status ap__text2text_preprocess(size_t *n_tokens, const ap_task_context *ctx, const ap__text2text_opts *o,
                                   const ap_value *input, ap_feeds *feeds, ap_error *err) {
    ap__text text;
    ap_value *feed;
    ap_status status = ap__generation_text(&text, input, "text input", err);
    if (!status) status = ap__feeds_add(&feed, feeds, err);
    if (!status) status = encode(feed, ctx, o, text, err);
    if (status) return status;
    ap__tensor *ids = ap__value_tensor(ap_value_dict_get(feed, "input_ids"));
    *n_tokens = ids ? ap__tensor_n_elements(ids) : 0;
    return AP_OK;
}

/* -- forward and postprocess --------------------------------------------------------------------------- */

ap_status ap__text2text_forward(const ap_task_context *ctx, const void *opts, ap_value **outputs,
                                ap_value *const *feeds, size_t n, const ap_task_run *run, ap_error *err) {
    const ap__text2text_opts *o = opts;
    return ap__generation_run(outputs, ctx, &o->generation, "output_ids", feeds, n, run, err);
}

static ap_status set_ids(ap_value *record, const char *key, ap__ids ids, ap_error *err) {
    ap__tensor *tensor;
    const int64_t shape[1] = {(int64_t)ids.n};
    ap_status status = ap__tensor_create(&tensor, AP_DTYPE_I64, shape, 1, err);
    if (status) return status;
    if (ids.n) memcpy(ap__tensor_data(tensor), ids.ptr, ids.n * sizeof *ids.ptr);
    return ap__dict_set_tensor_take(record, key, tensor, err);
}

static ap_status set_text(ap_value *record, const char *key, const ap_task_context *ctx, ap__ids ids,
                          bool cleans_up, ap_error *err) {
    char *text;
    size_t len;
    ap_value *slot;
    ap_status status = ap__generation_decode(&text, &len, ctx, ids, cleans_up, err);
    if (!status) status = ap__dict_add(&slot, record, key, strlen(key), err);
    if (!status) status = ap__value_set_string(slot, text, len, err);
    ap__free(text);
    return status;
}

static ap_status add_records(ap_value *list, const ap_task_context *ctx, const ap__text2text_opts *o,
                             const char *name, const ap_value *output, ap_error *err) {
    const int64_t *ids;
    size_t n_sequences, n;
    char key[40];
    bool is_tensor = ap__opt_boolean(&o->return_tensors, false);
    ap_status status = ap__generation_sequences(&ids, &n_sequences, &n, output, "output_ids", err);
    snprintf(key, sizeof key, "%s_%s", name, is_tensor ? "token_ids" : "text");
    for (size_t i = 0; !status && i < n_sequences; i++) {
        ap_value *record;
        ap__ids sequence = {ids + i * n, n};
        if ((status = ap__list_add(&record, list, err))) break;
        ap__value_set_dict(record);
        status = is_tensor ? set_ids(record, key, sequence, err)
                           : set_text(record, key, ctx, sequence, o->generation.cleans_up, err);
    }
    return status;
}

ap_status ap__text2text_postprocess(const ap_task_context *ctx, const ap__text2text_opts *o, const char *name,
                                    ap_value **out, ap_value *const *outputs, size_t n_outputs,
                                    ap_error *err) {
    ap_status status = ap_value_create_list(out, err);
    for (size_t i = 0; !status && i < n_outputs; i++)
        status = add_records(*out, ctx, o, name, outputs[i], err);
    if (status) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}

ap_status ap__text2text_shape_result(const ap_task_context *ctx, const void *opts, const ap_value *inputs,
                                     ap_value **result, ap_error *err) {
    ap_value *flat;
    bool is_flat = ap_value_kind(inputs) == AP_KIND_LIST;
    (void)ctx;
    (void)opts;
    for (size_t i = 0; is_flat && i < ap_value_len(*result); i++)
        is_flat = ap_value_len(ap_value_list_get(*result, i)) == 1;
    if (!is_flat) return AP_OK;
    ap_status status = ap_value_create_list(&flat, err);
    for (size_t i = 0; !status && i < ap_value_len(*result); i++) {
        ap_value *slot, *record = ap__list_item(ap__list_item(*result, i), 0);
        if ((status = ap__list_add(&slot, flat, err))) break;
        *slot = *record;
        memset(record, 0, sizeof *record);
    }
    ap_value_destroy(*result);
    *result = status ? NULL : flat;
    if (status) ap_value_destroy(flat);
    return status;
}
