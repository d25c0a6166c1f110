/* From texts to tokens, and through truncation and post-processing to encodings.
 * Source: huggingface/tokenizers@v0.21.4 tokenizer/mod.rs encode_char_offsets, post_process. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/added.h"
#include "tokenizer/encoding.h"
#include "tokenizer/encs.h"
#include "tokenizer/languages_impl.h"
#include "tokenizer/tokenizer_impl.h"

#include <string.h>

/* -- work memory --------------------------------------------------------------------------------------- */

/* What one call may leave behind for the next, in bytes; the rest is freed. */
enum { KEPT_MAX_BYTES = 1 << 20 };

ap__work *ap__work_take(const ap__tokenizer *tokenizer, ap_error *err) {
    ap__work *work = NULL;
    for (int i = 0; i < AP__MAX_IDLE_WORKS && !work; i++) {
        _Atomic(ap__work *) *place = &tokenizer->works->idle[i];
        if (atomic_load_explicit(place, memory_order_relaxed)) work = atomic_exchange(place, NULL);
    }
    if (!work) work = ap__calloc(1, sizeof *work);
    if (!work) {
        ap__fail_nomem(err);
        return NULL;
    }
    work->tokenizer = tokenizer;
    work->err = err;
    work->tokens.n = 0;
    work->n_steps = 0;
    work->has_texts = work->skips_offsets = false;
    return work;
}

static bool is_large(const ap__work *work) {
    size_t size = work->spare.capacity + work->spare.align_capacity * sizeof(ap__span);
    for (int i = 0; i < 2; i++)
        size += work->texts.buf[i].capacity + work->texts.buf[i].align_capacity * sizeof(ap__span);
    size += (work->pieces.capacity + work->next_pieces.capacity) * sizeof(ap__piece);
    return size + work->tokens.capacity * sizeof(ap__token) > KEPT_MAX_BYTES;
}

void ap__work_put_back(const ap__tokenizer *tokenizer, ap__work *work) {
    atomic_fetch_add_explicit(&tokenizer->works->n_steps, work->n_steps, memory_order_relaxed);
    if (is_large(work))
        ap__work_shrink(work);
    else
        ap__arena_rewind(&work->arena, (ap__arena_mark){0});
    for (int i = 0; i < AP__MAX_IDLE_WORKS; i++) {
        ap__work *none = NULL;
        if (atomic_compare_exchange_strong(&tokenizer->works->idle[i], &none, work)) return;
    }
    ap__work_clear(work);
    ap__free(work);
}

/* -- one text ------------------------------------------------------------------------------------------ */

static ap_status encode_each(ap__work *work, ap__piece *pieces, size_t n) {
    const ap__model *model = &work->tokenizer->model;
    ap_status status = AP_OK;
    for (size_t i = 0; i < n && !status; i++) {
        status = model->class_->tokenize(model->self, work, &pieces[i]);
        work->word += !work->is_word_given;
    }
    return status;
}

static ap_status encode_pieces(ap__work *work, ap__piece *pieces, size_t n) {
    const ap__model *model = &work->tokenizer->model;
    if (!model->class_->tokenize_all) return encode_each(work, pieces, n);
    ap_status status = model->class_->tokenize_all(model->self, work, pieces, n);
    if (!work->is_word_given) work->word += (uint32_t)n;
    return status;
}

/* A few pieces on their way to the model. */
enum { SOME_PIECES = 128 };

typedef struct some_pieces {
    ap__piece ptr[SOME_PIECES];
    size_t n;
} some_pieces;

/* `slice` is not empty. */
static inline ap_status add_slice(ap__work *work, some_pieces *pieces, const ap__ntext *text, ap__span slice,
                                  bool is_bytes) {
    ap_status status = AP_OK;
    if (pieces->n == SOME_PIECES) {
        status = encode_pieces(work, pieces->ptr, pieces->n);
        pieces->n = 0;
    }
    ap__piece *piece = &pieces->ptr[pieces->n++];
    piece->is_bytes = is_bytes;
    piece->n_readable = text->len - slice.start;
    piece->text.ptr = text->ptr + slice.start;
    piece->text.len = slice.end - slice.start;
    piece->text.align = NULL;
    piece->text.is_loose = text->is_loose;
    piece->text.origin.start = text->origin.start + slice.start;
    piece->text.origin.end = text->origin.start + slice.end;
    if (status || !text->align) return status;
    piece->text = ap__ntext_slice(text, slice.start, slice.end);
    return is_bytes && !ap__ntext_is_plain(&piece->text) ? ap__piece_write_bytes(work, piece) : AP_OK;
}

