/* A batch of feeds to sequences of tokens. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "base/utf8.h"
#include "pipeline/engine.h"
#include "tasks/generation.h"
#include "tokenizer/stream.h"
#include "value/value.h"

#include <string.h>

/* Rows that run at once where nobody asked for a batch_size: more pay little on a CPU, and their caches take
 * memory. */
enum { SLOTS = 8 };

/* Text of one sequence while it is written. */
typedef struct writer {
    ap__decode_stream *stream; /* NULL: not begun. */
    size_t skip_chars;         /* Of the prompt, still to come. */
} writer;

typedef struct batch {
    const ap_task_context *ctx;
    const ap__generation_opts *o;
    const ap_task_run *run;
    ap_value *const *feeds;
    size_t n, n_sequences;
    ap__prompt *prompts; /* [n] */
    uint8_t **masks;     /* [n] Owned; NULL where nothing is masked. */
    int64_t start;       /* Of encoder-decoders: what the decoder reads first; else bos_token_id, or -1. */
    ap__tokens padded;   /* Memory of prompts that were filled up. */
    writer *writers;     /* [n * n_sequences] With a callback for pieces. */
} batch;

/* -- positions ----------------------------------------------------------------------------------------- */

/* Architectures that look positions up in a table, and the entry that says how long it is. The others compute
 * them. */
static const struct {
    const char *model_type, *entry;
} TABLES[] = {{"gpt2", "n_positions"},
              {"gpt_bigcode", "n_positions"},
              {"openai-gpt", "n_positions"},
              {"gpt_neo", "max_position_embeddings"},
              {"opt", "max_position_embeddings"},
              {"biogpt", "max_position_embeddings"},
              {"bart", "max_position_embeddings"},
              {"mbart", "max_position_embeddings"},
              {"plbart", "max_position_embeddings"},
              {"mvp", "max_position_embeddings"},
              {"blenderbot", "max_position_embeddings"},
              {"blenderbot-small", "max_position_embeddings"},
              {"marian", "max_position_embeddings"},
              {"pegasus", "max_position_embeddings"},
              {"bigbird_pegasus", "max_position_embeddings"},
              {"led", "max_decoder_position_embeddings"}};

