/* The files of a TAPAS tokenizer.
 * Source: transformers@v4.55.4 models/tapas/tokenization_tapas.py __init__, load_vocab; tokenization_utils.py
 * PreTrainedTokenizer.__init__, _add_tokens; tokenization_utils_base.py _from_pretrained. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/utf8.h"
#include "tokenizer/tapas/tapas_impl.h"

#include <string.h>

enum { ADDED_MAX = 1024, CONFIG_MAX_BYTES = 16 << 20 };

/* Special tokens in the order in which transformers adds them. */
typedef enum special { UNK, SEP, PAD, CLS, MASK, N_SPECIAL } special;

static const struct {
    const char *key, *otherwise;
} SPECIAL[N_SPECIAL] = {{"unk_token", "[UNK]"},
                        {"sep_token", "[SEP]"},
                        {"pad_token", "[PAD]"},
                        {"cls_token", "[CLS]"},
                        {"mask_token", "[MASK]"}};

typedef struct reader {
    ap__tapas *tapas;
    const char *name;
    yyjson_doc *config, *special, *added; /* NULL: there is no such file. */
    ap_error *err;
} reader;

static ap_status fail(reader *r, ap_status status, const char *file, const char *key, const char *why) {
    return ap__fail(r->err, status, "%s: %s: %s: %s", r->name, file, key, why);
}

/* -- vocab.txt ----------------------------------------------------------------------------------------- */

/* The next line as Python reads it: it ends with \n, \r\n or \r.   @return false at the end */
static bool next_line(ap__text *line, ap__text *rest) {
    size_t n = 0;
    if (!rest->len) return false;
    while (n < rest->len && rest->ptr[n] != '\n' && rest->ptr[n] != '\r') n++;
    *line = (ap__text){rest->ptr, n};
    if (n + 1 < rest->len && rest->ptr[n] == '\r' && rest->ptr[n + 1] == '\n') n++;
    if (n < rest->len) n++;
    *rest = (ap__text){rest->ptr + n, rest->len - n};
    return true;
}

static ap_status read_vocab(reader *r, const char *text, size_t len) {
    ap__tapas *tapas = r->tapas;
    ap__text rest = {text, len}, line;
    size_t n = 0;
    ap_status status = ap__utf8_check(text, len, "vocab.txt", r->err);
    if (status) return ap__error_wrap(r->err, status, "%s", r->name);
    while (next_line(&line, &rest)) n++;
    /* Room for the special tokens, too. */
    status = ap__vocab_create(&tapas->vocab, &tapas->arena, n + !n, len + !len, r->err);
    if (status) return ap__error_wrap(r->err, status, "%s: vocab.txt", r->name);
    rest = (ap__text){text, len};
    for (uint32_t id = 0; next_line(&line, &rest); id++) ap__vocab_add(&tapas->vocab, line.ptr, line.len, id);
    return ap__vocab_finish(&tapas->vocab, &tapas->arena, "vocab.txt", r->err);
}

/* -- members ------------------------------------------------------------------------------------------- */

static yyjson_val *member(yyjson_doc *doc, const char *key) {
    yyjson_val *value = yyjson_obj_get(yyjson_doc_get_root(doc), key);
    return yyjson_is_null(value) ? NULL : value;
}

static ap_status get_bool(reader *r, bool *out, const char *key) {
    yyjson_val *value = member(r->config, key);
    if (value && !yyjson_is_bool(value))
        return fail(r, AP_EFORMAT, "tokenizer_config.json", key, "expected true or false");
    if (value) *out = yyjson_get_bool(value);
    return AP_OK;
}

/* A length: null and what is larger than any length are no limit. */
static ap_status get_length(reader *r, size_t *out, const char *key) {
    yyjson_val *value = member(r->config, key);
    if (!value) return AP_OK;
    if (!yyjson_is_num(value) || yyjson_get_num(value) < 0)
        return fail(r, AP_EFORMAT, "tokenizer_config.json", key, "expected a length");
    *out = yyjson_get_num(value) >= 1e18 ? SIZE_MAX : (size_t)yyjson_get_num(value);
    return AP_OK;
}

/* The text of a token, which is a string or an object with "content". */
static yyjson_val *content_of(yyjson_val *token) {
    yyjson_val *content = yyjson_is_obj(token) ? yyjson_obj_get(token, "content") : token;
    return yyjson_is_str(content) ? content : NULL;
}

static bool is_true(yyjson_val *token, const char *key) {
    return yyjson_get_bool(yyjson_obj_get(token, key));
}

/* -- added tokens -------------------------------------------------------------------------------------- */

static ap__tapas_added *find_added(const ap__tapas *tapas, const char *text, size_t len) {
    for (size_t i = 0; i < tapas->n_added; i++) {
        ap__tapas_added *added = &tapas->added[i];
        if (added->text.len == len && memcmp(added->text.ptr, text, len) == 0) return added;
    }
    return NULL;
}

