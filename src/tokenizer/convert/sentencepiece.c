/* SentencePiece models: Unigram and BPE.
 * Source: transformers@v4.55.4 convert_slow_tokenizer.py SpmConverter and the classes derived from it. */
#include "base/error.h"
#include "tokenizer/convert/spm.h"

#include <stdlib.h>
#include <string.h>

#define UNDERLINE "\xE2\x96\x81" /* U+2581, which stands for a space. */
#define METASPACE "{\"type\":\"Metaspace\",\"replacement\":\"" UNDERLINE "\"}"

static ap__text text_of(const char *text) { return (ap__text){text, strlen(text)}; }

/* -- settings ------------------------------------------------------------------------------------------ */

static ap_status get_count(ap__spm *s, const char *key, size_t standard, size_t *out) {
    yyjson_val *value = yyjson_obj_get(s->c->request->config, key);
    *out = value ? (size_t)yyjson_get_uint(value) : standard;
    if ((!value || yyjson_is_uint(value)) && *out <= AP__MAX_NUMBERED_TOKENS) return AP_OK;
    return ap__fail(s->c->err, AP_EFORMAT, "%s/tokenizer_config.json: %s: expected a count of at most %d",
                    s->c->request->folder, key, AP__MAX_NUMBERED_TOKENS);
}

static ap_status read_settings(ap__spm *s) {
    const ap__slow_class *slow = s->c->request->slow;
    yyjson_val *legacy = yyjson_obj_get(s->c->request->config, "legacy");
    yyjson_val *sentence = yyjson_obj_get(s->c->request->config, "mask_token_sent");
    s->has_prefix_space = s->is_legacy = true;
    ap_status status = get_count(s, "extra_ids", 100, &s->extra_ids);
    if (!status) status = get_count(s, "offset", 103, &s->offset);
    if (!sentence) s->mask_token_sent = text_of("<mask_1>");
    if (yyjson_is_str(sentence))
        s->mask_token_sent = (ap__text){yyjson_get_str(sentence), yyjson_get_len(sentence)};
    if (status || !slow->has_prefix_space) return status;
    s->is_legacy = slow->legacy && !yyjson_is_false(legacy);
    const ap__convert_request *request = s->c->request;
    bool standard =
        slow->add_prefix_space && !(request->is_inner && request->class_->is_slow_with_prefix_space);
    return ap__config_flag(s->c, "add_prefix_space", standard, &s->has_prefix_space);
}

/* -- the model ----------------------------------------------------------------------------------------- */

static int64_t unk_id_of(const ap__spm *s) {
    switch (s->shape->vocab) {
    case AP__SPM_PLAIN:
    case AP__SPM_ALBERT:
    case AP__SPM_T5:
        return s->model.unk_id;
    case AP__SPM_PEGASUS:
        return s->model.unk_id + (int64_t)s->offset;
    case AP__SPM_SEAMLESS:
        return ap__slow_id(s->c, ap__special_text(s->c, AP__UNK_TOKEN));
    case AP__SPM_LLAMA:
        return 0;
    default:
        return 3;
    }
}

static ap_status put_unigram(ap__spm *s) {
    ap__converter *c = s->c;
    yyjson_mut_val *model = ap__new_typed(c, "Unigram"), *vocab = yyjson_mut_arr(c->doc);
    int64_t unk_id = unk_id_of(s);
    if (unk_id < 0 || (uint64_t)unk_id >= s->n)
        return ap__converter_fail(c, AP_EFORMAT, "unk_id is %lld, and there are %zu tokens",
                                  (long long)unk_id, s->n);
    ap__put(c, model, "unk_id", yyjson_mut_uint(c->doc, (uint64_t)unk_id));
    for (size_t i = 0; i < s->n; i++) {
        yyjson_mut_val *pair = yyjson_mut_arr(c->doc);
        ap__push(c, pair, ap__new_text(c, s->tokens[i].text));
        ap__push(c, pair, yyjson_mut_real(c->doc, s->tokens[i].score));
        ap__push(c, vocab, pair);
    }
    ap__put(c, model, "vocab", vocab);
    ap__put_bool(c, model, "byte_fallback", s->shape->is_byte_fallback);
    ap__put(c, c->root, "model", model);
    return AP_OK;
}

