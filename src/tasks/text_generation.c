/* text-generation: a prompt, or a chat, and what a model writes behind it.
 * Source: transformers@v4.55.4 pipelines/text_generation.py TextGenerationPipeline. */
#include "tasks/text_generation.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/utf8.h"
#include "pipeline/feeds.h"
#include "value/value.h"

#include <string.h>

typedef ap__text_generation_opts opts;

static const char DEFAULTS[] = "{\"max_new_tokens\": 256, \"do_sample\": true, \"temperature\": 0.7}";

static const ap_param_choice HOLE_CHOICES[] = {{"hole", 1, 0}, {NULL, 0, 0}};

static const ap_param params[] = {
    AP_PARAM(return_full_text, BOOL, POSTPROCESS, opts, 0, NULL, "true",
             "Give the prompt as well; false: new text only."),
    AP_PARAM(return_tensors, BOOL, POSTPROCESS, opts, 0, NULL, NULL,
             "Give the ids of the tokens, and no text."),
    AP_PARAM(return_text, BOOL, POSTPROCESS, opts, 0, NULL, NULL, "Of transformers; changes nothing."),
    AP_PARAM(clean_up_tokenization_spaces, BOOL, POSTPROCESS, opts, 0, NULL, "true",
             "Take the spaces before punctuation out of the text."),
    AP_PARAM(prefix, STRING, PREPROCESS, opts, 0, NULL, NULL,
             "A text in front of each prompt; not returned."),
    AP_PARAM(handle_long_generation, CHOICE, PREPROCESS, opts, 0, HOLE_CHOICES, NULL,
             "\"hole\": cut the prompt on the left, so that the new tokens fit in the model."),
    AP_PARAM(add_special_tokens, BOOL, PREPROCESS, opts, 0, NULL, "true",
             "Add the special tokens of the model."),
    AP_PARAM(padding, CHOICE, PREPROCESS, opts, 0, ap__padding_choices, "false",
             "\"max_length\": pad each prompt to max_length."),
    AP_PARAM(truncation, CHOICE, PREPROCESS, opts, 0, ap__truncation_choices, "false",
             "Cut prompts that are longer than max_length, or than the model takes."),
    AP_PARAM(continue_final_message, BOOL, PREPROCESS, opts, 0, NULL, NULL,
             "Go on with the last message of a chat; absent: when it is the assistant's."),
    AP_PARAM(tools, VALUE, PREPROCESS, opts, 0, NULL, NULL, "List of tools for the chat template."),
    AP_PARAM(documents, VALUE, PREPROCESS, opts, 0, NULL, NULL, "List of documents for the chat template."),
    AP_PARAM(chat_template_kwargs, VALUE, PREPROCESS, opts, 0, NULL, NULL,
             "Dict of other variables for the chat template."),
    {"stop_sequence", AP_PARAM_TYPE_STRING, AP_PHASE_FORWARD, offsetof(opts, generation.stop_sequence), 0,
     NULL, NULL, "A text; each token of it ends a sequence.", NULL},
    AP_PARAM_INCLUDE(ap__generate_params, opts, generation.given),
    AP_PARAM_END};

static ap_status check_model(const ap_task_context *ctx, ap_error *err) {
    const ap__decoder *decoder = ap__model_get_decoder(ctx->model);
    if (decoder && !ap__decoder_has_encoder(decoder)) return AP_OK;
    return ap__fail(err, AP_EINVAL, "%s: task text-generation needs a decoder without an encoder",
                    ctx->config->source);
}

/* -- parameters ---------------------------------------------------------------------------------------- */

/* Conflicts count within one place only, and return_tensors=false asks for tensors too, as in the reference.
 */
