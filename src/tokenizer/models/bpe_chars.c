/* The table of tokens that are one character. */
#include "tokenizer/models/bpe_chars.h"

#include "base/error.h"
#include "base/utf8.h"

#include <string.h>

/* False for a token that is no character. */
static bool code_of(uint32_t *code, const ap__vocab *vocab, const ap__vocab_entry *entry) {
    if (entry->len == 0 || entry->len > 4) return false;
    return ap__utf8_decode(code, vocab->pool + entry->offset, entry->len) == entry->len;
}

/* Gives the pages that tokens are on a number each, from 1.   @return how many there are, with the first */
static size_t number_pages(ap__chars *chars, const ap__vocab *vocab) {
    size_t n = 1;
    for (size_t i = 0; i < vocab->n; i++) {
        uint32_t code;
        if (!code_of(&code, vocab, &vocab->entries[i])) continue;
        uint16_t *page = &chars->page_of[code / AP__CHARS_PAGE];
        if (!*page) *page = (uint16_t)n++;
    }
    return n;
}

ap_status ap__chars_create(ap__chars **out, ap__arena *arena, const ap__vocab *vocab, ap_error *err) {
    ap__chars *chars = ap__arena_calloc(arena, 1, sizeof *chars);
    *out = chars;
    if (!chars) return ap__fail_nomem(err);
    size_t size = number_pages(chars, vocab) * sizeof *chars->pages; /* At most 4353 KiB. */
    chars->pages = ap__arena_alloc(arena, size);
    if (!chars->pages) return ap__fail_nomem(err);
    memset(chars->pages, 0xFF, size); /* No token. */
    for (size_t i = 0; i < vocab->n; i++) {
        uint32_t code;
        if (code_of(&code, vocab, &vocab->entries[i]))
            chars->pages[chars->page_of[code / AP__CHARS_PAGE]][code % AP__CHARS_PAGE] = vocab->entries[i].id;
    }
    return AP_OK;
}
