/* Oniguruma behind a small interface. Source: huggingface/tokenizers@v0.21.4 utils/onig.rs (default syntax,
 * no options). */
#include "tokenizer/regex.h"

#include "base/alloc.h"
#include "base/error.h"

#include <oniguruma.h>
#include <pthread.h>

/* All patterns of a tokenizer together; those of the known model with the longest ones have 1,500 bytes.
 * Compiling takes up to 0.1 ms a byte, where case is folded. */
enum { PATTERNS_MAX_BYTES = 1 << 15 };

/* Steps back that one search may take, and at one place of the text. The second is Oniguruma's own default,
 * which the reference has too; the first keeps a pattern that is slow at every place from running for hours.
 */
#define RETRY_MAX_IN_SEARCH ((unsigned long)1 << 28)
#define RETRY_MAX_IN_MATCH 10000000ul
/* States that wait for a step back, of about 30 bytes each. Without a limit a text could take all memory. */
enum { STACK_MAX = 1 << 24 };

struct ap__regex {
    regex_t *compiled;
};

struct ap__regex_scratch {
    OnigMatchParam *param; /* Oniguruma writes to it while it searches, so it cannot be shared. */
    OnigRegion region;
};

/* -- compiling ----------------------------------------------------------------------------------------- */

static void initialize(void) {
    OnigEncoding encoding = ONIG_ENCODING_UTF8;
    onig_initialize(&encoding, 1);
}

static void destroy(void *ptr) { onig_free(ptr); }

static ap_status fail(ap__loader *loader, const char *key, int code, OnigErrorInfo *info) {
    UChar reason[ONIG_MAX_ERROR_MESSAGE_LEN];
    if (code == ONIGERR_MEMORY) return ap__fail_nomem(loader->err);
    onig_error_code_to_str(reason, code, info);
    return ap__loader_fail(loader, AP_EFORMAT, key, "not a regular expression: %.80s", (const char *)reason);
}

ap_status ap__regex_create(const ap__regex **out, ap__loader *loader, const char *key, ap__text pattern) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    ap__regex *self;
    OnigErrorInfo info;
    if (pattern.len > PATTERNS_MAX_BYTES - loader->n_pattern_bytes)
        return ap__loader_fail(loader, AP_ELIMIT, key, "more than %d bytes of regular expressions",
                               PATTERNS_MAX_BYTES);
    loader->n_pattern_bytes += pattern.len;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (status) return status;
    pthread_once(&once, initialize);
    const UChar *start = (const UChar *)pattern.ptr;
    int code = onig_new(&self->compiled, start, start + pattern.len, ONIG_OPTION_NONE, ONIG_ENCODING_UTF8,
                        ONIG_SYNTAX_ONIGURUMA, &info);
    if (code != ONIG_NORMAL) return fail(loader, key, code, &info);
    *out = self;
    return ap__loader_on_destroy(loader, destroy, self->compiled);
}

/* -- searching ----------------------------------------------------------------------------------------- */

void ap__regex_scratch_destroy(ap__regex_scratch *scratch) {
    if (!scratch) return;
    if (scratch->param) onig_free_match_param(scratch->param);
    onig_region_free(&scratch->region, 0);
    ap__free(scratch);
}

static ap_status get_scratch(ap__regex_scratch **out, ap_error *err) {
    if (*out) return AP_OK;
    ap__regex_scratch *scratch = ap__calloc(1, sizeof *scratch);
    if (scratch) scratch->param = onig_new_match_param();
    if (!scratch || !scratch->param) {
        ap__free(scratch);
        return ap__fail_nomem(err);
    }
    onig_initialize_match_param(scratch->param);
    onig_set_retry_limit_in_search_of_match_param(scratch->param, RETRY_MAX_IN_SEARCH);
    onig_set_retry_limit_in_match_of_match_param(scratch->param, RETRY_MAX_IN_MATCH);
    onig_set_match_stack_limit_size_of_match_param(scratch->param, STACK_MAX);
    *out = scratch;
    return AP_OK;
}

static ap_status fail_search(int code, size_t len, ap_error *err) {
    UChar reason[ONIG_MAX_ERROR_MESSAGE_LEN];
    if (code == ONIGERR_MEMORY) return ap__fail_nomem(err);
    onig_error_code_to_str(reason, code);
    return ap__fail(
        err, AP_ELIMIT,
        "a regular expression of the tokenizer gives up on a text of %zu bytes: %.80s; split the text", len,
        (const char *)reason);
}

ap_status ap__regex_search(const ap__regex *regex, ap__regex_scratch **scratch, ap__text text, uint32_t from,
                           ap__span *match, bool *is_found, ap_error *err) {
    ap_status status = get_scratch(scratch, err);
    *is_found = false;
    if (status) return status;
    const UChar *start = (const UChar *)text.ptr, *end = start + text.len;
    OnigRegion *region = &(*scratch)->region;
    int found = onig_search_with_param(regex->compiled, start, end, start + from, end, region,
                                       ONIG_OPTION_NONE, (*scratch)->param);
    if (found == ONIG_MISMATCH) return AP_OK;
    if (found < 0) return fail_search(found, text.len, err);
    *match = (ap__span){(uint32_t)region->beg[0], (uint32_t)region->end[0]};
    *is_found = true;
    return AP_OK;
}
