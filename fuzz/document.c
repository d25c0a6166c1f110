/* What document-question-answering reads of strangers: the table that tesseract prints, and files of
 * pictures. The first byte chooses. */
#include "base/utf8.h"
#include "image/picture.h"
#include "tasks/document_words.h"

#include <stdlib.h>
#include <string.h>

static void check(int holds) {
    if (!holds) abort();
}

static void check_words(const ap__document_words *words) {
    check(words->n <= AP__DOCUMENT_WORDS_MAX);
    for (size_t i = 0; i < words->n; i++) {
        const ap__text *text = &words->texts[i];
        check(text->len && ap__utf8_valid_len(text->ptr, text->len) == text->len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = size > 1 ? (const char *)data + 1 : "";
    size_t len = size > 1 ? size - 1 : 0;
    ap_error err = AP_ERROR_INIT;
    if (size && data[0] == 'p') {
        (void)ap__picture_check_bytes(text, len, "picture", &err);
        return 0;
    }
    ap__document_words words;
    if (!ap__document_words_from_tsv(&words, text, len, &err)) check_words(&words);
    ap__document_words_clear(&words);
    return 0;
}
