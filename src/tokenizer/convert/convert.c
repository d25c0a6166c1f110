/* Choosing what a folder is converted from, and running the converter. */
#include "tokenizer/convert/convert.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "tokenizer/convert/converter.h"
#include "tokenizer/convert/recipes.h"
#include "tokenizer/tokenizer_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const ap__recipe RECIPES[] = {
#define BERT_VOCAB(name, ...)                                                                                \
    {name, {"vocab.txt"}, ap__convert_bert_vocab, &(const ap__bert_shape){__VA_ARGS__}, false},
#define BPE_FILES(name, ...)                                                                                 \
    {name, {"vocab.json", "merges.txt"}, ap__convert_bpe_files, &(const ap__bpe_shape){__VA_ARGS__}, false},
#define SENTENCEPIECE(name, file, vocab, normalizer, pre_tokenizer, ...)                                     \
    {name,                                                                                                   \
     {file},                                                                                                 \
     ap__convert_sentencepiece,                                                                              \
     &(const ap__spm_shape){AP__SPM_##vocab, AP__SPM_NORMALIZER_##normalizer, AP__SPM_##pre_tokenizer,       \
                            __VA_ARGS__},                                                                    \
     false},
#define SLOW_SENTENCEPIECE(name, file, target, ...)                                                          \
    {name,                                                                                                   \
     {file, "vocab.json", target},                                                                           \
     ap__convert_slow_sentencepiece,                                                                         \
     &(const ap__slow_spm_shape){__VA_ARGS__},                                                               \
     true},
#define SLOW_PIECES(name, file, ...)                                                                         \
    {name,                                                                                                   \
     {file},                                                                                                 \
     ap__convert_slow_sentencepiece,                                                                         \
     &(const ap__slow_spm_shape){.has_own_ids = true, __VA_ARGS__},                                          \
     true},
#define SLOW_RESERVED(name, file, other, ...)                                                                \
    {name, {file, other}, ap__convert_slow_sentencepiece, &(const ap__slow_spm_shape){__VA_ARGS__}, true},
#define SLOW_BPE(name, vocab, merges, other, ...)                                                            \
    {name, {vocab, merges, other}, ap__convert_slow_bpe, &(const ap__slow_bpe_shape){__VA_ARGS__}, true},
#define SLOW_CHARACTERS(name, file, ...)                                                                     \
    {name, {file}, ap__convert_slow_characters, &(const ap__slow_characters_shape){__VA_ARGS__}, true},
#include "tokenizer/convert/recipes.def"
};

/* Why a class has no recipe. */
static const struct {
    const char *class_name, *why;
} REFUSED[] = {
#define REFUSED_CLASS(name, why) {name, why},
#include "tokenizer/convert/refused.def"
};

/* Every file that some converter reads, for what a message says is there. */
static const char *const KNOWN_FILES[] = {"vocab.txt",           "vocab.json",     "merges.txt",
                                          "tokenizer.model",     "spiece.model",   "sentencepiece.bpe.model",
                                          "sentencepiece.model", "spm.model",      "source.spm",
                                          "target.spm",          "spm_char.model", "tekken.json",
                                          "bpe.codes",           "dict.txt",       "prophetnet.tokenizer",
                                          "entity_vocab.json",   "byte_maps.json"};

/* Whether `name`, with or without "Fast", is the class of a row. */
static bool is_class(const char *row, const char *name) {
    size_t len = strlen(row);
    return !strncmp(row, name, len) && (!name[len] || !strcmp(name + len, "Fast"));
}

const ap__recipe *ap__recipe_find(const char *class_name) {
    for (size_t i = 0; i < sizeof RECIPES / sizeof *RECIPES; i++)
        if (is_class(RECIPES[i].class_name, class_name)) return &RECIPES[i];
    return NULL;
}

/* ": why" of a class that is refused; "" when nothing is known. */
static const char *why_refused(char *out, size_t size, const char *class_name) {
    out[0] = '\0';
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++)
        if (is_class(REFUSED[i].class_name, class_name)) snprintf(out, size, ": %s", REFUSED[i].why);
    return out;
}

bool ap__convert_is_slow(const char *class_name) {
    const ap__recipe *recipe = ap__recipe_find(class_name);
    return recipe && recipe->is_slow;
}

ap_status ap__converter_fail(ap__converter *c, ap_status status, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    ap__failv(c->err, status, fmt, args);
    va_end(args);
    return ap__error_wrap(c->err, status, "%s", c->path.text);
}

ap_status ap__converter_read(ap__converter *c, const char *name) {
    ap__bytes_clear(&c->bytes);
    ap_status status = ap__path_join(&c->path, c->request->folder, name, c->err);
    return status ? status : ap__file_read(&c->bytes, c->path.text, AP__CONVERT_MAX_BYTES, c->err);
}

/* -- choosing ------------------------------------------------------------------------------------------ */

bool ap__has_file(const char *folder, const char *name) {
    ap__path path;
    return name && !ap__path_join(&path, folder, name, NULL) && ap__path_is_file(path.text);
}

/* "tokenizer.json, vocab.txt" of the names that are (not) there. */
static const char *list_files(char *out, size_t size, const char *folder, const char *const *names,
                              size_t n) {
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n && len < size; i++)
        if (ap__has_file(folder, names[i]))
            len += (size_t)snprintf(out + len, size - len, "%s%s", len ? ", " : "", names[i]);
    return out[0] ? out : "none";
}

