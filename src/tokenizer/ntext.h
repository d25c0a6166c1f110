/* A text on its way from what the user wrote to what the model sees, and where each byte of it comes from.
 *
 * Source: huggingface/tokenizers@v0.21.4 tokenizer/normalizer.rs NormalizedString. There every piece owns its
 * strings and its alignment counts from its own start; here a piece is a view, alignments are absolute and
 * are left out as long as nothing moved. */
#ifndef AP_TOKENIZER_NTEXT_H
#define AP_TOKENIZER_NTEXT_H

#include "base/arena.h"
#include "tokenizer/tokenizer.h"

/* A view: it dies with the buffer that it points into. */
typedef struct ap__ntext {
    const char *ptr; /* UTF-8, `len` bytes. */
    const ap__span
        *align; /* Of each byte, in bytes of the original; NULL: byte i is byte origin.start + i. */
    uint32_t len;
    ap__span origin; /* The stretch of the original that this text stands for. */
    /* Nobody will ask where its bytes come from: `align` is NULL, whatever was moved, and `origin` is right
     * only for what nothing was cut off from since. */
    bool is_loose;
} ap__ntext;

/* Bytes of the character that starts with this byte. */
static inline uint32_t ap__utf8_len(char lead) {
    unsigned char c = (unsigned char)lead;
    return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

static inline bool ap__is_continuation(char byte) { return ((unsigned char)byte & 0xC0) == 0x80; }

/* Where bytes [start, end) of the text come from. Inside of characters it widens to whole ones. An empty
 * range is passed through, as in the reference (convert_offsets). */
static inline ap__span ap__ntext_origin_of(const ap__ntext *text, uint32_t start, uint32_t end) {
    if (start == end) return (ap__span){text->origin.start + start, text->origin.start + end};
    if (text->align) return (ap__span){text->align[start].start, text->align[end - 1].end};
    while (start > 0 && ap__is_continuation(text->ptr[start])) start--;
    while (end < text->len && ap__is_continuation(text->ptr[end])) end++;
    return (ap__span){text->origin.start + start, text->origin.start + end};
}

/* The view of bytes [start, end), which are at character boundaries. */
static inline ap__ntext ap__ntext_slice(const ap__ntext *text, uint32_t start, uint32_t end) {
    ap__ntext slice = {text->ptr + start,
                       NULL,
                       end - start,
                       {text->origin.start + start, text->origin.start + end},
                       text->is_loose};
    if (!text->align) return slice;
    slice.align = text->align + start;
    slice.origin = ap__ntext_origin_of(text, start, end);
    return slice;
}

/* Whether all bytes are below 0x80. */
bool ap__is_ascii(const char *text, size_t len);

/* A text that is made of this one is refused (AP_ELIMIT) when it is longer than this. */
size_t ap__ntext_max_len(const ap__ntext *text);

/* -- buffers ------------------------------------------------------------------------------------------- */

/* Where a changed text is written; grows and is used again. */
typedef struct ap__textbuf {
    char *ptr;
    size_t capacity;
    ap__span *align;
    size_t align_capacity;
} ap__textbuf;

void ap__textbuf_clear(ap__textbuf *buf);

/* Makes room for `len` bytes that are made of the text, and `n_more` that are not counted.
 * @return AP_ENOMEM, AP_ELIMIT */
ap_status ap__textbuf_reserve(ap__textbuf *buf, const ap__ntext *text, size_t len, size_t n_more,
                              ap_error *err);

/* Two buffers that normalizers write to in turn: each reads what the one before it wrote. All zero is ready.
 */
typedef struct ap__textbufs {
    ap__textbuf buf[2];
    unsigned next;
} ap__textbufs;

/* The bytes of the text, to be changed in place: copied first when they are not in one of the buffers. NULL
 * when out of memory. */
char *ap__ntext_own(ap__textbufs *bufs, ap__ntext *text);

/* Moves the text (and its alignment) to an arena.   @return AP_ENOMEM */
ap_status ap__ntext_keep(ap__ntext *text, ap__arena *arena, ap_error *err);

/* -- transformations ----------------------------------------------------------------------------------- */

/* Rewrites a text character by character. The reference describes a change by a stream of pairs (character,
 * change): 0 replaces the next character, 1 is a new one that shares the place of the one before, -n replaces
 * and drops the n characters that follow. Everything about alignment follows from that stream. */
typedef struct ap__transform {
    const ap__ntext *in;
    ap__textbuf *out;
    uint32_t at;      /* The next byte of `in` to be replaced. */
    uint32_t end;     /* Where the replaced range ends. */
    size_t len;       /* Bytes written, */
    size_t max;       /* and at most. */
    bool is_identity; /* So far byte i is byte i of the original, or nobody asks. */
    ap_status status; /* The first failure; nothing is written from then on. */
    ap_error *err;
} ap__transform;

/* Starts to rewrite the whole text but its first `n_removed` characters, which vanish. */
void ap__transform_begin(ap__transform *t, ap__textbuf *out, const ap__ntext *in, size_t n_removed,
                         ap_error *err);

/* Starts to rewrite bytes [0, end) only: what follows stays. */
void ap__transform_begin_head(ap__transform *t, ap__textbuf *out, const ap__ntext *in, uint32_t end,
                              ap_error *err);

void ap__transform_put(ap__transform *t, uint32_t code, long change);

/* Puts the image of all of the input in the byte-level alphabet (byte_alphabet.h). */
void ap__transform_put_bytes(ap__transform *t, const ap__ntext *text);

/* Puts the next `n` bytes of the input, whole characters, as they are. */
void ap__transform_copy(ap__transform *t, uint32_t n);

/* Writes bytes with a given origin, without taking any input: for what is no stream of changes. */
void ap__transform_insert(ap__transform *t, const char *bytes, size_t len, ap__span origin);

/* Passes over the next character of the input. */
void ap__transform_drop(ap__transform *t);

/* Passes over `n` bytes of the input. */
void ap__transform_skip(ap__transform *t, uint32_t n);

/* The result in *text, which may be the input. */
ap_status ap__transform_finish(ap__transform *t, ap__ntext *text);

/* Puts a string in front of a text, which is not empty: the result is in `out`. The string then comes from
 * where the first character does. */
ap_status ap__ntext_prepend(ap__textbuf *out, ap__ntext *text, ap__text string, ap_error *err);

/* Whether a transformation of the whole text starts at its first byte: not so when that has an empty origin.
 */
bool ap__ntext_is_plain(const ap__ntext *text);

#endif
