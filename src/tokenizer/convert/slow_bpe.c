/* Classes that transformers runs in Python alone and that merge the characters of words: the model
 * `PythonBPE` does what their Python code does. Source: transformers@v4.55.4
 * models/ctrl/tokenization_ctrl.py, models/phobert/tokenization_phobert.py,
 * models/bertweet/tokenization_bertweet.py, models/luke/tokenization_luke.py,
 * models/deprecated/speech_to_text_2/tokenization_speech_to_text_2.py,
 * models/blenderbot_small/tokenization_blenderbot_small.py. */
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/convert/lines.h"
#include "tokenizer/convert/recipes.h"
#include "tokenizer/convert/slow_parts.h"
#include "tokenizer/python_text.h"

#include <string.h>

/* More merges than any model has. */
enum { MAX_MERGES = 1 << 24 };

typedef struct slow_bpe {
    ap__converter *c;
    const ap__slow_bpe_shape *shape;
    yyjson_doc *vocab_doc;
    ap__slow_parts parts;
    yyjson_mut_val *merges;
    bool decodes_only;
    bool lowers; /* Before added tokens are looked for. */
} slow_bpe;

static ap_status read_vocab(slow_bpe *s) {
    if (s->shape->dict.file) return ap__slow_read_dict(&s->parts, &s->shape->dict, 0);
    ap_status status = ap__slow_read_json(s->c, "vocab.json", &s->vocab_doc);
    return status ? status : ap__slow_read_ids(&s->parts, yyjson_doc_get_root(s->vocab_doc), 0);
}

/* -- merges -------------------------------------------------------------------------------------------- */

/* The two symbols of a line; false when it has more or fewer, and so is no merge that is ever found. */
static bool get_pair(const slow_bpe *s, ap__text line, ap__text pair[2]) {
    ap__text word;
    size_t n = 0;
    while (n < 4 && ap__py_next_word(&word, &line)) {
        if (n < 2) pair[n] = word;
        n++;
    }
    return n == (s->shape->has_counts ? 3 : 2) || (n > 2 && s->shape->has_long_lines);
}

static void push_merge(slow_bpe *s, const ap__text *pair) {
    ap__converter *c = s->c;
    yyjson_mut_val *item = yyjson_mut_arr(c->doc);
    for (int i = 0; i < 2; i++) ap__push(c, item, yyjson_mut_strncpy(c->doc, pair[i].ptr, pair[i].len));
    ap__push(c, s->merges, item);
}

/* A line counts when it has an end. Lines are ranks: of one that comes twice the last counts, as in the
 * model. */
static ap_status read_merges(slow_bpe *s, const char *file) {
    ap__converter *c = s->c;
    ap__text line, pair[2];
    bool is_ended;
    s->merges = yyjson_mut_arr(c->doc);
    s->decodes_only = s->shape->is_merge_file_optional && !ap__has_file(c->request->folder, file);
    if (s->decodes_only) return AP_OK;
    ap_status status = ap__converter_read(c, file);
    if (!status) status = ap__utf8_check(c->bytes.ptr, c->bytes.len, c->path.text, c->err);
    if (status) return status;
    ap__lines lines = {c->bytes.ptr, c->bytes.ptr + c->bytes.len, 0};
    while (ap__lines_next(&lines, &line, &is_ended)) {
        if (lines.number > MAX_MERGES)
            return ap__converter_fail(c, AP_ELIMIT, "more than %d lines", MAX_MERGES);
        bool is_merge = is_ended && !(s->shape->has_version_line && lines.number == 1);
        if (is_merge && get_pair(s, line, pair)) push_merge(s, pair);
    }
    return AP_OK;
}

/* -- all of it ----------------------------------------------------------------------------------------- */

/* What a byte that is no text is decoded to cannot be chosen. */
static ap_status check_config(const slow_bpe *s) {
    const ap__converter *c = s->c;
    yyjson_val *errors = yyjson_obj_get(c->request->config, "errors");
    if (s->shape->is_byte_level && errors && !yyjson_equals_str(errors, "replace"))
        return ap__fail(c->err, AP_EUNSUPPORTED,
                        "%s/tokenizer_config.json: errors: only \"replace\" is supported",
                        c->request->folder);
    return ap__slow_refuse_flags(c, s->shape->refused);
}