static ap_status put_bpe(ap__spm *s) {
    ap__converter *c = s->c;
    yyjson_mut_val *vocab = NULL, *merges = NULL;
    ap__vocab *pieces = &s->pieces;
    if (s->shape->vocab == AP__SPM_GEMMA && ap__vocab_find(&s->ids, "\t", 1) != AP__TOKEN_NONE)
        pieces = &s->ids;
    ap_status status = ap__spm_merges(c, &merges, pieces, &s->ids, s->tokens);
    if (!status) status = ap__new_vocab(c, &vocab, s->base, s->n);
    if (status) return status;
    yyjson_mut_val *model = ap__new_bpe(c, vocab, merges);
    ap__put_text(c, model, "unk_token", s->model.unk_piece);
    ap__put(c, model, "continuing_subword_prefix", yyjson_mut_null(c->doc));
    ap__put(c, model, "end_of_word_suffix", yyjson_mut_null(c->doc));
    ap__put_bool(c, model, "fuse_unk", true);
    ap__put_bool(c, model, "byte_fallback", s->shape->is_byte_fallback);
    ap__put_bool(c, model, "ignore_merges", false);
    ap__put(c, c->root, "model", model);
    return AP_OK;
}

static ap_status put_model(ap__spm *s) {
    if (s->model.model_type == AP__SPM_UNIGRAM) return put_unigram(s);
    if (s->model.model_type == AP__SPM_BPE) return put_bpe(s);
    return ap__converter_fail(s->c, AP_EUNSUPPORTED,
                              "model type %u (word or char) is not supported; expected unigram or bpe",
                              (unsigned)s->model.model_type);
}

static bool is_word_of(const char *words, ap__text text) {
    for (; words && *words; words += strspn(words, " ")) {
        size_t len = strcspn(words, " ");
        if (len == text.len && !memcmp(words, text.ptr, len)) return true;
        words += len;
    }
    return false;
}

/* An added token of the model. */
typedef struct added_piece {
    ap__text text;
    size_t id;
    bool is_special;
} added_piece;

static int by_id(const void *a_ptr, const void *b_ptr) {
    const added_piece *a = a_ptr, *b = b_ptr;
    return (a->id > b->id) - (a->id < b->id);
}

/* Control pieces are special, those of the user are not; both are added tokens. Ids as in
 * huggingface/tokenizers@v0.21.4 added_vocabulary.rs add_tokens. */
static size_t collect_added(const ap__spm *s, ap__vocab *done, added_piece *out) {
    size_t size = s->ids.n, max_id = 0, n = 0;
    for (size_t i = 0; i < s->model.n; i++) {
        const ap__spm_piece *p = &s->model.pieces[i];
        if (p->type != AP__SPM_CONTROL && p->type != AP__SPM_USER_DEFINED) continue;
        if (ap__vocab_find(done, p->text.ptr, p->text.len) != AP__TOKEN_NONE) continue;
        ap__vocab_add(done, p->text.ptr, p->text.len, 0);
        size_t id = ap__vocab_find(&s->ids, p->text.ptr, p->text.len);
        if (id == AP__TOKEN_NONE) id = n && max_id >= size ? max_id + 1 : size;
        if (id > max_id) max_id = id;
        out[n++] =
            (added_piece){p->text, id, p->type == AP__SPM_CONTROL || is_word_of(s->shape->special, p->text)};
    }
    return n;
}

static ap_status put_added_pieces(ap__spm *s) {
    ap__vocab done;
    added_piece *added = ap__arena_calloc(&s->c->arena, s->model.n, sizeof *added);
    if (!added) return ap__fail_nomem(s->c->err);
    ap_status status = ap__vocab_create(&done, &s->c->arena, s->model.n, s->pieces.pool_capacity, s->c->err);
    if (status) return status;
    size_t n = collect_added(s, &done, added);
    if (n) qsort(added, n, sizeof *added, by_id);
    for (size_t i = 0; i < n; i++)
        ap__put_added(s->c, added[i].text, (uint32_t)added[i].id, added[i].is_special);
    return AP_OK;
}

/* -- normalizer, pre-tokenizer, decoder ----------------------------------------------------------------- */

static void put_charsmap(ap__spm *s, yyjson_mut_val *list) {
    if (!s->model.charsmap.len) return;
    yyjson_mut_val *normalizer = ap__new_typed(s->c, "Precompiled");
    ap__put(s->c, normalizer, "precompiled_charsmap", ap__new_base64(s->c, s->model.charsmap));
    ap__push(s->c, list, normalizer);
}

