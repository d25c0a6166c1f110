/* Streams of ids. All ids are decoded at each step, because decoders may look at everything before; what is
 * held back is what they may still change: the end of a character, a run of byte tokens, the text in front of
 * a space that the clean-up may take away. */
#include "tokenizer/stream.h"

#include "base/alloc.h"
#include "base/error.h"
#include "tokenizer/clean_up.h"
#include "tokenizer/tokenizer_impl.h"

#include <string.h>

/* More ids than any model can generate in one go. */
#define STREAM_MAX_IDS ((size_t)1 << 24)

struct ap__decode_stream {
    const ap__tokenizer *tokenizer;
    ap__decode_stream_options options;
    uint32_t *ids;
    size_t n, capacity;
    char *text;      /* What the last call decoded. */
    size_t n_given;  /* Bytes of it that were given. */
    unsigned tail;   /* Of the tokenizer's decoder, see ap__tail_fn. */
    size_t n_closed; /* Ids before the run of byte tokens at the end. */
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
    ap__free(stream);
}

/* -- what is certain ----------------------------------------------------------------------------------- */

/* Whether a run of byte tokens may go on behind that id: it is one, or decoding may leave it out. */
static bool goes_on(const ap__decode_stream *stream, uint32_t id) {
    size_t len = 0;
    const char *token = ap__tokenizer_id_to_token(stream->tokenizer, id, &len);
    if (!token || (len == 6 && !memcmp(token, "<0x", 3) && token[5] == '>')) return true;
    return stream->options.skip_special_tokens && ap__added_find_id(&stream->tokenizer->added, id);
}

/* U+FFFD at the end may be a character whose bytes are not all there yet. */
static size_t without_broken_end(const char *text, size_t len) {
    while (len >= 3 && !memcmp(text + len - 3, "\xEF\xBF\xBD", 3)) len -= 3;
    return len;
}

static ap_status decode(const ap__decode_stream *stream, size_t n, char **text, size_t *len, ap_error *err) {
    return ap__tokenizer_decode(text, len, stream->tokenizer, stream->ids, n,
                                stream->options.skip_special_tokens, err);
}

static size_t common_len(const char *a, size_t a_len, const char *b, size_t b_len) {
    size_t n = 0;
    while (n < a_len && n < b_len && a[n] == b[n]) n++;
    return n;
}

/* How much of `text`, which all ids decode to, stays whatever follows. */
static ap_status find_certain(const ap__decode_stream *stream, const char *text, size_t len, size_t *certain,
                              ap_error *err) {
    *certain = 0;
    if (stream->tail & AP__TAIL_OPEN) return AP_OK;
    if (stream->n_closed < stream->n) { /* What a run of byte tokens is, is certain at its end only. */
        char *closed;
        size_t closed_len;
        ap_status status = decode(stream, stream->n_closed, &closed, &closed_len, err);
        if (status) return status;
        len = common_len(text, len, closed, closed_len);
        ap__free(closed);
    }
    *certain = without_broken_end(text, len);
    if (stream->options.clean_up) *certain = ap__clean_up_certain(text, *certain);
    return AP_OK;
}

/* -- steps --------------------------------------------------------------------------------------------- */

/* Gives what is new in `text`, of which `certain` bytes are certain; owns it. */
static void give(ap__decode_stream *stream, char *text, size_t certain, ap__text *out) {
    if (stream->options.clean_up) certain = ap__clean_up_tokenization_spaces(text, certain);
    ap__free(stream->text);
    stream->text = text;
    *out = (ap__text){"", 0};
    if (certain <= stream->n_given) return;
    *out = (ap__text){text + stream->n_given, certain - stream->n_given};
    stream->n_given = certain;
}

static ap_status append(ap__decode_stream *stream, uint32_t id, ap_error *err) {
    void *ids = stream->ids;
    if (stream->n == STREAM_MAX_IDS)
        return ap__fail(err, AP_ELIMIT, "more than %zu ids in one stream", STREAM_MAX_IDS);
    if (!ap__grow(&ids, &stream->capacity, stream->n + 1, sizeof id, STREAM_MAX_IDS))
        return ap__fail_nomem(err);
    stream->ids = ids;
    stream->ids[stream->n++] = id;
    if (!(stream->tail & AP__TAIL_BYTES) || !goes_on(stream, id)) stream->n_closed = stream->n;
    return AP_OK;
}

ap_status ap__decode_stream_step(ap__decode_stream *stream, uint32_t id, ap__text *text, ap_error *err) {
    char *decoded;
    size_t len, certain;
    *text = (ap__text){"", 0};
    ap_status status = append(stream, id, err);
    if (status) return status;
    status = decode(stream, stream->n, &decoded, &len, err);
    if (!status) status = find_certain(stream, decoded, len, &certain, err);
    if (status == AP_EINVAL) { /* These ids cannot be decoded so far; more of them may. */
        ap__error_clear(err);
        ap__free(decoded);
        return AP_OK;
    }
    if (!status)
        give(stream, decoded, certain, text);
    else
        ap__free(decoded);
    return status;
}

ap_status ap__decode_stream_flush(ap__decode_stream *stream, ap__text *text, ap_error *err) {
    char *decoded;
    size_t len;
    *text = (ap__text){"", 0};
    ap_status status = decode(stream, stream->n, &decoded, &len, err);
    if (!status) give(stream, decoded, len, text);
    return status;
}
