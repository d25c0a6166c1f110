/* What the processor is, for what depends on it: caches of prepared models. */
#ifndef AP_BACKEND_CPU_H
#define AP_BACKEND_CPU_H

#include "base/buf.h"

#include <stdbool.h>

/* Appends one line that differs between processors for which code or data layouts may be chosen differently:
 * model, and the instruction sets that it and the system offer. */
ap_status ap__cpu_describe(ap__buf *out, ap_error *err);

/* Whether the processor multiplies bfloat16 natively, and the system saves the registers for it. */
bool ap__cpu_has_bf16(void);

#endif
