#define _GNU_SOURCE /* memmem */
/* Streams of ids. Only a window of them is decoded at each step: what was not given yet, and in front of it
 * one token whose text was, because decoders look at the token before. What is held back is what they may
 * still change: the end of a character, a run of byte tokens, the text in front of a space that the clean-up
 * may take away. */
#include "tokenizer/stream.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/clean_up.h"
#include "tokenizer/tokenizer_impl.h"

#include <string.h>

/* More ids than any model can generate in one go. */
#define STREAM_MAX_IDS ((size_t)1 << 24)

/* As components.def names it. */
extern const ap__decoder_class ap__decoder_byte_level;

struct ap__decode_stream {
    const ap__tokenizer *tokenizer;
    ap__decode_stream_options options;
    unsigned tail; /* Of the tokenizer's decoder, see ap__tail_fn. */
    uint32_t *ids; /* The window; without ids that decoders do not see. */
    size_t n, capacity;
    size_t n_done;    /* Bytes of the window's text that are given, or wait in `waiting`. */
    bool is_run_open; /* The window ends with byte tokens, or others that what follows may change. */
    ap__buf waiting;  /* Text that the clean-up may change. */
    char *text;       /* What the last call gave is in it. */
};

ap_status ap__decode_stream_create(ap__decode_stream **out, const ap__tokenizer *tokenizer,
                                   const ap__decode_stream_options *options, ap_error *err) {
    ap__decode_stream *stream = *out = ap__calloc(1, sizeof *stream);
    if (!stream) return ap__fail_nomem(err);
    stream->tokenizer = tokenizer;
    stream->options = *options;
    const ap__decoder *decoder = &tokenizer->decoder;
    if (decoder->class_ && decoder->class_->tail) stream->tail = decoder->class_->tail(decoder->self, false);
    if (tokenizer->word_end.len) stream->tail |= AP__TAIL_OPEN; /* Its ends are stripped. */
    return AP_OK;
}

void ap__decode_stream_destroy(ap__decode_stream *stream) {
    if (!stream) return;
    ap__free(stream->ids);
    ap__free(stream->text);
    ap__buf_clear(&stream->waiting);
    ap__free(stream);
}

/* -- the window ---------------------------------------------------------------------------------------- */

static ap__text string_of(const ap__decode_stream *stream, uint32_t id) {
    ap__text text = {0};
    text.ptr =
        ap__tokenizer_decoded_string(stream->tokenizer, id, stream->options.skip_special_tokens, &text.len);
    return text;
}

static bool is_byte_token(ap__text token) {
    return token.len == 6 && !memcmp(token.ptr, "<0x", 3) && token.ptr[5] == '>';
}

static bool has_word_end_inside(ap__text token) {
    const size_t len = strlen(AP__WORD_END);
    const char *found = memmem(token.ptr, token.len, AP__WORD_END, len);
    return found && found + len < token.ptr + token.len;
}

static ap_status append(ap__decode_stream *stream, uint32_t id, ap_error *err) {
    void *ids = stream->ids;
    ap__text token = string_of(stream, id);
    if (!token.ptr) return AP_OK;
    if (stream->n == STREAM_MAX_IDS)
        return ap__fail(err, AP_ELIMIT, "more than %zu ids in one stream", STREAM_MAX_IDS);
    if (!ap__grow(&ids, &stream->capacity, stream->n + 1, sizeof id, STREAM_MAX_IDS))
        return ap__fail_nomem(err);
    stream->ids = ids;
    stream->ids[stream->n++] = id;
    stream->is_run_open = (stream->tail & AP__TAIL_BYTES && is_byte_token(token)) ||
                          (stream->tail & AP__TAIL_WORD && has_word_end_inside(token));
    return AP_OK;
}

static ap_status decode(const ap__decode_stream *stream, const uint32_t *ids, size_t n, char **text,
                        size_t *len, ap_error *err) {
    return ap__tokenizer_decode(text, len, stream->tokenizer, ids, n, stream->options.skip_special_tokens,
                                err);
}

/* Whether bytes of a character are missing at the end of the window. */
static bool is_char_open(const ap__decode_stream *stream, const char *text, size_t len) {
    if (!(stream->tail & AP__TAIL_BROKEN) || len < 3 || memcmp(text + len - 3, "\xEF\xBF\xBD", 3) != 0)
        return false;
    if (stream->tokenizer->decoder.class_ != &ap__decoder_byte_level) return true; /* It may be. */
    enum { LAST = 4 }; /* Tokens without bytes have no place here. */
    char bytes[LAST];
    size_t n = 0;
    for (size_t i = stream->n; i-- > 0 && n < LAST - 1;)
        n = ap__byte_level_last(bytes, n, LAST, string_of(stream, stream->ids[i]));
    return ap__byte_level_is_open(bytes + LAST - n, n);
}

