/* Taking spaces out of the offsets of tokens.
 * Source: huggingface/tokenizers@v0.21.4 pre_tokenizers/byte_level.rs process_offsets. The reference counts
 * in the unit of the offsets; here characters count, and positions in bytes follow them. */
#include "tokenizer/encs.h"

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/tokenizer_impl.h"
#include "tokenizer/unicode.h"

#include <string.h>

enum { BYTE_LEVEL_SPACE = 0x120 }; /* The character of the byte 0x20. */

static bool is_space(const char *text) {
    uint32_t code;
    ap__utf8_next(&code, text);
    return code == BYTE_LEVEL_SPACE || ap__unicode_is(code, AP__UNICODE_WHITESPACE);
}

static uint32_t n_leading(const char *text, size_t len) {
    uint32_t n = 0;
    for (size_t at = 0; at < len && is_space(text + at); at += ap__utf8_len(text[at])) n++;
    return n;
}

static uint32_t n_trailing(const char *text, size_t len) {
    uint32_t n = 0;
    while (len > 0) {
        size_t start = len - 1;
        while (start > 0 && ap__is_continuation(text[start])) start--;
        if (!is_space(text + start)) break;
        n++;
        len = start;
    }
    return n;
}

/* A token of the reference may end behind the text, where its bytes cannot follow: not to a start behind it,
 * nor from an end there, which stops at the start. */
static void move_start(ap__token *token, uint32_t start, const ap__text *text) {
    for (; token->chars.start < start; token->chars.start++)
        if (!text || token->bytes.start < text->len)
            token->bytes.start += text ? ap__utf8_len(text->ptr[token->bytes.start]) : 1;
}

static void move_end(ap__token *token, uint32_t end, const ap__text *text) {
    for (; token->chars.end > end; token->chars.end--) {
        if (token->bytes.end <= token->bytes.start) continue;
        token->bytes.end--;
        while (text && ap__is_continuation(text->ptr[token->bytes.end])) token->bytes.end--;
    }
}

static void trim(ap__token *token, ap__text string, bool is_first, bool add_prefix_space,
                 const ap__text *text) {
    uint32_t leading = n_leading(string.ptr, string.len), trailing = n_trailing(string.ptr, string.len);
    is_first = is_first || token->chars.start == 0;
    /* One space at the start is the one that the pre-tokenizer put there: it is not in the text. */
    if (leading == 1 && is_first && add_prefix_space) leading = 0;
    if (leading) {
        uint32_t start = token->chars.start + leading;
        move_start(token, start < token->chars.end ? start : token->chars.end, text);
    }
    if (trailing && token->chars.end >= trailing) {
        uint32_t end = token->chars.end - trailing;
        move_end(token, end > token->chars.start ? end : token->chars.start, text);
    }
}

static ap_status trim_run(ap__run *run, ap__work *work, size_t first, bool add_prefix_space) {
    ap__token *tokens = ap__arena_alloc(&work->arena, run->n * sizeof *tokens);
    if (!tokens) return ap__fail_nomem(work->err);
    for (size_t i = 0; i < run->n; i++) {
        tokens[i] = run->tokens[i];
        ap__text string = {tokens[i].text, tokens[i].text_len};
        if (!string.ptr) string.ptr = ap__vocab_token(&work->tokenizer->vocab, tokens[i].id, &string.len);
        if (!string.ptr) continue;
        const ap__text *text = run->texts ? &run->texts[run->is_words ? tokens[i].word : 0] : NULL;
        trim(&tokens[i], string, first + i == 0, add_prefix_space, text);
    }
    run->tokens = tokens;
    return AP_OK;
}

static ap_status trim_part(ap__part *part, ap__work *work, bool add_prefix_space) {
    ap__run *runs = ap__arena_alloc(&work->arena, part->n_runs * sizeof *runs);
    if (!runs) return ap__fail_nomem(work->err);
    ap_status status = AP_OK;
    for (size_t i = 0, first = 0; i < part->n_runs && !status; i++) {
        runs[i] = part->runs[i];
        status = trim_run(&runs[i], work, first, add_prefix_space);
        first += runs[i].n;
    }
    part->runs = runs; /* Another part may share the old ones. */
    return status;
}

ap_status ap__encs_trim_offsets(ap__encs *encs, bool add_prefix_space) {
    ap_status status = AP_OK;
    if (encs->work->skips_offsets) return AP_OK;
    for (size_t i = 0; i < encs->n; i++)
        for (size_t k = 0; k < encs->ptr[i].n_parts && !status; k++)
            status = trim_part(&encs->ptr[i].parts[k], encs->work, add_prefix_space);
    return status;
}
