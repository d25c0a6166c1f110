/* Scanners of well-known split patterns. Alternatives are tried in the order of the pattern, and each takes
 * what a backtracking engine would; every scanner is linear in the length of the text.
 *
 * Source of the patterns: openai/gpt-2@master src/encoder.py (GPT-2), openai/tiktoken@0.9.0
 * tiktoken_ext/openai_public.py (cl100k, o200k), and the tokenizer.json files of Llama 3, Qwen 2, DeepSeek,
 * Mistral and CLIP. What \p{..} and \s mean is Oniguruma's (unicode.h). */
#include "tokenizer/scanners.h"

#include "base/bytes.h"
#include "base/utf8.h"
#include "tokenizer/unicode.h"

#include <string.h>

/* What a character is to the patterns. */
typedef enum char_class { CLASS_SPACE, CLASS_LETTER, CLASS_NUMBER, CLASS_OTHER } char_class;

static const uint8_t ASCII_CLASSES[128] = {
#define S CLASS_SPACE
#define L CLASS_LETTER
#define N CLASS_NUMBER
#define O CLASS_OTHER
    O, O, O, O, O, O, O, O, O, S, S, S, S, S, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O,
    S, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, N, N, N, N, N, N, N, N, N, N, O, O, O, O, O, O,
    O, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, O, O, O, O, O,
    O, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, O, O, O, O, O,
#undef S
#undef L
#undef N
#undef O
};

/* A text that is scanned. */
typedef struct scanned {
    const char *text;
    uint32_t len;
} scanned;

/* The class of the character at `at`; *end is behind it. */
static inline char_class class_at(const scanned *s, uint32_t at, uint32_t *end) {
    unsigned char byte = (unsigned char)s->text[at];
    if (byte < 128) {
        *end = at + 1;
        return (char_class)ASCII_CLASSES[byte];
    }
    uint32_t code;
    *end = at + (uint32_t)ap__utf8_next(&code, s->text + at);
    uint32_t flags = ap__unicode_flags(code);
    if (flags & AP__UNICODE_LETTER) return CLASS_LETTER;
    if (flags & AP__UNICODE_NUMBER) return CLASS_NUMBER;
    return flags & AP__UNICODE_WHITESPACE ? CLASS_SPACE : CLASS_OTHER;
}

/* The properties of the character at `at`; *end is behind it. */
static inline uint32_t flags_at(const scanned *s, uint32_t at, uint32_t *end) {
    uint32_t code;
    *end = at + (uint32_t)ap__utf8_next(&code, s->text + at);
    return ap__unicode_flags(code);
}

static inline bool is_ascii_of(char c, char_class wanted) {
    return (unsigned char)c < 128 && ASCII_CLASSES[(unsigned char)c] == wanted;
}

static inline bool is_ascii_letter(char c) { return (unsigned)(c | 0x20) - 'a' < 26u; }

/* The end of the run of ASCII letters, eight bytes at once. */
static inline uint32_t ascii_letters_end(const scanned *s, uint32_t at) {
    const uint64_t ones = 0x0101010101010101u, high = 0x80 * ones;
    for (; s->len - at >= 8; at += 8) {
        uint64_t word = ap__read_bytes(s->text + at, 8), low = (word | 0x20 * ones) & ~high;
        /* A sum reaches the highest bit of its byte from 'a' on, and from '{' on. */
        uint64_t letters = (low + (0x80 - 'a') * ones) & ~(low + (0x80 - '{') * ones) & ~word & high;
        if (letters != high) return at + (uint32_t)__builtin_ctzll(letters ^ high) / 8;
    }
    while (at < s->len && is_ascii_letter(s->text[at])) at++;
    return at;
}

/* The end of the run of that class. */
static inline uint32_t run_end(const scanned *s, uint32_t at, char_class wanted) {
    for (uint32_t end = at;; at = end) {
        if (wanted == CLASS_LETTER)
            at = ascii_letters_end(s, at);
        else
            while (at < s->len && is_ascii_of(s->text[at], wanted)) at++;
        while (at < s->len && (unsigned char)s->text[at] >= 128 && class_at(s, at, &end) == wanted) at = end;
        if (at == s->len || end != at || !is_ascii_of(s->text[at], wanted)) return at;
    }
}

