/* Grapheme clusters. Source: Unicode Standard Annex 29, rules GB3 to GB999; unicode-segmentation@v1.13.2
 * src/grapheme.rs. */
#include "tokenizer/grapheme.h"

#include "base/utf8.h"
#include "tokenizer/unicode.h"

/* What the rules that look back further than one character need to know about the cluster so far. */
typedef struct cluster {
    ap__grapheme_class last;
    bool is_pictograph;             /* Ends with a pictograph and extending characters (GB11); */
    bool is_pictograph_zwj;         /* and a ZWJ. */
    bool has_consonant, has_linker; /* Ends with an Indic consonant and extending characters (GB9c). */
    unsigned n_regional;            /* Regional indicators at the end (GB12, GB13). */
} cluster;

static void add(cluster *c, uint32_t code) {
    uint32_t flags = ap__unicode_flags(code);
    ap__grapheme_class class_ = ap__unicode_grapheme_class(code);
    c->is_pictograph_zwj = c->is_pictograph && class_ == AP__GRAPHEME_ZWJ;
    c->is_pictograph =
        class_ == AP__GRAPHEME_PICTOGRAPH || (c->is_pictograph && class_ == AP__GRAPHEME_EXTEND);
    c->n_regional = class_ == AP__GRAPHEME_REGIONAL ? c->n_regional + 1 : 0;
    if (class_ == AP__GRAPHEME_INCB_CONSONANT) {
        c->has_consonant = true;
        c->has_linker = false;
    } else if (flags & AP__UNICODE_INCB_LINKER) {
        c->has_linker = true;
    } else if (!(flags & AP__UNICODE_INCB_EXTEND)) {
        c->has_consonant = c->has_linker = false;
    }
    c->last = class_;
}

static bool is_control(ap__grapheme_class class_) {
    return class_ == AP__GRAPHEME_CONTROL || class_ == AP__GRAPHEME_CR || class_ == AP__GRAPHEME_LF;
}

/* GB6 to GB8. */
static bool is_hangul_pair(ap__grapheme_class a, ap__grapheme_class b) {
    if (a == AP__GRAPHEME_L)
        return b == AP__GRAPHEME_L || b == AP__GRAPHEME_V || b == AP__GRAPHEME_LV || b == AP__GRAPHEME_LVT;
    if (a == AP__GRAPHEME_LV || a == AP__GRAPHEME_V) return b == AP__GRAPHEME_V || b == AP__GRAPHEME_T;
    return (a == AP__GRAPHEME_LVT || a == AP__GRAPHEME_T) && b == AP__GRAPHEME_T;
}

/* Whether the cluster goes on with a character of that class. */
static bool goes_on(const cluster *c, ap__grapheme_class next) {
    if (c->last == AP__GRAPHEME_CR && next == AP__GRAPHEME_LF) return true;
    if (is_control(c->last) || is_control(next)) return false;
    if (is_hangul_pair(c->last, next)) return true;
    if (next == AP__GRAPHEME_EXTEND || next == AP__GRAPHEME_ZWJ || next == AP__GRAPHEME_SPACING_MARK)
        return true;
    if (c->last == AP__GRAPHEME_PREPEND) return true;
    if (next == AP__GRAPHEME_INCB_CONSONANT) return c->has_consonant && c->has_linker;
    if (next == AP__GRAPHEME_PICTOGRAPH) return c->is_pictograph_zwj;
    return next == AP__GRAPHEME_REGIONAL && c->n_regional % 2 == 1;
}

uint32_t ap__grapheme_end(const char *text, uint32_t len, uint32_t at) {
    cluster c = {0};
    uint32_t code;
    at += (uint32_t)ap__utf8_next(&code, text + at);
    add(&c, code);
    while (at < len) {
        uint32_t n = (uint32_t)ap__utf8_next(&code, text + at);
        if (!goes_on(&c, ap__unicode_grapheme_class(code))) break;
        add(&c, code);
        at += n;
    }
    return at;
}
