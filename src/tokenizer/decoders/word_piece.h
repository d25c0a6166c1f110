/* The clean-up of English text that two decoders do. */
#ifndef AP_TOKENIZER_DECODERS_WORD_PIECE_H
#define AP_TOKENIZER_DECODERS_WORD_PIECE_H

#include "tokenizer/strings.h"

/* Takes the space in front of punctuation and English contractions. */
ap_status ap__clean_up_english(ap__strings *strings, ap__text *string);

#endif
