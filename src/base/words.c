/* Words separated by blanks. */
#include "base/words.h"

#include <string.h>

size_t ap__words_next(const char **word, const char **rest) {
    *word = *rest + strspn(*rest, " ");
    size_t len = strcspn(*word, " ");
    *rest = *word + len;
    return len;
}

bool ap__words_have(const char *words, const char *name) {
    const char *word, *rest = words ? words : "";
    for (size_t len; (len = ap__words_next(&word, &rest));)
        if (strlen(name) == len && memcmp(name, word, len) == 0) return true;
    return false;
}
