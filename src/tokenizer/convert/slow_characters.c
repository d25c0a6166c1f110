/* Classes that transformers runs in Python alone and that look up characters, bytes or words: the models and
 * decoders `Characters` and `PythonCTC` do what their Python code does.
 * Source: transformers@v4.55.4 models/wav2vec2/tokenization_wav2vec2.py, models/vits/tokenization_vits.py,
 * models/esm/tokenization_esm.py, models/byt5/tokenization_byt5.py,
 * models/myt5/tokenization_myt5.py, models/perceiver/tokenization_perceiver.py. */
#include "base/error.h"
#include "base/utf8.h"
#include "base/words.h"
#include "tokenizer/convert/lines.h"
#include "tokenizer/convert/recipes.h"
#include "tokenizer/convert/slow_parts.h"
#include "tokenizer/models/rewriter.h"
#include "tokenizer/python_text.h"

#include <stdio.h>
#include <string.h>

enum { N_BYTES = 256 };

typedef struct slow_characters {
    ap__converter *c;
    const ap__slow_characters_shape *shape;
    yyjson_doc *vocab_doc;
    yyjson_val *ids; /* The vocabulary in it. */
    ap__slow_parts parts;
    ap__slow_token own[AP__SLOW_MAX_OWN];
    size_t n_own;
    bool is_lower_case;
    uint32_t blank_id; /* AP__TOKEN_NONE: there is none. */
} slow_characters;

static ap_status fail_config(const ap__converter *c, ap_status status, const char *key, const char *what) {
    return ap__fail(c->err, status, "%s/tokenizer_config.json: %s: %s", c->request->folder, key, what);
}

/* A string of tokenizer_config.json; `standard` where it is missing. */
static ap_status get_string(const ap__converter *c, const char *key, const char *standard, ap__text *out) {
    yyjson_val *value = yyjson_obj_get(c->request->config, key);
    *out = (ap__text){standard, strlen(standard)};
    if (!value) return AP_OK;
    if (!yyjson_is_str(value)) return fail_config(c, AP_EUNSUPPORTED, key, "expected a string");
    *out = (ap__text){yyjson_get_str(value), yyjson_get_len(value)};
    return AP_OK;
}

/* Refuses a setting that is on. */
static ap_status refuse(ap__converter *c, const char *key, bool standard, const char *why) {
    bool is_on;
    ap_status status = ap__config_flag(c, key, standard, &is_on);
    return status || !is_on ? status : fail_config(c, AP_EUNSUPPORTED, key, why);
}

/* -- vocabularies -------------------------------------------------------------------------------------- */

static ap_status read_json(slow_characters *s) {
    ap__converter *c = s->c;
    ap_status status = ap__slow_read_json(c, "vocab.json", &s->vocab_doc);
    if (status) return status;
    s->ids = yyjson_doc_get_root(s->vocab_doc);
    yyjson_val *language = yyjson_obj_get(c->request->config, "target_lang");
    if (s->shape->source == AP__SLOW_CTC && language && !yyjson_is_null(language)) {
        s->ids = yyjson_obj_get(s->ids, yyjson_is_str(language) ? yyjson_get_str(language) : "");
        if (!yyjson_is_obj(s->ids))
            return ap__converter_fail(c, AP_EFORMAT, "expected a vocabulary of the target_lang \"%.60s\"",
                                      yyjson_is_str(language) ? yyjson_get_str(language) : "");
    }
    return ap__slow_read_ids(&s->parts, s->ids, 0);
}

static bool has_inner_space(ap__text text) {
    for (size_t at = 0; at < text.len;) {
        uint32_t code;
        at += ap__utf8_next(&code, text.ptr + at);
        if (ap__py_is_space(code)) return true;
    }
    return false;
}

