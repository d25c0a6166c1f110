/* The source of a template to tokens.
 * Source: jinja2@3.1.6 lexer.py with trim_blocks and lstrip_blocks, keep_trailing_newline off. */
#ifndef AP_GENERATE_CHAT_LEXER_H
#define AP_GENERATE_CHAT_LEXER_H

#include "generate/chat/ast.h"

typedef enum ap__jtoken_kind {
    AP__JT_EOF,
    AP__JT_DATA,
    AP__JT_BLOCK_BEGIN,
    AP__JT_BLOCK_END,
    AP__JT_VARIABLE_BEGIN,
    AP__JT_VARIABLE_END,
    AP__JT_NAME,
    AP__JT_STRING,
    AP__JT_INTEGER,
    AP__JT_FLOAT,
    /* Operators, in the order of OPERATORS in lexer.c. */
    AP__JT_FLOORDIV,
    AP__JT_POW,
    AP__JT_EQ,
    AP__JT_NE,
    AP__JT_GE,
    AP__JT_LE,
    AP__JT_ADD,
    AP__JT_SUB,
    AP__JT_DIV,
    AP__JT_MUL,
    AP__JT_MOD,
    AP__JT_TILDE,
    AP__JT_LBRACKET,
    AP__JT_RBRACKET,
    AP__JT_LPAREN,
    AP__JT_RPAREN,
    AP__JT_LBRACE,
    AP__JT_RBRACE,
    AP__JT_GT,
    AP__JT_LT,
    AP__JT_ASSIGN,
    AP__JT_DOT,
    AP__JT_COLON,
    AP__JT_PIPE,
    AP__JT_COMMA,
    AP__JT_SEMICOLON
} ap__jtoken_kind;

typedef struct ap__jtoken {
    ap__jtoken_kind kind;
    uint32_t at;    /* Byte in the source. */
    ap__text text;  /* DATA, NAME, STRING */
    ap__jval value; /* INTEGER, FLOAT */
} ap__jtoken;

typedef struct ap__jtokens {
    ap__jtoken *ptr; /* The last one is EOF. */
    size_t n, capacity;
} ap__jtokens;

/* Tokens of jinja->source. They are in `mem`, the text of strings is in the template's memory. */
ap_status ap__jlexer_run(ap__jtokens *out, ap__jinja *jinja, ap__jmem *mem);

/* How a token is called in messages. */
const char *ap__jtoken_name(const ap__jtoken *token, size_t *len);

/* Writes the message of a failure at a byte of the source: "line 3, column 5: ...". */
ap_status ap__jinja_fail(const ap__jinja *jinja, size_t at, ap_status status, const char *fmt, ...)
    AP_PRINTF(4, 5);

/* Puts "line 3, column 5: " in front of a message. */
ap_status ap__jinja_locate(const ap__jinja *jinja, size_t at, ap_status status, ap_error *err);

#endif
