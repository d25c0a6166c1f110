/* The names of a graph, each with a number: 0, 1, 2, ... in the order in which they came. What is known of a
 * name is in lists of its owner, by that number. */
#ifndef COMMON_NAMES_H
#define COMMON_NAMES_H

#include "onnx.h"

#include <accelpipe/sys/host.h>

/* No name. */
#define ONNX_NO_NAME UINT32_MAX

typedef struct onnx_names {
    const ap_host *host;
    onnx_text *of; /* [n] By number; borrowed from whoever gave them. */
    size_t n, capacity;
    uint32_t *slots; /* By hash of the name: 1 + its number; 0 is free. */
    size_t n_slots;  /* A power of two, at least 2 * capacity. */
} onnx_names;

/* The number of a name; ONNX_NO_NAME: it is not there. */
uint32_t onnx_names_find(const onnx_names *names, onnx_text name);

/* The same of a name that is added where it is not there; ONNX_NO_NAME: no memory. */
uint32_t onnx_names_add(onnx_names *names, onnx_text name);

void onnx_names_clear(onnx_names *names);

#endif
