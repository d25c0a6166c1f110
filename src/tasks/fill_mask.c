/* fill-mask: the likeliest tokens in place of each mask of a text.
 * Source: transformers@v4.55.4 pipelines/fill_mask.py FillMaskPipeline. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "pipeline/context.h"
#include "pipeline/detokenize.h"
#include "pipeline/feeds.h"
#include "pipeline/tokenize.h"
#include "tasks/logits.h"
#include "tensor/convert.h"
#include "tensor/math.h"
#include "tensor/topk.h"
#include "value/params.h"
#include "value/value.h"

#include <stdlib.h>
#include <string.h>

typedef struct opts {
    ap_opt top_k, targets, tokenizer_kwargs;
    ap__tokenizer_opts tokenizer; /* What tokenizer_kwargs come to. */
    uint32_t *target_ids;         /* [n_targets] Of `targets`, each once; NULL: the whole vocabulary. */
    size_t n_targets;
} opts;

static const ap_param params[] = {
    AP_PARAM(top_k, INT, POSTPROCESS, opts, 0, NULL, "5", "How many tokens for each mask, likeliest first."),
    AP_PARAM(targets, VALUE, POSTPROCESS, opts, 0, NULL, NULL,
             "A token, or a list of them, to choose from; absent: the whole vocabulary."),
    AP_PARAM(tokenizer_kwargs, VALUE, PREPROCESS, opts, 0, NULL, NULL,
             "Parameters of the tokenizer, as a dict: truncation, max_length, ..."),
    AP_PARAM_END};

/* -- creation ------------------------------------------------------------------------------------------ */

/* A head over labels gives logits of that rank too, but fewer than the tokenizer and config.json count
 * tokens. */
static ap_status check_columns(const ap_task_context *ctx, ap_error *err) {
    const ap__session *session = ap__model_get_session(ctx->model);
    const ap_io *logits = ap__session_find_output(session, "logits");
    int64_t n_tokens = (int64_t)ap__tokenizer_get_vocab_size(ctx->tokenizer);
    const ap_value *vocab_size = ap_value_dict_get(ctx->config->json, "vocab_size");
    if (ap_value_kind(vocab_size) == AP_KIND_INT && ap_value_get_int(vocab_size) < n_tokens)
        n_tokens = ap_value_get_int(vocab_size);
    if (!logits) logits = &ap__session_get_info(session)->outputs[0];
    int64_t n = logits->rank == 3 ? logits->shape[2] : -1;
    if (n <= 0 || n >= n_tokens) return AP_OK;
    return ap__fail(
        err, AP_EINVAL,
        "%s: output %s has %lld columns, fill-mask needs one for each of %lld tokens; it is a model for "
        "another task",
        ap__model_get_file(ctx->model), logits->name, (long long)n, (long long)n_tokens);
}

static ap_status check_model(const ap_task_context *ctx, ap_error *err) {
    if (ap__tokenizer_get_config(ctx->tokenizer)->mask_token_id == AP__TOKEN_NONE)
        return ap__fail(err, AP_EINVAL,
                        "fill-mask: the tokenizer does not define a mask_token; name one in "
                        "tokenizer_config.json, or use a model that was trained with one");
    ap_status status = ap__logits_check(ctx, 3, "[batch_size, sequence_length, vocab_size]", 0, err);
    return status ? status : check_columns(ctx, err);
}

/* -- parameters ---------------------------------------------------------------------------------------- */

/* The first token of a text; AP__TOKEN_NONE when it has none. */
static ap_status first_token(uint32_t *out, const ap__tokenizer *tokenizer, ap__text text, ap_error *err) {
    ap__encode_options options = {.truncation = AP__TRUNCATION_LONGEST_FIRST,
                                  .truncation_side = ap__tokenizer_get_config(tokenizer)->truncation_side,
                                  .max_length = 1,
                                  .skip_overflowing = true};
    ap__encoding encoding;
    ap_status status = ap__tokenizer_encode(&encoding, tokenizer, text, NULL, &options, err);
    *out = !status && encoding.n ? encoding.ids[0] : AP__TOKEN_NONE;
    ap__encoding_clear(&encoding);
    return status;
}

