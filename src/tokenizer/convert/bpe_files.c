/* vocab.json and merges.txt: the families of GPT-2, RoBERTa, CLIP, Whisper, Qwen2, OpenAI GPT and HerBERT.
 * Source: transformers@v4.55.4 convert_slow_tokenizer.py, and the constructors of the slow tokenizers in
 * models/<name>/tokenization_<name>.py for how the files are read. */
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "tokenizer/convert/converter.h"
#include "tokenizer/convert/lines.h"
#include "tokenizer/convert/recipes.h"
#include "tokenizer/python_text.h"

#include <stdlib.h>
#include <string.h>

/* More merges than any model has; those that CLIP reads. */
enum { MAX_MERGES = 1 << 24, CLIP_MERGES = 49152 - 256 - 2 };

typedef struct bpe {
    ap__converter *c;
    const ap__bpe_shape *shape;
    yyjson_doc *vocab_doc;
    yyjson_mut_val *merges;
    ap__vocab seen; /* Merges, each once. */
} bpe;

/* -- merges.txt ---------------------------------------------------------------------------------------- */

static bool begins(ap__text line, const char *prefix) {
    size_t len = strlen(prefix);
    return line.len >= len && !memcmp(line.ptr, prefix, len);
}

/* Adds the merge of a line; one that was there before keeps its place. */
static ap_status add_merge(bpe *b, ap__text line, size_t number) {
    ap__converter *c = b->c;
    ap__text left, right, more;
    bool is_pair = ap__py_next_word(&left, &line) && ap__py_next_word(&right, &line);
    if (!is_pair || (b->shape->merges != AP__MERGES_HERBERT && ap__py_next_word(&more, &line)))
        return ap__converter_fail(c, AP_EFORMAT, "line %zu: expected two symbols, found \"%.*s\"", number,
                                  (int)(line.len > 60 ? 60 : line.len), line.ptr);
    char *key = ap__arena_alloc(&c->arena, left.len + right.len + 1);
    if (!key) return ap__fail_nomem(c->err);
    memcpy(key, left.ptr, left.len);
    key[left.len] = ' ';
    memcpy(key + left.len + 1, right.ptr, right.len);
    size_t len = left.len + right.len + 1;
    if (ap__vocab_find(&b->seen, key, len) != AP__TOKEN_NONE) return AP_OK;
    ap__vocab_add(&b->seen, key, len, 0);
    yyjson_mut_val *pair = yyjson_mut_arr(c->doc);
    ap__push(c, pair, ap__new_text(c, (ap__text){key, left.len}));
    ap__push(c, pair, ap__new_text(c, (ap__text){key + left.len + 1, right.len}));
    ap__push(c, b->merges, pair);
    return AP_OK;
}

/* Whether a line is a merge, by the way in which the class reads its file. */
static bool is_merge(const bpe *b, ap__text line, size_t number, bool is_ended) {
    switch (b->shape->merges) {
    case AP__MERGES_USUAL:
        return number > 1 && is_ended;
    case AP__MERGES_CLIP:
        return number > 1 && number <= CLIP_MERGES + 1;
    case AP__MERGES_QWEN:
        return ap__py_strip(line).len && !(number == 1 && begins(ap__py_strip(line), "#version:"));
    case AP__MERGES_HERBERT:
        return is_ended && !(number == 1 && begins(ap__py_strip(line), "#version:"));
    }
    return false;
}

static ap_status read_merges(bpe *b, const char *file) {
    ap__converter *c = b->c;
    ap_status status = ap__converter_read(c, file);
    if (!status) status = ap__utf8_check(c->bytes.ptr, c->bytes.len, c->path.text, c->err);
    if (status) return status;
    ap__text all = {c->bytes.ptr, c->bytes.len}, line;
    if (b->shape->merges == AP__MERGES_CLIP) all = ap__py_strip(all);
    ap__lines lines = {all.ptr, all.ptr + all.len, 0}, counted = lines;
    while (ap__lines_next(&counted, &line, NULL)) continue;
    if (counted.number > MAX_MERGES)
        return ap__converter_fail(c, AP_ELIMIT, "%zu lines; at most %d are supported", counted.number,
                                  MAX_MERGES);
    status = ap__vocab_create(&b->seen, &c->arena, counted.number, all.len, c->err);
    b->merges = yyjson_mut_arr(c->doc);
    bool is_ended;
    while (!status && ap__lines_next(&lines, &line, &is_ended))
        if (is_merge(b, line, lines.number, is_ended)) status = add_merge(b, line, lines.number);
    return status;
}