/* The end of " ?[A-Za-z]\p{L}*", what most of a text is made of; `at` where that is not. */
static inline uint32_t plain_word_end(const scanned *s, uint32_t at) {
    uint32_t start = at + (s->text[at] == ' ');
    if (start == s->len || !is_ascii_letter(s->text[start])) return at;
    return run_end(s, start + 1, CLASS_LETTER);
}

/* The end of the run of characters with one of the flags. */
static inline uint32_t flags_end(const scanned *s, uint32_t at, uint32_t wanted) {
    uint32_t end;
    while (at < s->len && flags_at(s, at, &end) & wanted) at = end;
    return at;
}

/* The end of the run of the given ASCII characters. */
static inline uint32_t bytes_end(const scanned *s, uint32_t at, const char *bytes) {
    while (at < s->len && s->text[at] && strchr(bytes, s->text[at])) at++;
    return at;
}

static inline bool is_line_end(char c) { return c == '\r' || c == '\n'; }

/* -- alternatives: each gives the end of its match, or `at` --------------------------------------------- */

/* 's|'t|'re|'ve|'m|'ll|'d, or the same under (?i:), where U+017F is an s. */
static inline uint32_t contraction_end(const scanned *s, uint32_t at, bool any_case) {
    const char *t = s->text + at;
    uint32_t left = s->len - at;
    char fold = any_case ? 0x20 : 0;
    if (left < 2 || t[0] != '\'') return at;
    char c = (char)(t[1] | fold);
    if (c == 's' || c == 't' || c == 'm' || c == 'd') return at + 2;
    if (left < 3) return at;
    if (any_case && t[1] == '\xC5' && t[2] == '\xBF') return at + 3;
    char next = (char)(t[2] | fold);
    bool is_two = (next == 'e' && (c == 'r' || c == 'v')) || (next == 'l' && c == 'l');
    return is_two ? at + 3 : at;
}

/* \s+(?!\S)|\s+ : all of the run but its last character, which belongs to the word that follows, if one does.
 */
static inline uint32_t spaces_end(const scanned *s, uint32_t at) {
    uint32_t last = at, end = at, next;
    while (end < s->len && class_at(s, end, &next) == CLASS_SPACE) {
        last = end;
        end = next;
    }
    return end == s->len || last == at ? end : last;
}

/* \s*[\r\n]+|\s+(?!\S)|\s+ : whitespace up to the last line end in it, if there is one. */
static inline uint32_t lines_end(const scanned *s, uint32_t at) {
    uint32_t line = at, last = at, end = at, next;
    while (end < s->len && class_at(s, end, &next) == CLASS_SPACE) {
        last = end;
        if (is_line_end(s->text[end])) line = next;
        end = next;
    }
    if (line > at) return line;
    return end == s->len || last == at ? end : last;
}

/* \p{N}{1,most} */
static inline uint32_t digits_end(const scanned *s, uint32_t at, unsigned most) {
    uint32_t end;
    for (; most && at < s->len && class_at(s, at, &end) == CLASS_NUMBER; most--) at = end;
    return at;
}

/* -- GPT-2 --------------------------------------------------------------------------------------------- */

bool ap__scan_gpt2(const char *text, uint32_t len, uint32_t at, ap__span *match) {
    scanned s = {text, len};
    uint32_t end = plain_word_end(&s, at), next;
    match->start = at;
    if (end == at) end = contraction_end(&s, at, false);
    if (end > at) {
        match->end = end;
        return true;
    }
    char_class first = class_at(&s, at, &next);
    if (first == CLASS_SPACE && text[at] == ' ' && next < len) {
        char_class second = class_at(&s, next, &end);
        if (second != CLASS_SPACE) {
            match->end = run_end(&s, end, second);
            return true;
        }
    }
    match->end = first == CLASS_SPACE ? spaces_end(&s, at) : run_end(&s, next, first);
    return true;
}

/* -- cl100k and its like ------------------------------------------------------------------------------- */

