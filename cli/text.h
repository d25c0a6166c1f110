/* Text for people: how wide UTF-8 is on a terminal, and text that grows. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <accelpipe/status.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at `text` (1 to 4), 0 when there is none: `len` is 0, or it is not UTF-8. */
size_t cli_utf8_next(uint32_t *code, const char *text, size_t len);

/* The length of the longest valid prefix: `len` when all of it is valid. */
size_t cli_utf8_valid_len(const char *text, size_t len);

/* Text that grows; all zero is empty. `ptr` is NUL-terminated once something was added. */
typedef struct cli_text {
    char *ptr;
    size_t len, capacity;
} cli_text;

void cli_text_add(cli_text *text, const char *bytes, size_t len);
void cli_text_addf(cli_text *text, const char *fmt, ...) AP_PRINTF(2, 3);
void cli_text_clear(cli_text *text);

/* Adds a number below 1e9 with that many decimals (at most 6), rounded. By integers: printf("%f") writes what
 * the locale says. */
void cli_text_add_decimal(cli_text *text, double number, int decimals);

/* Adds text as it may be shown: control characters and what is not UTF-8 become U+FFFD, so that text from
 * a model or an input cannot steer the terminal; line ends and tabs become blanks.
 * @param max_columns where it is longer, it is cut there and ends in "...".   @return the columns added */
size_t cli_text_add_shown(cli_text *text, const char *bytes, size_t len, size_t max_columns);

/* Columns of text on a terminal. */
size_t cli_text_columns(const char *text, size_t len);

#endif
