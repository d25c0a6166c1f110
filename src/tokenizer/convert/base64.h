/* Base64 as RFC 4648 section 4 has it: with padding, without anything else. */
#ifndef AP_TOKENIZER_CONVERT_BASE64_H
#define AP_TOKENIZER_CONVERT_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the text for `len` bytes, without a NUL. */
size_t ap__base64_len(size_t len);

/* Writes ap__base64_len(len) characters. */
void ap__base64_encode(char *out, const void *bytes, size_t len);

/* Writes at most len / 4 * 3 bytes; false when the text is not base64. */
bool ap__base64_decode(void *out, size_t *out_len, const char *text, size_t len);

#endif