/* [^\r\n\p{L}\p{N}]?\p{L}+ */
static inline uint32_t word_end(const scanned *s, uint32_t at, char_class first, uint32_t next) {
    uint32_t end;
    if (first == CLASS_LETTER) return run_end(s, next, CLASS_LETTER);
    if (first == CLASS_NUMBER || is_line_end(s->text[at])) return at;
    if (next == s->len || class_at(s, next, &end) != CLASS_LETTER) return at;
    return run_end(s, end, CLASS_LETTER);
}

/* " ?[^\s\p{L}\p{N}]+" and behind it a run of `trail`. */
static inline uint32_t symbols_end(const scanned *s, uint32_t at, char_class first, uint32_t next,
                                   const char *trail) {
    uint32_t end;
    if (s->text[at] == ' ' && next < s->len && class_at(s, next, &end) == CLASS_OTHER)
        next = end;
    else if (first != CLASS_OTHER)
        return at;
    return bytes_end(s, run_end(s, next, CLASS_OTHER), trail);
}

/* (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,n}| ?[^\s\p{L}\p{N}]+[\r\n]*
 * |\s*[\r\n]+|\s+(?!\S)|\s+ */
static inline bool scan_cl100k(const scanned *s, uint32_t at, ap__span *match, unsigned n_digits) {
    uint32_t next, end = plain_word_end(s, at);
    *match = (ap__span){at, end};
    if (end > at) return true;
    end = contraction_end(s, at, true);
    char_class first = class_at(s, at, &next);
    if (end == at) end = word_end(s, at, first, next);
    if (end == at) end = digits_end(s, at, n_digits);
    if (end == at) end = symbols_end(s, at, first, next, "\r\n");
    if (end == at) end = lines_end(s, at);
    *match = (ap__span){at, end};
    return true;
}

static bool scan_cl100k_3(const char *text, uint32_t len, uint32_t at, ap__span *match) {
    scanned s = {text, len};
    return scan_cl100k(&s, at, match, 3);
}

static bool scan_cl100k_1(const char *text, uint32_t len, uint32_t at, ap__span *match) {
    scanned s = {text, len};
    return scan_cl100k(&s, at, match, 1);
}

/* -- o200k and its like -------------------------------------------------------------------------------- */

/* [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}] and [\p{Ll}\p{Lm}\p{Lo}\p{M}], and what is in both. */
enum {
    CASED_BOTH = AP__UNICODE_MODIFIER_OR_OTHER | AP__UNICODE_MARK,
    CASED_UPPER = AP__UNICODE_UPPER_OR_TITLE | CASED_BOTH,
    CASED_LOWER = AP__UNICODE_LOWER | CASED_BOTH
};

/* UPPER*LOWER+ or else UPPER+ ; `at` when neither is there. UPPER* first takes all it can. If no lower case
 * follows, it gives back the last character that is in both sets; if there is none, all of it is UPPER+. */
static inline uint32_t cased_end(const scanned *s, uint32_t at, bool *is_lower) {
    uint32_t end = at, next, both = at;
    uint32_t flags = 0;
    while (end < s->len && (flags = flags_at(s, end, &next)) & CASED_UPPER) {
        end = next;
        if (flags & CASED_BOTH) both = end;
    }
    uint32_t lower = flags_end(s, end, CASED_LOWER);
    *is_lower = lower > end || both > at;
    if (lower > end) return lower;
    return both > at ? both : end;
}

/* [^\r\n\p{L}\p{N}]?UPPER*LOWER+|[^\r\n\p{L}\p{N}]?UPPER+LOWER* */
static inline uint32_t cased_word_end(const scanned *s, uint32_t at, char_class first, uint32_t next) {
    bool is_lower, is_mark_lower;
    if (first == CLASS_LETTER) return cased_end(s, at, &is_lower);
    if (first == CLASS_NUMBER || is_line_end(s->text[at])) return at;
    uint32_t end = cased_end(s, next, &is_lower);
    if (end > next && is_lower) return end;
    /* A mark may stand before a word, but also be a word of its own, which comes first without lower case. */
    uint32_t alone = cased_end(s, at, &is_mark_lower);
    if (alone > at && is_mark_lower) return alone;
    return end > next ? end : alone;
}