/* Pieces go to the model as they are found, without a list of all. */
static ap_status encode_scanned(ap__work *work, const ap__ntext *text, const ap__piece_scan *scan) {
    some_pieces pieces;
    ap_status status = AP_OK;
    pieces.n = 0;
    for (uint32_t at = 0; at < text->len && !status;) {
        ap__span match = {0, text->len};
        if (scan->scan && !scan->scan(text->ptr, text->len, at, &match)) match.start = match.end = text->len;
        if (at < match.start)
            status = add_slice(work, &pieces, text, (ap__span){at, match.start}, scan->is_bytes);
        if (!status && match.start < match.end)
            status = add_slice(work, &pieces, text, match, scan->is_bytes);
        at = match.end;
    }
    return status ? status : encode_pieces(work, pieces.ptr, pieces.n);
}

/* A stretch that holds no added token: pre-tokenizer and model. */
static ap_status encode_stretch(ap__work *work, const ap__ntext *text) {
    const ap__tokenizer *tokenizer = work->tokenizer;
    ap__piece_scan scan;
    ap__ntext stretch = *text;
    if (work->skips_offsets && ap__pretokenizer_is_blind(&tokenizer->pretokenizer, true)) {
        stretch.is_loose = true;
        stretch.align = NULL;
    }
    if (ap__pretokenizer_get_scan(&tokenizer->pretokenizer, &scan))
        return encode_scanned(work, &stretch, &scan);
    work->pieces.n = work->next_pieces.n = 0;
    ap_status status = ap__work_push_piece(work, &stretch);
    ap__work_swap_pieces(work);
    if (!status) status = ap__pretokenizer_apply(&tokenizer->pretokenizer, work);
    return status ? status : encode_pieces(work, work->pieces.ptr, work->pieces.n);
}

static ap_status push_added(ap__work *work, const ap__ntext *text, const ap__added_token *token) {
    if (!text->len) return AP_OK;
    ap__piece piece = {.text = *text};
    ap_status status = ap__work_push_text_token(work, &piece, token->id, 0, text->len);
    work->word += !work->is_word_given;
    return status;
}

typedef ap_status stretch_fn(ap__work *work, const ap__ntext *text);

/* The reference panics. */
static ap_status fail_overlap(ap__work *work, const ap__added_token *token) {
    return ap__fail(
        work->err, AP_EINVAL,
        "the added token \"%.60s\" lies in whitespace that the one before it took in (rstrip) and takes "
        "in whitespace itself (lstrip)",
        token->content.ptr);
}

/* Calls `fn` with the stretches between added tokens, and pushes those. */
static ap_status cut_added(ap__work *work, const ap__ntext *text, const ap__patterns *patterns,
                           stretch_fn *fn) {
    ap__added_scan scan = {
        .added = &work->tokenizer->added, .patterns = patterns, .text = text->ptr, .len = text->len};
    uint32_t start, end;
    const ap__added_token *token;
    ap_status status = AP_OK;
    while (!status && (token = ap__added_next(&scan, &start, &end))) {
        if (start > end) return fail_overlap(work, token);
        ap__ntext stretch = ap__ntext_slice(text, scan.cut, start > scan.cut ? start : scan.cut);
        if (stretch.len) status = fn(work, &stretch);
        stretch = ap__ntext_slice(text, start, end);
        if (!status) status = push_added(work, &stretch, token);
        scan.cut = end;
    }
    if (status || scan.cut >= text->len) return status;
    ap__ntext rest = ap__ntext_slice(text, scan.cut, text->len);
    return fn(work, &rest);
}

static ap_status normalize_stretch(ap__work *work, const ap__ntext *text) {
    const ap__tokenizer *tokenizer = work->tokenizer;
    ap__ntext normalized = *text;
    ap__arena_mark mark = ap__arena_get_mark(&work->arena);
    ap_status status = ap__normalizer_apply(&tokenizer->normalizer, work, &normalized);
    if (!status) status = cut_added(work, &normalized, &tokenizer->added.normalized, encode_stretch);
    /* Token strings live in the arena, everything else of the stretch is done with. */
    if (!work->has_texts) ap__arena_rewind(&work->arena, mark);
    return status;
}

/* Counts characters up to a place that moves with the tokens, which come in text order but for parts of one
 * character. */
typedef struct char_counter {
    const char *text;
    uint32_t len, byte, chars;
} char_counter;

/* Characters that start in four bytes. */
static uint32_t starts_in_four(const char *text) {
    uint32_t bytes;
    memcpy(&bytes, text, sizeof bytes);
    uint32_t continuations = (bytes & ~(bytes << 1)) >> 7 & 0x01010101u;
    return 4 - (continuations * 0x01010101u >> 24);
}

