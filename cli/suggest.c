/* Nearest name by edit distance. The library has the same rule for its own names (src/base/suggest.c), but
 * says it in messages only; commands and options are names of the front end. */
#include "suggest.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST = 40 }; /* Longer names are not compared: they are no typing mistakes of ours. */

static char folded(char c) {
    if (c == '-') return '_';
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Optimal string alignment: insert, delete, replace, swap neighbours. */
static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b) {
    size_t d[LONGEST + 1][LONGEST + 1];
    for (size_t i = 0; i <= n_a; i++) d[i][0] = i;
    for (size_t j = 0; j <= n_b; j++) d[0][j] = j;
    for (size_t i = 1; i <= n_a; i++)
        for (size_t j = 1; j <= n_b; j++) {
            size_t cost = folded(a[i - 1]) != folded(b[j - 1]);
            d[i][j] = least(d[i - 1][j - 1] + cost, least(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
                folded(a[i - 2]) == folded(b[j - 1]))
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[n_a][n_b];
}

void cli_suggest(cli_suggestion *suggestion, const char *name, const char *candidate) {
    size_t n_name = strlen(name), n_candidate = strlen(candidate);
    if (!n_name || !n_candidate || n_name > LONGEST || n_candidate > LONGEST) return;
    size_t d = distance(name, n_name, candidate, n_candidate);
    size_t longer = n_name > n_candidate ? n_name : n_candidate;
    int is_prefix = n_name >= 3 && strncmp(name, candidate, n_name) == 0;
    if (d * 3 > longer && !is_prefix) return;
    if (suggestion->best && suggestion->distance <= d) return;
    suggestion->best = candidate;
    suggestion->distance = d;
}

const char *cli_suggestion_text(const cli_suggestion *suggestion, const char *prefix, const char *otherwise,
                                char *buf, size_t size) {
    if (!suggestion->best) return otherwise;
    int start = snprintf(buf, size, "; did you mean %s", prefix);
    int n = snprintf(buf, size, "; did you mean %s%s?", prefix, suggestion->best);
    if (n < 0 || (size_t)n >= size) return otherwise;
    for (char *p = buf + start; *p; p++)
        if (*p == '_') *p = '-';
    return buf;
}