static ap_status find_target(uint32_t *out, const ap__tokenizer *tokenizer, const ap_value *target,
                             ap_error *err) {
    ap__text text;
    ap_status status = ap__text_of_value(&text, target, "parameter targets", err);
    if (status) return status;
    *out = ap__tokenizer_token_to_id(tokenizer, text.ptr, text.len);
    if (*out != AP__TOKEN_NONE) return AP_OK;
    if ((status = first_token(out, tokenizer, text, err))) return status;
    if (*out == AP__TOKEN_NONE)
        ap__log(AP_LOG_WARNING,
                "fill-mask: the target \"%.64s\" is not in the vocabulary, and nothing can replace it: it is "
                "ignored",
                text.ptr);
    else
        ap__log(AP_LOG_WARNING,
                "fill-mask: the target \"%.64s\" is not in the vocabulary: \"%s\" takes its place", text.ptr,
                ap__tokenizer_id_to_token(tokenizer, *out, NULL));
    return AP_OK;
}

static int compare_ids(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Each id once. */
static void remove_duplicates(opts *o) {
    size_t n = 0;
    qsort(o->target_ids, o->n_targets, sizeof *o->target_ids, compare_ids);
    for (size_t i = 0; i < o->n_targets; i++)
        if (!n || o->target_ids[i] != o->target_ids[n - 1]) o->target_ids[n++] = o->target_ids[i];
    o->n_targets = n;
}

static ap_status find_targets(opts *o, const ap__tokenizer *tokenizer, ap_error *err) {
    const ap_value *targets = o->targets.as.value;
    bool is_list = ap_value_kind(targets) == AP_KIND_LIST;
    if (!is_list && ap_value_kind(targets) != AP_KIND_STRING)
        return ap__fail(err, AP_ETYPE, "parameter targets: expected a string or a list of strings, found %s",
                        ap_kind_name(ap_value_kind(targets)));
    size_t n = is_list ? ap_value_len(targets) : 1;
    o->n_targets = 0;
    o->target_ids = ap__calloc(n, sizeof *o->target_ids);
    if (!o->target_ids) return ap__fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        uint32_t id;
        ap_status status =
            find_target(&id, tokenizer, is_list ? ap_value_list_get(targets, i) : targets, err);
        if (status) return status;
        if (id != AP__TOKEN_NONE) o->target_ids[o->n_targets++] = id;
    }
    remove_duplicates(o);
    if (o->n_targets) return AP_OK;
    return ap__fail(err, AP_EINVAL, "parameter targets: at least one target is needed, but %s",
                    n ? "none of them is a token" : "the list is empty");
}

static ap_status sanitize(const ap_task_context *ctx, void *bound, ap_error *err) {
    opts *o = bound;
    if (o->tokenizer_kwargs.origin == AP_ORIGIN_CALL)
        memset(&o->tokenizer, 0, sizeof o->tokenizer); /* They take the place of the creation's. */
    ap_status status =
        ap__tokenizer_opts_bind(&o->tokenizer, &o->tokenizer_kwargs, "tokenizer_kwargs", NULL, err);
    bool is_found = o->target_ids && o->targets.origin == AP_ORIGIN_INIT; /* At creation. */
    if (status || !ap__opt_is_set(&o->targets) || is_found) return status;
    return find_targets(o, ctx->tokenizer, err);
}

static void clear_opts(void *bound, const void *created) {
    opts *o = bound;
    if (!created || o->target_ids != ((const opts *)created)->target_ids) ap__free(o->target_ids);
}

/* -- preprocess ---------------------------------------------------------------------------------------- */

static size_t count_masks(const ap_tensor_view *ids, uint32_t mask_id) {
    size_t n = 0;
    for (int64_t i = 0; i < ids->shape[1]; i++) n += ((const int64_t *)ids->data)[i] == mask_id;
    return n;
}

static ap_status preprocess(const ap_task_context *ctx, const void *bound, const ap_value *input,
                            ap_feeds *feeds, ap_error *err) {
    const ap__tokenizer_opts *tokenizer = &((const opts *)bound)->tokenizer;
    const ap__tokenizer_config *config = ap__tokenizer_get_config(ctx->tokenizer);
    ap__texts texts;
    ap_status status = ap__texts_create(&texts, input, tokenizer, err);
    if (!status) status = ap__tokenize_texts(feeds, ctx->tokenizer, &texts, tokenizer, err);
    for (size_t i = 0; !status && i < texts.n; i++) {
        const ap_value *ids = ap_value_dict_get(ap__list_item(feeds->list, i), "input_ids");
        if (!count_masks(ap__tensor_get_view(ap__value_tensor(ids)), config->mask_token_id))
            status = ap__fail(err, AP_EINVAL, "no mask_token (%s) found in the input", config->mask_token);
    }
    ap__texts_clear(&texts);
    return status;
}