/* -- vocab.json ---------------------------------------------------------------------------------------- */

static int by_id(const void *a_ptr, const void *b_ptr) {
    const ap__slow_token *a = a_ptr, *b = b_ptr;
    return (a->id > b->id) - (a->id < b->id);
}

static ap_status read_vocab(bpe *b, const char *file) {
    ap__converter *c = b->c;
    ap_status status = ap__converter_read(c, file);
    if (!status) status = ap__json_parse(&b->vocab_doc, c->bytes.ptr, c->bytes.len, c->path.text, c->err);
    if (status) return status;
    yyjson_val *root = yyjson_doc_get_root(b->vocab_doc), *key, *value;
    if (!yyjson_is_obj(root))
        return ap__converter_fail(c, AP_EFORMAT, "expected an object, found %s", ap__json_kind(root));
    size_t n = yyjson_obj_size(root), i, max;
    ap__slow_token *base = ap__arena_calloc(&c->arena, n, sizeof *base);
    if (!base) return ap__fail_nomem(c->err);
    yyjson_obj_foreach(root, i, max, key, value) {
        if (!yyjson_is_uint(value) || yyjson_get_uint(value) >= AP__TOKEN_NONE)
            return ap__converter_fail(c, AP_EFORMAT, "token \"%.60s\": expected an id below %u, found %s",
                                      yyjson_get_str(key), AP__TOKEN_NONE, ap__json_kind(value));
        base[i] =
            (ap__slow_token){{yyjson_get_str(key), yyjson_get_len(key)}, (uint32_t)yyjson_get_uint(value)};
    }
    bool is_named_by_id = b->shape->processor == AP__BPE_WHISPER;
    if (n) qsort(base, n, sizeof *base, by_id);
    return ap__slow_create(c, &(ap__slow_base){.tokens = base, .n = n, .is_named_by_id = is_named_by_id});
}

static void put_optional_text(bpe *b, yyjson_mut_val *object, const char *key, const char *text) {
    ap__put_text(b->c, object, key, (ap__text){text, text ? strlen(text) : 0});
}

static void put_model(bpe *b) {
    ap__converter *c = b->c;
    yyjson_mut_val *vocab = yyjson_val_mut_copy(c->doc, yyjson_doc_get_root(b->vocab_doc));
    yyjson_mut_val *model = ap__new_bpe(c, vocab, b->merges);
    ap__text unk = ap__special_text(c, AP__UNK_TOKEN);
    if (!unk.ptr && b->shape->is_unk_text) unk = (ap__text){"None", 4}; /* str(None) */
    ap__put_text(c, model, "unk_token", b->shape->has_unk ? unk : (ap__text){0});
    put_optional_text(b, model, "continuing_subword_prefix", b->shape->prefix);
    put_optional_text(b, model, "end_of_word_suffix", b->shape->suffix);
    ap__put_bool(c, model, "fuse_unk", false);
    ap__put_bool(c, model, "byte_fallback", false);
    ap__put_bool(c, model, "ignore_merges", false);
    ap__put(c, c->root, "model", model);
}

/* -- post-processors ----------------------------------------------------------------------------------- */

static ap_status put_roberta(bpe *b, int sep, int cls, bool add_prefix_space, bool trim_offsets) {
    ap__converter *c = b->c;
    yyjson_mut_val *processor = ap__new_typed(c, "RobertaProcessing");
    ap_status status = ap__put_token_pair(c, processor, "sep", sep);
    if (!status) status = ap__put_token_pair(c, processor, "cls", cls);
    ap__put_bool(c, processor, "trim_offsets", trim_offsets);
    ap__put_bool(c, processor, "add_prefix_space", add_prefix_space);
    ap__put(c, c->root, "post_processor", processor);
    return status;
}

static ap_status put_bert(bpe *b) {
    ap__converter *c = b->c;
    yyjson_mut_val *processor = ap__new_typed(c, "BertProcessing");
    ap_status status = ap__put_token_pair(c, processor, "sep", AP__SEP_TOKEN);
    if (!status) status = ap__put_token_pair(c, processor, "cls", AP__CLS_TOKEN);
    ap__put(c, c->root, "post_processor", processor);
    return status;
}

