/* Words and boxes.
 * Source: transformers@v4.55.4 pipelines/document_question_answering.py apply_tesseract, normalize_box;
 * pytesseract@v0.3.13 pytesseract.py image_to_data, run_tesseract. */
#include "tasks/document_words.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/program.h"
#include "base/utf8.h"
#include "tokenizer/python_text.h"

#include <string.h>

enum { TSV_COLUMNS = 12, ARGUMENTS_MAX = 32 };

/* Most that tesseract may print. */
#define TSV_MAX_BYTES ((size_t)64 << 20)

static ap_status allocate(ap__document_words *out, size_t n, ap_error *err) {
    if (n > AP__DOCUMENT_WORDS_MAX)
        return ap__fail(err, AP_ELIMIT, "the document has more than %zu words", AP__DOCUMENT_WORDS_MAX);
    out->texts = ap__arena_calloc(&out->arena, n + 1, sizeof *out->texts);
    out->boxes = ap__arena_calloc(&out->arena, n + 1, sizeof *out->boxes);
    return out->texts && out->boxes ? AP_OK : ap__fail_nomem(err);
}

void ap__document_words_clear(ap__document_words *words) {
    ap__arena_clear(&words->arena);
    *words = (ap__document_words){0};
}

/* -- given --------------------------------------------------------------------------------------------- */

static ap_status read_box(int64_t *box, const ap_value *value, size_t i_word, ap_error *err) {
    bool is_box = ap_value_kind(value) == AP_KIND_LIST && ap_value_len(value) == 4;
    for (size_t i = 0; is_box && i < 4; i++) {
        const ap_value *edge = ap_value_list_get(value, i);
        is_box = ap_value_kind(edge) == AP_KIND_INT;
        box[i] = ap_value_get_int(edge);
    }
    if (is_box) return AP_OK;
    return ap__fail(err, AP_ETYPE,
                    "word_boxes: word %zu: its box has to be four whole numbers: left, top, right, bottom",
                    i_word);
}

ap_status ap__document_words_read(ap__document_words *out, const ap_value *word_boxes, ap_error *err) {
    *out = (ap__document_words){0};
    if (ap_value_kind(word_boxes) != AP_KIND_LIST)
        return ap__fail(err, AP_ETYPE, "word_boxes: expected a list of words and boxes, found %s",
                        ap_kind_name(ap_value_kind(word_boxes)));
    ap_status status = allocate(out, ap_value_len(word_boxes), err);
    for (; !status && out->n < ap_value_len(word_boxes); out->n++) {
        const ap_value *pair = ap_value_list_get(word_boxes, out->n);
        ap__text *text = &out->texts[out->n];
        text->ptr = ap_value_get_string(ap_value_list_get(pair, 0), &text->len);
        if (!text->ptr || ap_value_len(pair) < 2)
            return ap__fail(err, AP_ETYPE, "word_boxes: item %zu: expected a pair of a word and a box",
                            out->n);
        status = read_box(out->boxes[out->n], ap_value_list_get(pair, 1), out->n, err);
    }
    return status;
}

/* -- read by tesseract --------------------------------------------------------------------------------- */

/* A line of the table, cut at tabs; the last column is the text. */
typedef struct tsv_row {
    int64_t level, box[4]; /* Left, top, width, height in pixels. */
    ap__text text;
} tsv_row;

static bool next_part(ap__text *part, ap__text *rest, char end) {
    if (!rest->len) return false;
    const char *at = memchr(rest->ptr, end, rest->len);
    part->ptr = rest->ptr;
    part->len = at ? (size_t)(at - rest->ptr) : rest->len;
    size_t taken = part->len + (at != NULL);
    *rest = (ap__text){rest->ptr + taken, rest->len - taken};
    return true;
}

static bool read_int(int64_t *out, ap__text text) {
    bool is_negative = text.len && *text.ptr == '-';
    *out = 0;
    for (size_t i = is_negative; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || *out > 1000000000) return false;
        *out = *out * 10 + (text.ptr[i] - '0');
    }
    if (is_negative) *out = -*out;
    return text.len > (size_t)is_negative;
}

static bool read_row(tsv_row *out, ap__text line) {
    ap__text part;
    bool is_row = true;
    *out = (tsv_row){0};
    for (size_t i = 0; i < TSV_COLUMNS - 1 && is_row; i++) {
        is_row = next_part(&part, &line, '\t');
        if (is_row && i == 0) is_row = read_int(&out->level, part);
        if (is_row && i >= 6 && i < 10) is_row = read_int(&out->box[i - 6], part);
    }
    out->text = line;
    return is_row;
}

/* The box as thousandths of the page. */
static void scale_box(int64_t *to, const int64_t *box, const int64_t *page) {
    const int64_t edges[4] = {box[0], box[1], box[0] + box[2], box[1] + box[3]};
    for (size_t i = 0; i < 4; i++) to[i] = (int64_t)(1000 * ((double)edges[i] / (double)page[2 + i % 2]));
}

static ap_status add_row(ap__document_words *out, const tsv_row *row, const int64_t *page, ap_error *err) {
    if (page[2] <= 0 || page[3] <= 0)
        return ap__fail(err, AP_EFORMAT, "tesseract: a word stands before its page");
    char *copy = ap__arena_strndup(&out->arena, row->text.ptr, row->text.len);
    if (!copy) return ap__fail_nomem(err);
    out->texts[out->n] = (ap__text){copy, row->text.len};
    scale_box(out->boxes[out->n++], row->box, page);
    return AP_OK;
}

static size_t count_lines(const char *text, size_t len) {
    size_t n = 1;
    for (size_t i = 0; i < len; i++) n += text[i] == '\n';
    return n;
}

