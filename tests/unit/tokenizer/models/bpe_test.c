/* BPE against the plainest way to do it, with random merges of bytes and of characters: short words and long
 * ones, words that come again, and parts that no merge crosses. */
#include "unit/support/check.h"
#include "unit/support/torture.h"
#include "unit/tokenizer/toy.h"

#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/tokenizer_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_MERGES = 120, N_WHOLE = 8, MAX_TOKENS = 256 + N_MERGES + N_WHOLE, TOKEN_BYTES = 96, MAX_TEXT = 400 };

static const char *const CHARACTERS[] = {"a",      "b",      "c",      " ",          "\u00E9",
                                         "\u0434", "\u4E2D", "\u4E2E", "\U0001F600", "\u2581"};
enum { N_CHARACTERS = sizeof CHARACTERS / sizeof *CHARACTERS };

/* Characters of three bytes that share some of them, between others. */
static const char *const LIKE_CHARACTERS[] = {"a",      " ",      "\u00AD", "\u4E2D",
                                              "\u4E2E", "\u4DAD", "\u0E2D", "\uA6AD"};

typedef struct pair {
    unsigned left, right, merged;
} pair;

/* A model, as its file and as it is. */
typedef struct toy_model {
    char tokens[MAX_TOKENS][TOKEN_BYTES];
    unsigned n_tokens;
    pair merges[N_MERGES];
    unsigned n_merges;
    bool is_bytes;
    const char *const *characters;
    unsigned n_characters;
    char json[1 << 17];
} toy_model;

static unsigned find_token(const toy_model *m, const char *token) {
    unsigned i = 0;
    while (i < m->n_tokens && strcmp(m->tokens[i], token)) i++;
    return i;
}

static void add_token(toy_model *m, const char *token) {
    snprintf(m->tokens[m->n_tokens++], TOKEN_BYTES, "%s", token);
}

static void add_alphabet(toy_model *m) {
    for (unsigned i = 0; i < (m->is_bytes ? 256u : m->n_characters); i++) {
        char image[5] = "";
        ap__utf8_encode(image, ap__byte_to_char((unsigned char)i));
        add_token(m, m->is_bytes ? image : m->characters[i]);
    }
}

/* A token that texts are likely to have: merged ones, and the bytes of the characters. */
static unsigned random_token(const toy_model *m) {
    unsigned n_alphabet = m->is_bytes ? 256 : m->n_characters;
    if (m->n_tokens > n_alphabet && rand() % 2)
        return n_alphabet + (unsigned)rand() % (m->n_tokens - n_alphabet);
    const char *character = m->characters[(unsigned)rand() % m->n_characters];
    if (!m->is_bytes) return find_token(m, character);
    return (unsigned char)character[(size_t)rand() % strlen(character)];
}

static void add_pair(toy_model *m, unsigned left, unsigned right) {
    char token[2 * TOKEN_BYTES];
    pair p = {left, right, 0};
    for (unsigned i = 0; i < m->n_merges; i++)
        if (m->merges[i].left == p.left && m->merges[i].right == p.right) return;
    snprintf(token, sizeof token, "%s%s", m->tokens[p.left], m->tokens[p.right]);
    if (strlen(token) >= TOKEN_BYTES) return;
    p.merged = find_token(m, token);
    if (p.merged == m->n_tokens) add_token(m, token);
    m->merges[m->n_merges++] = p;
}

static void add_merge(toy_model *m) {
    unsigned left = random_token(m);
    add_pair(m, left, random_token(m));
}

static size_t put_string(char *out, const char *text) {
    const char *escape = *text == '"' || *text == '\\' ? "\\" : "";
    /* A quote or a backslash is a token of its own in these tests. */
    return (size_t)sprintf(out, "\"%s%s\"", escape, text);
}

static void write_json(toy_model *m, bool ignore_merges) {
    size_t len = (size_t)sprintf(m->json, "{\"type\":\"BPE\",\"ignore_merges\":%s,%s\"vocab\":{",
                                 ignore_merges ? "true" : "false", m->is_bytes ? "" : "\"unk_token\":\"a\",");
    for (unsigned i = 0; i < m->n_tokens; i++) {
        len += put_string(m->json + len, m->tokens[i]);
        len += (size_t)sprintf(m->json + len, ":%u,", i);
    }
    len += (size_t)sprintf(m->json + len - 1, "},\"merges\":[") - 1;
    for (unsigned i = 0; i < m->n_merges; i++) {
        m->json[len++] = '[';
        len += put_string(m->json + len, m->tokens[m->merges[i].left]);
        m->json[len++] = ',';
        len += put_string(m->json + len, m->tokens[m->merges[i].right]);
        len += (size_t)sprintf(m->json + len, "],");
    }
    sprintf(m->json + len - (m->n_merges > 0), "]}");
}

