/* Integers of a graph that depend on its inputs: extents, and what is computed from them. An integer is
 * known, or an expression of others; the same expression is the same number, so that two that are equal in
 * every run can be told by comparing numbers. Two numbers that differ may be equal in some run. */
#ifndef COMMON_NUMS_H
#define COMMON_NUMS_H

#include <accelpipe/sys/host.h>
#include <stdbool.h>
#include <stdint.h>

typedef uint32_t onnx_num;

typedef enum onnx_num_kind {
    ONNX_NUM_NONE, /* The table has no room; it then says so. */
    ONNX_NUM_CONSTANT,
    ONNX_NUM_EXTENT, /* Any that is not negative. */
    ONNX_NUM_ANY,
    ONNX_NUM_ADD,
    ONNX_NUM_SUB,
    ONNX_NUM_MUL,
    ONNX_NUM_DIV,   /* Towards zero. */
    ONNX_NUM_EQUAL, /* 1 or 0, as those that follow. */
    ONNX_NUM_LESS,
    ONNX_NUM_AND,
    ONNX_NUM_OR,
    ONNX_NUM_BROADCAST /* The extent of two extents that are broadcast against each other. */
} onnx_num_kind;

typedef struct onnx_term {
    onnx_num_kind kind;
    onnx_num a, b; /* Of expressions. */
    int64_t value; /* Of constants; of EXTENT and ANY, which one. */
} onnx_term;

enum { ONNX_NUMS_MAX = 1 << 16 };

typedef struct onnx_nums {
    const ap_host *host;
    onnx_term *terms; /* [ONNX_NUMS_MAX]; the first is NONE. */
    onnx_num *slots;  /* [2 * ONNX_NUMS_MAX]: by hash, 0 is free. */
    uint32_t n;
    bool is_full; /* Numbers that were asked for since are NONE: nothing that was learned holds. */
} onnx_nums;

/* @return AP_ENOMEM; cleared also after that. */
ap_status onnx_nums_init(onnx_nums *out, const ap_host *host, ap_error *err);
void onnx_nums_clear(onnx_nums *nums);

onnx_num onnx_num_constant(onnx_nums *nums, int64_t value);

/* An integer unlike all before: ONNX_NUM_EXTENT or ONNX_NUM_ANY. */
onnx_num onnx_num_new(onnx_nums *nums, onnx_num_kind kind);

/* An expression, simplified. */
onnx_num onnx_num_of(onnx_nums *nums, onnx_num_kind kind, onnx_num a, onnx_num b);

/* 1 when a is 0, else 0. */
onnx_num onnx_num_not(onnx_nums *nums, onnx_num a);

bool onnx_num_is_constant(const onnx_nums *nums, onnx_num num, int64_t *value);
bool onnx_num_is(const onnx_nums *nums, onnx_num num, int64_t value);

/* Whether it is never negative. */
bool onnx_num_is_extent(const onnx_nums *nums, onnx_num num);

/* The quotient of two products: what stands in both is left out. ANY when that is not all of the divisor. */
typedef struct onnx_factors {
    onnx_num of[32];
    uint32_t n;
    bool is_unknown; /* They were too many. */
} onnx_factors;

void onnx_factors_add(const onnx_nums *nums, onnx_factors *factors, onnx_num num);
onnx_num onnx_num_quotient(onnx_nums *nums, onnx_factors *dividend, onnx_factors *divisor);

#endif