static size_t position_limit(const ap__config *config) {
    for (size_t i = 0; i < sizeof TABLES / sizeof *TABLES; i++) {
        if (strcmp(TABLES[i].model_type, config->model_type) != 0) continue;
        int64_t n = ap_value_get_int(ap_value_dict_get(config->json, TABLES[i].entry));
        return n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static ap_status check_encoder(const batch *b, size_t n, ap_error *err) {
    size_t limit = position_limit(b->ctx->config);
    if (!limit || n <= limit || strcmp(b->ctx->config->model_type, "led") == 0) return AP_OK;
    return ap__fail(err, AP_EINVAL,
                    "the input has %zu tokens and the model %zu positions; truncation=true cuts it", n,
                    limit);
}

/* -- prompts ------------------------------------------------------------------------------------------- */

static ap_status feed_ids(ap__ids *out, const ap_value *feed, const char *name, bool is_needed,
                          ap_error *err) {
    ap__tensor *tensor = ap__value_tensor(ap_value_dict_get(feed, name));
    const ap_tensor_view *view = tensor ? ap__tensor_get_view(tensor) : NULL;
    *out = (ap__ids){0};
    if (!view && !is_needed) return AP_OK;
    if (!view || view->dtype != AP_DTYPE_I64 || view->rank != 2 || view->shape[0] != 1)
        return ap__fail(err, AP_EINVAL, "feed: expected %s, int64 [1, n_tokens]", name);
    *out = (ap__ids){view->data, (size_t)view->shape[1]};
    return AP_OK;
}

static ap_status read_mask(uint8_t **out, const ap_value *feed, size_t n, ap_error *err) {
    ap__ids mask;
    bool has_zero = false;
    ap_status status = feed_ids(&mask, feed, "attention_mask", false, err);
    if (status || !mask.ptr) return status;
    if (mask.n != n)
        return ap__fail(err, AP_EINVAL, "feed: attention_mask has %zu entries, input_ids %zu", mask.n, n);
    for (size_t i = 0; i < n; i++) has_zero = has_zero || !mask.ptr[i];
    if (!has_zero) return AP_OK;
    if (!(*out = ap__calloc(n, 1))) return ap__fail_nomem(err);
    for (size_t i = 0; i < n; i++) (*out)[i] = mask.ptr[i] != 0;
    return AP_OK;
}

/* What the decoder begins with where the feed does not say. */
static ap_status find_start(batch *b, ap_error *err) {
    const ap__generate_opts *c = &b->o->config;
    int64_t bos = ap__opt_integer(&c->bos_token_id, -1);
    b->start = bos;
    if (b->ctx->task->model_kind == AP_MODEL_CAUSAL_LM) return AP_OK;
    b->start = ap__opt_integer(&c->decoder_start_token_id, bos);
    if (b->start >= 0) return AP_OK;
    return ap__fail(
        err, AP_EINVAL,
        "there is no decoder_start_token_id and no bos_token_id: the decoder has nothing to begin with");
}

static ap_status read_prompt(batch *b, size_t i, ap_error *err) {
    ap__prompt *p = &b->prompts[i];
    ap__ids ids;
    ap_status status = feed_ids(&ids, b->feeds[i], "input_ids", true, err);
    if (!status) status = read_mask(&b->masks[i], b->feeds[i], ids.n, err);
    if (status) return status;
    *p = (ap__prompt){.tokens = ids, .input = ids, .mask = b->masks[i], .index = b->run->indexes[i]};
    if (b->ctx->task->model_kind != AP_MODEL_CAUSAL_LM) {
        p->tokens = (ap__ids){&b->start, 1};
        p->mask = NULL;
        return check_encoder(b, ids.n, err);
    }
    if (ids.n) return AP_OK;
    if (b->start < 0)
        return ap__fail(err, AP_EINVAL, "the prompt is empty, and there is no bos_token_id to begin with");
    p->tokens = p->input = (ap__ids){&b->start, 1};
    return AP_OK;
}

/* One prompt behind the others in `padded`, with its padding and a mask of it. */
static ap_status pad_prompt(batch *b, size_t i, size_t longest, ap_error *err) {
    const ap__tokenizer_config *config = ap__tokenizer_get_config(b->ctx->tokenizer);
    const ap__ids *tokens = &b->prompts[i].tokens;
    bool is_left = config->padding_side == AP__SIDE_LEFT;
    size_t start = is_left ? longest - tokens->n : 0;
    ap_status status = ap__tokens_fill(&b->padded, i * longest + start, config->pad_token_id, err);
    if (!status) status = ap__tokens_append(&b->padded, *tokens, err);
    if (!status) status = ap__tokens_fill(&b->padded, (i + 1) * longest, config->pad_token_id, err);
    if (status || tokens->n == longest) return status;
    uint8_t *mask = ap__calloc(longest, 1);
    if (!mask) return ap__fail_nomem(err);
    for (size_t k = 0; k < tokens->n; k++) mask[start + k] = !b->masks[i] || b->masks[i][k];
    ap__free(b->masks[i]);
    b->masks[i] = mask;
    if (!is_left)
        ap__log(AP_LOG_WARNING, "generate: the tokenizer pads on the right, behind which a decoder goes on "
                                "badly; padding_side \"left\" "
                                "in tokenizer_config.json, or no batch_size, is better");
    return AP_OK;
}

/* A batch that was asked for is filled up as the reference does it: pad tokens are part of each prompt, on
 * the side that the tokenizer has, also where that does a decoder no good. */
static ap_status pad_prompts(batch *b, ap_error *err) {
    size_t longest = 0;
    ap_status status = AP_OK;
    for (size_t i = 0; i < b->n; i++)
        if (b->prompts[i].tokens.n > longest) longest = b->prompts[i].tokens.n;
    for (size_t i = 0; !status && i < b->n; i++) status = pad_prompt(b, i, longest, err);
    for (size_t i = 0; !status && i < b->n; i++) {
        ap__prompt *p = &b->prompts[i];
        p->tokens = p->input = (ap__ids){b->padded.ptr + i * longest, longest};
        p->mask = b->masks[i];
    }
    return status;
}

static ap_status read_prompts(batch *b, ap_error *err) {
    ap_status status = find_start(b, err);
    b->prompts = ap__calloc(b->n, sizeof *b->prompts);
    b->masks = ap__calloc(b->n, sizeof *b->masks);
    if (!status && (!b->prompts || !b->masks)) status = ap__fail_nomem(err);
    for (size_t i = 0; !status && i < b->n; i++) status = read_prompt(b, i, err);
    bool pads = b->run->call->batch_size > 1 && b->n > 1 && b->ctx->task->model_kind == AP_MODEL_CAUSAL_LM;
    return status || !pads ? status : pad_prompts(b, err);
}

/* -- the encoder's inputs ------------------------------------------------------------------------------ */

static ap_status add_input(ap_value *inputs, const char *name, const int64_t shape[2], int64_t **data,
                           ap_error *err) {
    ap__tensor *tensor;
    ap_status status = ap__tensor_create(&tensor, AP_DTYPE_I64, shape, 2, err);
    if (status) return status;
    *data = ap__tensor_data(tensor);
    return ap__dict_set_tensor_take(inputs, name, tensor, err);
}

/* Filled up on the right, and masked there. */
static ap_status stack_inputs(ap_value **out, const batch *b, size_t first, size_t n, ap_error *err) {
    int64_t *ids = NULL, *mask = NULL, shape[2] = {(int64_t)n, 0};
    int64_t pad = ap__tokenizer_get_config(b->ctx->tokenizer)->pad_token_id;
    for (size_t i = first; i < first + n; i++)
        if ((int64_t)b->prompts[i].input.n > shape[1]) shape[1] = (int64_t)b->prompts[i].input.n;
    ap_status status = ap_value_create_dict(out, err);
    if (!status) status = add_input(*out, "input_ids", shape, &ids, err);
    if (!status) status = add_input(*out, "attention_mask", shape, &mask, err);
    for (size_t i = 0; !status && i < n; i++)
        for (size_t k = 0; k < (size_t)shape[1]; k++) {
            const ap__ids *input = &b->prompts[first + i].input;
            const uint8_t *own = b->masks[first + i];
            size_t at = i * (size_t)shape[1] + k;
            ids[at] = k < input->n ? input->ptr[k] : pad == AP__TOKEN_NONE ? 0 : pad;
            mask[at] = k < input->n && (!own || own[k]);
        }
    return status;
}

static ap_status begin_of(ap__decoding **out, const ap__model *model, const batch *b, size_t first, size_t n,
                          ap_error *err) {
    ap_value *inputs = NULL;
    ap_status status = AP_OK;
    if (b->ctx->task->model_kind != AP_MODEL_CAUSAL_LM) status = stack_inputs(&inputs, b, first, n, err);
    if (!status)
        status = ap__decoding_begin(out, ap__model_get_decoder(model), n, inputs, b->run->call->cancel, err);
    ap_value_destroy(inputs);
    return status;
}

static ap_status begin(ap__decoding **out, void *ctx, size_t first, size_t n, ap_error *err) {
    const batch *b = ctx;
    return begin_of(out, b->ctx->model, b, first, n, err);
}

static ap_status begin_assistant(ap__decoding **out, void *ctx, size_t first, size_t n, ap_error *err) {
    const batch *b = ctx;
    return begin_of(out, b->ctx->assistant, b, first, n, err);
}

static void set_assistant(ap__generation *g, const ap_task_context *ctx) {
    if (!ctx->assistant) return;
    g->begin_assistant = begin_assistant;
    g->assistant = &ctx->assistant_generation->opts;
    g->assistant_positions = position_limit(ap__model_get_config(ctx->assistant));
}

/* -- text as it is written ----------------------------------------------------------------------------- */

static void write_piece(const batch *b, const ap__token_news *news, writer *w, ap__text text) {
    const char *at = text.ptr, *end = text.ptr + text.len;
    while (w->skip_chars && at < end) {
        uint32_t code;
        at += ap__utf8_next(&code, at);
        w->skip_chars--;
    }
    if (at < end)
        b->run->call->piece(news->input, news->sequence, at, (size_t)(end - at), b->run->call->piece_ctx);
}

/* The prompt goes through the stream as well: text behind it may depend on it. */
static ap_status begin_writer(const batch *b, size_t i, writer *w, ap_error *err) {
    ap__decode_stream_options options = {.skip_special_tokens = true, .clean_up = b->o->cleans_up};
    const ap__prompt *p = &b->prompts[i];
    ap__text text;
    char *prompt = NULL;
    size_t len;
    ap_status status = ap__decode_stream_create(&w->stream, b->ctx->tokenizer, &options, err);
    if (!status && b->o->streams_prompt) {
        status = ap__generation_decode(&prompt, &len, b->ctx, p->tokens, b->o->cleans_up, err);
        if (!status) w->skip_chars = ap__utf8_count(prompt, len);
        ap__free(prompt);
    }
    for (size_t k = 0; !status && k < p->tokens.n; k++) {
        status = ap__decode_stream_step(w->stream, (uint32_t)p->tokens.ptr[k], &text, err);
        size_t n_chars = status ? 0 : ap__utf8_count(text.ptr, text.len);
        w->skip_chars -= n_chars < w->skip_chars ? n_chars : w->skip_chars;
    }
    return status;
}

static ap_status take_token(void *ctx, const ap__token_news *news, ap_error *err) {
    batch *b = ctx;
    size_t i = 0;
    ap__text text;
    ap_status status = AP_OK;
    while (b->prompts[i].index != news->input) i++;
    writer *w = &b->writers[i * b->n_sequences + news->sequence];
    if (!w->stream) status = begin_writer(b, i, w, err);
    if (!status) status = ap__decode_stream_step(w->stream, (uint32_t)news->id, &text, err);
    if (status) return status;
    write_piece(b, news, w, text);
    if (!news->is_last) return AP_OK;
    if ((status = ap__decode_stream_flush(w->stream, &text, err))) return status;
    write_piece(b, news, w, text);
    b->run->call->piece(news->input, news->sequence, "", 0, b->run->call->piece_ctx);
    return AP_OK;
}

/* -- outputs ------------------------------------------------------------------------------------------- */

static ap_status make_output(ap_value **out, const ap__generated *generated, const char *name, ap_value *feed,
                             ap_error *err) {
    ap__tensor *tensor;
    size_t n = generated->n ? generated->sequences[0].n : 0;
    const int64_t shape[3] = {1, (int64_t)generated->n, (int64_t)n};
    ap_status status = ap_value_copy(out, feed, err); /* Tensors in it are shared. */
    if (!status) status = ap__tensor_create(&tensor, AP_DTYPE_I64, shape, 3, err);
    if (status) return status;
    int64_t *to = ap__tensor_data(tensor);
    for (size_t i = 0; i < generated->n; i++)
        if (n) memcpy(to + i * n, generated->sequences[i].ptr, n * sizeof *to);
    return ap__dict_set_tensor_take(*out, name, tensor, err);
}

/* input_ids become what the model was given: with padding, or none of an empty prompt. */
static ap_status set_prompt(ap_value *output, const batch *b, size_t i, ap_error *err) {
    const ap__ids *tokens = &b->prompts[i].tokens;
    ap__tensor *old = ap__value_tensor(ap_value_dict_get(output, "input_ids")), *tensor;
    bool is_same = b->ctx->task->model_kind != AP_MODEL_CAUSAL_LM ||
                   ap__tensor_n_elements(old) == tokens->n || !ap__tensor_n_elements(old);
    if (is_same) return AP_OK;
    const int64_t shape[2] = {1, (int64_t)tokens->n};
    ap_status status = ap__tensor_create(&tensor, AP_DTYPE_I64, shape, 2, err);
    if (status) return status;
    memcpy(ap__tensor_data(tensor), tokens->ptr, tokens->n * sizeof *tokens->ptr);
    return ap__dict_set_tensor_take(output, "input_ids", tensor, err);
}

static ap_status make_outputs(ap_value **outputs, const batch *b, const ap__generated *generated,
                              const char *name, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < b->n; i++) {
        status = make_output(&outputs[i], &generated[i], name, b->feeds[i], err);
        if (!status) status = set_prompt(outputs[i], b, i, err);
    }
    for (size_t i = 0; status && i < b->n; i++) {
        ap_value_destroy(outputs[i]);
        outputs[i] = NULL;
    }
    return status;
}

/* -- all of it ----------------------------------------------------------------------------------------- */

static ap_status generate(batch *b, ap__generated *generated, ap_error *err) {
    const ap_task_context *ctx = b->ctx;
    const ap__call *call = b->run->call;
    ap__token_sink sink = {take_token, b};
    ap__generation g = {
        .config = &b->o->config,
        .tokenizer = ctx->tokenizer,
        .is_encoder_decoder = ctx->task->model_kind != AP_MODEL_CAUSAL_LM,
        .gives_max_length = b->o->gives_max_length,
        .gives_min_length = b->o->gives_min_length,
        .takes_mask = ap__decoder_takes_mask(ap__model_get_decoder(ctx->model)),
        .max_positions = ap_value_get_int(ap_value_dict_get(ctx->config->json, "max_position_embeddings")),
        .position_limit = position_limit(ctx->config),
        .prompts = b->prompts,
        .n_prompts = b->n,
        .is_batch = call->batch_size > 1,
        .n_slots = call->batch_size > 0 ? SIZE_MAX : SLOTS,
        .begin = begin,
        .begin_ctx = b,
        .sink = call->piece ? &sink : NULL,
        .cancel = call->cancel,
    };
    set_assistant(&g, ctx);
    ap_status status = ap__generate(generated, &g, err);
    bool pads = !status && call->batch_size > 1 && b->n > 1;
    return pads ? ap__generated_pad(generated, b->n, err) : status;
}

static void clear(batch *b) {
    for (size_t i = 0; b->masks && i < b->n; i++) ap__free(b->masks[i]);
    for (size_t i = 0; b->writers && i < b->n * b->n_sequences; i++)
        ap__decode_stream_destroy(b->writers[i].stream);
    ap__tokens_clear(&b->padded);
    ap__free(b->masks);
    ap__free(b->prompts);
    ap__free(b->writers);
}

ap_status ap__generation_run(ap_value **outputs, const ap_task_context *ctx, const ap__generation_opts *o,
                             const char *output, ap_value *const *feeds, size_t n, const ap_task_run *run,
                             ap_error *err) {
    batch b = {.ctx = ctx, .o = o, .run = run, .feeds = feeds, .n = n};
    b.n_sequences = (size_t)ap__opt_integer(&o->config.num_return_sequences, 1);
    ap__generated *generated = ap__calloc(n, sizeof *generated);
    ap_status status = generated ? read_prompts(&b, err) : ap__fail_nomem(err);
    size_t n_writers;
    if (!status && run->call->piece) {
        bool fits = ap__mul_size(&n_writers, n, b.n_sequences);
        b.writers = fits ? ap__calloc(n_writers, sizeof *b.writers) : NULL;
        if (!b.writers) status = ap__fail_nomem(err);
    }
    if (!status) status = generate(&b, generated, err);
    if (!status) status = make_outputs(outputs, &b, generated, output, err);
    for (size_t i = 0; generated && i < n; i++) ap__generated_clear(&generated[i]);
    ap__free(generated);
    clear(&b);
    return status;
}