/* -- postprocess --------------------------------------------------------------------------------------- */

/* What is known of one text while its masks are filled. */
typedef struct filling {
    const ap_task_context *ctx;
    const opts *o;
    const ap_tensor_view *logits; /* [1, n_tokens, n_vocab] */
    const int64_t *ids;           /* [n_tokens] */
    size_t n_tokens, n_vocab, n_masks, top_k;
    float *scores;    /* [n_vocab] Of one mask. */
    float *chosen;    /* [n_targets] Of these, the targets'. */
    size_t *order;    /* [top_k] */
    uint32_t *filled; /* [n_tokens] */
} filling;

static ap_status set_decoded(ap_value *dict, const char *key, const filling *f, const uint32_t *ids, size_t n,
                             bool skip_special_tokens, ap_error *err) {
    char *text;
    size_t len;
    ap_value *slot;
    ap_status status = ap__detokenize(&text, &len, f->ctx->tokenizer, ids, n, skip_special_tokens, err);
    if (!status) status = ap__dict_add(&slot, dict, key, strlen(key), err);
    if (!status) status = ap__value_set_string(slot, text, len, err);
    ap__free(text);
    return status;
}

/* One token in place of the mask at `position`. Padding does not show; special tokens do where they have to,
 * which is where other masks are left. */
static ap_status set_proposition(ap_value *dict, const filling *f, size_t position, uint32_t token,
                                 float score, ap_error *err) {
    uint32_t pad_id = ap__tokenizer_get_config(f->ctx->tokenizer)->pad_token_id;
    size_t n = 0;
    ap_value *slot;
    for (size_t i = 0; i < f->n_tokens; i++) {
        uint32_t id = i == position ? token : (uint32_t)f->ids[i];
        if (id != pad_id) f->filled[n++] = id;
    }
    ap__value_set_dict(dict);
    ap_status status = ap__dict_add(&slot, dict, "score", 5, err);
    if (status) return status;
    ap__value_set_float(slot, (double)score);
    if ((status = ap__dict_set_int(dict, "token", token, err))) return status;
    if ((status = set_decoded(dict, "token_str", f, &token, 1, false, err))) return status;
    return set_decoded(dict, "sequence", f, f->filled, n, f->n_masks == 1, err);
}

static ap_status fill(ap_value *list, const filling *f, size_t position, ap_error *err) {
    const opts *o = f->o;
    ap_status status = AP_OK;
    float *scores = f->scores;
    ap__elements_as_float(scores, f->logits, position * f->n_vocab, f->n_vocab);
    ap__softmax(scores, f->n_vocab);
    for (size_t i = 0; i < o->n_targets; i++) f->chosen[i] = scores[o->target_ids[i]];
    if (o->target_ids) scores = f->chosen;
    ap__top_k(f->order, f->top_k, scores, o->target_ids ? o->n_targets : f->n_vocab);
    ap__value_set_list(list);
    for (size_t i = 0; !status && i < f->top_k; i++) {
        ap_value *dict;
        size_t at = f->order[i];
        if ((status = ap__list_add(&dict, list, err))) break;
        status = set_proposition(dict, f, position, o->target_ids ? o->target_ids[at] : (uint32_t)at,
                                 scores[at], err);
    }
    return status;
}

/* A list for each mask; of the only mask, its own. */
static ap_status fill_all(ap_value *out, const filling *f, ap_error *err) {
    uint32_t mask_id = ap__tokenizer_get_config(f->ctx->tokenizer)->mask_token_id;
    ap_status status = AP_OK;
    ap__value_set_list(out);
    for (size_t i = 0; !status && i < f->n_tokens; i++) {
        ap_value *list = out;
        if (f->ids[i] != mask_id) continue;
        if (f->n_masks > 1) status = ap__list_add(&list, out, err);
        if (!status) status = fill(list, f, i, err);
    }
    return status;
}

