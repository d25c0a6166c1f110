/* What Python's str methods do, on UTF-8: for what the reference does in Python rather than in Rust. Text is
 * valid. Source: cpython@v3.11 Objects/unicodectype.c, Objects/unicodeobject.c. */
#ifndef AP_TOKENIZER_PYTHON_TEXT_H
#define AP_TOKENIZER_PYTHON_TEXT_H

#include "base/buf.h"
#include "tokenizer/tokenizer.h"

/* str.isspace(), str.isalnum(), str.isdigit() of one character. */
bool ap__py_is_space(uint32_t code);
bool ap__py_is_alnum(uint32_t code);
bool ap__py_is_digit(uint32_t code);

/* The value of a decimal digit of any script (Nd); -1 of anything else. */
int ap__py_digit(uint32_t code);

/* str.strip(): a part of the same text. */
ap__text ap__py_strip(ap__text text);

/* str.split(): the next word of *rest, which begins behind it from then on.   @return false at the end */
bool ap__py_next_word(ap__text *word, ap__text *rest);

/* Appends str.lower(), every character by itself: a final sigma is a sigma like any other. */
ap_status ap__py_lower(ap__buf *out, ap__text text, ap_error *err);

#endif
