/* Log lines: `component: noun: fact`. */
#ifndef AP_BASE_LOG_H
#define AP_BASE_LOG_H

#include <accelpipe/log.h>
#include <stdarg.h>
#include <stdbool.h>

/* Costs one load when the level is off. */
bool ap__log_enabled(ap_log_level level);
void ap__log(ap_log_level level, const char *fmt, ...) AP_PRINTF(2, 3);
void ap__logv(ap_log_level level, const char *fmt, va_list args) AP_PRINTF(2, 0);

#endif
