/* Decoding of ids that come one by one: text that later ids can no longer change. */
#ifndef AP_TOKENIZER_STREAM_H
#define AP_TOKENIZER_STREAM_H

#include "tokenizer/tokenizer.h"

typedef struct ap__decode_stream ap__decode_stream;

typedef struct ap__decode_stream_options {
    bool skip_special_tokens;
    bool clean_up; /* As ap__clean_up_tokenization_spaces(). */
} ap__decode_stream_options;

/* `tokenizer` is borrowed until the stream is destroyed.   @return AP_ENOMEM */
ap_status ap__decode_stream_create(ap__decode_stream **out, const ap__tokenizer *tokenizer,
                                   const ap__decode_stream_options *options, ap_error *err);

/* Takes the next id and gives the text that is now certain and was not given yet, possibly none: whole
 * characters only. What all steps and the flush give is what ap__tokenizer_decode() gives for all ids. A step
 * costs no more for the ids before it, but where a decoder or the tokenizer's class lets the end of a text
 * change all of it (then the flush gives everything).
 * @param[out] text borrowed until the next call.   @return AP_ENOMEM, AP_ELIMIT */
ap_status ap__decode_stream_step(ap__decode_stream *stream, uint32_t id, ap__text *text, ap_error *err);

/* Gives the rest.   @return also what decoding all ids fails with. */
ap_status ap__decode_stream_flush(ap__decode_stream *stream, ap__text *text, ap_error *err);

void ap__decode_stream_destroy(ap__decode_stream *stream);

#endif
