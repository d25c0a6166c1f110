/* vocab.txt: one token a line, its number is its id. The BERT family.
 * Source: transformers@v4.55.4 convert_slow_tokenizer.py BertConverter and its kin,
 * models/bert/tokenization_bert.py load_vocab. */
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/convert/converter.h"
#include "tokenizer/convert/lines.h"
#include "tokenizer/convert/recipes.h"

/* More tokens than any model has. */
enum { MAX_TOKENS = 1 << 24 };

static ap_status read_lines(ap__converter *c, ap__slow_token **out, size_t *n) {
    ap__lines lines = {c->bytes.ptr, c->bytes.ptr + c->bytes.len, 0}, counted = lines;
    ap__text line;
    ap_status status = ap__utf8_check(lines.at, c->bytes.len, c->path.text, c->err);
    if (status) return status;
    while (ap__lines_next(&counted, &line, NULL)) continue;
    if (counted.number > MAX_TOKENS)
        return ap__converter_fail(c, AP_ELIMIT, "%zu lines; at most %d are supported", counted.number,
                                  MAX_TOKENS);
    *n = counted.number;
    *out = ap__arena_calloc(&c->arena, *n, sizeof **out);
    if (!*out) return ap__fail_nomem(c->err);
    for (uint32_t id = 0; ap__lines_next(&lines, &line, NULL); id++) (*out)[id] = (ap__slow_token){line, id};
    return AP_OK;
}

static ap_status put_model(ap__converter *c, const ap__slow_token *lines, size_t n) {
    yyjson_mut_val *model = ap__new_typed(c, "WordPiece"), *vocab;
    ap_status status = ap__new_vocab(c, &vocab, lines, n);
    ap__text unk = ap__special_text(c, AP__UNK_TOKEN);
    ap__put_text(c, model, "unk_token", unk.ptr ? unk : (ap__text){"None", 4}); /* str(None) */
    ap__put_text(c, model, "continuing_subword_prefix", (ap__text){"##", 2});
    ap__put(c, model, "max_input_chars_per_word", yyjson_mut_uint(c->doc, 100));
    ap__put(c, model, "vocab", vocab);
    ap__put(c, c->root, "model", model);
    return status;
}

/* Without do_basic_tokenize there is no basic tokenizer to take settings from. */
static ap_status put_normalizer(ap__converter *c) {
    bool is_basic, chinese, lower;
    yyjson_val *accents = yyjson_obj_get(c->request->config, "strip_accents");
    ap_status status = ap__config_flag(c, "do_basic_tokenize", true, &is_basic);
    if (!status) status = ap__config_flag(c, "tokenize_chinese_chars", true, &chinese);
    if (!status) status = ap__config_flag(c, "do_lower_case", c->request->slow->do_lower_case, &lower);
    if (status) return status;
    yyjson_mut_val *normalizer = ap__new_typed(c, "BertNormalizer");
    ap__put_bool(c, normalizer, "clean_text", true);
    ap__put_bool(c, normalizer, "handle_chinese_chars", is_basic && chinese);
    ap__put(c, normalizer, "strip_accents",
            is_basic && !yyjson_is_bool(accents)
                ? yyjson_mut_null(c->doc)
                : yyjson_mut_bool(c->doc, is_basic && yyjson_get_bool(accents)));
    ap__put_bool(c, normalizer, "lowercase", is_basic && lower);
    ap__put(c, c->root, "normalizer", normalizer);
    return AP_OK;
}

ap_status ap__convert_bert_vocab(ap__converter *c) {
    const ap__recipe *recipe = ap__recipe_find(c->request->class_name);
    const ap__bert_shape *shape = recipe->shape;
    ap__slow_token *lines = NULL;
    size_t n = 0;
    ap_status status = ap__converter_read(c, recipe->files[0]);
    if (!status) status = read_lines(c, &lines, &n);
    const ap__slow_base base = {.tokens = lines, .n = n, .is_vocab_last = shape->is_vocab_last};
    if (!status) status = ap__slow_create(c, &base);
    if (!status) status = put_model(c, lines, n);
    if (!status) status = put_normalizer(c);
    if (status) return status;
    ap__put(c, c->root, "pre_tokenizer", ap__new_json(c, "{\"type\":\"BertPreTokenizer\"}"));
    ap__put(c, c->root, "decoder",
            ap__new_json(c, "{\"type\":\"WordPiece\",\"prefix\":\"##\",\"cleanup\":true}"));
    bool is_left = yyjson_equals_str(yyjson_obj_get(c->request->config, "padding_side"), "left");
    const char *pair = is_left && shape->left_pair ? shape->left_pair : shape->pair;
    return ap__put_template(c, shape->single, pair, shape->specials);
}