static ap_status fail_missing(const char *folder, const char *class_name, const ap__recipe *recipe,
                              ap_error *err) {
    char list[192];
    const char *found =
        list_files(list, sizeof list, folder, KNOWN_FILES, sizeof KNOWN_FILES / sizeof *KNOWN_FILES);
    char needed[128] = "";
    for (size_t i = 0, len = 0; recipe && i < AP__RECIPE_FILES && recipe->files[i] && len < sizeof needed;
         i++)
        len +=
            (size_t)snprintf(needed + len, sizeof needed - len, "%s%s", i ? " with " : "", recipe->files[i]);
    if (!class_name[0])
        return ap__fail(
            err, AP_ENOTFOUND,
            "%s/tokenizer.json: not found; it can be made of other files when tokenizer_config.json or "
            "config.json names a tokenizer_class or a known model_type (found: %s)",
            folder, found);
    char why[128];
    if (!recipe)
        return ap__fail(
            err, AP_ENOTFOUND,
            "%s/tokenizer.json: not found, and a %.60s cannot be made of other files%s (found: %s)", folder,
            class_name, why_refused(why, sizeof why, class_name), found);
    return ap__fail(err, AP_ENOTFOUND,
                    "%s/tokenizer.json: not found, nor %s, which a %.60s can be made of (found: %s)", folder,
                    needed, class_name, found);
}

/* Whether tokenizer.model is a file of ranks rather than a SentencePiece model. */
static ap_status has_ranks(bool *out, const char *folder, ap_error *err) {
    ap__path path;
    ap__bytes bytes = {0};
    *out = false;
    if (!ap__has_file(folder, "tokenizer.model")) return AP_OK;
    ap_status status = ap__path_join(&path, folder, "tokenizer.model", err);
    if (!status) status = ap__file_read(&bytes, path.text, AP__CONVERT_MAX_BYTES, err);
    *out = !status && ap__is_tiktoken(bytes.ptr, bytes.len);
    ap__bytes_clear(&bytes);
    return status;
}

static bool has_encoding(const char *folder) {
    for (size_t i = 0; ap__tiktoken_file(i); i++)
        if (ap__has_file(folder, ap__tiktoken_file(i))) return true;
    return false;
}

bool ap__convert_is_complete(const char *folder, const char *class_name) {
    const ap__recipe *recipe = ap__recipe_find(class_name);
    for (size_t i = 0; recipe && i < AP__RECIPE_FILES && recipe->files[i]; i++)
        if (!ap__has_file(folder, recipe->files[i])) return false;
    return recipe != NULL;
}

ap_status ap__convert_choose(ap__convert_format *out, const char *folder, const char *class_name,
                             ap_error *err) {
    const ap__recipe *recipe = ap__recipe_find(class_name);
    bool is_generic = !strncmp(class_name, "PreTrainedTokenizer", strlen("PreTrainedTokenizer"));
    bool is_complete = ap__convert_is_complete(folder, class_name), is_ranks = false;
    *out = AP__CONVERT_NOTHING;
    if (is_generic || (is_complete && recipe->files[0] && !strcmp(recipe->files[0], "tokenizer.model"))) {
        ap_status status = has_ranks(&is_ranks, folder, err);
        if (status) return status;
    }
    if (is_ranks)
        *out = AP__CONVERT_TIKTOKEN;
    else if (is_complete)
        *out = AP__CONVERT_CLASS;
    else if (ap__has_file(folder, "tekken.json"))
        *out = AP__CONVERT_TEKKEN;
    else if (has_encoding(folder))
        *out = AP__CONVERT_ENCODING;
    else
        return fail_missing(folder, class_name, recipe, err);
    return AP_OK;
}

/* -- running ------------------------------------------------------------------------------------------- */

static ap_status run(ap__converter *c, ap__convert_format format, yyjson_doc **out) {
    static ap__convert_fn *const FORMATS[] = {[AP__CONVERT_TIKTOKEN] = ap__convert_tiktoken,
                                              [AP__CONVERT_TEKKEN] = ap__convert_tekken,
                                              [AP__CONVERT_ENCODING] = ap__convert_encoding};
    c->doc = yyjson_mut_doc_new(ap__json_alc());
    c->root = yyjson_mut_obj(c->doc);
    if (!c->root) return ap__fail_nomem(c->err);
    yyjson_mut_doc_set_root(c->doc, c->root);
    ap__put_text(c, c->root, "version", (ap__text){"1.0", 3});
    ap_status status = format == AP__CONVERT_CLASS ? ap__recipe_find(c->request->class_name)->convert(c)
                                                   : FORMATS[format](c);
    if (status) return status;
    *out = c->is_out_of_memory ? NULL : yyjson_mut_doc_imut_copy(c->doc, ap__json_alc());
    return *out ? AP_OK : ap__fail_nomem(c->err);
}

ap_status ap__convert_folder(yyjson_doc **out, ap__path *name, ap__convert_format format,
                             const ap__convert_request *request, ap_error *err) {
    *out = NULL;
    ap__converter *c = ap__calloc(1, sizeof *c); /* The path is too much for a small stack. */
    if (!c) return ap__fail_nomem(err);
    c->request = request;
    c->err = err;
    ap_status status = run(c, format, out);
    *name = c->path;
    yyjson_mut_doc_free(c->doc);
    ap__bytes_clear(&c->bytes);
    ap__arena_clear(&c->arena);
    ap__free(c);
    return status;
}