/* A token that is not in the vocabulary gets the next id. */
static uint32_t next_id(const ap__tapas *tapas, const char *text, size_t len) {
    uint32_t id = ap__vocab_find(&tapas->vocab, text, len);
    if (id != AP__TOKEN_NONE) return id;
    size_t n = tapas->vocab.n;
    for (size_t i = 0; i < tapas->n_added; i++)
        n += ap__vocab_find(&tapas->vocab, tapas->added[i].text.ptr, tapas->added[i].text.len) ==
             AP__TOKEN_NONE;
    return (uint32_t)n;
}

/* Keeps copies of a text in the arena. */
static ap_status copy_text(reader *r, ap__tapas_added *added, const char *text, size_t len) {
    ap__codes codes = {0};
    added->text = (ap__text){ap__arena_strndup(&r->tapas->arena, text, len), len};
    if (!added->text.ptr) return ap__fail_nomem(r->err);
    ap_status status = ap__codes_of_text(&codes, added->text, r->err);
    uint32_t *kept = ap__arena_calloc(&r->tapas->arena, codes.n + 1, sizeof *kept);
    if (!status && !kept) status = ap__fail_nomem(r->err);
    if (!status && codes.n) memcpy(kept, codes.ptr, codes.n * sizeof *kept);
    added->codes = kept;
    added->n = codes.n;
    ap__codes_clear(&codes);
    return status;
}

static ap_status add_token(reader *r, ap__tapas_added **out, const char *text, size_t len, uint32_t id) {
    ap__tapas *tapas = r->tapas;
    *out = find_added(tapas, text, len);
    if (*out) return AP_OK;
    if (tapas->n_added == ADDED_MAX)
        return ap__fail(r->err, AP_ELIMIT, "%s: more than %d added tokens", r->name, ADDED_MAX);
    ap__tapas_added added = {.id = id};
    ap_status status = copy_text(r, &added, text, len);
    if (status) return status;
    tapas->added[tapas->n_added] = added;
    *out = &tapas->added[tapas->n_added++];
    return AP_OK;
}

static ap_status read_decoder_entry(reader *r, yyjson_val *key, yyjson_val *value) {
    ap__tapas_added *added;
    yyjson_val *content = content_of(value);
    const char *id = yyjson_get_str(key);
    uint64_t number = 0;
    bool is_number = *id != '\0';
    for (; *id && is_number; id++) {
        is_number = *id >= '0' && *id <= '9' && number < UINT32_MAX / 16;
        number = number * 10 + (uint64_t)(*id - '0');
    }
    if (!is_number || !content)
        return fail(r, AP_EFORMAT, "tokenizer_config.json", "added_tokens_decoder",
                    "expected ids and tokens");
    if (is_true(value, "single_word"))
        return fail(r, AP_EUNSUPPORTED, "tokenizer_config.json", "added_tokens_decoder",
                    "single_word is not supported in TAPAS tokenizers");
    ap_status status =
        add_token(r, &added, yyjson_get_str(content), yyjson_get_len(content), (uint32_t)number);
    if (status) return status;
    added->lstrip = is_true(value, "lstrip");
    added->rstrip = is_true(value, "rstrip");
    added->keeps_case = !is_true(value, "special") && is_true(value, "normalized");
    return AP_OK;
}

/* added_tokens_decoder, or what old folders have in its place. */
static ap_status read_added(reader *r) {
    yyjson_val *decoder = member(r->config, "added_tokens_decoder"), *old = yyjson_doc_get_root(r->added);
    yyjson_val *key, *value;
    size_t i, max;
    ap_status status = AP_OK;
    if (decoder && !yyjson_is_obj(decoder))
        return fail(r, AP_EFORMAT, "tokenizer_config.json", "added_tokens_decoder", "expected an object");
    if (decoder) {
        yyjson_obj_foreach(decoder, i, max, key, value) {
            if (!status) status = read_decoder_entry(r, key, value);
        }
        return status;
    }
    if (!old) return AP_OK;
    yyjson_obj_foreach(old, i, max, key, value) {
        ap__tapas_added *added;
        if (status) return status;
        if (!yyjson_is_uint(value) || yyjson_get_uint(value) >= UINT32_MAX)
            return fail(r, AP_EFORMAT, "added_tokens.json", yyjson_get_str(key), "expected an id");
        status =
            add_token(r, &added, yyjson_get_str(key), yyjson_get_len(key), (uint32_t)yyjson_get_uint(value));
        if (!status) added->keeps_case = true;
    }
    return status;
}

/* -- special tokens ------------------------------------------------------------------------------------ */

