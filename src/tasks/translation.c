/* translation: a text to one in another language.
 * Source: transformers@v4.55.4 pipelines/text2text_generation.py TranslationPipeline, pipelines/__init__.py
 * pipeline(). */
#include "base/error.h"
#include "base/log.h"
#include "tasks/text2text.h"
#include "value/value.h"

#include <string.h>

static const ap_param params[] = {
    AP__TEXT2TEXT_PARAMS,
    AP_PARAM(src_lang, STRING, PREPROCESS, ap__text2text_opts, 0, NULL, NULL,
             "Language of the input, as the model names it; of models of one pair, nothing changes."),
    AP_PARAM(tgt_lang, STRING, PREPROCESS, ap__text2text_opts, 0, NULL, NULL, "Language to translate to."),
    AP_PARAM_END};

/* -- languages ----------------------------------------------------------------------------------------- */

/* "translation" alone becomes the first pair of languages that task_specific_params has. */
static const char *find_task(const ap_task_context *ctx) {
    const char *name = ap__task_name(ctx), *key;
    const ap_value *all = ap_value_dict_get(ctx->config->json, "task_specific_params");
    if (strcmp(name, "translation") != 0 || ap_value_kind(all) != AP_KIND_DICT) return name;
    for (size_t i = 0; i < ap_value_len(all); i++) {
        ap_value_dict_at(all, i, &key);
        if (strncmp(key, "translation", 11) == 0) return key;
    }
    return name;
}

enum { LANGUAGE_BYTES = 64 };

/* The languages of "translation_XX_to_YY". */
static bool parse_pair(char source[LANGUAGE_BYTES], char target[LANGUAGE_BYTES], const char *task) {
    const char *first = strchr(task, '_'), *to = first ? strchr(first + 1, '_') : NULL;
    const char *second = to ? strchr(to + 1, '_') : NULL;
    if (!second || strchr(second + 1, '_')) return false;
    size_t n_source = (size_t)(to - first - 1), n_target = strlen(second + 1);
    if (n_source >= LANGUAGE_BYTES || n_target >= LANGUAGE_BYTES) return false;
    memcpy(source, first + 1, n_source);
    source[n_source] = '\0';
    memcpy(target, second + 1, n_target + 1);
    return true;
}

/* Those of the parameters, or else those of the task's name, which every call that names none takes anew. */
static void find_languages(const char **source, const char **target, char buf[2][LANGUAGE_BYTES],
                           const ap__text2text_opts *o, const char *task) {
    bool is_named = o->src_lang.origin == AP_ORIGIN_CALL || o->tgt_lang.origin == AP_ORIGIN_CALL;
    *source = ap__opt_string(&o->src_lang, NULL);
    *target = ap__opt_string(&o->tgt_lang, NULL);
    if (!parse_pair(buf[0], buf[1], task)) return;
    if (!is_named || !*source) *source = buf[0];
    if (!is_named || !*target) *target = buf[1];
}

static ap_status resolve_languages(ap__text2text_opts *o, const ap_task_context *ctx, const char *task,
                                   ap_error *err) {
    char buf[2][LANGUAGE_BYTES];
    const char *source, *target;
    uint32_t id;
    if (!ap__tokenizer_has_languages(ctx->tokenizer)) return AP_OK;
    find_languages(&source, &target, buf, o, task);
    if (!source || !target)
        return ap__fail(err, AP_EINVAL, "translation with this model needs src_lang and tgt_lang; %s missing",
                        source || target ? (source ? "tgt_lang is" : "src_lang is") : "both are");
    ap_status status = ap__source_language_create(&o->source, ctx->tokenizer, source, err);
    if (!status) status = ap__target_language_id(&id, ctx->tokenizer, target, err);
    if (!status)
        o->generation.config.forced_bos_token_id = (ap_opt){.origin = AP_ORIGIN_CALL, .as.integer = id};
    return status;
}

static ap_status sanitize(const ap_task_context *ctx, void *opts, ap_error *err) {
    ap__text2text_opts *o = opts;
    const char *task = find_task(ctx);
    bool is_creation = !o->generation.is_made;
    if (is_creation && strcmp(task, ap__task_name(ctx)) != 0)
        ap__log(AP_LOG_WARNING, "translation: the task names no languages: config.json has %s", task);
    ap_status status = ap__text2text_sanitize(ctx, o, task, err);
    return status || is_creation ? status : resolve_languages(o, ctx, task, err);
}

/* -- the rest ------------------------------------------------------------------------------------------ */

static ap_status preprocess(const ap_task_context *ctx, const void *opts, const ap_value *input,
                            ap_feeds *feeds, ap_error *err) {
    size_t n_tokens;
    int64_t max = ap__text2text_max_length(opts);
    ap_status status = ap__text2text_preprocess(&n_tokens, ctx, opts, input, feeds, err);
    if (!status && (double)n_tokens > 0.9 * (double)max)
        ap__log(AP_LOG_WARNING,
                "translation: the input has %zu tokens, more than nine tenths of max_length %lld; a larger "
                "max_length "
                "may be needed",
                n_tokens, (long long)max);
    return status;
}

static ap_status postprocess(const ap_task_context *ctx, const void *opts, ap_value **out,
                             ap_value *const *outputs, size_t n_outputs, ap_error *err) {
    return ap__text2text_postprocess(ctx, opts, "translation", out, outputs, n_outputs, err);
}

const ap_task ap__task_translation = {
    AP__TEXT2TEXT_ROW, .name = "translation", .aliases = "translation_xx_to_yy", .doc = "Translates a text.",
    .params = params,  .sanitize = sanitize,  .preprocess = preprocess,          .postprocess = postprocess,
};