/* Leaves the last token in the window, whose text is given, and where a decoder takes spaces off the start of
 * the text one that has text. */
static ap_status shift(ap__decode_stream *stream, ap_error *err) {
    char *text;
    size_t len, keep = 1;
    uint32_t first = stream->ids[0], last = stream->ids[stream->n - 1];
    ap_status status = decode(stream, &last, 1, &text, &len, err);
    ap__free(text);
    if (!status && !len && stream->tail & AP__TAIL_START) {
        const uint32_t both[2] = {first, last};
        keep = 2;
        status = decode(stream, both, 2, &text, &len, err);
        ap__free(text);
        if (status || !len || stream->n < 2) return status == AP_EINVAL ? AP_OK : status;
        stream->ids[0] = first;
    }
    if (status) return status == AP_EINVAL ? AP_OK : status; /* Not alone: the window stays. */
    stream->ids[keep - 1] = last;
    stream->n = keep;
    stream->n_done = len;
    return AP_OK;
}

/* -- giving text --------------------------------------------------------------------------------------- */

/* Takes over `text`; what it has from `start` to `end` is given. */
static void give(ap__decode_stream *stream, char *text, size_t start, size_t end, ap__text *out) {
    ap__free(stream->text);
    stream->text = text;
    *out = end > start ? (ap__text){text + start, end - start} : (ap__text){"", 0};
}

/* The same, cleaned up; at the end of the stream all of it, else what no longer text changes. */
static ap_status give_clean(ap__decode_stream *stream, ap__text added, bool is_last, ap__text *out,
                            ap_error *err) {
    ap__buf *waiting = &stream->waiting;
    ap_status status = added.len ? ap__buf_append(waiting, added.ptr, added.len, err) : AP_OK;
    if (status || !waiting->len) return status;
    size_t n = is_last ? waiting->len : ap__clean_up_certain(waiting->ptr, waiting->len);
    char *text = ap__strndup(waiting->ptr, n);
    if (!text) return ap__fail_nomem(err);
    memmove(waiting->ptr, waiting->ptr + n, waiting->len - n);
    waiting->len -= n;
    give(stream, text, 0, ap__clean_up_tokenization_spaces(text, n), out);
    return AP_OK;
}

static ap_status give_certain(ap__decode_stream *stream, char *text, size_t certain, bool is_last,
                              ap__text *out, ap_error *err) {
    size_t start = stream->n_done;
    if (certain > start) stream->n_done = certain;
    if (!stream->options.clean_up) {
        give(stream, text, start, certain, out);
        return AP_OK;
    }
    ap__text added = {text + start, certain > start ? certain - start : 0};
    ap_status status = give_clean(stream, added, is_last, out, err);
    ap__free(text);
    return status;
}

/* -- steps --------------------------------------------------------------------------------------------- */

ap_status ap__decode_stream_step(ap__decode_stream *stream, uint32_t id, ap__text *text, ap_error *err) {
    char *decoded;
    size_t len, n = stream->n;
    *text = (ap__text){"", 0};
    ap_status status = append(stream, id, err);
    /* What a run of byte tokens is, is certain at its end only. */
    if (status || stream->n == n || stream->tail & AP__TAIL_OPEN || stream->is_run_open) return status;
    status = decode(stream, stream->ids, stream->n, &decoded, &len, err);
    if (status == AP_EINVAL) { /* These ids cannot be decoded so far; more of them may. */
        ap__error_clear(err);
        return AP_OK;
    }
    if (status) return status;
    bool is_open = is_char_open(stream, decoded, len);
    status = give_certain(stream, decoded, is_open ? len - 3 : len, false, text, err);
    if (!status && !is_open) status = shift(stream, err);
    if (!status) ap__error_clear(err);
    return status;
}

ap_status ap__decode_stream_flush(ap__decode_stream *stream, ap__text *text, ap_error *err) {
    char *decoded;
    size_t len;
    *text = (ap__text){"", 0};
    ap_status status = decode(stream, stream->ids, stream->n, &decoded, &len, err);
    return status ? status : give_certain(stream, decoded, len, true, text, err);
}
