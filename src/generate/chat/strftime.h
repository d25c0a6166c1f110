/* datetime.strftime() in the C locale, without the C library, which follows the application's. */
#ifndef AP_GENERATE_CHAT_STRFTIME_H
#define AP_GENERATE_CHAT_STRFTIME_H

#include "base/buf.h"
#include "generate/chat/jinja.h"
#include "tokenizer/tokenizer.h"

/* Appends a time in that format.   @return AP_EUNSUPPORTED for a directive that is not known, by its letter
 */
ap_status ap__jstrftime(ap__buf *out, ap__text format, const ap__jinja_time *time, ap_error *err);

/* The local time of this machine. */
void ap__jinja_time_now(ap__jinja_time *out);

#endif
