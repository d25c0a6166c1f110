/* Values from JSON files and documents. */
#ifndef AP_VALUE_JSON_H
#define AP_VALUE_JSON_H

#include "base/json.h"

#include <accelpipe/value.h>

/* The document stays the caller's. */
ap_status ap__value_from_json_doc(ap_value **out, yyjson_doc *doc, ap_error *err);

/* @return AP_ENOTFOUND, AP_EIO, AP_ELIMIT, AP_EFORMAT with path and byte offset. */
ap_status ap__value_from_json_file(ap_value **out, const char *path, size_t max_bytes, ap_error *err);

#endif
