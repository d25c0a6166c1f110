/* "did you mean": the nearest of a list of names. */
#ifndef AP_BASE_SUGGEST_H
#define AP_BASE_SUGGEST_H

#include <stddef.h>

/* Looks at one candidate after the other: start with all zeros, then ask for `best`. */
typedef struct ap__suggestion {
    const char *best; /* NULL: nothing is near enough. Borrowed from the candidate. */
    size_t distance;
} ap__suggestion;

/* A candidate counts when at most a third of its letters differ, or when it begins with `name`. */
void ap__suggest(ap__suggestion *suggestion, const char *name, const char *candidate);

/* Text to put behind a message: `; did you mean "x"?`, or "" when nothing is near. `buf` holds it. */
const char *ap__suggestion_text(const ap__suggestion *suggestion, char *buf, size_t size);

#endif
