/* Integers of a graph that depend on its inputs: extents, and what is computed from them. An integer is
 * known, or an expression of others; the same expression is the same number, so that two that are equal in
 * every run can be told by comparing numbers. Two numbers that differ may be equal in some run. */
#ifndef OV_NUMS_H
#define OV_NUMS_H

#include "ov.h"

typedef uint32_t ovp_num;

typedef enum ovp_num_kind {
    OVP_NUM_NONE, /* The table has no room; it then says so. */
    OVP_NUM_CONSTANT,
    OVP_NUM_EXTENT, /* Any that is not negative. */
    OVP_NUM_ANY,
    OVP_NUM_ADD,
    OVP_NUM_SUB,
    OVP_NUM_MUL,
    OVP_NUM_DIV,   /* Towards zero. */
    OVP_NUM_EQUAL, /* 1 or 0, as those that follow. */
    OVP_NUM_LESS,
    OVP_NUM_AND,
    OVP_NUM_OR,
    OVP_NUM_BROADCAST /* The extent of two extents that are broadcast against each other. */
} ovp_num_kind;

typedef struct ovp_term {
    ovp_num_kind kind;
    ovp_num a, b;  /* Of expressions. */
    int64_t value; /* Of constants; of EXTENT and ANY, which one. */
} ovp_term;

enum { OVP_NUMS_MAX = 1 << 16 };

typedef struct ovp_nums {
    ovp_term *terms; /* [OVP_NUMS_MAX]; the first is NONE. */
    ovp_num *slots;  /* [2 * OVP_NUMS_MAX]: by hash, 0 is free. */
    uint32_t n;
    bool is_full; /* Numbers that were asked for since are NONE: nothing that was learned holds. */
} ovp_nums;

/* @return AP_ENOMEM; cleared also after that. */
ap_status ovp_nums_init(ovp_nums *out, ap_error *err);
void ovp_nums_clear(ovp_nums *nums);

ovp_num ovp_num_constant(ovp_nums *nums, int64_t value);

/* An integer unlike all before: OVP_NUM_EXTENT or OVP_NUM_ANY. */
ovp_num ovp_num_new(ovp_nums *nums, ovp_num_kind kind);

/* An expression, simplified. */
ovp_num ovp_num_of(ovp_nums *nums, ovp_num_kind kind, ovp_num a, ovp_num b);

/* 1 when a is 0, else 0. */
ovp_num ovp_num_not(ovp_nums *nums, ovp_num a);

bool ovp_num_is_constant(const ovp_nums *nums, ovp_num num, int64_t *value);
bool ovp_num_is(const ovp_nums *nums, ovp_num num, int64_t value);

/* Whether it is never negative. */
bool ovp_num_is_extent(const ovp_nums *nums, ovp_num num);

/* The quotient of two products: what stands in both is left out. ANY when that is not all of the divisor. */
typedef struct ovp_factors {
    ovp_num of[32];
    uint32_t n;
    bool is_unknown; /* They were too many. */
} ovp_factors;

void ovp_factors_add(const ovp_nums *nums, ovp_factors *factors, ovp_num num);
ovp_num ovp_num_quotient(ovp_nums *nums, ovp_factors *dividend, ovp_factors *divisor);

#endif
