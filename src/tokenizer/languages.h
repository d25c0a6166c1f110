/* Languages of the tokenizers that translation between many languages needs: mBART, mBART-50, NLLB, M2M100
 * and SeamlessM4T. The source language is a token beside the text; the id of the target language is what the
 * decoder has to begin with (forced_bos_token_id). Marian's languages (">>de<<") are part of the text.
 *
 *     ap__source_language *from = NULL;
 *     uint32_t to;
 *     status = ap__source_language_create(&from, tokenizer, "en_XX", err);
 *     if (!status) status = ap__target_language_id(&to, tokenizer, "de_DE", err);
 *     options.source_language = from;
 *     if (!status) status = ap__tokenizer_encode(&encoding, tokenizer, text, NULL, &options, err);
 *     ap__source_language_destroy(from);
 *
 * Threading: a source language is immutable; any number of threads may encode with it at once.
 *
 * Source: transformers@v4.55.4 _build_translation_inputs and set_src_lang_special_tokens of these classes. */
#ifndef AP_TOKENIZER_LANGUAGES_H
#define AP_TOKENIZER_LANGUAGES_H

#include "tokenizer/tokenizer.h"

typedef struct ap__source_language ap__source_language;

/* Whether translation with this tokenizer has to say both languages; with any other they have no effect. */
bool ap__tokenizer_has_languages(const ap__tokenizer *tokenizer);

/* What encoding in a source language puts around a text, for `source_language` of the options.
 * @param[out] out owned: ap__source_language_destroy(). The tokenizer is borrowed until then.
 * @param src_lang a code as the model has them: "en_XX", "eng_Latn", "en", "eng". One that is no token
 * becomes the unknown token, as in the reference; M2M100 refuses it.
 * @return AP_EINVAL the tokenizer has no languages, or not this one; AP_ENOMEM */
ap_status ap__source_language_create(ap__source_language **out, const ap__tokenizer *tokenizer,
                                     const char *src_lang, ap_error *err);

void ap__source_language_destroy(ap__source_language *language);

/* The id that generation in a language begins with.   @return as ap__source_language_create() */
ap_status ap__target_language_id(uint32_t *out, const ap__tokenizer *tokenizer, const char *tgt_lang,
                                 ap_error *err);

#endif
