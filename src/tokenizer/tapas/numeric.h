/* Numbers and dates in texts, as TAPAS reads tables by them.
 * Source: transformers@v4.55.4 models/tapas/tokenization_tapas.py parse_text, get_numeric_sort_key_fn. */
#ifndef AP_TOKENIZER_TAPAS_NUMERIC_H
#define AP_TOKENIZER_TAPAS_NUMERIC_H

#include "tokenizer/tapas/codes.h"

typedef enum ap__numeric_kind { AP__NUMERIC_NONE, AP__NUMERIC_NUMBER, AP__NUMERIC_DATE } ap__numeric_kind;

/* Bits: what a date says. */
enum { AP__DATE_YEAR = 1, AP__DATE_MONTH = 2, AP__DATE_DAY = 4, AP__DATE_ALL = 7 };

typedef struct ap__numeric {
    ap__numeric_kind kind;
    unsigned parts; /* Of dates. */
    double number;
    int date[3]; /* Year, month, day: those that `parts` has. */
} ap__numeric;

/* The values of a text, in the order of their places; a place may have a number and a date. All zero is
 * empty. */
typedef struct ap__numerics {
    ap__numeric *ptr;
    size_t n, capacity;
} ap__numerics;

/* Appends the values of a text: of those inside each other, the longest.   @return AP_ENOMEM, AP_ELIMIT */
ap_status ap__numerics_read(ap__numerics *out, ap__text text, ap_error *err);
void ap__numerics_clear(ap__numerics *numerics);

/* The order of two values of one kind; of dates by those parts alone.   @return below 0, 0, above 0 */
int ap__numeric_compare(const ap__numeric *a, const ap__numeric *b, unsigned parts);

#endif