static inline bool scan_o200k(const scanned *s, uint32_t at, ap__span *match, unsigned n_digits,
                              bool has_contractions) {
    uint32_t next;
    char_class first = class_at(s, at, &next);
    uint32_t end = cased_word_end(s, at, first, next);
    if (end > at && has_contractions) end = contraction_end(s, end, true);
    if (end == at) end = digits_end(s, at, n_digits);
    if (end == at) end = symbols_end(s, at, first, next, "\r\n/");
    if (end == at) end = lines_end(s, at);
    *match = (ap__span){at, end};
    return true;
}

static bool scan_o200k_3(const char *text, uint32_t len, uint32_t at, ap__span *match) {
    scanned s = {text, len};
    return scan_o200k(&s, at, match, 3, true);
}

static bool scan_tekken(const char *text, uint32_t len, uint32_t at, ap__span *match) {
    scanned s = {text, len};
    return scan_o200k(&s, at, match, 1, false);
}

/* -- DeepSeek V3 --------------------------------------------------------------------------------------- */

/* [ASCII punctuation][A-Za-z]+ */
static inline uint32_t tagged_end(const scanned *s, uint32_t at) {
    unsigned char c = (unsigned char)s->text[at];
    uint32_t end = at + 1;
    if (c <= ' ' || c >= 0x7F || ASCII_CLASSES[c] != CLASS_OTHER) return at;
    while (end < s->len && is_ascii_letter(s->text[end])) end++;
    return end > at + 1 ? end : at;
}

static bool scan_deepseek3(const char *text, uint32_t len, uint32_t at, ap__span *match) {
    enum {
        WORD = AP__UNICODE_LETTER | AP__UNICODE_MARK,
        SYMBOL = AP__UNICODE_ONIG_PUNCTUATION | AP__UNICODE_ONIG_SYMBOL
    };
    scanned s = {text, len};
    for (uint32_t next; at < len; at = next) {
        uint32_t end = tagged_end(&s, at), flags = flags_at(&s, at, &next);
        bool may_lead = !(flags & (AP__UNICODE_LETTER | SYMBOL)) && !is_line_end(text[at]);
        /* [^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+ */
        if (end == at && may_lead) end = flags_end(&s, next, WORD) > next ? flags_end(&s, next, WORD) : at;
        if (end == at) end = flags_end(&s, at, WORD);
        if (end == at) { /* " ?[\p{P}\p{S}]+[\r\n]*" */
            uint32_t start = text[at] == ' ' ? next : at, stop = flags_end(&s, start, SYMBOL);
            if (stop > start) end = bytes_end(&s, stop, "\r\n");
        }
        if (end == at && flags & AP__UNICODE_WHITESPACE) end = lines_end(&s, at);
        *match = (ap__span){at, end};
        if (end > at) return true;
    }
    return false;
}

/* -- CLIP ---------------------------------------------------------------------------------------------- */

static inline uint32_t string_end(const scanned *s, uint32_t at, const char *string) {
    uint32_t len = (uint32_t)strlen(string);
    return s->len - at >= len && !memcmp(s->text + at, string, len) ? at + len : at;
}

static bool scan_clip(const char *text, uint32_t len, uint32_t at, ap__span *match) {
    scanned s = {text, len};
    for (uint32_t next; at < len; at = next) {
        char_class first = class_at(&s, at, &next);
        if (first == CLASS_SPACE) continue;
        uint32_t end = at;
        if (text[at] == '<') end = string_end(&s, at, "<|startoftext|>");
        if (text[at] == '<' && end == at) end = string_end(&s, at, "<|endoftext|>");
        if (end == at) end = contraction_end(&s, at, false);
        if (end == at) end = first == CLASS_NUMBER ? next : run_end(&s, next, first);
        *match = (ap__span){at, end};
        return true;
    }
    return false;
}

/* -- others -------------------------------------------------------------------------------------------- */

