/* Sequences of bytes that become others, the longest first; a byte that begins none stays.
 * Source: transformers@v4.55.4 models/myt5/tokenization_myt5.py ByteRewriter. */
#ifndef AP_TOKENIZER_MODELS_REWRITER_H
#define AP_TOKENIZER_MODELS_REWRITER_H

#include "tokenizer/component.h"
#include "tokenizer/models/trie.h"

/* Longest sequence, in bytes: a text grows by no more than this. */
enum { AP__REWRITE_MAX_BYTES = 64 };

typedef struct ap__rewriter {
    ap__vocab from; /* The id is the place in `to`. */
    ap__trie trie;
    ap__text *to;
} ap__rewriter;

/* Bytes, and the stretch of the text that each is made of. */
typedef struct ap__spanned {
    char *bytes;
    ap__span *spans;
    size_t n;
} ap__spanned;

/* Reads a list of pairs. As JSON has no bytes, a character below 256 is the byte of its number. */
ap_status ap__rewriter_read(ap__rewriter *out, ap__loader *loader, yyjson_val *list);

/* @param[out] out in the arena.   @return AP_ENOMEM, AP_ELIMIT */
ap_status ap__rewriter_apply(const ap__rewriter *self, ap__arena *arena, const ap__spanned *in,
                             ap__spanned *out, ap_error *err);

/* Reads "rewrites", a list of such lists, and applies them one after the other. */
enum { AP__MAX_REWRITERS = 2 };
typedef struct ap__rewriters {
    ap__rewriter ptr[AP__MAX_REWRITERS];
    size_t n;
} ap__rewriters;

ap_status ap__rewriters_read(ap__rewriters *out, ap__loader *loader, yyjson_val *json);
ap_status ap__rewriters_apply(const ap__rewriters *self, ap__arena *arena, ap__spanned *bytes, ap_error *err);

#endif