/* A line is a token; blanks around it do not count. */
static ap_status read_lines(slow_characters *s) {
    ap__converter *c = s->c;
    ap__text line;
    size_t n = 0;
    ap_status status = ap__converter_read(c, "vocab.txt");
    if (!status) status = ap__utf8_check(c->bytes.ptr, c->bytes.len, c->path.text, c->err);
    if (status) return status;
    ap__lines lines = {c->bytes.ptr, c->bytes.ptr + c->bytes.len, 0};
    for (ap__lines counted = lines; ap__lines_next(&counted, &line, NULL);) n++;
    status = ap__slow_reserve(&s->parts, n, 0);
    while (!status && ap__lines_next(&lines, &line, NULL)) {
        while (line.len && strchr(" \t", *line.ptr)) line = (ap__text){line.ptr + 1, line.len - 1};
        while (line.len && strchr(" \t", line.ptr[line.len - 1])) line.len--;
        if (has_inner_space(line))
            status =
                ap__converter_fail(c, AP_EUNSUPPORTED, "line %zu: a token with whitespace", lines.number);
        ap__slow_push(&s->parts, line, (uint32_t)s->parts.n);
    }
    s->parts.n_own = s->parts.vocab_size = s->parts.n;
    s->parts.are_all_cut_out = true;
    return status;
}

/* The bytes are behind the tokens of the class, or have ids of their own numbers. */
static ap_status read_bytes(slow_characters *s) {
    ap__converter *c = s->c;
    yyjson_val *offset = yyjson_obj_get(c->request->config, "offset");
    if (s->shape->are_bytes_first && offset && !(yyjson_is_uint(offset) && !yyjson_get_uint(offset)))
        return fail_config(c, AP_EUNSUPPORTED, "offset", "only 0 is supported");
    ap_status status = ap__path_join(&c->path, c->request->folder, "tokenizer_config.json", c->err);
    if (!status) status = ap__slow_reserve(&s->parts, N_BYTES, 0);
    for (s->n_own = 0; s->shape->own[s->n_own] && !status; s->n_own++) {
        ap__text text = ap__slow_special_of(c, s->shape->own[s->n_own]);
        if (!text.ptr) status = ap__converter_fail(c, AP_EFORMAT, "a special token of the class is null");
        s->own[s->n_own] = (ap__slow_token){text, (uint32_t)s->n_own};
    }
    const char *word, *rest = s->shape->own_words;
    for (size_t len; rest && (len = ap__words_next(&word, &rest)); s->n_own++)
        s->own[s->n_own] = (ap__slow_token){{word, len}, (uint32_t)s->n_own};
    uint32_t first = s->shape->are_bytes_first ? 0 : (uint32_t)s->n_own;
    for (uint32_t byte = 0; byte < N_BYTES && !status; byte++) {
        char name[4];
        size_t len = s->shape->has_rewrites ? (size_t)snprintf(name, sizeof name, "%02x", (unsigned)byte)
                                            : ap__utf8_encode(name, byte);
        char *copy = ap__arena_strndup(&c->arena, name, len);
        if (!copy) return ap__fail_nomem(c->err);
        ap__slow_push(&s->parts, (ap__text){copy, len}, first + byte);
    }
    s->parts.n_own = s->parts.n;
    s->parts.vocab_size = N_BYTES;
    return status;
}

/* Some code points have names, where no token has the id. Source: models/canine/tokenization_canine.py
 * SPECIAL_CODEPOINTS. */
static ap_status read_codes(slow_characters *s) {
    static const ap__slow_token NAMES[] = {{{"[CLS]", 5}, 0xE000}, {{"[SEP]", 5}, 0xE001},
                                           {{"[BOS]", 5}, 0xE002}, {{"[MASK]", 6}, 0xE003},
                                           {{"[PAD]", 5}, 0},      {{"[RESERVED]", 10}, 0xE004}};
    ap__converter *c = s->c;
    ap_status status = ap__path_join(&c->path, c->request->folder, "tokenizer_config.json", c->err);
    if (!status) status = ap__slow_reserve(&s->parts, 0, 0);
    s->parts.hidden = NAMES;
    s->parts.n_hidden = sizeof NAMES / sizeof *NAMES;
    s->parts.vocab_size = AP__N_CODE_POINTS;
    return status;
}

static ap_status read_vocab(slow_characters *s) {
    switch (s->shape->source) {
    case AP__SLOW_LINES:
        return read_lines(s);
    case AP__SLOW_BYTES:
        return read_bytes(s);
    case AP__SLOW_CODES:
        return read_codes(s);
    default:
        return read_json(s);
    }
}

/* -- Wav2Vec2CTC --------------------------------------------------------------------------------------- */

/* A space of a text becomes the token between words, and that one a space of the decoded text. do_lower_case
 * is for vocabularies of capitals: what is no added token is raised, and the decoded text lowered. */
