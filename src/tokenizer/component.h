/* The five roles of a tokenizer, as tables of functions, and what a component needs to read itself from JSON.
 *
 * A component is one file in the folder of its role with its struct, `create`, what it does, and the const
 * row that stands in components.def. Its struct lives in the tokenizer's arena; what has to be freed in
 * another way is registered with ap__loader_on_destroy(). */
#ifndef AP_TOKENIZER_COMPONENT_H
#define AP_TOKENIZER_COMPONENT_H

#include "base/arena.h"
#include "tokenizer/ntext.h"
#include "tokenizer/scanners.h"
#include "tokenizer/vocab.h"
#include "tokenizer/work.h"

#include <yyjson.h>

struct ap__loader;
struct ap__encs;
struct ap__strings;

typedef ap_status ap__create_fn(void **out, struct ap__loader *loader, yyjson_val *json);

/* A setting of a component by its JSON key, for what tokenizer_config.json overrides: 0, 1, or -1 for null.
 * NULL when the component has none of that name. */
typedef int *ap__setting_fn(void *self, const char *key);

/* Rewrites a text. */
typedef struct ap__normalizer_class {
    ap__create_fn *create;
    ap_status (*apply)(const void *self, ap__work *work, ap__ntext *text);
    bool (*is_blind)(const void *self); /* optional: it does not look at where a text comes from. */
    ap__setting_fn *setting;            /* optional */
} ap__normalizer_class;

/* What a pre-tokenizer does to a text, where it does no more than that: the matches of `scan` are pieces, and
 * what lies between them; all of it is one piece without `scan`. Pieces then need no list. */
typedef struct ap__piece_scan {
    ap__scan_fn *scan;
    bool is_bytes; /* Pieces are marked as ByteLevel does. */
} ap__piece_scan;

/* Cuts work->pieces into smaller ones. */
typedef struct ap__pretokenizer_class {
    ap__create_fn *create;
    ap_status (*apply)(const void *self, ap__work *work);
    bool (*get_scan)(const void *self, ap__piece_scan *out); /* optional: false where it does more. */
    /* optional: it looks at no alignment, and unless it is the first that gets the text, nor at where that
     * begins. */
    bool (*is_blind)(const void *self, bool is_first);
    ap__setting_fn *setting; /* optional */
} ap__pretokenizer_class;

/* Pushes the tokens of pieces. The vocabulary is the tokenizer's. */
typedef struct ap__model_class {
    ap__create_fn *create;
    ap_status (*tokenize)(const void *self, ap__work *work, ap__piece *piece); /* Of one piece; or else: */
    /* Of several, the first of which is that of work->word. */
    ap_status (*tokenize_all)(const void *self, ap__work *work, ap__piece *pieces, size_t n);
    ap__text (*subword_prefix)(const void *self);     /* optional: continuing_subword_prefix */
    ap__text (*end_of_word_suffix)(const void *self); /* optional */
} ap__model_class;

/* Adds special tokens around the tokens of one or two texts, and the like. */
typedef struct ap__processor_class {
    ap__create_fn *create;
    ap_status (*apply)(const void *self, struct ap__encs *encs, bool add_special_tokens);
    size_t (*n_added)(const void *self, bool is_pair);
    bool (*needs_texts)(const void *self); /* optional: looks at the strings of tokens. */
    ap__setting_fn *setting;               /* optional */
} ap__processor_class;

/* What words end with in most files. */
#define AP__WORD_END "</w>"

/* How what a decoder makes of a list may change when the list goes on. */
enum {
    AP__TAIL_JOINS = 1,  /* It makes one string of all; decoders behind it get the flag. */
    AP__TAIL_BYTES = 2,  /* A run of byte tokens at the end may become something else. */
    AP__TAIL_OPEN = 4,   /* Anything may. */
    AP__TAIL_BROKEN = 8, /* U+FFFD at the end may be a character whose bytes are not all there yet. */
    AP__TAIL_START = 16, /* It takes characters off the start of all text. */
    AP__TAIL_WORD = 32   /* A string at the end may, if it has AP__WORD_END in front of its end. */
};

typedef unsigned ap__tail_fn(const void *self, bool is_joined);

/* Turns token strings into text, string by string. */
typedef struct ap__decoder_class {
    ap__create_fn *create;
    ap_status (*apply)(const void *self, struct ap__strings *strings);
    ap__tail_fn *tail; /* optional: it looks at each string alone, and back. */
} ap__decoder_class;

/* A component that was read: all NULL where the file has none. */
typedef struct ap__normalizer {
    const ap__normalizer_class *class_;
    void *self;
} ap__normalizer;

typedef struct ap__pretokenizer {
    const ap__pretokenizer_class *class_;
    void *self;
} ap__pretokenizer;

typedef struct ap__model {
    const ap__model_class *class_;
    void *self;
} ap__model;

typedef struct ap__processor {
    const ap__processor_class *class_;
    void *self;
} ap__processor;

typedef struct ap__decoder {
    const ap__decoder_class *class_;
    void *self;
} ap__decoder;

/* What a Sequence has. */
typedef struct ap__normalizer_list {
    ap__normalizer *items;
    size_t n;
} ap__normalizer_list;

typedef struct ap__pretokenizer_list {
    ap__pretokenizer *items;
    size_t n;
} ap__pretokenizer_list;

typedef struct ap__processor_list {
    ap__processor *items;
    size_t n;
} ap__processor_list;

typedef struct ap__decoder_list {
    ap__decoder *items;
    size_t n;
} ap__decoder_list;

/* The `create` of a component without members. */
ap__create_fn ap__create_nothing;

/* The `is_blind` of a normalizer that always is. */
bool ap__always_blind(const void *self);

