/* "did you mean": the nearest of a list of names. */
#ifndef CLI_SUGGEST_H
#define CLI_SUGGEST_H

#include <stddef.h>

/* Looks at one candidate after the other: start with all zeros, then ask for `best`. */
typedef struct cli_suggestion {
    const char *best; /* NULL: nothing is near enough. Borrowed from the candidate. */
    size_t distance;
} cli_suggestion;

/* "-" and "_" are the same, and so are both cases of a letter. */
void cli_suggest(cli_suggestion *suggestion, const char *name, const char *candidate);

/* Text to put behind a message: `; did you mean PREFIXname?` with "-" for "_", or `otherwise` when nothing is
 * near. `buf` holds it. */
const char *cli_suggestion_text(const cli_suggestion *suggestion, const char *prefix, const char *otherwise,
                                char *buf, size_t size);

#endif
