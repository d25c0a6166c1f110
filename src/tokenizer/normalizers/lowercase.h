/* Lower case of a text, for the normalizers that do it. */
#ifndef AP_TOKENIZER_NORMALIZERS_LOWERCASE_H
#define AP_TOKENIZER_NORMALIZERS_LOWERCASE_H

#include "tokenizer/work.h"

/* In place, of bytes that are all below 0x80. */
void ap__lowercase_ascii(char *text, size_t len);

ap_status ap__lowercase(ap__work *work, ap__ntext *text);

#endif
