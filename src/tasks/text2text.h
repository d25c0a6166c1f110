/* text2text-generation, summarization and translation are one task with different names: what they share.
 * Source: transformers@v4.55.4 pipelines/text2text_generation.py Text2TextGenerationPipeline. */
#ifndef AP_TASKS_TEXT2TEXT_H
#define AP_TASKS_TEXT2TEXT_H

#include "tasks/generation.h"
#include "tokenizer/languages.h"

typedef struct ap__text2text_opts {
    ap__generation_opts generation; /* The first member. */
    ap_opt return_tensors, return_text, clean_up_tokenization_spaces, truncation;
    ap_opt src_lang, tgt_lang;   /* Of translation. */
    ap__text prefix;             /* In front of each text; borrowed from config.json. */
    ap__source_language *source; /* Owned; NULL: the tokenizer's own. */
} ap__text2text_opts;

/* Ends of the names of architectures. */
#define AP__TEXT2TEXT_ARCHITECTURES                                                                          \
    "T5ForConditionalGeneration BartForConditionalGeneration PegasusForConditionalGeneration "               \
    "PegasusXForConditionalGeneration M2M100ForConditionalGeneration MarianMTModel "                         \
    "MvpForConditionalGeneration "                                                                           \
    "LEDForConditionalGeneration BlenderbotForConditionalGeneration "                                        \
    "BlenderbotSmallForConditionalGeneration "                                                               \
    "ProphetNetForConditionalGeneration SwitchTransformersForConditionalGeneration "                         \
    "FSMTForConditionalGeneration "                                                                          \
    "NllbMoeForConditionalGeneration EncoderDecoderModel"

/* Rows of the table of parameters. */
#define AP__TEXT2TEXT_PARAMS                                                                                 \
    AP_PARAM(return_tensors, BOOL, POSTPROCESS, ap__text2text_opts, 0, NULL, "false",                        \
             "Give the ids of the tokens, as a tensor, and no text."),                                       \
        AP_PARAM(return_text, BOOL, POSTPROCESS, ap__text2text_opts, 0, NULL, "true",                        \
                 "Of transformers; changes nothing."),                                                       \
        AP_PARAM(clean_up_tokenization_spaces, BOOL, POSTPROCESS, ap__text2text_opts, 0, NULL, "false",      \
                 "Take the spaces before punctuation out of the text."),                                     \
        AP_PARAM(truncation, CHOICE, PREPROCESS, ap__text2text_opts, 0, ap__truncation_choices, "false",     \
                 "Cut texts that are longer than the model takes."),                                         \
        {"stop_sequence",                                                                                    \
         AP_PARAM_TYPE_STRING,                                                                               \
         AP_PHASE_FORWARD,                                                                                   \
         offsetof(ap__text2text_opts, generation.stop_sequence),                                             \
         0,                                                                                                  \
         NULL,                                                                                               \
         NULL,                                                                                               \
         "A text whose first token ends a sequence.",                                                        \
         NULL},                                                                                              \
        AP_PARAM_INCLUDE(ap__generate_params, ap__text2text_opts, generation.given)

/* The members of a row that these tasks share. */
#define AP__TEXT2TEXT_ROW                                                                                    \
    .abi = AP_TASK_ABI, .size = sizeof(ap_task), .input = AP_INPUT_TEXT,                                     \
    .components = AP_COMPONENT_TOKENIZER, .model_kind = AP_MODEL_ENCODER_DECODER,                            \
    .architectures = AP__TEXT2TEXT_ARCHITECTURES, .opts_size = sizeof(ap__text2text_opts),                   \
    .check_model = ap__text2text_check_model, .shape_result = ap__text2text_shape_result,                    \
    .clear_opts = ap__text2text_clear_opts, .forward_feeds = ap__text2text_forward

ap_status ap__text2text_check_model(const ap_task_context *ctx, ap_error *err);

/* For sanitize(), of a task whose own name task_specific_params has. */
ap_status ap__text2text_sanitize_named(const ap_task_context *ctx, void *opts, ap_error *err);

/* @param task the name that task_specific_params has. */
ap_status ap__text2text_sanitize(const ap_task_context *ctx, ap__text2text_opts *o, const char *task,
                                 ap_error *err);
void ap__text2text_clear_opts(void *opts, const void *created);

/* A text with its prefix, or in its source language, to a feed.
 * @param[out] n_tokens of it, for warnings. */
ap_status ap__text2text_preprocess(size_t *n_tokens, const ap_task_context *ctx, const ap__text2text_opts *o,
                                   const ap_value *input, ap_feeds *feeds, ap_error *err);

/* The lengths that warnings are about. */
int64_t ap__text2text_max_length(const ap__text2text_opts *o);
int64_t ap__text2text_min_length(const ap__text2text_opts *o);

ap_status ap__text2text_forward(const ap_task_context *ctx, const void *opts, ap_value **outputs,
                                ap_value *const *feeds, size_t n, const ap_task_run *run, ap_error *err);

/* [{"NAME_text": ...}, ...] or [{"NAME_token_ids": ...}, ...], one for each sequence. */
ap_status ap__text2text_postprocess(const ap_task_context *ctx, const ap__text2text_opts *o, const char *name,
                                    ap_value **out, ap_value *const *outputs, size_t n_outputs,
                                    ap_error *err);

/* A list of texts with one sequence each gives a flat list. */
ap_status ap__text2text_shape_result(const ap_task_context *ctx, const void *opts, const ap_value *inputs,
                                     ap_value **result, ap_error *err);

#endif