static ap_status put_ctc(slow_characters *s) {
    ap__converter *c = s->c;
    ap__text delimiter, replacement;
    ap_status status = get_string(c, "word_delimiter_token", "|", &delimiter);
    if (!status) status = get_string(c, "replace_word_delimiter_char", " ", &replacement);
    if (status) return status;
    yyjson_mut_val *decoder = ap__new_typed(c, "PythonCTC");
    ap__put_text(c, decoder, "pad_token", ap__special_text(c, AP__PAD_TOKEN));
    ap__put_text(c, decoder, "word_delimiter_token", delimiter);
    ap__put_text(c, decoder, "replacement", replacement);
    ap__put_bool(c, decoder, "lowers", s->is_lower_case);
    ap__put_bool(c, decoder, "are_phonemes", false);
    ap__put(c, c->root, "decoder", decoder);
    if (s->is_lower_case) {
        yyjson_mut_val *model = yyjson_mut_obj_get(c->root, "model");
        ap__put_bool(c, model, "raises", true);
        ap__put_text(c, model, "space", delimiter);
        ap__put(c, c->root, "normalizer", ap__slow_new_lower(&s->parts, true));
        return AP_OK;
    }
    yyjson_mut_val *normalizer = ap__new_json(c, "{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"}}");
    ap__put_text(c, normalizer, "content", delimiter);
    ap__put(c, c->root, "normalizer", normalizer);
    return AP_OK;
}

/* Frames are decoded whatever the settings; what a text sounds like is what the phonemizer package knows. */
static ap_status put_phonemes(slow_characters *s) {
    ap__converter *c = s->c;
    yyjson_mut_val *decoder = ap__new_typed(c, "PythonCTC");
    yyjson_val *delimiter = yyjson_obj_get(c->request->config, "word_delimiter_token");
    bool is_spoken;
    ap_status status = ap__config_flag(c, "do_phonemize", true, &is_spoken);
    if (!status && delimiter && !yyjson_is_str(delimiter) && !yyjson_is_null(delimiter))
        status = fail_config(c, AP_EUNSUPPORTED, "word_delimiter_token", "expected a string or null");
    if (status) return status;
    ap__put_text(c, decoder, "pad_token", ap__special_text(c, AP__PAD_TOKEN));
    if (yyjson_is_str(delimiter))
        ap__put_text(c, decoder, "word_delimiter_token",
                     (ap__text){yyjson_get_str(delimiter), yyjson_get_len(delimiter)});
    ap__put_text(c, decoder, "replacement", (ap__text){"", 0});
    ap__put_bool(c, decoder, "lowers", false);
    ap__put_bool(c, decoder, "are_phonemes", true);
    ap__put(c, c->root, "decoder", decoder);
    static const char REFUSAL[] =
        "text becomes phonemes with the phonemizer package, which is not supported; only "
        "do_phonemize false is (tokenizer_config.json)";
    yyjson_mut_val *model = yyjson_mut_obj_get(c->root, "model");
    ap__put_bool(c, model, "keeps_strings", true);
    if (is_spoken) ap__put_text(c, model, "refusal", (ap__text){REFUSAL, sizeof REFUSAL - 1});
    return AP_OK;
}

/* -- Vits ---------------------------------------------------------------------------------------------- */

/* The words that normalize_text() leaves as they are, in the order in which it tries them. */
static ap_status put_words(slow_characters *s, yyjson_mut_val *normalizer) {
    ap__converter *c = s->c;
    yyjson_mut_val *words = yyjson_mut_arr(c->doc), *kept = yyjson_mut_arr(c->doc);
    yyjson_val *key, *value;
    size_t i, max;
    yyjson_obj_foreach(s->ids, i, max, key, value) {
        ap__text text = {yyjson_get_str(key), yyjson_get_len(key)};
        if (!text.len)
            return ap__converter_fail(c, AP_EFORMAT, "the empty token \"\", with which no text ends");
        ap__push(c, words, yyjson_mut_strncpy(c->doc, text.ptr, text.len));
        if (ap__utf8_count(text.ptr, text.len) == 1)
            ap__push(c, kept, yyjson_mut_strncpy(c->doc, text.ptr, text.len));
    }
    for (i = 0; i < c->slow_added.n; i++) {
        const ap__vocab_entry *entry = &c->slow_added.entries[i];
        ap__push(c, words, ap__new_text(c, (ap__text){c->slow_added.pool + entry->offset, entry->len}));
    }
    ap__put(c, normalizer, "words", words);
    ap__put(c, normalizer, "kept", kept);
    return AP_OK;
}

