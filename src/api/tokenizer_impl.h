/* Tokenizers as the public API has them. */
#ifndef AP_API_TOKENIZER_IMPL_H
#define AP_API_TOKENIZER_IMPL_H

#include "generate/chat/chat_template.h"
#include "tokenizer/stream.h"

struct ap_tokenizer {
    ap__tokenizer *impl;
    ap__chat_templates *chat; /* NULL of one that is lent: read when they are asked for. */
    char *name;               /* The path, or what stands for a text in memory. */
};

struct ap_encodings {
    ap__encoding *ptr;
    size_t n;
};

/* A tokenizer that somebody else owns.   @param[out] out ap__free() it, before its owner destroys `impl`. */
ap_status ap__tokenizer_lend(ap_tokenizer **out, ap__tokenizer *impl, const char *name, ap_error *err);

/* Copies options of any version that has no more members than ours; members that it lacks are zero. `name` is
 * that of the struct. Both begin with their size.   @return AP_EINVAL */
ap_status ap__options_copy(void *out, size_t out_size, const void *given, const char *name, ap_error *err);

/* The options of a call as the tokenizer takes them. `given` may be NULL.   @return AP_EINVAL, AP_ELIMIT */
ap_status ap__encode_options_resolve(ap__encode_options *out, const ap_tokenizer *tokenizer,
                                     const ap_encode_options *given, ap_error *err);

/* The same of decoding. */
ap_status ap__decode_options_resolve(ap__decode_stream_options *out, const ap_tokenizer *tokenizer,
                                     const ap_decode_options *given, ap_error *err);

/* Encodes one input; nothing is padded that is not to be padded alone.
 * @param[out] out overwritten; ap__encoding_clear() it, also after a failure. */
ap_status ap__encode_input(ap__encoding *out, const ap_tokenizer *tokenizer, const ap_encode_input *input,
                           const ap__encode_options *options, ap_error *err);

#endif
