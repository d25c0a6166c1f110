/* The tokenizer of TAPAS: a table and a question to ids, and to seven more numbers for every token.
 *
 * Threading: a loaded tokenizer is immutable; tables and encodings belong to one thread.
 *
 * Source: transformers@v4.55.4 models/tapas/tokenization_tapas.py TapasTokenizer, which is written in Python:
 * text is cut as Python cuts it, not as the BERT tokenizers in Rust do. */
#ifndef AP_TOKENIZER_TAPAS_TAPAS_H
#define AP_TOKENIZER_TAPAS_TAPAS_H

#include "tokenizer/tokenizer.h"

typedef struct ap__tapas ap__tapas;

/* Largest vocab.txt and most cells of a table. */
#define AP__TAPAS_VOCAB_MAX_BYTES ((size_t)64 << 20)
#define AP__TAPAS_CELLS_MAX ((size_t)1 << 24)

/* Reads vocab.txt, tokenizer_config.json, special_tokens_map.json and added_tokens.json of a folder.
 * @return AP_ENOTFOUND no vocab.txt; AP_EFORMAT; AP_EUNSUPPORTED a setting that is not known; AP_ELIMIT;
 * AP_ENOMEM */
ap_status ap__tapas_load(ap__tapas **out, const char *folder, ap_error *err);

/* The texts of these files; all but the vocabulary may be NULL. */
typedef struct ap__tapas_files {
    const char *vocab;
    size_t vocab_len;
    const char *config, *special_tokens, *added_tokens; /* JSON. */
    const char *name;                                   /* In messages. */
} ap__tapas_files;

ap_status ap__tapas_create(ap__tapas **out, const ap__tapas_files *files, ap_error *err);
void ap__tapas_destroy(ap__tapas *tapas); /* NULL is fine. */

/* As of any other tokenizer: limits, sides, special tokens. */
const ap__tokenizer_config *ap__tapas_get_config(const ap__tapas *tapas);

/* -- tables -------------------------------------------------------------------------------------------- */

/* Texts are borrowed. */
typedef struct ap__table {
    size_t n_rows, n_columns;
    const ap__text *header; /* [n_columns] */
    const ap__text *cells;  /* [n_rows][n_columns] */
} ap__table;

/* A table that has been read once for all questions about it. */
typedef struct ap__tapas_table ap__tapas_table;

/* @param tapas, table are borrowed as long as it lives.
 * @return AP_EUTF8, AP_EINVAL too many columns, AP_ELIMIT, AP_ENOMEM */
ap_status ap__tapas_table_create(ap__tapas_table **out, const ap__tapas *tapas, const ap__table *table,
                                 ap_error *err);
void ap__tapas_table_destroy(ap__tapas_table *table); /* NULL is fine. */

/* What token_type_ids say of a token, in their order. */
enum {
    AP__TAPAS_SEGMENT, /* 1: of the table. */
    AP__TAPAS_COLUMN,  /* From 1; 0: none. */
    AP__TAPAS_ROW,     /* From 1; 0: the header. */
    AP__TAPAS_PREVIOUS_LABEL,
    AP__TAPAS_COLUMN_RANK, /* Of the value in its column, from 1; 0: no value. */
    AP__TAPAS_INVERSE_RANK,
    AP__TAPAS_RELATION, /* Bits: equal to, below, above a value of the question. Seen from the question's
                           side. */
    AP__TAPAS_N_TYPES
};

typedef struct ap__tapas_encoding {
    size_t n;
    uint32_t *ids;                        /* [n] */
    uint32_t (*types)[AP__TAPAS_N_TYPES]; /* [n][7] */
    void *memory;
} ap__tapas_encoding;

/* Encodes one question. With `drop_rows`, rows are left out at the end, and cells cut, until all fits into
 * model_max_length.
 * @return AP_EINVAL too many rows, when none may be left out */
ap_status ap__tapas_encode(ap__tapas_encoding *out, const ap__tapas_table *table, ap__text question,
                           bool drop_rows, ap_error *err);
void ap__tapas_encoding_clear(ap__tapas_encoding *encoding);

#endif