/* The blank has the name of id 0. */
static ap_status find_blank(slow_characters *s) {
    ap__converter *c = s->c;
    const ap__slow_token *first = s->parts.tokens;
    bool is_blank;
    ap_status status = ap__config_flag(c, "add_blank", true, &is_blank);
    if (status || !is_blank) return status;
    if (!s->parts.n_own || first->id)
        return ap__converter_fail(c, AP_EFORMAT,
                                  "expected a token with the id 0, which add_blank puts between");
    for (size_t i = 0; i < s->parts.n_own && !s->parts.tokens[i].id; i++) first = &s->parts.tokens[i];
    s->blank_id = ap__slow_id(c, first->text);
    return AP_OK;
}

static ap_status put_vits(slow_characters *s) {
    ap__converter *c = s->c;
    bool normalizes;
    ap_status status =
        refuse(c, "phonemize", true,
               "needs the phonemizer package and espeak, which are not supported; only false is");
    if (!status) status = refuse(c, "is_uroman", false, "needs the uroman package, which is not supported");
    if (!status) status = ap__config_flag(c, "normalize", true, &normalizes);
    if (!status) status = find_blank(s);
    if (status) return status;
    yyjson_mut_val *normalizer = ap__new_typed(c, "PythonLower");
    ap__put_bool(c, normalizer, "lowers", normalizes);
    ap__put_bool(c, normalizer, "filters", normalizes);
    ap__put_bool(c, normalizer, "is_romanian",
                 yyjson_equals_str(yyjson_obj_get(c->request->config, "language"), "ron"));
    ap__put(c, c->root, "normalizer", normalizer);
    return put_words(s, normalizer);
}

/* -- MyT5 ---------------------------------------------------------------------------------------------- */

static int hex_digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Of "61 c3" the characters of the numbers, in UTF-8. NULL when it is anything else. */
static yyjson_mut_val *new_bytes(ap__converter *c, ap__text text) {
    char out[2 * AP__REWRITE_MAX_BYTES];
    size_t len = 0;
    if (text.len % 3 != 2 || text.len > 3 * AP__REWRITE_MAX_BYTES) return NULL;
    for (size_t at = 0; at < text.len; at += 3) {
        int high = hex_digit(text.ptr[at]), low = hex_digit(text.ptr[at + 1]);
        if (high < 0 || low < 0 || (at + 2 < text.len && text.ptr[at + 2] != ' ')) return NULL;
        len += ap__utf8_encode(out + len, (uint32_t)(high * 16 + low));
    }
    return yyjson_mut_strncpy(c->doc, out, len);
}

/* A map of byte_maps.json, or the same the other way round. */
static ap_status put_rewrites(slow_characters *s, yyjson_mut_val *lists, const char *name, bool is_reversed) {
    ap__converter *c = s->c;
    yyjson_mut_val *list = yyjson_mut_arr(c->doc);
    yyjson_val *map = yyjson_obj_get(yyjson_doc_get_root(s->vocab_doc), name), *key, *value;
    size_t i, max;
    if (!yyjson_is_obj(map))
        return ap__converter_fail(c, AP_EFORMAT, "%s: expected an object, found %s", name,
                                  ap__json_kind(map));
    yyjson_obj_foreach(map, i, max, key, value) {
        yyjson_mut_val *both[] = {new_bytes(c, (ap__text){yyjson_get_str(key), yyjson_get_len(key)}),
                                  new_bytes(c, (ap__text){yyjson_get_str(value), yyjson_get_len(value)})};
        yyjson_mut_val *pair = yyjson_mut_arr(c->doc);
        if (!both[0] || !both[1])
            return ap__converter_fail(
                c, AP_EUNSUPPORTED,
                "%s: entry %zu: expected 1 to %d bytes in lower hexadecimal, with spaces "
                "between, on both sides",
                name, i, AP__REWRITE_MAX_BYTES);
        ap__push(c, pair, both[is_reversed]);
        ap__push(c, pair, both[!is_reversed]);
        ap__push(c, list, pair);
    }
    ap__push(c, lists, list);
    return AP_OK;
}