static ap_status resolve_shape(opts *o, ap_error *err) {
    o->shape = AP__RETURNS_FULL_TEXT;
    for (ap_origin origin = AP_ORIGIN_INIT; origin <= AP_ORIGIN_CALL; origin++) {
        bool has_full = o->return_full_text.origin == origin, has_text = o->return_text.origin == origin;
        bool has_tensors = o->return_tensors.origin == origin;
        if (has_full && (has_text || has_tensors))
            return ap__fail(err, AP_EINVAL, "return_full_text and %s exclude each other: give one of them",
                            has_text ? "return_text" : "return_tensors");
        if (has_tensors && has_text)
            return ap__fail(err, AP_EINVAL,
                            "return_tensors and return_text exclude each other: give one of them");
        if (has_full)
            o->shape = o->return_full_text.as.boolean ? AP__RETURNS_FULL_TEXT : AP__RETURNS_NEW_TEXT;
        if (has_tensors) o->shape = AP__RETURNS_TENSORS;
    }
    return AP_OK;
}

/* The prefix of config.json stands for one that is not given. */
static void find_prefix(opts *o, const ap_task_context *ctx) {
    const ap_value *own = ap__task_specific_params(ctx, ap__task_name(ctx));
    const ap_value *prefix = ap_value_dict_get(own, "prefix");
    if (o->prefix.origin != AP_ORIGIN_ABSENT) return;
    if (!prefix) prefix = ap_value_dict_get(ctx->config->json, "prefix");
    const char *text = ap_value_get_string(prefix, NULL);
    if (text) o->prefix = (ap_opt){.origin = AP_ORIGIN_INIT, .as.string = text};
}

static ap_status measure_prefix(opts *o, const ap_task_context *ctx, ap_error *err) {
    const char *prefix = ap__opt_string(&o->prefix, "");
    ap__encode_options options = {.add_special_tokens = ap__opt_boolean(&o->add_special_tokens, false)};
    ap__encoding encoding = {0};
    o->prefix_len = 0;
    if (!*prefix) return AP_OK;
    ap_status status = ap__tokenizer_encode(&encoding, ctx->tokenizer, (ap__text){prefix, strlen(prefix)},
                                            NULL, &options, err);
    o->prefix_len = (int64_t)encoding.n;
    ap__encoding_clear(&encoding);
    return status;
}

/* Whether the call has a value, by itself or in its generation_config. */
static bool call_has(const opts *o, const ap_opt *opt, const char *name) {
    const ap_opt *config = &o->generation.given.generation_config;
    bool has_config = config->origin == AP_ORIGIN_CALL && ap__opt_is_set(config);
    const ap_value *value = has_config ? ap_value_dict_get(config->as.value, name) : NULL;
    return opt->origin == AP_ORIGIN_CALL || (value && ap_value_kind(value) != AP_KIND_NULL);
}

/* Lengths of the call do not count the prefix; a max_length of its generation_config gives way to the
 * pipeline's. */
static void make_room_for_prefix(opts *o) {
    ap__generate_opts *c = &o->generation.config;
    const ap__generate_opts *given = &o->generation.given, *made = &o->generation.made;
    int64_t max = ap__generation_length(&given->max_length, &made->max_length, -1);
    if (!o->prefix_len) return;
    if (!call_has(o, &given->max_new_tokens, "max_new_tokens") && max >= 0) {
        c->max_length = (ap_opt){.origin = AP_ORIGIN_CALL, .as.integer = max + o->prefix_len};
        o->generation.gives_max_length = true;
    }
    if (!call_has(o, &given->min_new_tokens, "min_new_tokens") && o->generation.gives_min_length)
        c->min_length.as.integer += o->prefix_len;
}

static ap_status sanitize(const ap_task_context *ctx, void *bound, ap_error *err) {
    opts *o = bound;
    ap__generation_task task = {.defaults_json = DEFAULTS,
                                .task_params = ap__task_specific_params(ctx, ap__task_name(ctx))};
    bool is_creation = !o->generation.is_made;
    o->generation.cleans_up = ap__opt_boolean(&o->clean_up_tokenization_spaces, true);
    o->generation.streams_prompt = true;
    if (is_creation) find_prefix(o, ctx);
    ap_status status = resolve_shape(o, err);
    if (!status) status = measure_prefix(o, ctx, err);
    if (!status) status = ap__generation_sanitize(&o->generation, ctx, &task, err);
    if (!status && !is_creation) make_room_for_prefix(o);
    return status;
}

