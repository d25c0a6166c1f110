/* Values, decoding, and the outputs of a batch. */
#include "tasks/generation.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "tokenizer/clean_up.h"
#include "value/value.h"

#include <string.h>

/* -- values -------------------------------------------------------------------------------------------- */

const char *ap__task_name(const ap_task_context *ctx) {
    return ctx->task_name ? ctx->task_name : ctx->task->name;
}

const ap_value *ap__task_specific_params(const ap_task_context *ctx, const char *task) {
    const ap_value *all = ap_value_dict_get(ctx->config->json, "task_specific_params");
    const ap_value *own = ap_value_dict_get(all, task);
    return ap_value_kind(own) == AP_KIND_DICT ? own : NULL;
}

/* The ids of stop_sequence, which take the place of eos_token_id. */
static ap_status resolve_stop(ap__generation_opts *o, const ap_task_context *ctx, bool first_only,
                              ap_error *err) {
    const ap_opt *opt = &o->stop_sequence;
    const char *text = ap__opt_string(opt, NULL);
    ap__encode_options plain = {0};
    ap__encoding encoding = {0};
    if (!text || opt->origin == o->stop_origin) return AP_OK;
    ap_status status =
        ap__tokenizer_encode(&encoding, ctx->tokenizer, (ap__text){text, strlen(text)}, NULL, &plain, err);
    o->stop_ids = NULL; /* A call's own, beside those of the creation. */
    o->stop_origin = opt->origin;
    if (!status && !encoding.n)
        status = ap__fail(err, AP_EINVAL, "parameter stop_sequence: the text has no token");
    if (!status) status = ap_value_create_list(&o->stop_ids, err);
    size_t n = first_only && encoding.n > 1 ? 1 : encoding.n;
    if (!status && first_only && encoding.n > 1)
        ap__log(AP_LOG_WARNING, "generate: stop_sequence has %zu tokens: the first of them ends a sequence",
                encoding.n);
    for (size_t i = 0; !status && i < n; i++) {
        ap_value *slot;
        if (!(status = ap__list_add(&slot, o->stop_ids, err))) ap__value_set_int(slot, encoding.ids[i]);
    }
    ap__encoding_clear(&encoding);
    return status;
}

/* stop_sequence of the creation counts as a value of each call, which the call's own eos_token_id goes
 * before. */
static void apply_stop(ap__generation_opts *o) {
    bool is_overruled = o->stop_origin == AP_ORIGIN_INIT && o->given.eos_token_id.origin == AP_ORIGIN_CALL;
    if (!o->stop_ids || is_overruled) return;
    o->config.eos_token_id = (ap_opt){.origin = AP_ORIGIN_CALL, .as.value = o->stop_ids};
}

static ap_status make(ap__generation_opts *o, const ap_task_context *ctx, const ap__generation_task *task,
                      ap_error *err) {
    ap__generation_maker maker = {.files = ctx->generation,
                                  .defaults_json = task->defaults_json,
                                  .given = &o->given,
                                  .task_specific = task->task_params,
                                  .tokenizer_pad_id = ap__tokenizer_get_config(ctx->tokenizer)->pad_token_id};
    ap_status status = ap__generation_make(&o->made, &maker, err);
    o->config = o->made;
    o->is_made = !status;
    return status;
}

ap_status ap__generation_sanitize(ap__generation_opts *o, const ap_task_context *ctx,
                                  const ap__generation_task *task, ap_error *err) {
    ap_status status = resolve_stop(o, ctx, task->stops_at_first, err);
    if (status) return status;
    if (!o->is_made) return make(o, ctx, task, err);
    o->gives_max_length =
        o->given.max_length.origin == AP_ORIGIN_CALL && ap__opt_is_set(&o->given.max_length);
    o->gives_min_length =
        o->given.min_length.origin == AP_ORIGIN_CALL && ap__opt_is_set(&o->given.min_length);
    status = ap__generation_call(&o->config, &o->made, ctx->generation, &o->given, err);
    if (!status) apply_stop(o);
    return status;
}

int64_t ap__generation_length(const ap_opt *opt, const ap_opt *made, int64_t otherwise) {
    bool is_of_call = opt->origin == AP_ORIGIN_CALL && ap__opt_is_set(opt);
    return ap__opt_integer(is_of_call ? opt : made, otherwise);
}

void ap__generation_clear(ap__generation_opts *o, const ap__generation_opts *created) {
    if (!created || o->stop_ids != created->stop_ids) ap_value_destroy(o->stop_ids);
    o->stop_ids = NULL;
}

/* -- text ---------------------------------------------------------------------------------------------- */

ap_status ap__generation_text(ap__text *out, const ap_value *input, const char *what, ap_error *err) {
    out->ptr = ap_value_get_string(input, &out->len);
    if (out->ptr) return AP_OK;
    return ap__fail(err, AP_ETYPE, "%s: expected a string, found %s", what,
                    ap_kind_name(ap_value_kind(input)));
}

ap_status ap__generation_decode(char **out, size_t *len, const ap_task_context *ctx, ap__ids ids,
                                bool cleans_up, ap_error *err) {
    uint32_t *plain = ap__calloc(ids.n + !ids.n, sizeof *plain);
    *out = NULL;
    if (!plain) return ap__fail_nomem(err);
    for (size_t i = 0; i < ids.n; i++)
        plain[i] = ids.ptr[i] < 0 || ids.ptr[i] > INT32_MAX ? AP__TOKEN_NONE : (uint32_t)ids.ptr[i];
    ap_status status = ap__tokenizer_decode(out, len, ctx->tokenizer, plain, ids.n, true, err);
    if (!status && cleans_up) {
        *len = ap__clean_up_tokenization_spaces(*out, *len);
        (*out)[*len] = '\0';
    }
    ap__free(plain);
    return status;
}

ap_status ap__generation_sequences(const int64_t **ids, size_t *n_sequences, size_t *n,
                                   const ap_value *output, const char *name, ap_error *err) {
    ap__tensor *tensor = ap__value_tensor(ap_value_dict_get(output, name));
    const ap_tensor_view *view = tensor ? ap__tensor_get_view(tensor) : NULL;
    if (!view || view->dtype != AP_DTYPE_I64 || view->rank != 3 || view->shape[0] != 1)
        return ap__fail(err, AP_EINVAL, "model output %s: expected int64 [1, num_return_sequences, n_tokens]",
                        name);
    *ids = view->data;
    *n_sequences = (size_t)view->shape[1];
    *n = (size_t)view->shape[2];
    return AP_OK;
}
