/* Cutting encodings to a number of tokens.
 * Source: huggingface/tokenizers@v0.21.4 utils/truncation.rs truncate_encodings, tokenizer/encoding.rs
 * truncate. */
#include "tokenizer/encs.h"

#include "base/error.h"
#include "tokenizer/tokenizer_impl.h"

/* The part of tokens [start, stop) of a part of one run. */
static ap_status slice(ap__part *out, ap__work *work, const ap__part *whole, size_t start, size_t stop) {
    ap__run run = whole->runs[0];
    run.tokens += start;
    run.n = stop - start;
    return ap__part_create(out, work, run);
}

/* How many parts of `max_len` tokens, each `step` behind the one before, cover n tokens. */
static size_t n_parts_of(size_t n, size_t max_len, size_t step) {
    return 1 + (n - max_len + step - 1) / step;
}

static ap_status truncate(ap__enc *enc, ap__work *work, size_t max_len, const ap__encode_options *options) {
    ap__part whole = enc->parts[0];
    size_t n = whole.n;
    if (max_len >= n) return AP_OK;
    if (max_len && options->stride >= max_len)
        return ap__fail(work->err, AP_EINVAL,
                        "stride is %zu, but only %zu tokens are left for the text; make stride "
                        "smaller or max_length larger",
                        options->stride, max_len);
    size_t step = max_len ? max_len - options->stride : n;
    size_t n_parts = options->skip_overflowing ? 1 : max_len ? n_parts_of(n, max_len, step) : 2;
    ap__part *parts = ap__arena_calloc(&work->arena, n_parts, sizeof *parts);
    if (!parts) return ap__fail_nomem(work->err);
    ap_status status = AP_OK;
    for (size_t i = 0; i < n_parts && !status; i++) {
        size_t start = i * step, stop = start + max_len < n ? start + max_len : n;
        if (options->truncation_side == AP__SIDE_LEFT) {
            stop = n - i * step;
            start = stop > max_len ? stop - max_len : 0;
        }
        if (!max_len) { /* Nothing is left; all of it overflows, as one part. */
            start = 0;
            stop = i ? n : 0;
        }
        status = slice(&parts[i], work, &whole, start, stop);
    }
    *enc = (ap__enc){parts, n_parts};
    return status;
}

static size_t max_size(size_t a, size_t b) { return a > b ? a : b; }

/* Both texts keep as many tokens as there is room for, the longer one losing first. */
static ap_status truncate_longest(ap__encs *encs, const ap__encode_options *options, size_t max_length) {
    if (encs->n == 1) return truncate(&encs->ptr[0], encs->work, max_length, options);
    size_t n[2] = {encs->ptr[0].parts[0].n, encs->ptr[1].parts[0].n};
    size_t shorter = n[0] > n[1], longer = !shorter;
    n[longer] = n[shorter] > max_length ? n[shorter] : max_size(n[shorter], max_length - n[shorter]);
    if (n[0] + n[1] > max_length) {
        n[shorter] = max_length / 2;
        n[longer] = n[shorter] + max_length % 2;
    }
    ap_status status = truncate(&encs->ptr[0], encs->work, n[0], options);
    return status ? status : truncate(&encs->ptr[1], encs->work, n[1], options);
}

static ap_status truncate_only(ap__encs *encs, const ap__encode_options *options, size_t to_remove) {
    size_t which = options->truncation == AP__TRUNCATION_ONLY_SECOND;
    if (which >= encs->n)
        return ap__fail(encs->work->err, AP_EINVAL,
                        "truncation \"only_second\" needs a pair of texts, but there is one");
    ap__enc *enc = &encs->ptr[which];
    size_t n = enc->parts[0].n;
    if (n <= to_remove)
        return ap__fail(encs->work->err, AP_EINVAL,
                        "truncation \"%s\": the %s text has %zu tokens, but %zu would have to "
                        "be removed; use \"longest_first\" or a larger max_length",
                        which ? "only_second" : "only_first", which ? "second" : "first", n, to_remove);
    return truncate(enc, encs->work, n - to_remove, options);
}

/* Classes that run in Python. What cannot be removed is not, and of an odd number of tokens the second text
 * loses one more. Source: transformers@v4.55.4 tokenization_utils_base.py truncate_sequences. */
static ap_status truncate_python(ap__encs *encs, const ap__encode_options *options, size_t to_remove) {
    size_t n[2] = {encs->ptr[0].parts[0].n, encs->n > 1 ? encs->ptr[1].parts[0].n : 0}, removed[2] = {0};
    bool is_balanced = options->truncation == AP__TRUNCATION_LONGEST_FIRST && encs->n > 1;
    size_t which = options->truncation == AP__TRUNCATION_ONLY_SECOND;
    if (is_balanced) {
        size_t longer = n[0] <= n[1], more = n[longer] - n[!longer];
        size_t first = more < to_remove ? more : to_remove, half = (to_remove - first) / 2;
        removed[0] = half;
        removed[1] = to_remove - first - half;
        removed[longer] += first;
    } else if (n[which] > to_remove) {
        removed[which] = to_remove;
    }
    ap_status status = AP_OK;
    for (size_t i = 0; i < encs->n && !status; i++)
        if (removed[i])
            status = truncate(&encs->ptr[i], encs->work, n[i] > removed[i] ? n[i] - removed[i] : 0, options);
    return status;
}

ap_status ap__encs_truncate(ap__encs *encs, const ap__encode_options *options, size_t max_length) {
    size_t total = 0;
    for (size_t i = 0; i < encs->n; i++) total += encs->ptr[i].parts[0].n;
    if (encs->work->tokenizer->added.is_python) {
        /* max_length has wrapped around when it is below the number of special tokens; the difference is
         * right. */
        bool is_limited = options->max_length <= SIZE_MAX / 2;
        size_t to_remove = total - max_length;
        return is_limited && to_remove - 1 < SIZE_MAX / 2 ? truncate_python(encs, options, to_remove) : AP_OK;
    }
    if (max_length == 0) {
        ap_status status = AP_OK;
        for (size_t i = 0; i < encs->n && !status; i++)
            status = truncate(&encs->ptr[i], encs->work, 0, options);
        return status;
    }
    if (total <= max_length) return AP_OK;
    if (options->truncation == AP__TRUNCATION_LONGEST_FIRST)
        return truncate_longest(encs, options, max_length);
    return truncate_only(encs, options, total - max_length);
}