static void clear_opts(void *bound, const void *created) {
    const opts *of_creation = created;
    ap__generation_clear(&((opts *)bound)->generation, of_creation ? &of_creation->generation : NULL);
}

/* -- inputs -------------------------------------------------------------------------------------------- */

/* A list of dicts is one chat, and not a list of inputs: it goes on as {"messages": [...]}. */
static ap_status normalize_inputs(const ap_task_context *ctx, const void *bound, ap_value **out,
                                  const ap_value *inputs, ap_error *err) {
    (void)ctx;
    (void)bound;
    const ap_value *first = ap_value_list_get(inputs, 0);
    ap_value *copy = NULL;
    if (!inputs || ap_value_kind(inputs) == AP_KIND_NULL)
        return ap__fail(err, AP_ETYPE, "the input is missing: give a prompt, a chat, or a list of them");
    if (ap_value_kind(inputs) == AP_KIND_DICT)
        return ap__fail(
            err, AP_EINVAL,
            "a chat is a list of messages [{\"role\": ..., \"content\": ...}, ...], found a dict");
    if (ap_value_kind(inputs) != AP_KIND_LIST) return AP_OK;
    if (!first) return ap__fail(err, AP_EINVAL, "the list of inputs is empty");
    if (ap_value_kind(first) != AP_KIND_DICT) return AP_OK;
    ap_status status = ap_value_copy(&copy, inputs, err);
    if (!status) status = ap_value_create_dict(out, err);
    if (!status) {
        status = ap_value_dict_set_take(*out, "messages", copy, err);
        copy = NULL;
    }
    ap_value_destroy(copy);
    if (!status) return AP_OK;
    ap_value_destroy(*out);
    *out = NULL;
    return status;
}

static ap__tokenizer_opts tokenizer_opts(const opts *o) {
    ap__tokenizer_opts tokenizer = {
        .add_special_tokens = o->add_special_tokens, .padding = o->padding, .truncation = o->truncation};
    const ap_opt *max_length = &o->generation.given.max_length;
    if (max_length->origin == AP_ORIGIN_CALL) tokenizer.max_length = *max_length;
    return tokenizer;
}

static ap_status encode_text(ap_value *feed, const ap_task_context *ctx, const opts *o, ap__text text,
                             ap_error *err) {
    const char *prefix = ap__opt_string(&o->prefix, "");
    ap__tokenizer_opts tokenizer = tokenizer_opts(o);
    ap__text_input input = {.text = text};
    ap__buf joined = {0};
    if (!*prefix) return ap__tokenize(feed, ctx->tokenizer, &input, &tokenizer, err);
    ap_status status = ap__buf_puts(&joined, prefix, err);
    if (!status) status = ap__buf_append(&joined, text.ptr, text.len, err);
    input.text = (ap__text){joined.ptr, joined.len};
    if (!status) status = ap__tokenize(feed, ctx->tokenizer, &input, &tokenizer, err);
    ap__buf_clear(&joined);
    return status;
}

/* -- prompts that are too long ------------------------------------------------------------------------- */

static ap_status keep_last(ap_value *feed, const char *name, int64_t n, ap_error *err) {
    ap__tensor *tensor = ap__value_tensor(ap_value_dict_get(feed, name)), *last;
    if (!tensor) return AP_OK;
    int64_t length = ap__tensor_get_view(tensor)->shape[1];
    ap_status status = ap__tensor_narrow(&last, tensor, 1, length - n, n, err);
    return status ? status : ap__dict_set_tensor_take(feed, name, last, err);
}

