/* Python's str.format() with one positional argument: what templates of hypotheses and prompts are written
 * in. */
#ifndef AP_VALUE_STR_FORMAT_H
#define AP_VALUE_STR_FORMAT_H

#include "base/buf.h"

#include <accelpipe/value.h>

/* Appends `format` (UTF-8, `len` bytes) with `argument` in place of {}, {0} and the like; {{ and }} are
 * braces.
 * @param argument a string, an int, a bool or null; its text is Python's str().
 * @return AP_EINVAL a lone brace, or more fields than arguments; AP_EKEY a field that is named;
 * AP_EUNSUPPORTED attributes, indexes, format specifications; AP_ETYPE an argument of another kind;
 * AP_ELIMIT; AP_ENOMEM. */
ap_status ap__str_format(ap__buf *out, const char *format, size_t len, const ap_value *argument,
                         ap_error *err);

/* Appends Python's str() of a string, an int, a bool or null.   @return AP_ETYPE of another kind */
ap_status ap__str_of_value(ap__buf *out, const ap_value *value, ap_error *err);

#endif
