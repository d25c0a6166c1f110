/* Case and classes of characters as Python's str methods have them: Python's own Unicode, of which
 * tokenizer/unicode.h knows only the part that tokenizers need. */
#ifndef AP_TOKENIZER_PYTHON_CASE_H
#define AP_TOKENIZER_PYTHON_CASE_H

#include "base/buf.h"
#include "tokenizer/tokenizer.h"

#include <stdbool.h>
#include <stdint.h>

/* In the order of FLAGS in tools/unicode/make_python_tables.py. */
enum {
    AP__PY_ALPHA = 1 << 0,
    AP__PY_DECIMAL = 1 << 1,
    AP__PY_DIGIT = 1 << 2,
    AP__PY_NUMERIC = 1 << 3,
    AP__PY_LOWER = 1 << 4,
    AP__PY_UPPER = 1 << 5,
    AP__PY_TITLE = 1 << 6,
    AP__PY_CASE_IGNORABLE = 1 << 7,
    AP__PY_PRINTABLE = 1 << 8,
    AP__PY_CASED = AP__PY_LOWER | AP__PY_UPPER | AP__PY_TITLE,
    AP__PY_ALNUM = AP__PY_ALPHA | AP__PY_DECIMAL | AP__PY_DIGIT | AP__PY_NUMERIC
};

uint32_t ap__py_flags(uint32_t code);

typedef enum ap__py_case {
    AP__PY_TO_LOWER,
    AP__PY_TO_UPPER,
    AP__PY_TO_TITLE,       /* Every word with a capital. */
    AP__PY_TO_CAPITALIZED, /* The first character alone. */
    AP__PY_TO_SWAPPED
} ap__py_case;

/* Most characters that one becomes in another case. */
enum { AP__PY_MAX_CASE = 3 };

/* What str.lower() makes of the character at `at`: its neighbours count.   @return how many characters */
size_t ap__py_lower_at(ap__text text, size_t at, uint32_t out[AP__PY_MAX_CASE]);

/* Appends str.lower(), str.upper(), str.title(), str.capitalize() or str.swapcase(). */
ap_status ap__py_convert(ap__buf *out, ap__text text, ap__py_case to, ap_error *err);

#endif
