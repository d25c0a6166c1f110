/* Folders of tokenizers: vocab.txt, merges.txt, tokenizer.model, tekken.json, tokenizer_config.json, ... in
 * one input, each behind a line "--- NAME". What loads must encode. */
#include "base/alloc.h"
#include "base/path.h"
#include "base/utf8.h"
#include "tokenizer/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const NAMES[] = {"tokenizer_config.json",
                                    "special_tokens_map.json",
                                    "added_tokens.json",
                                    "config.json",
                                    "tokenizer.json",
                                    "vocab.txt",
                                    "vocab.json",
                                    "merges.txt",
                                    "tokenizer.model",
                                    "sentencepiece.bpe.model",
                                    "spiece.model",
                                    "spm_char.model",
                                    "source.spm",
                                    "target.spm",
                                    "tekken.json",
                                    "bpe.codes",
                                    "dict.txt",
                                    "prophetnet.tokenizer",
                                    "entity_vocab.json",
                                    "byte_maps.json"};
enum { N_NAMES = sizeof NAMES / sizeof *NAMES };

static char folder[] = "/tmp/accelpipe-fuzz-XXXXXX";

static void check(int holds) {
    if (!holds) abort();
}

static void path_of(ap__path *out, size_t i) { check(!ap__path_join(out, folder, NAMES[i], NULL)); }

static void remove_files(void) {
    ap__path path;
    for (size_t i = 0; i < N_NAMES; i++) {
        path_of(&path, i);
        unlink(path.text);
    }
}

static void remove_folder(void) {
    remove_files();
    rmdir(folder);
}

static void make_folder(void) {
    static int is_made;
    if (is_made) return;
    check(mkdtemp(folder) != NULL);
    atexit(remove_folder);
    is_made = 1;
}

/* The index of the name that begins at `at`; N_NAMES when it is none. */
static size_t find_name(const char *at, size_t len) {
    for (size_t i = 0; i < N_NAMES; i++)
        if (strlen(NAMES[i]) == len && !memcmp(NAMES[i], at, len)) return i;
    return N_NAMES;
}

static const char *find_header(const char *at, const char *end) {
    for (; at + 4 <= end; at++)
        if (!memcmp(at, "--- ", 4)) return at;
    return end;
}

static void write_files(const char *at, const char *end) {
    for (at = find_header(at, end); at < end;) {
        const char *name = at + 4, *newline = memchr(name, '\n', (size_t)(end - name));
        if (!newline) return;
        const char *next = find_header(newline, end);
        size_t i = find_name(name, (size_t)(newline - name));
        ap__path path;
        FILE *file = NULL;
        if (i < N_NAMES) {
            path_of(&path, i);
            file = fopen(path.text, "wb");
            check(file != NULL);
        }
        if (file) {
            fwrite(newline + 1, 1, (size_t)(next - newline - 1), file);
            fclose(file);
        }
        at = next;
    }
}

static void encode(const ap__tokenizer *tokenizer) {
    static const char TEXT[] = "Hello, w\xC3\xB6rld 42 \xE6\x97\xA5\xE6\x9C\xAC <s> ";
    ap_error err = AP_ERROR_INIT;
    ap__encode_options options = {.add_special_tokens = true};
    ap__encoding e = {0};
    char *text = NULL;
    size_t len = 0;
    if (!ap__tokenizer_encode(&e, tokenizer, (ap__text){TEXT, sizeof TEXT - 1}, NULL, &options, &err) &&
        !ap__tokenizer_decode(&text, &len, tokenizer, e.ids, e.n, false, &err))
        check(ap__utf8_valid_len(text, len) == len);
    ap__free(text);
    ap__encoding_clear(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ap_error err = AP_ERROR_INIT;
    ap__tokenizer *tokenizer = NULL;
    const char *bytes = size ? (const char *)data : "";
    make_folder();
    write_files(bytes, bytes + size);
    ap_status status = ap__tokenizer_load(&tokenizer, folder, &err);
    if (status) {
        size_t len = strlen(err.message);
        check(!tokenizer && err.status == status && len && ap__utf8_valid_len(err.message, len) == len);
    } else {
        encode(tokenizer);
    }
    ap__tokenizer_destroy(tokenizer);
    remove_files();
    return 0;
}