/* Every merge in the order of the list, each from left to right, until none applies: the lowest rank always
 * starts anew. */
static size_t merge_plainly(const toy_model *m, unsigned *ids, size_t n) {
    for (unsigned rank = 0; rank < m->n_merges;) {
        const pair *p = &m->merges[rank++];
        for (size_t i = 0; i + 1 < n; i++) {
            if (ids[i] != p->left || ids[i + 1] != p->right) continue;
            ids[i] = p->merged;
            memmove(&ids[i + 1], &ids[i + 2], (n - i - 2) * sizeof *ids);
            n--;
            rank = 0;
            break;
        }
    }
    return n;
}

static size_t expect(unsigned *ids, const toy_model *m, const char *text, bool ignore_merges) {
    size_t n = 0;
    char image[2 * MAX_TEXT + 1] = "";
    for (const char *at = text; *at;) {
        char one[5] = "";
        uint32_t code;
        size_t len = m->is_bytes ? 1 : ap__utf8_next(&code, at);
        memcpy(one, at, len);
        ids[n++] = m->is_bytes ? (unsigned char)*at : find_token(m, one);
        if (m->is_bytes)
            memset(one, 0, sizeof one), ap__utf8_encode(one, ap__byte_to_char((unsigned char)*at));
        strcat(image, one);
        at += len;
    }
    unsigned whole = ignore_merges ? find_token(m, image) : m->n_tokens;
    if (whole == m->n_tokens) return merge_plainly(m, ids, n);
    ids[0] = whole;
    return 1;
}

static void make_text(const toy_model *m, char *text, int n) {
    *text = '\0';
    for (int i = 0; i < n; i++) strcat(text, m->characters[(unsigned)rand() % m->n_characters]);
}

/* As training does: of what comes together in a text. */
static void learn_merge(toy_model *m) {
    unsigned ids[MAX_TEXT];
    char text[MAX_TEXT];
    make_text(m, text, 4);
    size_t n = expect(ids, m, text, false), at = (size_t)rand() % n;
    if (at + 1 < n) add_pair(m, ids[at], ids[at + 1]);
}

static void check_text(const ap__tokenizer *tokenizer, const toy_model *m, const char *text,
                       bool ignore_merges) {
    unsigned ids[MAX_TEXT];
    ap_error err = AP_ERROR_INIT;
    ap__encoding e;
    size_t n = *text ? expect(ids, m, text, ignore_merges) : 0;
    assert_ok(ap__tokenizer_encode(&e, tokenizer, toy_text(text), NULL, NULL, &err), &err);
    assert_int_equal(n, e.n);
    for (size_t i = 0; i < n; i++) assert_int_equal(ids[i], e.ids[i]);
    for (size_t i = 1; i < n && !m->is_bytes; i++)
        assert_int_equal(e.offsets_bytes[i - 1].end, e.offsets_bytes[i].start);
    ap__encoding_clear(&e);
    const ap__encode_options options = {.skip_offsets = true};
    assert_ok(ap__tokenizer_encode(&e, tokenizer, toy_text(text), NULL, &options, &err), &err);
    assert_int_equal(n, e.n);
    for (size_t i = 0; i < n; i++) assert_int_equal(ids[i], e.ids[i]);
    ap__encoding_clear(&e);
}

/* Tokens of several characters that no merge makes. */
static void add_whole_tokens(toy_model *m) {
    for (int i = 0; i < N_WHOLE; i++) {
        char text[MAX_TEXT], token[TOKEN_BYTES] = "";
        size_t len = 0;
        make_text(m, text, 11);
        for (const char *at = text; *at; at++)
            len += ap__utf8_encode(token + len, ap__byte_to_char((unsigned char)*at));
        if (find_token(m, token) == m->n_tokens) add_token(m, token);
    }
}

/* Texts that are tokens, as far as they are text: long ones, too. */
static void check_tokens(const ap__tokenizer *tokenizer, const toy_model *m, bool ignore_merges) {
    for (unsigned i = 256; m->is_bytes && i < m->n_tokens; i++) {
        char text[TOKEN_BYTES] = "";
        size_t len = 0;
        uint32_t code;
        for (const char *at = m->tokens[i]; *at; text[len++] = (char)ap__char_to_byte(code))
            at += ap__utf8_next(&code, at);
        if (ap__utf8_valid_len(text, len) == len) check_text(tokenizer, m, text, ignore_merges);
    }
}