static void push_json(ap__spm *s, yyjson_mut_val *list, const char *json) {
    ap__push(s->c, list, ap__new_json(s->c, json));
}

#define REPLACE(pattern, content) "{\"type\":\"Replace\",\"pattern\":" pattern ",\"content\":\"" content "\"}"
#define SPACES "{\"Regex\":\" {2,}\"}"

/* The fast RemBERT strips accents and lowers, the slow one does not. */
static ap_status push_accents_and_case(ap__spm *s, yyjson_mut_val *list, bool is_rembert) {
    const ap__convert_request *request = s->c->request;
    const ap__slow_class *slow = request->slow;
    bool strips = is_rembert && request->is_inner, keeps_accents, is_lower;
    ap_status status = ap__config_flag(s->c, "keep_accents", slow->keep_accents && !strips, &keeps_accents);
    if (!status) status = ap__config_flag(s->c, "do_lower_case", slow->do_lower_case || strips, &is_lower);
    if (status) return status;
    if (!keeps_accents) {
        push_json(s, list, "{\"type\":\"NFKD\"}");
        push_json(s, list, "{\"type\":\"StripAccents\"}");
    }
    if (is_lower) push_json(s, list, "{\"type\":\"Lowercase\"}");
    return AP_OK;
}

/* ALBERT, and RemBERT, which joins spaces first. */
static ap_status push_albert(ap__spm *s, yyjson_mut_val *list, bool is_rembert) {
    push_json(s, list, REPLACE("{\"String\":\"``\"}", "\\\""));
    push_json(s, list, REPLACE("{\"String\":\"''\"}", "\\\""));
    if (is_rembert) push_json(s, list, REPLACE(SPACES, " "));
    ap_status status = push_accents_and_case(s, list, is_rembert);
    if (!status) put_charsmap(s, list);
    if (!is_rembert) push_json(s, list, REPLACE(SPACES, " "));
    return status;
}

static ap_status push_deberta(ap__spm *s, yyjson_mut_val *list) {
    bool is_lower;
    ap_status status = ap__config_flag(s->c, "do_lower_case", s->c->request->slow->do_lower_case, &is_lower);
    if (status) return status;
    if (is_lower) push_json(s, list, "{\"type\":\"Lowercase\"}");
    push_json(s, list, "{\"type\":\"Strip\",\"strip_left\":true,\"strip_right\":true}");
    put_charsmap(s, list);
    push_json(s, list, REPLACE(SPACES, " "));
    return AP_OK;
}

static void push_usual(ap__spm *s, yyjson_mut_val *list) {
    put_charsmap(s, list);
    push_json(s, list, "{\"type\":\"Strip\",\"strip_left\":false,\"strip_right\":true}");
    push_json(s, list, REPLACE(SPACES, UNDERLINE));
}

static void push_llama(ap__spm *s, yyjson_mut_val *list) {
    if (s->has_prefix_space) push_json(s, list, "{\"type\":\"Prepend\",\"prepend\":\"" UNDERLINE "\"}");
    push_json(s, list, REPLACE("{\"String\":\" \"}", UNDERLINE));
}

static ap_status put_normalizer(ap__spm *s) {
    ap__converter *c = s->c;
    ap_status status = AP_OK;
    if (s->shape->normalizer == AP__SPM_NORMALIZER_GEMMA) {
        ap__put(c, c->root, "normalizer", ap__new_json(c, REPLACE("{\"String\":\" \"}", UNDERLINE)));
        return AP_OK;
    }
    if (s->shape->normalizer == AP__SPM_NORMALIZER_LLAMA && !s->is_legacy) return AP_OK;
    yyjson_mut_val *sequence = ap__new_typed(c, "Sequence"), *list = yyjson_mut_arr(c->doc);
    if (s->shape->normalizer == AP__SPM_NORMALIZER_USUAL) push_usual(s, list);
    if (s->shape->normalizer == AP__SPM_NORMALIZER_ALBERT) status = push_albert(s, list, false);
    if (s->shape->normalizer == AP__SPM_NORMALIZER_REMBERT) status = push_albert(s, list, true);
    if (s->shape->normalizer == AP__SPM_NORMALIZER_DEBERTA) status = push_deberta(s, list);
    if (s->shape->normalizer == AP__SPM_NORMALIZER_LLAMA) push_llama(s, list);
    ap__put(c, sequence, "normalizers", list);
    ap__put(c, c->root, "normalizer", sequence);
    return status;
}

