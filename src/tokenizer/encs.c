/* Parts and encodings before they are written out. Source: huggingface/tokenizers@v0.21.4
 * tokenizer/encoding.rs. */
#include "tokenizer/encs.h"

#include "base/alloc.h"
#include "base/error.h"

#include <string.h>

/* Tokens in all overflowing parts together, at most: with a pair, every part of one text meets every part of
 * the other, and a small max_length would make that billions. */
#define OVERFLOW_MAX_TOKENS ((size_t)1 << 27)

ap_status ap__part_create(ap__part *out, ap__work *work, ap__run run) {
    *out = (ap__part){.n_runs = 1, .n = run.n};
    out->runs = ap__arena_alloc(&work->arena, sizeof run);
    if (!out->runs) return ap__fail_nomem(work->err);
    out->runs[0] = run;
    return AP_OK;
}

/* Puts a range in place of the one that the sequence had. There must be room. */
static void put_range(ap__part *part, ap__range range) {
    size_t i = 0;
    while (i < part->n_ranges && part->ranges[i].sequence != range.sequence) i++;
    part->ranges[i] = range;
    if (i == part->n_ranges) part->n_ranges++;
}

ap_status ap__part_set_sequence(ap__part *part, ap__work *work, uint32_t sequence) {
    ap__range *ranges = ap__arena_alloc(&work->arena, (part->n_ranges + 1) * sizeof *ranges);
    if (!ranges) return ap__fail_nomem(work->err);
    if (part->n_ranges) memcpy(ranges, part->ranges, part->n_ranges * sizeof *ranges);
    part->ranges = ranges;
    put_range(part, (ap__range){sequence, 0, part->n});
    return AP_OK;
}

ap_status ap__part_set_type(ap__part *part, ap__work *work, uint32_t type_id) {
    ap__run *runs = ap__arena_alloc(&work->arena, part->n_runs * sizeof *runs);
    if (!runs) return ap__fail_nomem(work->err);
    for (size_t i = 0; i < part->n_runs; i++) {
        runs[i] = part->runs[i];
        runs[i].type_id = type_id;
    }
    part->runs = runs;
    return AP_OK;
}

ap_status ap__part_concat(ap__part *out, ap__work *work, const ap__part *const *parts, size_t n_parts) {
    size_t n_runs = 0, n_ranges = 0;
    *out = (ap__part){0};
    for (size_t i = 0; i < n_parts; i++) {
        n_runs += parts[i]->n_runs;
        n_ranges += parts[i]->n_ranges;
    }
    out->runs = ap__arena_alloc(&work->arena, n_runs * sizeof *out->runs);
    out->ranges = ap__arena_alloc(&work->arena, n_ranges * sizeof *out->ranges);
    if (!out->runs || !out->ranges) return ap__fail_nomem(work->err);
    for (size_t i = 0; i < n_parts; i++) {
        const ap__part *part = parts[i];
        for (size_t k = 0; k < part->n_ranges; k++) {
            ap__range range = part->ranges[k];
            put_range(out, (ap__range){range.sequence, out->n + range.start, out->n + range.end});
        }
        for (size_t k = 0; k < part->n_runs; k++) out->runs[out->n_runs++] = part->runs[k];
        out->n += part->n;
    }
    return AP_OK;
}

ap__run ap__run_of_special(const ap__token *token, uint32_t type_id) {
    return (ap__run){.tokens = token, .n = 1, .type_id = type_id, .is_special = true};
}

static ap_status wrap(ap__part *part, ap__work *work, const ap__run *before, const ap__run *after,
                      uint32_t sequence) {
    ap__part out = {0};
    out.runs = ap__arena_alloc(&work->arena, (part->n_runs + 2) * sizeof *out.runs);
    out.ranges = ap__arena_alloc(&work->arena, sizeof *out.ranges);
    if (!out.runs || !out.ranges) return ap__fail_nomem(work->err);
    size_t n_before = before ? before->n : 0, n_after = after ? after->n : 0;
    if (before) out.runs[out.n_runs++] = *before;
    for (size_t i = 0; i < part->n_runs; i++) {
        out.runs[out.n_runs] = part->runs[i];
        out.runs[out.n_runs++].is_special = false;
    }
    if (after) out.runs[out.n_runs++] = *after;
    out.n = n_before + part->n + n_after;
    out.ranges[0] = (ap__range){sequence, n_before, n_before + part->n};
    out.n_ranges = 1;
    *part = out;
    return AP_OK;
}

ap_status ap__enc_wrap(ap__enc *enc, ap__work *work, const ap__run *before, const ap__run *after,
                       uint32_t sequence) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < enc->n_parts && !status; i++)
        status = wrap(&enc->parts[i], work, before, after, sequence);
    return status;
}

/* -- merging ------------------------------------------------------------------------------------------- */

static ap_status check_overflow(const ap__enc *so_far, const ap__enc *next, ap__work *work) {
    size_t n_parts, n_tokens, longest = so_far->parts[0].n + next->parts[0].n;
    if (!ap__mul_size(&n_parts, so_far->n_parts, next->n_parts) ||
        !ap__mul_size(&n_tokens, n_parts, longest + 1) || (n_parts > 1 && n_tokens > OVERFLOW_MAX_TOKENS))
        return ap__fail(
            work->err, AP_ELIMIT,
            "truncation leaves %zu x %zu overflowing parts; use a larger max_length or a smaller stride",
            so_far->n_parts, next->n_parts);
    return AP_OK;
}

/* Source: encoding.rs merge_with: each overflowing part of ours with all of theirs, then ours with their
 * overflow. */
static ap_status merge_two(ap__enc *so_far, const ap__enc *next, ap__work *work) {
    ap_status status = check_overflow(so_far, next, work);
    if (status) return status;
    size_t n = so_far->n_parts * next->n_parts, at = 1;
    ap__part *parts = ap__arena_alloc(&work->arena, n * sizeof *parts);
    if (!parts) return ap__fail_nomem(work->err);
    for (size_t i = 1; i <= so_far->n_parts && !status; i++) {
        size_t ours = i % so_far->n_parts; /* The encoding itself comes last. */
        for (size_t theirs = 0; theirs < next->n_parts && !status; theirs++) {
            const ap__part *both[] = {&so_far->parts[ours], &next->parts[theirs]};
            ap__part *out = ours || theirs ? &parts[at++] : &parts[0];
            status = ap__part_concat(out, work, both, 2);
        }
    }
    *so_far = (ap__enc){parts, n};
    return status;
}

static bool has_overflow(const ap__encs *encs) {
    for (size_t i = 0; i < encs->n; i++)
        if (encs->ptr[i].n_parts > 1) return true;
    return false;
}

ap_status ap__encs_merge(ap__enc *out, const ap__encs *encs) {
    ap__work *work = encs->work;
    *out = (ap__enc){.n_parts = 1};
    out->parts = ap__arena_calloc(&work->arena, 1, sizeof *out->parts);
    const ap__part **mains = ap__arena_alloc(&work->arena, (encs->n + 1) * sizeof *mains);
    if (!out->parts || !mains) return ap__fail_nomem(work->err);
    if (!has_overflow(encs)) {
        for (size_t i = 0; i < encs->n; i++) mains[i] = &encs->ptr[i].parts[0];
        return ap__part_concat(out->parts, work, mains, encs->n);
    }
    ap_status status = AP_OK;
    for (size_t i = 0; i < encs->n && !status; i++) status = merge_two(out, &encs->ptr[i], work);
    return status;
}
