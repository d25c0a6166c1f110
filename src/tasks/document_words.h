/* The words of a document and where they stand: given by the caller, or read by tesseract. */
#ifndef AP_TASKS_DOCUMENT_WORDS_H
#define AP_TASKS_DOCUMENT_WORDS_H

#include "base/arena.h"
#include "tokenizer/tokenizer.h"

#include <accelpipe/value.h>

/* Most words of one document. */
#define AP__DOCUMENT_WORDS_MAX ((size_t)1 << 20)

typedef struct ap__document_words {
    ap__text *texts;     /* [n] */
    int64_t (*boxes)[4]; /* [n] Left, top, right, bottom, of 1000. */
    size_t n;
    ap__arena arena; /* Of the arrays, and of texts that tesseract gave. */
} ap__document_words;

/* [[word, [left, top, right, bottom]], ...]: the texts are borrowed from the value.
 * @param[out] out ap__document_words_clear() it, also after a failure.
 * @return AP_ETYPE anything else */
ap_status ap__document_words_read(ap__document_words *out, const ap_value *word_boxes, ap_error *err);

/* How tesseract is to read. Both may be NULL. */
typedef struct ap__ocr_options {
    const char *lang;   /* "eng", "eng+deu". */
    const char *config; /* Options of its command line: --psm, --oem, --dpi, -c. */
} ap__ocr_options;

/* Runs tesseract on a picture.
 * @return AP_EUNSUPPORTED it is not installed, or one of the options is not supported; AP_EIO it failed;
 * AP_EFORMAT */
ap_status ap__document_words_ocr(ap__document_words *out, const char *path, const ap__ocr_options *options,
                                 ap_error *err);

/* What tesseract prints as tab-separated values, to words that are not blank.   @return AP_EFORMAT */
ap_status ap__document_words_from_tsv(ap__document_words *out, const char *tsv, size_t len, ap_error *err);

void ap__document_words_clear(ap__document_words *words);

#endif