static ap_status check_choice(filling *f, ap_error *err) {
    const opts *o = f->o;
    int64_t top_k = ap__opt_integer(&o->top_k, 5);
    size_t n = o->target_ids ? o->n_targets : f->n_vocab;
    if (o->target_ids && top_k > (int64_t)n) top_k = (int64_t)n;
    if (top_k < 0 || top_k > (int64_t)n)
        return ap__fail(err, AP_EINVAL, "parameter top_k: %lld is out of range; the model knows %zu tokens",
                        (long long)top_k, n);
    for (size_t i = 0; i < o->n_targets; i++)
        if (o->target_ids[i] >= f->n_vocab)
            return ap__fail(err, AP_EINVAL,
                            "parameter targets: token %u has no logit; the model knows %zu tokens",
                            o->target_ids[i], f->n_vocab);
    f->top_k = (size_t)top_k;
    return AP_OK;
}

/* Reads the outputs of the text's feed. */
static ap_status read_outputs(filling *f, const ap_value *outputs, ap_error *err) {
    ap__tensor *ids = ap__value_tensor(ap_value_dict_get(outputs, "input_ids"));
    ap_status status = ap__logits_get(&f->logits, f->ctx, outputs, 3, 0, err);
    if (status) return status;
    if (!ids) return ap__fail(err, AP_EINVAL, "model outputs: expected a tensor \"input_ids\", found none");
    const int64_t shape[2] = {1, f->logits->shape[1]};
    if ((status = ap__expect_shape(ids, "input_ids", AP_DTYPE_I64, 2, shape, err))) return status;
    f->ids = ap__tensor_get_view(ids)->data;
    f->n_tokens = (size_t)shape[1];
    f->n_vocab = (size_t)f->logits->shape[2];
    f->n_masks =
        count_masks(ap__tensor_get_view(ids), ap__tokenizer_get_config(f->ctx->tokenizer)->mask_token_id);
    return check_choice(f, err);
}

static ap_status alloc_scratch(filling *f, ap_error *err) {
    f->scores = ap__calloc(f->n_vocab, sizeof *f->scores);
    f->chosen = ap__calloc(f->o->n_targets, sizeof *f->chosen);
    f->order = ap__calloc(f->top_k, sizeof *f->order);
    f->filled = ap__calloc(f->n_tokens, sizeof *f->filled);
    return f->scores && f->chosen && f->order && f->filled ? AP_OK : ap__fail_nomem(err);
}

static ap_status postprocess(const ap_task_context *ctx, const void *bound, ap_value **out,
                             ap_value *const *outputs, size_t n_outputs, ap_error *err) {
    filling f = {.ctx = ctx, .o = bound};
    *out = NULL;
    ap_status status = read_outputs(&f, n_outputs ? outputs[0] : NULL, err);
    if (!status) status = alloc_scratch(&f, err);
    if (!status) status = ap_value_create_null(out, err);
    if (!status && (status = fill_all(*out, &f, err))) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    ap__free(f.scores);
    ap__free(f.chosen);
    ap__free(f.order);
    ap__free(f.filled);
    return status;
}

/* A list of one text gives the text's result. */
static ap_status shape_result(const ap_task_context *ctx, const void *bound, const ap_value *inputs,
                              ap_value **result, ap_error *err) {
    (void)ctx, (void)bound;
    bool is_one = ap_value_kind(inputs) == AP_KIND_LIST && ap_value_len(inputs) == 1;
    return is_one ? ap__list_unwrap(result, err) : AP_OK;
}

const ap_task ap__task_fill_mask = {
    .abi = AP_TASK_ABI,
    .size = sizeof(ap_task),
    .name = "fill-mask",
    .doc = "Fills the masks of a text with the likeliest tokens.",
    .input = AP_INPUT_TEXT,
    .components = AP_COMPONENT_TOKENIZER,
    .model_kind = AP_MODEL_SINGLE_GRAPH,
    .architectures = "ForMaskedLM",
    .outputs = "logits",
    .params = params,
    .opts_size = sizeof(opts),
    .check_model = check_model,
    .sanitize = sanitize,
    .preprocess = preprocess,
    .postprocess = postprocess,
    .shape_result = shape_result,
    .clear_opts = clear_opts,
    .token_outputs = "logits",
    .kept_inputs = "input_ids",
};