static ap_status put_gpt2(bpe *b) {
    bool add_bos_token = false;
    if (b->shape->processor == AP__BPE_GPT2) {
        ap_status status = ap__config_flag(b->c, "add_bos_token", false, &add_bos_token);
        if (status) return status;
    }
    if (add_bos_token) return ap__put_template(b->c, "%b:0 $A:0", "%b:0 $A:0 $B:1", "%b");
    ap__put(b->c, b->c->root, "post_processor",
            ap__new_json(b->c, "{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":false,"
                               "\"use_regex\":true}"));
    return AP_OK;
}

/* Whisper's languages in the order of their ids, and other names that some of them have. */
static const struct {
    const char *code, *name;
} LANGUAGES[] =
    {
#define WHISPER_LANGUAGE(code, name) {code, name},
#define WHISPER_ALIAS(name, code)
#include "tokenizer/convert/whisper_languages.def"
#undef WHISPER_LANGUAGE
#undef WHISPER_ALIAS
},
  ALIASES[] = {
#define WHISPER_LANGUAGE(code, name)
#define WHISPER_ALIAS(name, code) {code, name},
#include "tokenizer/convert/whisper_languages.def"
};

enum { N_LANGUAGES = sizeof LANGUAGES / sizeof *LANGUAGES, N_ALIASES = sizeof ALIASES / sizeof *ALIASES };

/* The index of a language; N_LANGUAGES when there is no such. */
static size_t find_language(const char *language) {
    size_t i = 0;
    for (size_t k = 0; k < N_ALIASES; k++)
        if (!strcmp(ALIASES[k].name, language)) language = ALIASES[k].code;
    while (i < N_LANGUAGES && strcmp(LANGUAGES[i].code, language) && strcmp(LANGUAGES[i].name, language)) i++;
    return i;
}

/* "<|de|>": the token that stands where the language's id is. */
static ap_status push_token(bpe *b, ap__buf *words, uint32_t id) {
    ap__converter *c = b->c;
    ap__text text = ap__slow_text(c, id);
    if (!text.ptr)
        return ap__converter_fail(c, AP_EFORMAT,
                                  "there is no token for the prefix that language and task ask for");
    ap_status status = ap__buf_append(words, text.ptr, text.len, c->err);
    return status ? status : ap__buf_puts(words, " ", c->err);
}

static uint32_t id_of(const bpe *b, const char *token) {
    return ap__slow_id(b->c, (ap__text){token, strlen(token)});
}

static ap_status push_language(bpe *b, ap__buf *words, uint32_t start) {
    yyjson_val *value = yyjson_obj_get(b->c->request->config, "language");
    char name[32] = "";
    if (!value || yyjson_is_null(value)) return AP_OK;
    for (size_t i = 0; i < yyjson_get_len(value) && i + 1 < sizeof name && yyjson_is_str(value); i++) {
        char letter = yyjson_get_str(value)[i];
        name[i] = (char)(letter >= 'A' && letter <= 'Z' ? letter + 32 : letter);
    }
    size_t i = find_language(name);
    if (i == N_LANGUAGES)
        return ap__converter_fail(b->c, AP_EFORMAT, "tokenizer_config.json: language: \"%s\" is not known",
                                  name);
    return push_token(b, words, start + 1 + (uint32_t)i);
}

/* Source: models/whisper/tokenization_whisper.py prefix_tokens. */
static ap_status whisper_prefix(bpe *b, ap__buf *words) {
    yyjson_val *task = yyjson_obj_get(b->c->request->config, "task");
    bool has_timestamps;
    uint32_t start = id_of(b, "<|startoftranscript|>");
    ap_status status = ap__config_flag(b->c, "predict_timestamps", false, &has_timestamps);
    if (!status) status = push_token(b, words, start);
    if (!status) status = push_language(b, words, start);
    if (status) return status;
    if (task && !yyjson_is_null(task)) {
        bool is_transcribe = yyjson_equals_str(task, "transcribe");
        if (!is_transcribe && !yyjson_equals_str(task, "translate"))
            return ap__converter_fail(b->c, AP_EFORMAT,
                                      "tokenizer_config.json: task: expected transcribe or translate");
        status = push_token(b, words, id_of(b, is_transcribe ? "<|transcribe|>" : "<|translate|>"));
    }
    if (!status && !has_timestamps) status = push_token(b, words, id_of(b, "<|notimestamps|>"));
    return status;
}

