/* Encodings: one block of memory for all arrays; writing, padding, freeing.
 * Source: huggingface/tokenizers@v0.21.4 tokenizer/encoding.rs, utils/padding.rs. */
#include "tokenizer/encoding.h"

#include "base/alloc.h"
#include "base/error.h"
#include "tokenizer/tokenizer_impl.h"

#include <stdalign.h>
#include <string.h>

/* Longest encoding that padding makes: no model takes more, and a file's or a caller's billions would be
 * taken from the system one page at a time. */
#define PADDED_MAX_TOKENS ((size_t)1 << 26)

/* Bytes of one token over all arrays but `tokens`. */
enum { TOKEN_BYTES = 2 * sizeof(ap__span) + 4 * sizeof(uint32_t) + 2 };

static void *take(unsigned char **block, size_t n, size_t size) {
    void *ptr = *block;
    *block += n * size;
    return ptr;
}

/* Makes the arrays for n tokens, with `n_chars` bytes for their strings (no strings: 0), which *strings
 * points to. */
static ap_status allocate(ap__encoding *out, size_t n, bool with_tokens, size_t n_chars, char **strings,
                          ap_error *err) {
    size_t total = 0, token_bytes = TOKEN_BYTES + (with_tokens ? sizeof(ap__text) : 0);
    bool fits = ap__mul_size(&total, n, token_bytes) && ap__add_size(&total, total, n_chars);
    unsigned char *block = fits ? ap__malloc(total) : NULL;
    if (!block) return ap__fail_nomem(err);
    out->n = n;
    out->memory = block;
    out->tokens = with_tokens ? take(&block, n, sizeof *out->tokens) : NULL; /* The most aligned first. */
    out->offsets_bytes = take(&block, n, sizeof *out->offsets_bytes);
    out->offsets_chars = take(&block, n, sizeof *out->offsets_chars);
    out->ids = take(&block, n, sizeof *out->ids);
    out->type_ids = take(&block, n, sizeof *out->type_ids);
    out->word_ids = take(&block, n, sizeof *out->word_ids);
    out->sequence_ids = take(&block, n, sizeof *out->sequence_ids);
    out->special_tokens_mask = take(&block, n, 1);
    out->attention_mask = take(&block, n, 1);
    *strings = (char *)block;
    return AP_OK;
}

void ap__encoding_clear(ap__encoding *encoding) {
    for (size_t i = 0; i < encoding->n_overflowing; i++) ap__free(encoding->overflowing[i].memory);
    ap__free(encoding->overflowing);
    ap__free(encoding->memory);
    *encoding = (ap__encoding){0};
}

/* -- writing ------------------------------------------------------------------------------------------- */

static ap__text string_of(const ap__work *work, const ap__token *token) {
    ap__text string = {token->text, token->text_len};
    if (!string.ptr) string.ptr = ap__vocab_token(&work->tokenizer->vocab, token->id, &string.len);
    return string;
}

static size_t count_chars(const ap__work *work, const ap__part *part) {
    size_t n = 0;
    for (size_t i = 0; i < part->n_runs; i++)
        for (size_t k = 0; k < part->runs[i].n; k++) n += string_of(work, &part->runs[i].tokens[k]).len + 1;
    return n;
}

static void put_string(ap__text *out, char **strings, const char *text, size_t len) {
    if (len) memcpy(*strings, text, len);
    (*strings)[len] = '\0';
    *out = (ap__text){*strings, len};
    *strings += len + 1;
}

/* Most are filled with zeros. */
static void fill_numbers(uint32_t *out, uint32_t value, size_t n) {
    if (!value)
        memset(out, 0, n * sizeof *out);
    else
        for (size_t i = 0; i < n; i++) out[i] = value;
}

static void write_spans(ap__span *bytes, ap__span *chars, const ap__run *run, bool are_none) {
    if (are_none) {
        memset(bytes, 0, run->n * sizeof *bytes);
        memset(chars, 0, run->n * sizeof *chars);
        return;
    }
    for (size_t i = 0; i < run->n; i++) {
        bytes[i] = run->tokens[i].bytes;
        chars[i] = run->tokens[i].chars;
    }
}

