/* What the router decided, and why: written down where it is decided, one record for `explain`, for
 * descriptions of a pipeline, and for the debug log. */
#ifndef AP_API_DECISIONS_H
#define AP_API_DECISIONS_H

#include "value/value.h"

typedef enum ap__verdict {
    AP__DECISION_CHOSEN = 0, /* It is used. */
    AP__DECISION_PASSED = 1, /* It was looked at, and is not. */
    AP__DECISION_FASTER = 2  /* It would be faster. */
} ap__verdict;

/* An empty record: {"decisions": [], "passed_over": [], "faster": []}. */
ap_status ap__decisions_create(ap_value **out, ap_error *err);

/* Adds {"what", "choice", "why"} to the list of the verdict, and logs it.
 * @param what the noun, "backend".   @param choice "ort"; bytes that are not UTF-8 become question marks.
 * @param why_fmt printf's, one line; a longer one than 512 bytes is cut. */
ap_status ap__decide(ap_value *record, ap__verdict verdict, const char *what, const char *choice,
                     ap_error *err, const char *why_fmt, ...) AP_PRINTF(6, 7);

/* The reason for what was chosen as `what`, the newest; NULL: nothing was. Borrowed from the record. */
const char *ap__decisions_why(const ap_value *record, const char *what);

#endif
