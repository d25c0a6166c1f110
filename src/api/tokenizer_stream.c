/* Decoding ids as they come. */
#include "api/tokenizer_impl.h"
#include "base/alloc.h"
#include "base/error.h"
#include "tokenizer/stream.h"

struct ap_decode_stream {
    ap__decode_stream *impl;
};

ap_status ap_decode_stream_create(ap_decode_stream **out, const ap_tokenizer *tokenizer,
                                  const ap_decode_options *options, ap_error *err) {
    ap__decode_stream_options own;
    if (out) *out = NULL;
    if (!out || !tokenizer)
        return ap__fail(err, AP_EINVAL, "ap_decode_stream_create: %s is NULL", out ? "tokenizer" : "out");
    ap_status status = ap__decode_options_resolve(&own, tokenizer, options, err);
    if (status) return status;
    ap_decode_stream *stream = ap__calloc(1, sizeof *stream);
    if (!stream) return ap__fail_nomem(err);
    status = ap__decode_stream_create(&stream->impl, tokenizer->impl, &own, err);
    if (status)
        ap__free(stream);
    else
        *out = stream;
    return status;
}

/* Both ways of getting text give it in the same form. */
static ap_status give(const char **text, size_t *len_bytes, const ap__text *found, ap_status status) {
    *text = status ? NULL : found->ptr;
    *len_bytes = status ? 0 : found->len;
    return status;
}

ap_status ap_decode_stream_step(ap_decode_stream *stream, uint32_t id, const char **text, size_t *len_bytes,
                                ap_error *err) {
    ap__text found;
    if (!stream || !text || !len_bytes)
        return ap__fail(err, AP_EINVAL, "ap_decode_stream_step: stream, text or len_bytes is NULL");
    ap_status status = ap__decode_stream_step(stream->impl, id, &found, err);
    return give(text, len_bytes, &found, status);
}

ap_status ap_decode_stream_flush(ap_decode_stream *stream, const char **text, size_t *len_bytes,
                                 ap_error *err) {
    ap__text found;
    if (!stream || !text || !len_bytes)
        return ap__fail(err, AP_EINVAL, "ap_decode_stream_flush: stream, text or len_bytes is NULL");
    ap_status status = ap__decode_stream_flush(stream->impl, &found, err);
    return give(text, len_bytes, &found, status);
}

void ap_decode_stream_destroy(ap_decode_stream *stream) {
    if (!stream) return;
    ap__decode_stream_destroy(stream->impl);
    ap__free(stream);
}