static void write_run(ap__encoding *out, size_t at, const ap__run *run, const ap__work *work,
                      char **strings) {
    uint32_t *ids = out->ids + at, *word_ids = out->word_ids + at;
    const ap__token *restrict tokens = run->tokens;
    for (size_t i = 0; i < run->n; i++) {
        ids[i] = tokens[i].id;
        word_ids[i] = tokens[i].word;
    }
    write_spans(out->offsets_bytes + at, out->offsets_chars + at, run, work->skips_offsets);
    fill_numbers(out->type_ids + at, run->type_id, run->n);
    memset(out->special_tokens_mask + at, run->is_special, run->n);
    memset(out->attention_mask + at, 1, run->n);
    for (size_t i = 0; out->tokens && i < run->n; i++) {
        ap__text string = string_of(work, &run->tokens[i]);
        put_string(&out->tokens[at + i], strings, string.ptr, string.len);
    }
}

/* Source: encoding.rs get_sequence_ids: as many sequences as there are ranges, and one without any; a
 * sequence that has no range is everything. */
static void write_sequences(ap__encoding *out, const ap__part *part) {
    size_t n = part->n_ranges ? part->n_ranges : 1;
    out->pad_sequence_id = AP__TOKEN_NONE;
    memset(out->sequence_ids, 0xFF, out->n * sizeof *out->sequence_ids); /* AP__TOKEN_NONE */
    for (uint32_t sequence = 0; sequence < n; sequence++) {
        size_t start = 0, end = out->n, i = 0;
        while (i < part->n_ranges && part->ranges[i].sequence != sequence) i++;
        if (i < part->n_ranges) {
            start = part->ranges[i].start;
            end = part->ranges[i].end;
            if (sequence < 32) out->known_sequences |= UINT32_C(1) << sequence;
        } else {
            out->pad_sequence_id = sequence;
        }
        fill_numbers(out->sequence_ids + start, sequence, end - start);
    }
}

static ap_status write_part(ap__encoding *out, const ap__work *work, const ap__part *part, bool with_tokens) {
    char *strings;
    size_t n_chars = with_tokens ? count_chars(work, part) : 0;
    ap_status status = allocate(out, part->n, with_tokens, n_chars, &strings, work->err);
    if (status) return status;
    for (size_t i = 0, at = 0; i < part->n_runs; i++) {
        write_run(out, at, &part->runs[i], work, &strings);
        at += part->runs[i].n;
    }
    write_sequences(out, part);
    return AP_OK;
}

ap_status ap__encoding_write(ap__encoding *out, ap__work *work, const ap__enc *enc,
                             const ap__encode_options *options) {
    *out = (ap__encoding){0};
    ap_status status = write_part(out, work, &enc->parts[0], options->with_tokens);
    if (status || enc->n_parts == 1) return status;
    out->overflowing = ap__calloc(enc->n_parts - 1, sizeof *out->overflowing);
    if (!out->overflowing) return ap__fail_nomem(work->err);
    out->n_overflowing = enc->n_parts - 1;
    for (size_t i = 1; i < enc->n_parts && !status; i++)
        status = write_part(&out->overflowing[i - 1], work, &enc->parts[i], options->with_tokens);
    return status;
}

/* -- padding ------------------------------------------------------------------------------------------- */

/* Entries [start, start + n) of the arrays become padding. */
static void fill(ap__encoding *out, size_t start, size_t n, const ap__encode_options *options) {
    for (size_t i = start; i < start + n; i++) {
        out->ids[i] = options->pad_id;
        out->type_ids[i] = options->pad_type_id;
        out->word_ids[i] = AP__TOKEN_NONE;
        out->sequence_ids[i] = out->pad_sequence_id;
        out->offsets_bytes[i] = out->offsets_chars[i] = (ap__span){0, 0};
        out->special_tokens_mask[i] = 1;
        out->attention_mask[i] = 0;
    }
}

