/* Nearest name by edit distance with transpositions (optimal string alignment). */
#include "base/suggest.h"

#include "base/ascii.h"

#include <stdio.h>
#include <string.h>

enum {
    LONGEST = 64,       /* Longer names are not compared: they are no typing mistakes of ours. */
    PREFIX_DISTANCE = 2 /* A name that was left off in the middle is as near as one with two mistakes. */
};

static size_t min3(size_t a, size_t b, size_t c) {
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

static char folded(char c) { return c == '-' ? '_' : ap__ascii_lower(c); }

static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b) {
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    memset(rows, 0, sizeof rows);
    for (size_t j = 0; j <= n_b; j++) last[j] = j;
    for (size_t i = 1; i <= n_a; i++) {
        row[0] = i;
        for (size_t j = 1; j <= n_b; j++) {
            size_t cost = folded(a[i - 1]) != folded(b[j - 1]);
            row[j] = min3(row[j - 1] + 1, last[j] + 1, last[j - 1] + cost);
            int swapped = i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
                          folded(a[i - 2]) == folded(b[j - 1]);
            if (swapped && before[j - 2] + 1 < row[j]) row[j] = before[j - 2] + 1;
        }
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[n_b];
}

void ap__suggest(ap__suggestion *suggestion, const char *name, const char *candidate) {
    size_t n_name = strlen(name), n_candidate = strlen(candidate);
    if (!n_name || !n_candidate || n_name > LONGEST || n_candidate > LONGEST) return;
    size_t d = distance(name, n_name, candidate, n_candidate);
    size_t longer = n_name > n_candidate ? n_name : n_candidate;
    int is_prefix = n_name >= 3 && n_name < n_candidate && strncmp(name, candidate, n_name) == 0;
    if (d * 3 > longer && !is_prefix) return;
    if (is_prefix && d > PREFIX_DISTANCE) d = PREFIX_DISTANCE;
    if (suggestion->best && suggestion->distance <= d) return;
    suggestion->best = candidate;
    suggestion->distance = d;
}

const char *ap__suggestion_text(const ap__suggestion *suggestion, char *buf, size_t size) {
    if (!suggestion->best || !size) return "";
    snprintf(buf, size, "; did you mean \"%s\"?", suggestion->best);
    return buf;
}