/* Reads the component that `json` describes; null gives none. */
ap_status ap__normalizer_create(ap__normalizer *out, struct ap__loader *loader, yyjson_val *json);
ap_status ap__pretokenizer_create(ap__pretokenizer *out, struct ap__loader *loader, yyjson_val *json);
ap_status ap__model_create(ap__model *out, struct ap__loader *loader, yyjson_val *json);
ap_status ap__processor_create(ap__processor *out, struct ap__loader *loader, yyjson_val *json);
ap_status ap__decoder_create(ap__decoder *out, struct ap__loader *loader, yyjson_val *json);

/* Reads those of json[key]; *out is a list of the role, whole or not. */
ap_status ap__normalizer_create_list(void **out, struct ap__loader *loader, yyjson_val *json,
                                     const char *key);
ap_status ap__pretokenizer_create_list(void **out, struct ap__loader *loader, yyjson_val *json,
                                       const char *key);
ap_status ap__processor_create_list(void **out, struct ap__loader *loader, yyjson_val *json, const char *key);
ap_status ap__decoder_create_list(void **out, struct ap__loader *loader, yyjson_val *json, const char *key);

/* Nothing is done by a component that is not there. */
ap_status ap__normalizer_apply(const ap__normalizer *normalizer, ap__work *work, ap__ntext *text);
ap_status ap__pretokenizer_apply(const ap__pretokenizer *pretokenizer, ap__work *work);
bool ap__normalizer_is_blind(const ap__normalizer *normalizer);
bool ap__pretokenizer_is_blind(const ap__pretokenizer *pretokenizer, bool is_first);
bool ap__pretokenizer_get_scan(const ap__pretokenizer *pretokenizer, ap__piece_scan *out);
size_t ap__processor_n_added(const ap__processor *processor, bool is_pair);
bool ap__processor_needs_texts(const ap__processor *processor);

/* -- reading JSON -------------------------------------------------------------------------------------- */

/* A file that is being read: what components are made of and where in it we are, for messages. */
typedef struct ap__loader {
    struct ap__tokenizer *tokenizer;
    ap__arena *arena;
    ap__vocab *vocab;
    const char *file;
    char place[256]; /* "model.vocab"; cut when it is too long. */
    unsigned depth;
    unsigned n_components;
    size_t n_pattern_bytes; /* Of the regular expressions so far. */
    bool is_converted;      /* Not a file but what a converter made: it may have components of its own. */
    ap_error *err;
} ap__loader;

/* Components inside of components, at most. */
#define AP__COMPONENT_MAX_DEPTH 16u

/* Components of one tokenizer, at most: each goes over the text. */
#define AP__COMPONENT_MAX_COUNT 1024u

/* Enters a member (or, with key NULL, an item) for messages; what it returns goes to ap__loader_leave(). */
size_t ap__loader_enter(ap__loader *loader, const char *key, size_t index);
void ap__loader_leave(ap__loader *loader, size_t mark);

/* Writes "FILE: PLACE.KEY: ..." and returns `status`. `key` may be NULL. */
ap_status ap__loader_fail(ap__loader *loader, ap_status status, const char *key, const char *fmt, ...)
    AP_PRINTF(4, 5);

/* "an object", "a string", ...: what a JSON value is, for messages; "nothing" for NULL. */
const char *ap__json_kind(yyjson_val *value);

/* Memory in the tokenizer's arena, zeroed.   @return AP_ENOMEM */
ap_status ap__loader_alloc(ap__loader *loader, void *out_ptr, size_t count, size_t size_bytes);

/* Calls fn(ptr) when the tokenizer is destroyed.   @return AP_ENOMEM; the function is called then. */
ap_status ap__loader_on_destroy(ap__loader *loader, void (*fn)(void *ptr), void *ptr);

/* Members of an object. "required": AP_EFORMAT when it is missing or of another type; "optional": `out` keeps
 * its value when the member is missing or null. */
ap_status ap__get_bool(ap__loader *loader, yyjson_val *json, const char *key, bool is_required, bool *out);
ap_status ap__get_size(ap__loader *loader, yyjson_val *json, const char *key, bool is_required, size_t *out);
/* A member that may be missing but not null. */
ap_status ap__check_not_null(ap__loader *loader, yyjson_val *json, const char *key);
/* Ids: at most UINT32_MAX - 1. */
ap_status ap__get_u32(ap__loader *loader, yyjson_val *json, const char *key, bool is_required, uint32_t *out);
/* A copy in the arena. */
ap_status ap__get_string(ap__loader *loader, yyjson_val *json, const char *key, bool is_required,
                         ap__text *out);
/* A string of exactly one character. */
ap_status ap__get_char(ap__loader *loader, yyjson_val *json, const char *key, bool is_required,
                       uint32_t *out);
ap_status ap__get_array(ap__loader *loader, yyjson_val *json, const char *key, yyjson_val **out);
ap_status ap__get_object(ap__loader *loader, yyjson_val *json, const char *key, yyjson_val **out);
/* A list of strings of at least `least` bytes, each with the number of its first place. */
ap_status ap__get_strings(ap__loader *loader, yyjson_val *json, const char *key, size_t least,
                          ap__vocab *out);

/* A name out of `names` (ended by NULL); *out is its index. */
ap_status ap__get_enum(ap__loader *loader, yyjson_val *json, const char *key, bool is_required,
                       const char *const *names, int *out);

/* The names of ap__split_behavior as in tokenizer.json. */
extern const char *const ap__split_behavior_names[];

/* Copies a JSON string to the arena. */
ap_status ap__loader_copy(ap__loader *loader, yyjson_val *string, ap__text *out);

#endif
