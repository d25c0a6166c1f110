/* What a model runs on: `device` and `device_map`. */
#ifndef AP_API_DEVICE_H
#define AP_API_DEVICE_H

#include "backend/backend.h"
#include "value/value.h"

/* What was asked for, in one of three ways; all zero: nothing. */
typedef struct ap__device_request {
    const char *from;    /* The parameter, for messages; NULL: none was given. */
    const char *name;    /* "cpu", "cuda:0", "auto"; borrowed. NULL: not by name. */
    bool is_number;      /* A number as in transformers: -1 the CPU, else a GPU where there is one. */
    bool is_accelerated; /* device_map "auto": the first GPU where there is one. */
    int64_t number;
} ap__device_request;

/* Which of the two was given; NULL and null: not.
 * @return AP_ETYPE, AP_EINVAL a value that is no device; AP_EUNSUPPORTED a map with several devices. */
ap_status ap__device_read(ap__device_request *out, const ap_value *device, const ap_value *device_map,
                          ap_error *err);

/* The device that the request means in a backend. `buf` holds the name where it is made here.
 * @param[out] out NULL: the backend's own choice.   @param[out] why static storage. */
void ap__device_choose(const char **out, const char **why, char *buf, size_t size,
                       const ap__device_request *request, const ap__backend *backend);

#endif