/* A file may list merges in any order: one may take what one behind it makes. */
static void swap_merges(toy_model *m) {
    pair *a = &m->merges[(unsigned)rand() % m->n_merges], *b = &m->merges[(unsigned)rand() % m->n_merges],
         p = *a;
    *a = *b;
    *b = p;
}

/* Merges that were learnt, with others between them. */
static void learn_merges(toy_model *m) {
    m->characters = LIKE_CHARACTERS;
    m->n_characters = sizeof LIKE_CHARACTERS / sizeof *LIKE_CHARACTERS;
    add_alphabet(m);
    for (int i = 0, n = rand() % N_MERGES; i < n; i++) rand() % 4 ? learn_merge(m) : add_merge(m);
    for (int n = rand() % 3 * 4; n > 0 && m->n_merges; n--) swap_merges(m);
}

static void check_model(unsigned seed, bool is_bytes, bool ignore_merges, bool is_learnt) {
    static toy_model m;
    memset(&m, 0, sizeof m);
    m.is_bytes = is_bytes;
    m.characters = CHARACTERS;
    m.n_characters = N_CHARACTERS;
    srand(seed);
    if (is_learnt) {
        learn_merges(&m);
    } else {
        add_alphabet(&m);
        for (int i = 0; i < N_MERGES; i++) add_merge(&m);
    }
    if (is_bytes && ignore_merges) add_whole_tokens(&m);
    write_json(&m, ignore_merges);
    ap__tokenizer *tokenizer =
        toy_make(m.json, is_bytes ? "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"
                                    "\"trim_offsets\":false,\"use_regex\":false},"
                                  : "");
    check_tokens(tokenizer, &m, ignore_merges);
    for (int k = 0; k < 200; k++) {
        char text[MAX_TEXT];
        make_text(&m, text, rand() % (k % 4 ? 8 : 80));
        check_text(tokenizer, &m, text, ignore_merges);
        check_text(tokenizer, &m, text, ignore_merges); /* Now it is remembered. */
    }
    ap__tokenizer_destroy(tokenizer);
}

void test_bytes(void **state) {
    (void)state;
    for (unsigned seed = 1; seed <= 30; seed++) check_model(seed, true, false, false);
}

void test_bytes_and_whole_tokens(void **state) {
    (void)state;
    for (unsigned seed = 101; seed <= 130; seed++) check_model(seed, true, true, false);
}

void test_learnt_merges_of_bytes(void **state) {
    (void)state;
    for (unsigned seed = 1; seed <= 200; seed++) check_model(seed, true, seed % 4 == 0, true);
}

void test_characters(void **state) {
    (void)state;
    for (unsigned seed = 201; seed <= 230; seed++) check_model(seed, false, false, false);
}

/* A vocabulary with a token for every byte, with all of the byte alphabet as well, is one of characters: a
 * long text is cut where no merge reaches across, and what is cut is short, of which no steps are counted. */
void test_bytes_for_unknown_characters_and_the_byte_alphabet(void **state) {
    (void)state;
    static char json[1 << 14];
    size_t len = (size_t)sprintf(json, "{\"type\":\"BPE\",\"byte_fallback\":true,\"vocab\":{");
    for (unsigned i = 0; i < 256; i++) {
        char image[5] = "", string[8];
        ap__utf8_encode(image, ap__byte_to_char((unsigned char)i));
        put_string(string, image);
        len += (size_t)sprintf(json + len, "\"<0x%02X>\":%u,%s:%u,", i, i, string, 256 + i);
    }
    sprintf(json + len, "\"\u2581\":512,\"\u2581a\":513,\"ab\":514},"
                        "\"merges\":[[\"\u2581\",\"a\"],[\"a\",\"b\"]]}");
    ap__tokenizer *tokenizer = toy_make(json, "");
    assert_string_equal("513 353 512 354 228 184 173", toy_ids(tokenizer, "\u2581aa\u2581b\u4E2D"));
    char text[4 * 200 + 1] = "";
    for (size_t i = 0; i < 200; i++) memcpy(text + 4 * i, "\u2581b", 4);
    assert_int_equal(200 * strlen("512 354 ") - 1, strlen(toy_ids(tokenizer, text)));
    assert_int_equal(0, atomic_load(&tokenizer->works->n_steps));
    ap__tokenizer_destroy(tokenizer);
}

/* More bits than there are. */
void test_ids_that_leave_no_room_for_merges(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__tokenizer *tokenizer;
    const char *model = "{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"ab\":1000000},\"merges\":[\"a b\"]}";
    assert_ok(toy_try(&tokenizer, model, "", &err), &err);
    assert_string_equal("1000000 1", toy_ids(tokenizer, "abb"));
    ap__tokenizer_destroy(tokenizer);
}