/* The index of the character that the byte at `to`, which is below `len`, belongs to. */
static uint32_t index_of(char_counter *c, uint32_t to) {
    for (; to > c->byte && to - c->byte >= 4; c->byte += 4) c->chars += starts_in_four(c->text + c->byte);
    for (; c->byte < to; c->byte++) c->chars += !ap__is_continuation(c->text[c->byte]);
    while (c->byte > to) c->chars -= !ap__is_continuation(c->text[--c->byte]);
    return c->chars - ap__is_continuation(c->text[to]);
}

static uint32_t char_start(const char_counter *c, uint32_t byte) {
    while (ap__is_continuation(c->text[byte])) byte--;
    return byte;
}

static uint32_t after_char(const char_counter *c, uint32_t byte) {
    return byte < c->len ? byte + ap__utf8_len(c->text[byte]) : c->len;
}

/* Source: tokenizer/pre_tokenizer.rs BytesToCharOffsetConverter, with what it makes of places behind the
 * text. */
static void place_token(char_counter *c, ap__token *token) {
    ap__span *bytes = &token->bytes, *chars = &token->chars;
    *chars = *bytes;
    if (bytes->start >= c->len) {
        *bytes = (ap__span){c->len, c->len};
        return;
    }
    chars->start = index_of(c, bytes->start);
    bytes->start = char_start(c, bytes->start);
    if (bytes->end < c->len) {
        chars->end = index_of(c, bytes->end);
        bytes->end = char_start(c, bytes->end);
    } else if (bytes->end == c->len) {
        chars->end = index_of(c, c->len - 1) + 1;
    } else {
        chars->end = chars->start + 2;
        bytes->end = after_char(c, after_char(c, bytes->start));
    }
}

/* Fills in positions in characters, which are those in bytes so far. */
static void place_tokens(const ap__work *work, ap__token *tokens, size_t n, const char *text, uint32_t len) {
    char_counter counter = {text, len, 0, 0};
    if (work->skips_offsets) return;
    bool is_ascii = ap__is_ascii(text, len);
    for (size_t i = 0; i < n; i++)
        if (!is_ascii || tokens[i].bytes.end > len) place_token(&counter, &tokens[i]);
}

/* Whether nothing looks at where the parts of a text come from, from the start on. */
static bool is_loose(const ap__work *work) {
    const ap__tokenizer *tokenizer = work->tokenizer;
    return work->skips_offsets && ap__normalizer_is_blind(&tokenizer->normalizer) &&
           ap__pretokenizer_is_blind(&tokenizer->pretokenizer, !tokenizer->normalizer.class_);
}

/* Pushes the tokens of a text. */
static ap_status encode_text(ap__work *work, ap__text text, const char *what) {
    if (text.len > AP__TEXT_MAX_BYTES)
        return ap__fail(work->err, AP_ELIMIT, "%s is %zu bytes long; at most %zu are supported", what,
                        text.len, AP__TEXT_MAX_BYTES);
    ap_status status = ap__utf8_check(text.ptr, text.len, what, work->err);
    if (status || !text.len) return status;
    size_t first = work->tokens.n;
    uint32_t len = (uint32_t)text.len;
    ap__ntext whole = {text.ptr, NULL, len, {0, len}, is_loose(work)};
    status = cut_added(work, &whole, &work->tokenizer->added.plain, normalize_stretch);
    if (status || work->tokens.n == first) return status;
    place_tokens(work, work->tokens.ptr + first, work->tokens.n - first, text.ptr, len);
    return AP_OK;
}

/* One side of a pair: a text, or words. */
typedef struct ap__source {
    const ap__text *texts;
    size_t n;
    bool is_words;
} ap__source;

static ap_status encode_source(ap__work *work, const ap__source *source, const char *what) {
    ap_status status = AP_OK;
    work->word = 0;
    work->is_word_given = source->is_words;
    if (source->n >= UINT32_MAX) return ap__fail(work->err, AP_ELIMIT, "%s has too many words", what);
    for (size_t i = 0; i < source->n && !status; i++) {
        if (source->is_words) work->word = (uint32_t)i;
        status = encode_text(work, source->texts[i], what);
        if (status && source->is_words) ap__error_wrap(work->err, status, "word %zu", i);
    }
    return status;
}

/* -- both texts ---------------------------------------------------------------------------------------- */

static const ap__processor *processor_of(const ap__work *work, const ap__encode_options *options) {
    return options->source_language ? &options->source_language->processor : &work->tokenizer->processor;
}

/* Source: tokenizer/mod.rs with_truncation and post_process. A max_length below the number of special tokens
 * wraps around there: nothing is cut. */