static yyjson_mut_val *new_metaspace(ap__spm *s, bool is_split) {
    const char *scheme = !s->has_prefix_space ? "never" : s->is_legacy ? "always" : "first";
    yyjson_mut_val *metaspace = ap__new_json(s->c, METASPACE);
    ap__put_text(s->c, metaspace, "prepend_scheme", text_of(scheme));
    ap__put_bool(s->c, metaspace, "split", is_split);
    return metaspace;
}

static ap_status put_pre_tokenizer(ap__spm *s) {
    ap__converter *c = s->c;
    bool is_punctuation = false;
    yyjson_mut_val *value;
    switch (s->shape->pre_tokenizer) {
    case AP__SPM_METASPACE:
        value = new_metaspace(s, true);
        break;
    case AP__SPM_UNSPLIT_METASPACE:
        if (s->is_legacy) return AP_OK;
        value = new_metaspace(s, false);
        break;
    case AP__SPM_SPLIT_SPACE:
        value = ap__new_json(c, "{\"type\":\"Split\",\"pattern\":{\"String\":\" \"},"
                                "\"behavior\":\"MergedWithPrevious\",\"invert\":false}");
        break;
    default:
        value = ap__new_typed(c, "Sequence");
        yyjson_mut_val *list = yyjson_mut_arr(c->doc);
        ap_status status = ap__config_flag(c, "split_by_punct", false, &is_punctuation);
        if (status) return status;
        if (s->shape->pre_tokenizer == AP__SPM_WHITESPACE_METASPACE)
            push_json(s, list, "{\"type\":\"WhitespaceSplit\"}");
        else if (is_punctuation)
            push_json(s, list, "{\"type\":\"Punctuation\",\"behavior\":\"Isolated\"}");
        ap__push(c, list, new_metaspace(s, true));
        ap__put(c, value, "pretokenizers", list);
    }
    ap__put(c, c->root, "pre_tokenizer", value);
    return AP_OK;
}

static void put_decoder(ap__spm *s) {
    ap__converter *c = s->c;
    ap__spm_pre_tokenizer kind = s->shape->pre_tokenizer;
    if (kind != AP__SPM_UNSPLIT_METASPACE && kind != AP__SPM_SPLIT_SPACE) {
        ap__put(c, c->root, "decoder", new_metaspace(s, true));
        return;
    }
    yyjson_mut_val *sequence = ap__new_typed(c, "Sequence"), *list = yyjson_mut_arr(c->doc);
    push_json(s, list, REPLACE("{\"String\":\"" UNDERLINE "\"}", " "));
    push_json(s, list, "{\"type\":\"ByteFallback\"}");
    push_json(s, list, "{\"type\":\"Fuse\"}");
    if (kind == AP__SPM_UNSPLIT_METASPACE && s->has_prefix_space)
        push_json(s, list, "{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}");
    ap__put(c, sequence, "decoders", list);
    ap__put(c, c->root, "decoder", sequence);
}

/* -- all of it ----------------------------------------------------------------------------------------- */

static ap_status read(ap__spm *s, const char *file) {
    ap__converter *c = s->c;
    ap_status status = ap__converter_read(c, file);
    if (!status)
        status = ap__spm_model_parse(&s->model, &c->arena, c->bytes.ptr, c->bytes.len, c->path.text, c->err);
    if (!status) status = read_settings(s);
    return status ? status : ap__spm_make_vocab(s);
}

ap_status ap__convert_sentencepiece(ap__converter *c) {
    const ap__recipe *recipe = ap__recipe_find(c->request->class_name);
    ap__spm s = {.c = c, .shape = recipe->shape};
    ap_status status = read(&s, recipe->files[0]);
    if (!status) status = put_model(&s);
    if (!status) status = put_added_pieces(&s);
    if (!status) status = put_normalizer(&s);
    if (!status) status = put_pre_tokenizer(&s);
    if (status) return status;
    put_decoder(&s);
    if (!s.shape->single) return AP_OK;
    return ap__put_template(c, s.shape->single, s.shape->pair, s.shape->specials);
}
