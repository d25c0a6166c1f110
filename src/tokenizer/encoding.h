/* Writing out an encoding: from runs of tokens to one array for each property. */
#ifndef AP_TOKENIZER_ENCODING_H
#define AP_TOKENIZER_ENCODING_H

#include "tokenizer/encs.h"

/* @param[out] out overwritten; ap__encoding_clear() it, also after a failure. */
ap_status ap__encoding_write(ap__encoding *out, ap__work *work, const ap__enc *enc,
                             const ap__encode_options *options);

#endif