static ap_status put_whisper(bpe *b) {
    ap__buf words = {0}, single = {0}, pair = {0}, specials = {0};
    ap_error *err = b->c->err;
    ap_status status = whisper_prefix(b, &words);
    const char *prefix = ap__buf_text(&words);
    if (!status) status = ap__buf_printf(&single, err, "%s$A:0 %%e:0", prefix);
    if (!status) status = ap__buf_printf(&pair, err, "%s$A:0 $B:1 %%e:1", prefix);
    if (!status) status = ap__buf_printf(&specials, err, "%s%%e", prefix);
    char *copies[3] = {NULL};
    const ap__buf *bufs[3] = {&single, &pair, &specials};
    for (int i = 0; i < 3 && !status; i++) {
        copies[i] = ap__arena_strndup(&b->c->arena, bufs[i]->ptr, bufs[i]->len);
        if (!copies[i]) status = ap__fail_nomem(err);
    }
    if (!status) status = ap__put_template(b->c, copies[0], copies[1], copies[2]);
    ap__buf_clear(&words);
    ap__buf_clear(&single);
    ap__buf_clear(&pair);
    ap__buf_clear(&specials);
    return status;
}

static ap_status put_processor(bpe *b, bool add_prefix_space) {
    const ap__bpe_shape *shape = b->shape;
    switch (shape->processor) {
    case AP__BPE_NOTHING:
        return AP_OK;
    case AP__BPE_ROBERTA:
        return put_roberta(b, AP__SEP_TOKEN, AP__CLS_TOKEN, add_prefix_space, true);
    case AP__BPE_CLIP:
        return put_roberta(b, AP__EOS_TOKEN, AP__BOS_TOKEN, false, false);
    case AP__BPE_BERT:
        return put_bert(b);
    case AP__BPE_BYTE_LEVEL:
    case AP__BPE_GPT2:
        return put_gpt2(b);
    case AP__BPE_WHISPER:
        return put_whisper(b);
    case AP__BPE_TEMPLATE:
        return ap__put_template(b->c, shape->single, shape->pair, shape->specials);
    }
    return AP_OK;
}

/* -- all of it ----------------------------------------------------------------------------------------- */

static void put_part(bpe *b, const char *key, const char *json) {
    if (json) ap__put(b->c, b->c->root, key, ap__new_json(b->c, json));
}

static ap_status put_parts(bpe *b) {
    ap__converter *c = b->c;
    const ap__slow_class *slow = c->request->slow;
    bool add_prefix_space = false;
    ap_status status = AP_OK;
    if (slow->has_prefix_space)
        status = ap__config_flag(c, "add_prefix_space", slow->add_prefix_space, &add_prefix_space);
    if (status) return status;
    put_part(b, "normalizer", b->shape->normalizer);
    put_part(b, "pre_tokenizer", b->shape->pre_tokenizer);
    put_part(b, "decoder", b->shape->decoder);
    yyjson_mut_val *pre_tokenizer = yyjson_mut_obj_get(c->root, "pre_tokenizer");
    if (add_prefix_space && yyjson_mut_obj_get(pre_tokenizer, "add_prefix_space"))
        yyjson_mut_obj_replace(pre_tokenizer, yyjson_mut_str(c->doc, "add_prefix_space"),
                               yyjson_mut_bool(c->doc, true));
    ap__text unk = ap__special_text(c, AP__UNK_TOKEN);
    uint32_t id =
        unk.ptr && b->shape->is_unk_added ? ap__vocab_find(&c->slow, unk.ptr, unk.len) : AP__TOKEN_NONE;
    if (id != AP__TOKEN_NONE && id < yyjson_obj_size(yyjson_doc_get_root(b->vocab_doc)))
        ap__put_added(c, unk, id, true);
    return put_processor(b, add_prefix_space);
}

ap_status ap__convert_bpe_files(ap__converter *c) {
    const ap__recipe *recipe = ap__recipe_find(c->request->class_name);
    bpe b = {.c = c, .shape = recipe->shape};
    ap_status status = read_vocab(&b, recipe->files[0]);
    if (!status) status = read_merges(&b, recipe->files[1]);
    if (!status) {
        put_model(&b);
        status = put_parts(&b);
    }
    yyjson_doc_free(b.vocab_doc);
    return status;
}