/* \p{N}{1,3} */
static bool scan_three_digits(const char *text, uint32_t len, uint32_t at, ap__span *match) {
    scanned s = {text, len};
    for (uint32_t next; at < len; at = next) {
        if (class_at(&s, at, &next) != CLASS_NUMBER) continue;
        *match = (ap__span){at, digits_end(&s, at, 3)};
        return true;
    }
    return false;
}

/* \s+ */
static bool scan_spaces(const char *text, uint32_t len, uint32_t at, ap__span *match) {
    scanned s = {text, len};
    for (uint32_t next; at < len; at = next) {
        if (class_at(&s, at, &next) != CLASS_SPACE) continue;
        *match = (ap__span){at, run_end(&s, at, CLASS_SPACE)};
        return true;
    }
    return false;
}

/* \s+$ : of a run, what comes before its last line end, or all of it at the end of the text. A run without
 * that is passed over as a whole, where an engine tries each of its characters and goes through the rest each
 * time. */
static bool scan_spaces_before_end(const char *text, uint32_t len, uint32_t at, ap__span *match) {
    scanned s = {text, len};
    while (scan_spaces(text, len, at, match)) {
        at = match->end;
        if (at == len) return true;
        for (uint32_t end = at - 1; end > match->start; end--) {
            if (s.text[end] != '\n') continue;
            match->end = end;
            return true;
        }
    }
    return false;
}

/* " {2,}" */
static bool scan_two_blanks(const char *text, uint32_t len, uint32_t at, ap__span *match) {
    while (at + 1 < len) {
        const char *blank = memchr(text + at, ' ', len - at - 1);
        if (!blank) return false;
        uint32_t end = at = (uint32_t)(blank - text);
        while (end < len && text[end] == ' ') end++;
        *match = (ap__span){at, end};
        if (end > at + 1) return true;
        at = end;
    }
    return false;
}

/* -- the table ----------------------------------------------------------------------------------------- */

#define SPACES "|\\s+(?!\\S)|\\s+"
#define LINES "|\\s*[\\r\\n]+" SPACES
#define CONTRACTIONS "'s|'t|'re|'ve|'m|'ll|'d"
#define CASED_PREFIX "[^\\r\\n\\p{L}\\p{N}]?"
#define UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define CL100K(digits)                                                                                       \
    "(?i:" CONTRACTIONS ")|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" digits "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" LINES
#define O200K(suffix, digits)                                                                                \
    CASED_PREFIX UPPER "*" LOWER "+" suffix "|" CASED_PREFIX UPPER "+" LOWER "*" suffix "|" digits           \
                       "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" LINES

static const struct {
    const char *pattern;
    ap__scan_fn *scan;
} SCANNERS[] = {
    {CONTRACTIONS "| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+" SPACES, ap__scan_gpt2},
    {CL100K("\\p{N}{1,3}"), scan_cl100k_3},
    {CL100K("\\p{N}"), scan_cl100k_1},
    {"'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}| "
     "?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]" SPACES,
     scan_cl100k_3},
    {O200K("(?i:" CONTRACTIONS ")?", "\\p{N}{1,3}"), scan_o200k_3},
    {O200K("", "\\p{N}"), scan_tekken},
    {"[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
     "| ?[\\p{P}\\p{S}]+[\\r\\n]*" LINES,
     scan_deepseek3},
    {"[!\\\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
     "| ?[\\p{P}\\p{S}]+[\\r\\n]*" LINES,
     scan_deepseek3},
    {"<\\|startoftext\\|>|<\\|endoftext\\|>|" CONTRACTIONS "|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+",
     scan_clip},
    {"\\p{N}{1,3}", scan_three_digits},
    {"\\s+", scan_spaces},
    {"\\s+$", scan_spaces_before_end},
    {" {2,}", scan_two_blanks},
};

ap__scan_fn *ap__scanner_find(ap__text pattern) {
    for (size_t i = 0; i < sizeof SCANNERS / sizeof *SCANNERS; i++)
        if (strlen(SCANNERS[i].pattern) == pattern.len &&
            !memcmp(SCANNERS[i].pattern, pattern.ptr, pattern.len))
            return SCANNERS[i].scan;
    return NULL;
}