/* The text is decomposed, then merged; decoding takes both back. */
static ap_status put_myt5(slow_characters *s) {
    static const char *const MAPS[] = {"decompose_map", "merge_map"};
    ap__converter *c = s->c;
    yyjson_mut_val *there = yyjson_mut_arr(c->doc), *back = yyjson_mut_arr(c->doc);
    ap_status status = ap__slow_read_json(c, "byte_maps.json", &s->vocab_doc);
    for (int i = 0; i < 2 && !status; i++) {
        status = put_rewrites(s, there, MAPS[i], false);
        if (!status) status = put_rewrites(s, back, MAPS[1 - i], true);
    }
    if (status) return status;
    ap__put(c, yyjson_mut_obj_get(c->root, "model"), "rewrites", there);
    ap__put(c, yyjson_mut_obj_get(c->root, "decoder"), "rewrites", back);
    return AP_OK;
}

/* -- all of it ----------------------------------------------------------------------------------------- */

static ap_status make_slow(slow_characters *s) {
    ap__slow_base base = {.tokens = s->parts.tokens, .n = s->parts.n_own, .own = s->own, .n_own = s->n_own};
    base.is_named_by_id = s->shape->is_named_by_id;
    base.are_long_added = s->parts.are_long_added;
    base.has_characters = s->shape->source == AP__SLOW_CODES;
    ap_status status = ap__slow_create(s->c, &base);
    return status ? status : ap__slow_put_added(&s->parts);
}

static ap_status put_model(slow_characters *s) {
    ap__converter *c = s->c;
    yyjson_mut_val *model = ap__new_typed(c, "Characters");
    ap__put(c, model, "unit", yyjson_mut_str(c->doc, s->shape->unit));
    if (c->fallback != AP__TOKEN_NONE) ap__put(c, model, "unk_id", yyjson_mut_uint(c->doc, c->fallback));
    if (s->blank_id != AP__TOKEN_NONE) ap__put(c, model, "blank_id", yyjson_mut_uint(c->doc, s->blank_id));
    if (s->shape->has_unknown) ap__put_text(c, model, "unk_token", ap__special_text(c, AP__UNK_TOKEN));
    /* An id that is nowhere takes a place as well. */
    if (s->shape->source == AP__SLOW_VITS) ap__put_text(c, model, "unk_token", (ap__text){"", 0});
    ap__put_bool(c, model, "has_characters", s->shape->source == AP__SLOW_CODES || s->shape->are_bytes_first);
    ap__put(c, c->root, "model", model);
    return ap__slow_put_vocab(&s->parts, model);
}

static void put_decoder(slow_characters *s) {
    const char *joining = s->shape->joining               ? s->shape->joining
                          : s->blank_id == AP__TOKEN_NONE ? "characters"
                                                          : "spaced";
    ap__slow_put_joining(&s->parts, joining);
}

static ap_status put_processor(slow_characters *s) {
    ap__converter *c = s->c;
    if (s->shape->appends_eos) return ap__slow_put_eos(&s->parts);
    if (!s->shape->single) return AP_OK;
    return ap__put_template(c, s->shape->single, s->shape->pair, s->shape->specials);
}

static ap_status put_parts(slow_characters *s) {
    ap_status status = make_slow(s);
    if (!status && s->shape->source == AP__SLOW_VITS) status = put_vits(s);
    if (!status) status = put_model(s);
    if (status) return status;
    if (s->shape->source == AP__SLOW_CTC) return put_ctc(s);
    if (s->shape->source == AP__SLOW_PHONEMES) return put_phonemes(s);
    put_decoder(s);
    if (s->shape->has_rewrites) status = put_myt5(s);
    return status ? status : put_processor(s);
}

ap_status ap__convert_slow_characters(ap__converter *c) {
    slow_characters s = {.c = c, .shape = ap__recipe_find(c->request->class_name)->shape, .parts.c = c};
    s.blank_id = AP__TOKEN_NONE;
    s.parts.are_long_added = s.shape->source == AP__SLOW_CTC;
    ap_status status = AP_OK;
    if (s.shape->source == AP__SLOW_CTC)
        status = ap__config_flag(c, "do_lower_case", false, &s.is_lower_case);
    s.parts.is_cut_late = s.shape->source == AP__SLOW_VITS || s.is_lower_case;
    if (!status) status = read_vocab(&s);
    if (!status) status = put_parts(&s);
    yyjson_doc_free(s.vocab_doc);
    return status;
}