static ap_status truncate(ap__encs *encs, const ap__encode_options *options) {
    const ap__processor *processor = processor_of(encs->work, options);
    if (options->truncation == AP__TRUNCATION_OFF) return AP_OK;
    size_t room = options->max_length - ap__processor_n_added(processor, false);
    if (room < options->stride)
        return ap__fail(
            encs->work->err, AP_EINVAL,
            "stride is %zu, but with max_length %zu only %zu tokens are left for the text; make stride "
            "smaller or max_length larger",
            options->stride, options->max_length, room);
    size_t n_added = options->add_special_tokens ? ap__processor_n_added(processor, encs->n > 1) : 0;
    return ap__encs_truncate(encs, options, options->max_length - n_added);
}

/* Source: tokenizer/mod.rs PostProcessor::process and default_process. */
static ap_status post_process(ap__enc *out, ap__encs *encs, const ap__encode_options *options) {
    const ap__processor *processor = processor_of(encs->work, options);
    ap_status status = AP_OK;
    if (!processor->class_ && encs->n == 1) {
        *out = encs->ptr[0];
        return AP_OK;
    }
    for (uint32_t i = 0; i < encs->n && !status; i++) {
        size_t n_parts = processor->class_ ? encs->ptr[i].n_parts : 1;
        for (size_t k = 0; k < n_parts && !status; k++)
            status = ap__part_set_sequence(&encs->ptr[i].parts[k], encs->work, i);
    }
    if (!status && processor->class_)
        status = processor->class_->apply(processor->self, encs, options->add_special_tokens);
    return status ? status : ap__encs_merge(out, encs);
}

static ap_status encode_sources(ap__enc *out, ap__work *work, const ap__source *sources, size_t n,
                                const ap__encode_options *options) {
    static const char *const NAMES[] = {"text", "text_pair"};
    ap__enc encs_of[2];
    size_t ends[2];
    ap__part *parts = ap__arena_calloc(&work->arena, n, sizeof *parts); /* `out` may point to them. */
    if (!parts) return ap__fail_nomem(work->err);
    work->skips_offsets = options->skip_offsets;
    work->has_texts = options->with_tokens ||
                      (!options->skip_offsets && ap__processor_needs_texts(processor_of(work, options)));
    for (size_t i = 0; i < n; i++) {
        ap_status status = encode_source(work, &sources[i], NAMES[i]);
        if (status) return status;
        ends[i] = work->tokens.n;
    }
    for (size_t i = 0; i < n; i++) { /* The list of tokens does not move from here on. */
        size_t first = i ? ends[i - 1] : 0;
        ap__run run = {.n = ends[i] - first, .texts = sources[i].texts};
        if (run.n) run.tokens = work->tokens.ptr + first;
        run.is_words = sources[i].is_words;
        run.type_id = (uint32_t)i;
        ap_status status = ap__part_create(&parts[i], work, run);
        if (status) return status;
        encs_of[i] = (ap__enc){&parts[i], 1};
    }
    ap__encs encs = {work, encs_of, n};
    ap_status status = truncate(&encs, options);
    return status ? status : post_process(out, &encs, options);
}

static ap_status encode(ap__encoding *out, const ap__tokenizer *tokenizer, const ap__source *sources,
                        size_t n, const ap__encode_options *options, ap_error *err) {
    static const ap__encode_options defaults;
    *out = (ap__encoding){0};
    if (!options) options = &defaults;
    ap__work *work = ap__work_take(tokenizer, err);
    if (!work) return AP_ENOMEM;
    ap__enc enc;
    ap_status status = encode_sources(&enc, work, sources, n, options);
    if (!status) status = ap__encoding_write(out, work, &enc, options);
    ap__work_put_back(tokenizer, work);
    if (!status) status = ap__encodings_pad(out, 1, options, err);
    if (status) ap__encoding_clear(out);
    return status;
}

ap_status ap__tokenizer_encode(ap__encoding *out, const ap__tokenizer *tokenizer, ap__text text,
                               const ap__text *pair, const ap__encode_options *options, ap_error *err) {
    ap__source sources[2] = {{&text, 1, false}, {pair, 1, false}};
    return encode(out, tokenizer, sources, pair ? 2 : 1, options, err);
}

ap_status ap__tokenizer_encode_words(ap__encoding *out, const ap__tokenizer *tokenizer, const ap__text *words,
                                     size_t n_words, const ap__text *pair_words, size_t n_pair_words,
                                     const ap__encode_options *options, ap_error *err) {
    ap__source sources[2] = {{words, n_words, true}, {pair_words, n_pair_words, true}};
    return encode(out, tokenizer, sources, pair_words ? 2 : 1, options, err);
}
