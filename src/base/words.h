/* Lists of names as text: "first second third". */
#ifndef AP_BASE_WORDS_H
#define AP_BASE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* Reads the next word; *rest moves behind it.   @return its length, 0 at the end */
size_t ap__words_next(const char **word, const char **rest);

/* Whether `name` is one of the words (NULL: none). */
bool ap__words_have(const char *words, const char *name);

#endif
