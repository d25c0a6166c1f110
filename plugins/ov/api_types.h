/* Types of OpenVINO's C API, as far as the plugin uses them. They are declared here so that building the
 * plugin needs no OpenVINO; tests/unit/plugins/ov_api_test.c compares them with its headers where those are
 * there. Source: openvino@2026.4 src/bindings/c/include/openvino/c. */
#ifndef OV_API_TYPES_H
#define OV_API_TYPES_H

#include <stddef.h>
#include <stdint.h>

typedef struct ov_core ov_core_t;
typedef struct ov_model ov_model_t;
typedef struct ov_compiled_model ov_compiled_model_t;
typedef struct ov_infer_request ov_infer_request_t;
typedef struct ov_tensor ov_tensor_t;
typedef struct ov_output_const_port ov_output_const_port_t;

typedef int ov_status_e; /* 0: success. */

/* An element type by the number of the runtime that is loaded: releases differ, see dtype.c. */
typedef unsigned ov_element_type_e;

typedef struct ov_version {
    const char *buildNumber;
    const char *description;
} ov_version_t;

typedef struct ov_available_devices {
    char **devices;
    size_t size;
} ov_available_devices_t;

typedef struct ov_shape {
    int64_t rank;
    int64_t *dims;
} ov_shape_t;

/* Limits, both included; a max of -1 is none. */
typedef struct ov_dimension {
    int64_t min;
    int64_t max;
} ov_dimension_t;

typedef ov_dimension_t ov_rank_t;

typedef struct ov_partial_shape {
    ov_rank_t rank;
    ov_dimension_t *dims;
} ov_partial_shape_t;

#endif