static ap_status add_special(reader *r, ap__tapas_added **out, const char *text, size_t len) {
    ap_status status = add_token(r, out, text, len, next_id(r->tapas, text, len));
    if (!status) (*out)->is_special = (*out)->keeps_case = true;
    return status;
}

/* Where a special token is said to be: in old folders, special_tokens_map.json comes first. */
static yyjson_val *find_special(const reader *r, const char *key) {
    bool is_old = !member(r->config, "added_tokens_decoder");
    yyjson_val *value = is_old ? member(r->special, key) : NULL;
    return value ? value : member(r->config, key);
}

static ap_status read_special(reader *r, const char **texts, uint32_t *ids) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < N_SPECIAL && !status; i++) {
        ap__tapas_added *added = NULL;
        yyjson_val *given = find_special(r, SPECIAL[i].key), *content = content_of(given);
        if (given && !content)
            return fail(r, AP_EFORMAT, "special tokens", SPECIAL[i].key, "expected a token");
        const char *text = content ? yyjson_get_str(content) : SPECIAL[i].otherwise;
        status = add_special(r, &added, text, content ? yyjson_get_len(content) : strlen(text));
        if (status) return status;
        texts[i] = added->text.ptr;
        ids[i] = added->id;
    }
    return status;
}

/* The first of the additional tokens stands for empty cells; the tokenizer puts its own behind them. */
static ap_status read_additional(reader *r) {
    ap__tapas_added *added = NULL;
    yyjson_val *list = find_special(r, "additional_special_tokens"), *item,
               *empty = content_of(member(r->config, "empty_token"));
    size_t i, max, n = 0;
    ap_status status = AP_OK;
    yyjson_arr_foreach(list, i, max, item) {
        yyjson_val *content = content_of(item);
        if (!content)
            return fail(r, AP_EFORMAT, "special tokens", "additional_special_tokens", "expected tokens");
        status = add_special(r, &added, yyjson_get_str(content), yyjson_get_len(content));
        if (status) return status;
        if (n++ == 0) r->tapas->empty_id = added->id;
    }
    const char *text = empty ? yyjson_get_str(empty) : "[EMPTY]";
    status = add_special(r, &added, text, empty ? yyjson_get_len(empty) : strlen(text));
    if (!status && !n) r->tapas->empty_id = added->id;
    return status;
}

/* -- settings ------------------------------------------------------------------------------------------ */

static ap_status read_side(reader *r, ap__side *out, const char *key) {
    yyjson_val *value = member(r->config, key);
    *out = AP__SIDE_RIGHT;
    if (!value || yyjson_equals_str(value, "right")) return AP_OK;
    *out = AP__SIDE_LEFT;
    if (yyjson_equals_str(value, "left")) return AP_OK;
    return fail(r, AP_EFORMAT, "tokenizer_config.json", key, "expected \"left\" or \"right\"");
}

static ap_status read_flags(reader *r) {
    ap__tapas *t = r->tapas;
    bool strip_accents = true;
    t->do_lower_case = t->do_basic_tokenize = t->tokenize_chinese_chars = true;
    ap_status status = get_bool(r, &t->do_lower_case, "do_lower_case");
    if (!status) status = get_bool(r, &t->do_basic_tokenize, "do_basic_tokenize");
    if (!status) status = get_bool(r, &t->tokenize_chinese_chars, "tokenize_chinese_chars");
    if (!status) status = get_bool(r, &t->strip_column_names, "strip_column_names");
    strip_accents = t->do_lower_case;
    if (!status) status = get_bool(r, &strip_accents, "strip_accents");
    t->strips_accents = strip_accents;
    if (!status && yyjson_get_len(member(r->config, "never_split")))
        status = fail(r, AP_EUNSUPPORTED, "tokenizer_config.json", "never_split",
                      "is not supported in TAPAS tokenizers");
    return status;
}

static ap_status read_limits(reader *r) {
    ap__tapas *t = r->tapas;
    yyjson_val *trim = member(r->config, "cell_trim_length");
    t->config.model_max_length = 512;
    t->max_question_length = SIZE_MAX;
    ap_status status = get_length(r, &t->config.model_max_length, "model_max_length");
    t->max_column_id = t->max_row_id = t->config.model_max_length;
    if (!status) status = get_length(r, &t->max_column_id, "max_column_id");
    if (!status) status = get_length(r, &t->max_row_id, "max_row_id");
    if (!status) status = get_length(r, &t->min_question_length, "min_question_length");
    if (!status) status = get_length(r, &t->max_question_length, "max_question_length");
    if (!status && trim && !yyjson_is_int(trim))
        status = fail(r, AP_EFORMAT, "tokenizer_config.json", "cell_trim_length", "expected a whole number");
    t->cell_trim_length = trim ? yyjson_get_sint(trim) : -1;
    if (!status) status = read_side(r, &t->config.padding_side, "padding_side");
    return status ? status : read_side(r, &t->config.truncation_side, "truncation_side");
}