static void move(ap__encoding *out, size_t at, const ap__encoding *from) {
    size_t n = from->n;
    if (!n) return;
    memcpy(out->ids + at, from->ids, n * sizeof *from->ids);
    memcpy(out->type_ids + at, from->type_ids, n * sizeof *from->type_ids);
    memcpy(out->word_ids + at, from->word_ids, n * sizeof *from->word_ids);
    memcpy(out->sequence_ids + at, from->sequence_ids, n * sizeof *from->sequence_ids);
    memcpy(out->offsets_bytes + at, from->offsets_bytes, n * sizeof *from->offsets_bytes);
    memcpy(out->offsets_chars + at, from->offsets_chars, n * sizeof *from->offsets_chars);
    memcpy(out->special_tokens_mask + at, from->special_tokens_mask, n);
    memcpy(out->attention_mask + at, from->attention_mask, n);
}

static void move_strings(ap__encoding *out, size_t at, const ap__encoding *from, const char *pad_token,
                         char *strings) {
    for (size_t i = 0; i < out->n; i++) {
        bool is_pad = i < at || i >= at + from->n;
        ap__text string = is_pad ? (ap__text){pad_token, strlen(pad_token)} : from->tokens[i - at];
        put_string(&out->tokens[i], &strings, string.ptr, string.len);
    }
}

static ap_status pad(ap__encoding *encoding, size_t target, const ap__encode_options *options,
                     ap_error *err) {
    if (encoding->n >= target) return AP_OK;
    const char *pad_token = options->pad_token ? options->pad_token : "[PAD]";
    size_t n_pads = target - encoding->n, at = options->padding_side == AP__SIDE_LEFT ? n_pads : 0,
           n_chars = 0;
    if (encoding->tokens) {
        if (!ap__mul_size(&n_chars, n_pads, strlen(pad_token) + 1)) return ap__fail_nomem(err);
        for (size_t i = 0; i < encoding->n; i++) n_chars += encoding->tokens[i].len + 1;
    }
    ap__encoding padded = *encoding;
    char *strings;
    ap_status status = allocate(&padded, target, encoding->tokens, n_chars, &strings, err);
    if (status) return status;
    fill(&padded, at ? 0 : encoding->n, n_pads, options);
    move(&padded, at, encoding);
    if (encoding->tokens) move_strings(&padded, at, encoding, pad_token, strings);
    ap__free(encoding->memory);
    *encoding = padded;
    return AP_OK;
}

/* Source: utils/padding.rs pad_encodings. The longest is looked for among the encodings, not their overflow.
 */
static ap_status target_of(size_t *out, const ap__encoding *encodings, size_t n,
                           const ap__encode_options *options, ap_error *err) {
    size_t target = options->pad_length, multiple = options->pad_to_multiple_of;
    if (options->padding == AP__PADDING_LONGEST) {
        target = 0;
        for (size_t i = 0; i < n; i++)
            if (encodings[i].n > target) target = encodings[i].n;
    }
    size_t excess = multiple ? target % multiple : 0;
    if ((excess && !ap__add_size(&target, target, multiple - excess)) || target > PADDED_MAX_TOKENS)
        return ap__fail(err, AP_ELIMIT, "padding to %zu tokens, a multiple of %zu: at most %zu are supported",
                        target, multiple, PADDED_MAX_TOKENS);
    *out = target;
    return AP_OK;
}

ap_status ap__encodings_pad(ap__encoding *encodings, size_t n_encodings, const ap__encode_options *options,
                            ap_error *err) {
    if (!options || options->padding == AP__PADDING_OFF) return AP_OK;
    size_t target = 0;
    ap_status status = target_of(&target, encodings, n_encodings, options, err);
    for (size_t i = 0; i < n_encodings && !status; i++) {
        for (size_t k = 0; k < encodings[i].n_overflowing && !status; k++)
            status = pad(&encodings[i].overflowing[k], target, options, err);
        if (!status) status = pad(&encodings[i], target, options, err);
    }
    return status;
}