/* handle_long_generation="hole": what does not fit in front of the new tokens is cut off. */
static ap_status make_hole(ap_value *feed, const ap_task_context *ctx, const opts *o, ap_error *err) {
    const ap__generate_opts *c = &o->generation.config;
    size_t model_max = ap__tokenizer_get_config(ctx->tokenizer)->model_max_length;
    int64_t length = ap__tensor_get_view(ap__value_tensor(ap_value_dict_get(feed, "input_ids")))->shape[1];
    bool is_given =
        o->generation.given.max_new_tokens.origin == AP_ORIGIN_CALL && ap__opt_is_set(&c->max_new_tokens);
    const ap__generate_opts *given = &o->generation.given, *made = &o->generation.made;
    int64_t n_new = is_given ? c->max_new_tokens.as.integer
                             : ap__generation_length(&given->max_length, &made->max_length, 20) - length;
    if (!ap__opt_is_set(&o->handle_long_generation)) return AP_OK;
    if (n_new < 0)
        return ap__fail(
            err, AP_EINVAL,
            "handle_long_generation: max_length leaves no room for new tokens; give max_new_tokens");
    if (model_max > INT32_MAX || length + n_new <= (int64_t)model_max) return AP_OK;
    int64_t n_kept = (int64_t)model_max - n_new;
    if (n_kept <= 0)
        return ap__fail(
            err, AP_EINVAL,
            "handle_long_generation: max_new_tokens %lld leaves no room for a prompt: the model takes %zu "
            "tokens",
            (long long)n_new, model_max);
    if (n_kept > length) n_kept = length;
    ap_status status = keep_last(feed, "input_ids", n_kept, err);
    return status ? status : keep_last(feed, "attention_mask", n_kept, err);
}

/* -- preprocess ---------------------------------------------------------------------------------------- */

static ap_status preprocess(const ap_task_context *ctx, const void *bound, const ap_value *input,
                            ap_feeds *feeds, ap_error *err) {
    const opts *o = bound;
    const ap_value *messages = ap__chat_of_input(input);
    ap_value *feed, *slot;
    ap__text text;
    ap__tokenizer_opts tokenizer = tokenizer_opts(o);
    ap_status status =
        messages ? ap__chat_check(messages, err) : ap__generation_text(&text, input, "prompt", err);
    if (!status) status = ap__feeds_add(&feed, feeds, err);
    if (!status)
        status = messages ? ap__chat_encode(feed, ctx, o, messages, &tokenizer, err)
                          : encode_text(feed, ctx, o, text, err);
    if (!status) status = make_hole(feed, ctx, o, err);
    if (!status) status = ap__dict_add(&slot, feed, "prompt_text", 11, err);
    return status ? status : ap__value_assign(slot, messages ? messages : input, err);
}

static ap_status forward(const ap_task_context *ctx, const void *bound, ap_value **outputs,
                         ap_value *const *feeds, size_t n, const ap_task_run *run, ap_error *err) {
    const opts *o = bound;
    return ap__generation_run(outputs, ctx, &o->generation, "generated_sequence", feeds, n, run, err);
}

/* -- postprocess --------------------------------------------------------------------------------------- */

/* How many characters of a decoded sequence are the prompt's. */
static ap_status measure_prompt(size_t *n_chars, const ap_task_context *ctx, const opts *o,
                                const ap_value *output, ap_error *err) {
    ap__tensor *tensor = ap__value_tensor(ap_value_dict_get(output, "input_ids"));
    const ap_tensor_view *view = tensor ? ap__tensor_get_view(tensor) : NULL;
    char *text;
    size_t len;
    *n_chars = 0;
    if (!view || view->dtype != AP_DTYPE_I64 || view->rank != 2)
        return ap__fail(err, AP_EINVAL, "model output input_ids: expected int64 [1, n_tokens]");
    if (!view->shape[1]) return AP_OK; /* An empty prompt: all of the sequence is new. */
    ap__ids ids = {view->data, (size_t)view->shape[1]};
    ap_status status = ap__generation_decode(&text, &len, ctx, ids, o->generation.cleans_up, err);
    if (!status) *n_chars = ap__utf8_count(text, len);
    ap__free(text);
    return status;
}

static size_t skip_chars(const char *text, size_t len, size_t n_chars) {
    size_t at = 0;
    for (uint32_t code; n_chars && at < len; n_chars--) at += ap__utf8_next(&code, text + at);
    return at;
}