static ap_status set_config(reader *r) {
    ap__tokenizer_config *config = &r->tapas->config;
    const char *texts[N_SPECIAL];
    uint32_t ids[N_SPECIAL];
    ap_status status = read_special(r, texts, ids);
    if (!status) status = read_additional(r);
    if (status) return status;
    config->tokenizer_class = "TapasTokenizer";
    config->bos_token_id = config->eos_token_id = AP__TOKEN_NONE;
    config->unk_token_id = ids[UNK], config->unk_token = texts[UNK];
    config->sep_token_id = ids[SEP], config->sep_token = texts[SEP];
    config->pad_token_id = ids[PAD], config->pad_token = texts[PAD];
    config->cls_token_id = ids[CLS], config->cls_token = texts[CLS];
    config->mask_token_id = ids[MASK], config->mask_token = texts[MASK];
    config->clean_up_tokenization_spaces = true;
    config->has_token_type_ids = config->has_attention_mask = true;
    return AP_OK;
}

/* -- files --------------------------------------------------------------------------------------------- */

static ap_status parse(yyjson_doc **out, const char *text, const char *what, ap_error *err) {
    ap_status status = text ? ap__json_parse(out, text, strlen(text), what, err) : AP_OK;
    if (status || !text || yyjson_is_obj(yyjson_doc_get_root(*out))) return status;
    return ap__fail(err, AP_EFORMAT, "%s: expected an object", what);
}

static ap_status read_all(reader *r, const ap__tapas_files *files) {
    ap__tapas *tapas = r->tapas;
    tapas->added = ap__arena_calloc(&tapas->arena, ADDED_MAX, sizeof *tapas->added);
    if (!tapas->added) return ap__fail_nomem(r->err);
    ap_status status = parse(&r->config, files->config, "tokenizer_config.json", r->err);
    if (!status) status = parse(&r->special, files->special_tokens, "special_tokens_map.json", r->err);
    if (!status) status = parse(&r->added, files->added_tokens, "added_tokens.json", r->err);
    if (status) return ap__error_wrap(r->err, status, "%s", r->name);
    status = read_vocab(r, files->vocab, files->vocab_len);
    if (!status) status = read_flags(r);
    if (!status) status = read_limits(r);
    if (!status) status = read_added(r);
    return status ? status : set_config(r);
}

ap_status ap__tapas_create(ap__tapas **out, const ap__tapas_files *files, ap_error *err) {
    *out = NULL;
    ap__tapas *tapas = ap__calloc(1, sizeof *tapas);
    if (!tapas) return ap__fail_nomem(err);
    reader r = {.tapas = tapas, .name = files->name, .err = err};
    ap_status status = read_all(&r, files);
    yyjson_doc_free(r.config);
    yyjson_doc_free(r.special);
    yyjson_doc_free(r.added);
    if (status)
        ap__tapas_destroy(tapas);
    else
        *out = tapas;
    return status;
}

void ap__tapas_destroy(ap__tapas *tapas) {
    if (!tapas) return;
    ap__arena_clear(&tapas->arena);
    ap__free(tapas);
}

const ap__tokenizer_config *ap__tapas_get_config(const ap__tapas *tapas) { return &tapas->config; }

/* Reads a file of the folder, if it is there. */
static ap_status read_file(ap__bytes *out, const char *folder, const char *name, size_t max_bytes,
                           ap_error *err) {
    ap__path path;
    ap_status status = ap__path_join(&path, folder, name, err);
    if (status || !ap__path_is_file(path.text)) return status;
    return ap__file_read(out, path.text, max_bytes, err);
}

ap_status ap__tapas_load(ap__tapas **out, const char *folder, ap_error *err) {
    static const char *const names[] = {"vocab.txt", "tokenizer_config.json", "special_tokens_map.json",
                                        "added_tokens.json"};
    ap__bytes bytes[4] = {0};
    ap_status status = AP_OK;
    *out = NULL;
    for (size_t i = 0; i < 4 && !status; i++)
        status =
            read_file(&bytes[i], folder, names[i], i ? CONFIG_MAX_BYTES : AP__TAPAS_VOCAB_MAX_BYTES, err);
    if (!status && !bytes[0].ptr)
        status = ap__fail(
            err, AP_ENOTFOUND,
            "tokenizer %s: no vocab.txt, which the tokenizer of TAPAS is made from; models of other kinds, "
            "which write their answers, are not supported for tables",
            folder);
    if (!status) {
        ap__tapas_files files = {bytes[0].ptr, bytes[0].len, bytes[1].ptr,
                                 bytes[2].ptr, bytes[3].ptr, folder};
        status = ap__tapas_create(out, &files, err);
    }
    for (size_t i = 0; i < 4; i++) ap__bytes_clear(&bytes[i]);
    return status;
}