ap_status ap__document_words_from_tsv(ap__document_words *out, const char *tsv, size_t len, ap_error *err) {
    ap__text rest = {tsv, len}, line;
    int64_t page[4] = {0};
    *out = (ap__document_words){0};
    ap_status status = ap__utf8_check(tsv, len, "what tesseract prints", err);
    if (!status) status = allocate(out, count_lines(tsv, len), err);
    (void)(!status && next_part(&line, &rest, '\n')); /* The names of the columns. */
    for (size_t i = 1; !status && next_part(&line, &rest, '\n'); i++) {
        tsv_row row;
        if (line.len && line.ptr[line.len - 1] == '\r') line.len--;
        if (!line.len) continue;
        if (!read_row(&row, line))
            return ap__fail(err, AP_EFORMAT,
                            "tesseract: line %zu: expected twelve columns with numbers in front", i + 1);
        if (row.level == 1) memcpy(page, row.box, sizeof page);
        if (ap__py_strip(row.text).len) status = add_row(out, &row, page, err);
    }
    return status;
}

/* -- running it ---------------------------------------------------------------------------------------- */

/* Its command line while it is put together. */
typedef struct command {
    const char *argv[ARGUMENTS_MAX];
    size_t n;
    ap__arena arena;
    ap_error *err;
} command;

static ap_status add_argument(command *c, const char *text, size_t len) {
    if (c->n + 1 == ARGUMENTS_MAX)
        return ap__fail(c->err, AP_ELIMIT, "tesseract_config has too many options");
    char *copy = ap__arena_strndup(&c->arena, text, len);
    if (!copy) return ap__fail_nomem(c->err);
    c->argv[c->n++] = copy;
    return AP_OK;
}

static bool has_only(ap__text text, const char *allowed) {
    for (size_t i = 0; i < text.len; i++)
        if (!text.ptr[i] || !strchr(allowed, text.ptr[i])) return false;
    return text.len > 0;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool is_text(ap__text text, const char *other) {
    return text.len == strlen(other) && memcmp(text.ptr, other, text.len) == 0;
}

/* NAME=VALUE of a setting about characters or pages: others name files, which are not the caller's to write.
 */
static bool is_setting(ap__text text) {
    static const char *const allowed[] = {
        "tessedit_char_",    "tessedit_pageseg_mode=", "preserve_interword_spaces=",
        "user_defined_dpi=", "load_system_dawg=",      "load_freq_dawg="};
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if (text.len > strlen(allowed[i]) && strncmp(text.ptr, allowed[i], strlen(allowed[i])) == 0)
            return memchr(text.ptr, '=', text.len) != NULL;
    return false;
}

static ap_status add_config(command *c, const char *config) {
    ap__text rest = {config, strlen(config)}, option, value;
    ap_status status = AP_OK;
    while (!status && ap__py_next_word(&option, &rest)) {
        bool is_number = is_text(option, "--psm") || is_text(option, "--oem") || is_text(option, "--dpi");
        bool is_set = is_text(option, "-c");
        bool has_value = (is_number || is_set) && ap__py_next_word(&value, &rest);
        if (!has_value || (is_number && !has_only(value, DIGITS)) || (is_set && !is_setting(value)))
            return ap__fail(
                c->err, AP_EUNSUPPORTED,
                "parameter tesseract_config: \"%.*s\": supported are --psm N, --oem N, --dpi N and -c of "
                "settings about characters",
                (int)(option.len > 64 ? 64 : option.len), option.ptr);
        status = add_argument(c, option.ptr, option.len);
        if (!status) status = add_argument(c, value.ptr, value.len);
    }
    return status;
}

/* tesseract PICTURE stdout [-l LANG] -c tessedit_create_tsv=1 [OPTIONS] */
static ap_status build(command *c, const char *path, const ap__ocr_options *options) {
    ap__path program, picture;
    if (!ap__program_find(&program, "tesseract"))
        return ap__fail(
            c->err, AP_EUNSUPPORTED,
            "a picture without word_boxes is read by tesseract, which is not installed; install it (apt "
            "install tesseract-ocr), or give word_boxes");
    if (options->lang && !has_only((ap__text){options->lang, strlen(options->lang)}, LETTERS DIGITS "_+/"))
        return ap__fail(c->err, AP_EINVAL, "parameter lang: expected names of languages with + between them");
    /* A name with a dash in front would be an option. */
    ap_status status = ap__path_format(&picture, c->err, "%s%s", *path == '-' ? "./" : "", path);
    if (!status) status = add_argument(c, program.text, strlen(program.text));
    if (!status) status = add_argument(c, picture.text, strlen(picture.text));
    if (!status) status = add_argument(c, "stdout", 6);
    if (!status && options->lang) status = add_argument(c, "-l", 2);
    if (!status && options->lang) status = add_argument(c, options->lang, strlen(options->lang));
    if (!status) status = add_argument(c, "-c", 2);
    if (!status) status = add_argument(c, "tessedit_create_tsv=1", 21);
    return status || !options->config ? status : add_config(c, options->config);
}

ap_status ap__document_words_ocr(ap__document_words *out, const char *path, const ap__ocr_options *options,
                                 ap_error *err) {
    command c = {.err = err};
    ap__buf tsv = {0};
    *out = (ap__document_words){0};
    ap_status status = build(&c, path, options);
    if (!status) status = ap__program_run(&tsv, c.argv, TSV_MAX_BYTES, err);
    if (!status) status = ap__document_words_from_tsv(out, ap__buf_text(&tsv), tsv.len, err);
    ap__buf_clear(&tsv);
    ap__arena_clear(&c.arena);
    return status;
}
