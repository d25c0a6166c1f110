#include "unit/support/tokenizers.h"

#include "unit/support/check.h"

#define REST                                                                                                 \
    "\"added_tokens\":[{\"id\":0,\"content\":\"[PAD]\",\"single_word\":false,\"lstrip\":false,"              \
    "\"rstrip\":false,\"normalized\":false,\"special\":true},{\"id\":2,\"content\":\"[CLS]\","               \
    "\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true},"        \
    "{\"id\":3,\"content\":\"[SEP]\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,"               \
    "\"normalized\":false,\"special\":true},{\"id\":14,\"content\":\"<x>\",\"single_word\":false,"           \
    "\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":false}],"                            \
    "\"normalizer\":{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":true,"         \
    "\"strip_accents\":false,\"lowercase\":true},\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},"         \
    "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"[CLS]\","   \
    "\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"SpecialToken\":{\"id\":\"[SEP]\","       \
    "\"type_id\":0}}],\"pair\":[{\"SpecialToken\":{\"id\":\"[CLS]\",\"type_id\":0}},{\"Sequence\":"          \
    "{\"id\":\"A\",\"type_id\":0}},{\"SpecialToken\":{\"id\":\"[SEP]\",\"type_id\":0}},{\"Sequence\":"       \
    "{\"id\":\"B\",\"type_id\":1}},{\"SpecialToken\":{\"id\":\"[SEP]\",\"type_id\":1}}],"                    \
    "\"special_tokens\":{\"[CLS]\":{\"id\":\"[CLS]\",\"ids\":[2],\"tokens\":[\"[CLS]\"]},\"[SEP]\":"         \
    "{\"id\":\"[SEP]\",\"ids\":[3],\"tokens\":[\"[SEP]\"]}}},"                                               \
    "\"decoder\":{\"type\":\"WordPiece\",\"prefix\":\"##\",\"cleanup\":false},"                              \
    "\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\","        \
    "\"max_input_chars_per_word\":100,\"vocab\":{\"[PAD]\":0,\"[UNK]\":1,\"[CLS]\":2,\"[SEP]\":3,"           \
    "\"i\":4,\"love\":5,\"it\":6,\"##d\":7,\".\":8,\"caf\xC3\xA9\":9,\"do\":10,\"n\":11,\"'\":12,"           \
    "\"t\":13}}}"

const char *support_tokenizer_json(int has_stored_options) {
    return has_stored_options
               ? "{\"version\":\"1.0\",\"truncation\":{\"direction\":\"Right\",\"max_length\":4,\"strategy\":"
                 "\"LongestFirst\",\"stride\":0},\"padding\":{\"strategy\":{\"Fixed\":6},\"direction\":"
                 "\"Left\",\"pad_to_multiple_of\":null,\"pad_id\":0,\"pad_type_id\":0,\"pad_token\":"
                 "\"[PAD]\"}," REST
               : "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null," REST;
}

ap_tokenizer *support_tokenizer(void) {
    ap_tokenizer *tokenizer = NULL;
    ap_error err = AP_ERROR_INIT;
    const char *json = support_tokenizer_json(0);
    assert_ok(ap_tokenizer_create_from_json(&tokenizer, json, AP_NUL_TERMINATED, &err), &err);
    return tokenizer;
}