static ap_status set_full_text(ap_value *slot, const opts *o, const ap_value *prompt, const char *text,
                               size_t len, ap_error *err) {
    ap__buf joined = {0};
    ap__text before;
    if (ap_value_kind(prompt) == AP_KIND_LIST) return ap__chat_add_answer(slot, o, prompt, text, len, err);
    ap_status status = ap__text_of_value(&before, prompt, "model output prompt_text", err);
    if (!status) status = ap__buf_append(&joined, before.ptr, before.len, err);
    if (!status) status = ap__buf_append(&joined, text, len, err);
    if (!status) status = ap__value_set_string(slot, ap__buf_text(&joined), joined.len, err);
    ap__buf_clear(&joined);
    return status;
}

static ap_status set_text(ap_value *slot, const ap_task_context *ctx, const opts *o, ap__ids ids,
                          size_t prompt_chars, const ap_value *prompt, ap_error *err) {
    char *text;
    size_t len;
    ap_status status = ap__generation_decode(&text, &len, ctx, ids, o->generation.cleans_up, err);
    if (status) return status;
    size_t at = skip_chars(text, len, prompt_chars);
    status = o->shape == AP__RETURNS_NEW_TEXT ? ap__value_set_string(slot, text + at, len - at, err)
                                              : set_full_text(slot, o, prompt, text + at, len - at, err);
    ap__free(text);
    return status;
}

static ap_status set_ids(ap_value *list, ap__ids ids, ap_error *err) {
    ap_status status = AP_OK;
    ap__value_set_list(list);
    for (size_t i = 0; !status && i < ids.n; i++) {
        ap_value *slot;
        if (!(status = ap__list_add(&slot, list, err))) ap__value_set_int(slot, ids.ptr[i]);
    }
    return status;
}

static ap_status add_records(ap_value *list, const ap_task_context *ctx, const opts *o,
                             const ap_value *output, ap_error *err) {
    const int64_t *ids;
    size_t n_sequences, n, prompt_chars = 0;
    bool is_ids = o->shape == AP__RETURNS_TENSORS;
    ap_status status = ap__generation_sequences(&ids, &n_sequences, &n, output, "generated_sequence", err);
    if (!status && !is_ids) status = measure_prompt(&prompt_chars, ctx, o, output, err);
    for (size_t i = 0; !status && i < n_sequences; i++) {
        ap_value *record, *slot;
        ap__ids sequence = {ids + i * n, n};
        if ((status = ap__list_add(&record, list, err))) break;
        ap__value_set_dict(record);
        const char *key = is_ids ? "generated_token_ids" : "generated_text";
        if ((status = ap__dict_add(&slot, record, key, strlen(key), err))) break;
        status = is_ids ? set_ids(slot, sequence, err)
                        : set_text(slot, ctx, o, sequence, prompt_chars,
                                   ap_value_dict_get(output, "prompt_text"), err);
    }
    return status;
}

static ap_status postprocess(const ap_task_context *ctx, const void *bound, ap_value **out,
                             ap_value *const *outputs, size_t n_outputs, ap_error *err) {
    ap_status status = ap_value_create_list(out, err);
    for (size_t i = 0; !status && i < n_outputs; i++) status = add_records(*out, ctx, bound, outputs[i], err);
    if (status) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}

const ap_task ap__task_text_generation = {
    .abi = AP_TASK_ABI,
    .size = sizeof(ap_task),
    .name = "text-generation",
    .doc = "Continues a text, or answers in a chat.",
    .input = AP_INPUT_TEXT,
    .components = AP_COMPONENT_TOKENIZER,
    .model_kind = AP_MODEL_CAUSAL_LM,
    .architectures = "ForCausalLM LMHeadModel",
    .params = params,
    .opts_size = sizeof(opts),
    .check_model = check_model,
    .sanitize = sanitize,
    .preprocess = preprocess,
    .postprocess = postprocess,
    .normalize_inputs = normalize_inputs,
    .clear_opts = clear_opts,
    .forward_feeds = forward,
};
