/* ByteLevel, which is a pre-tokenizer, a post-processor and a decoder with the same members. */
#ifndef AP_TOKENIZER_BYTE_LEVEL_H
#define AP_TOKENIZER_BYTE_LEVEL_H

#include "tokenizer/component.h"

typedef struct ap__byte_level {
    int add_prefix_space, trim_offsets, use_regex; /* 0 or 1; settings, see ap__setting_fn. */
} ap__byte_level;

/* The ap__create_fn of all three. */
ap__create_fn ap__byte_level_create;

/* The members that tokenizer_config.json overrides. */
ap__setting_fn ap__byte_level_setting;

/* Puts the last bytes that a token decodes to in front of the `n` that stand at the end of `bytes`, which has
 * room for `size`.   @return how many stand there then */
size_t ap__byte_level_last(char *bytes, size_t n, size_t size, ap__text token);

/* Whether bytes end inside of a character. */
bool ap__byte_level_is_open(const char *bytes, size_t n);

/* The bytes as text: every stretch of them that begins no character, as long as it could have, becomes
 * `broken`, of at most three bytes. */
ap_status ap__utf8_repair(ap__text *out, struct ap__strings *strings, const char *bytes, size_t len,
                          const char *broken);

#endif