static ap_status put_model(slow_bpe *s) {
    ap__converter *c = s->c;
    yyjson_mut_val *model = ap__new_typed(c, "PythonBPE");
    bool has_ends = !s->shape->is_byte_level;
    if (c->fallback != AP__TOKEN_NONE) ap__put(c, model, "unk_id", yyjson_mut_uint(c->doc, c->fallback));
    if (has_ends) ap__put_text(c, model, "unk_token", ap__special_text(c, AP__UNK_TOKEN));
    ap__put(c, model, "suffix", yyjson_mut_str(c->doc, has_ends ? "</w>" : ""));
    ap__put(c, model, "joiner", yyjson_mut_str(c->doc, has_ends ? "@@" : ""));
    ap__put(c, model, "merges", s->merges);
    ap__put_bool(c, model, "decodes_only", s->decodes_only);
    ap__put(c, c->root, "model", model);
    return ap__slow_put_vocab(&s->parts, model);
}

/* Words are what "\\S+\\n?" finds, or what GPT-2's pattern does. To Python's own expressions the separators
 * of files and records are whitespace, to the regex package they are not. */
static void put_pre_tokenizer(slow_bpe *s) {
#define WORDS_OF(inner)                                                                                      \
    "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"" inner "\"},\"behavior\":\"Removed\",\"invert\":true}"
    static const char BYTES[] =
        "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":true}";
    static const char WORDS[] = WORDS_OF("[^\\\\s\\\\x1C-\\\\x1F]+\\\\n?"),
                      PLAIN_WORDS[] = WORDS_OF("[^\\\\s\\\\x1C-\\\\x1F]+"),
                      UNICODE_WORDS[] = WORDS_OF("\\\\S+\\\\n?");
    const char *json = s->shape->is_byte_level      ? BYTES
                       : s->shape->is_unicode_space ? UNICODE_WORDS
                       : s->shape->has_plain_words  ? PLAIN_WORDS
                                                    : WORDS;
    ap__put(s->c, s->c->root, "pre_tokenizer", ap__new_json(s->c, json));
}

/* Words are cut and lowered one by one, and a line end behind a word is one more; where it would follow a
 * space, it is lost. With spaces around what is cut, a text is lowered as its words are.
 * Source: models/blenderbot_small/tokenization_blenderbot_small.py bpe. */
static void put_blenderbot(slow_bpe *s) {
#define BEFORE(character)                                                                                    \
    "{\"type\":\"Replace\",\"pattern\":{\"String\":\"" character "\"},\"content\":\" " character "\"},"
    static const char JSON[] =
        "{\"type\":\"Sequence\",\"normalizers\":["
        "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"(?<=[^\\\\s'])\\\\n\"},\"content\":\" __newln__ "
        "\"}," BEFORE(".") BEFORE(",") BEFORE("!") BEFORE("?") BEFORE("(")
            BEFORE(")") "{\"type\":\"Replace\",\"pattern\":{\"String\":\"'\"},\"content\":\" ' \"},"
                        "{\"type\":\"PythonLower\",\"is_string\":true,\"lowers\":true,\"filters\":false,\"is_"
                        "romanian\":false,"
                        "\"words\":[],\"kept\":[]}]}";
    ap__put(s->c, s->c->root, "normalizer", ap__new_json(s->c, JSON));
#undef BEFORE
}

static ap_status put_parts(slow_bpe *s) {
    ap__converter *c = s->c;
    ap_status status = ap__slow_create(c, &(ap__slow_base){.tokens = s->parts.tokens, .n = s->parts.n_own});
    if (!status) status = ap__slow_put_added(&s->parts);
    if (!status) status = put_model(s);
    if (status) return status;
    if (s->lowers) ap__put(c, c->root, "normalizer", ap__slow_new_lower(&s->parts, true));
    if (s->shape->is_blenderbot) put_blenderbot(s);
    if (!s->decodes_only) put_pre_tokenizer(s); /* Else a text of whitespace fails, too. */
    ap__slow_put_joining(&s->parts, s->shape->is_byte_level ? "byte_level"
                                    : s->shape->keeps_ends  ? "pieces"
                                                            : "subwords");
    if (!s->shape->single) return AP_OK;
    return ap__put_template(c, s->shape->single, s->shape->pair, s->shape->specials);
}

ap_status ap__convert_slow_bpe(ap__converter *c) {
    const ap__recipe *recipe = ap__recipe_find(c->request->class_name);
    slow_bpe s = {.c = c, .shape = recipe->shape, .parts.c = c};
    ap_status status = check_config(&s);
    if (!status && s.shape->has_lower_case) status = ap__config_flag(c, "do_lower_case", false, &s.lowers);
    s.parts.is_cut_late = s.lowers;
    if (!status && s.shape->has_entities) status = ap__slow_check_entities(c);
    if (!status) status = read_vocab(&s);
    if (!status) status = read_merges(&s, recipe->files[1] ? recipe->files[1] : "merges.txt");
    if (!status) status = put_parts(&s);
    yyjson_doc_free(s.vocab_doc);
    return status;
}
