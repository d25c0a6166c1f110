/* The hand-written scanners find what the regular expressions they stand for find. */
#include "tokenizer/scanners.h"

#include "base/utf8.h"
#include "tokenizer/matcher.h"
#include "tokenizer/tokenizer_impl.h"
#include "unit/support/check.h"
#include "unit/support/random.h"
#include "unit/tokenizer/toy.h"

#include <string.h>

static const char *const PATTERNS[] = {
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
    "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
    "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|"
    "\\s*[\\r\\n]|\\s+(?!\\S)|\\s+",
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'"
    "ve|'m|"
    "'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'"
    "s|'t|'re|"
    "'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|[^\\r\\n\\p{L}"
    "\\p{N}]?"
    "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|\\p{N}| "
    "?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|"
    "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"
    " ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+",
    "\\p{N}{1,3}",
    "\\s+",
    "\\s+$",
    " {2,}"};

/* One character of every kind that the patterns tell apart, some of them more often. */
static const uint32_t CHARS[] = {' ',     ' ',     ' ',     '\n',   '\r',   '\t',  0x85,   0xA0,   0x3000,
                                 'a',     'T',     's',     'S',    'l',    'L',   'd',    '\'',   '\'',
                                 '1',     '2',     0xBD,    0x2160, 0x17F,  0x1C5, 0x2B0,  0x4E2D, 0x301,
                                 0x93F,   0x10D50, 0x10D70, '.',    '/',    '-',   '$',    0x2014, 0x20AC,
                                 0x1F600, 0x200B,  0x00,    0x7F,   0xFFFD, 0x378, 0xE000, 0x1D7CE};

static size_t random_string(char *out, uint64_t *seed) {
    size_t len = 0;
    for (size_t n = random_below(seed, 16); n > 0; n--) {
        if (random_below(seed, 60) == 0 && len < 40) { /* Strings that only whole ones match. */
            const char *tag = random_below(seed, 2) ? "<|endoftext|>" : "<|startoftext|";
            memcpy(out + len, tag, strlen(tag));
            len += strlen(tag);
        }
        len += ap__utf8_encode(out + len, CHARS[random_below(seed, sizeof CHARS / sizeof *CHARS)]);
    }
    return len;
}

static void compare(const ap__regex *regex, ap__scan_fn *scan, const char *text, size_t len,
                    ap__regex_scratch **scratch) {
    ap_error err = AP_ERROR_INIT;
    ap__matcher by_regex = {.regex = regex}, by_hand = {.regex = regex, .scan = scan};
    ap__matches a = {&by_regex, {text, len}, scratch, 0, 0, AP_OK},
                b = {&by_hand, {text, len}, scratch, 0, 0, AP_OK};
    ap__span x = {0}, y = {0};
    bool has_a, has_b;
    do {
        has_a = ap__matches_next(&a, &x, &err);
        has_b = ap__matches_next(&b, &y, &err);
        if (has_a != has_b || (has_a && (x.start != y.start || x.end != y.end)))
            fail_msg("\"%.*s\": expected %u-%u (%d), found %u-%u (%d)", (int)len, text, x.start, x.end, has_a,
                     y.start, y.end, has_b);
    } while (has_a);
    assert_int_equal(AP_OK, a.status);
}

void test_equal_their_expressions(void **state) {
    (void)state;
    uint64_t seed = 1;
    for (size_t i = 0; i < sizeof PATTERNS / sizeof *PATTERNS; i++) {
        ap_error err = AP_ERROR_INIT;
        ap__text pattern = toy_text(PATTERNS[i]);
        ap__tokenizer *owner = toy_make(TOY_WORD_LEVEL, "");
        ap__loader loader = {.tokenizer = owner, .arena = &owner->arena, .file = "test", .err = &err};
        ap__scan_fn *scan = ap__scanner_find(pattern);
        ap__regex_scratch *scratch = NULL;
        const ap__regex *regex;
        assert_non_null(scan);
        assert_ok(ap__regex_create(&regex, &loader, NULL, pattern), &err);
        for (int round = 0; round < 20000; round++) {
            char text[128];
            size_t len = random_string(text, &seed);
            compare(regex, scan, text, len, &scratch);
        }
        ap__regex_scratch_destroy(scratch);
        ap__tokenizer_destroy(owner);
    }
    assert_null(ap__scanner_find(toy_text("\\s")));
}

void test_properties_of_their_release(void **state) {
    (void)state;
    ap__tokenizer *t =
        toy_make(TOY_WORD_LEVEL, "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":"
                                 "\"\\\\p{L}|[[:punct:]]\"},\"behavior\":\"Isolated\",\"invert\":false},");
    /* U+10D50 is a letter since Unicode 16, and $ is no punctuation to \p{P}. */
    assert_string_equal("0:0-1 0:1-2 0:2-3 1:3-4", toy_spans(t, "\xF0\x90\xB5\x90 $a", NULL));
    ap__tokenizer_destroy(t);
}

void test_patterns_that_never_end(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__encoding e = {0};
    char text[64];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '!';
    ap__tokenizer *t =
        toy_make(TOY_WORD_LEVEL, "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":"
                                 "\"^(a|a)*$\"},\"behavior\":\"Isolated\",\"invert\":false},");
    assert_fails(ap__tokenizer_encode(&e, t, (ap__text){text, sizeof text}, NULL, NULL, &err), AP_ELIMIT,
                 &err, "a regular expression of the tokenizer gives up on a text of 64 bytes");
    ap__tokenizer_destroy(t);
}
