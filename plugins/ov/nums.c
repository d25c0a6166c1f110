/* Numbers by their expressions (hash-consing). */
#include "nums.h"

#include <string.h>

/* Deeper expressions are not looked through. */
enum { EXTENT_DEPTH = 8 };

ap_status ovp_nums_init(ovp_nums *out, ap_error *err) {
    *out = (ovp_nums){.n = 1};
    out->terms = ov.host->alloc(OVP_NUMS_MAX * sizeof *out->terms);
    out->slots = ov.host->alloc(2 * OVP_NUMS_MAX * sizeof *out->slots);
    if (!out->terms || !out->slots) return ovp_fail_nomem(err);
    out->terms[0] = (ovp_term){.kind = OVP_NUM_NONE};
    memset(out->slots, 0, 2 * OVP_NUMS_MAX * sizeof *out->slots);
    return AP_OK;
}

void ovp_nums_clear(ovp_nums *nums) {
    ov.host->free(nums->terms);
    ov.host->free(nums->slots);
}

static uint64_t hash_term(const ovp_term *term) {
    uint64_t h = (uint64_t)term->kind << 56 ^ (uint64_t)term->a << 28 ^ term->b;
    h = (h ^ (uint64_t)term->value * 0x9E3779B97F4A7C15u) * 0xFF51AFD7ED558CCDu;
    return h ^ h >> 32;
}

static ovp_num intern(ovp_nums *nums, const ovp_term *term) {
    enum { MASK = 2 * OVP_NUMS_MAX - 1 };
    size_t i = hash_term(term) & MASK;
    for (; nums->slots[i]; i = (i + 1) & MASK) {
        const ovp_term *other = &nums->terms[nums->slots[i]];
        if (other->kind == term->kind && other->a == term->a && other->b == term->b &&
            other->value == term->value)
            return nums->slots[i];
    }
    if (nums->n == OVP_NUMS_MAX) {
        nums->is_full = true;
        return OVP_NUM_NONE;
    }
    nums->terms[nums->n] = *term;
    nums->slots[i] = nums->n;
    return nums->n++;
}

ovp_num ovp_num_constant(ovp_nums *nums, int64_t value) {
    return intern(nums, &(ovp_term){.kind = OVP_NUM_CONSTANT, .value = value});
}

ovp_num ovp_num_new(ovp_nums *nums, ovp_num_kind kind) {
    return intern(nums, &(ovp_term){.kind = kind, .value = nums->n});
}

bool ovp_num_is_constant(const ovp_nums *nums, ovp_num num, int64_t *value) {
    *value = nums->terms[num].value;
    return nums->terms[num].kind == OVP_NUM_CONSTANT;
}

bool ovp_num_is(const ovp_nums *nums, ovp_num num, int64_t value) {
    int64_t own;
    return ovp_num_is_constant(nums, num, &own) && own == value;
}

/* -- simplifying --------------------------------------------------------------------------------------- */

/* Sums and products of extents count: they are sizes of what is in memory. */
static bool is_extent(const ovp_nums *nums, ovp_num num, int depth) {
    const ovp_term *term = &nums->terms[num];
    switch (term->kind) {
    case OVP_NUM_CONSTANT:
        return term->value >= 0;
    case OVP_NUM_EXTENT:
    case OVP_NUM_EQUAL:
    case OVP_NUM_LESS:
    case OVP_NUM_AND:
    case OVP_NUM_OR:
    case OVP_NUM_BROADCAST:
        return true;
    case OVP_NUM_ADD:
    case OVP_NUM_MUL:
        return depth > 0 && is_extent(nums, term->a, depth - 1) && is_extent(nums, term->b, depth - 1);
    default:
        return false;
    }
}

bool ovp_num_is_extent(const ovp_nums *nums, ovp_num num) { return is_extent(nums, num, EXTENT_DEPTH); }

/* Of two constants; false when there is no such number. */
static bool compute(int64_t *out, ovp_num_kind kind, int64_t a, int64_t b) {
    switch (kind) {
    case OVP_NUM_ADD:
        return !__builtin_add_overflow(a, b, out);
    case OVP_NUM_SUB:
        return !__builtin_sub_overflow(a, b, out);
    case OVP_NUM_MUL:
        return !__builtin_mul_overflow(a, b, out);
    case OVP_NUM_DIV:
        if (!b || (a == INT64_MIN && b == -1)) return false;
        *out = a / b;
        return true;
    case OVP_NUM_EQUAL:
        *out = a == b;
        return true;
    case OVP_NUM_LESS:
        *out = a < b;
        return true;
    case OVP_NUM_AND:
        *out = a && b;
        return true;
    case OVP_NUM_OR:
        *out = a || b;
        return true;
    case OVP_NUM_BROADCAST: /* Others than these are an error of the run. */
        *out = a == 1 ? b : a;
        return a == b || a == 1 || b == 1;
    default:
        return false;
    }
}

static bool commutes(ovp_num_kind kind) {
    return kind != OVP_NUM_SUB && kind != OVP_NUM_DIV && kind != OVP_NUM_LESS;
}

/* A second operand that leaves the first as it is; where operands may change places, either. */
static bool is_neutral(const ovp_nums *nums, ovp_num_kind kind, ovp_num num) {
    switch (kind) {
    case OVP_NUM_ADD:
    case OVP_NUM_SUB:
        return ovp_num_is(nums, num, 0);
    case OVP_NUM_MUL:
    case OVP_NUM_DIV:
    case OVP_NUM_BROADCAST:
        return ovp_num_is(nums, num, 1);
    default:
        return false;
    }
}

/* Of equal operands; NONE: nothing is known. */
static ovp_num of_same(ovp_nums *nums, ovp_num_kind kind, ovp_num a) {
    switch (kind) {
    case OVP_NUM_SUB:
    case OVP_NUM_LESS:
        return ovp_num_constant(nums, 0);
    case OVP_NUM_EQUAL:
        return ovp_num_constant(nums, 1);
    case OVP_NUM_BROADCAST:
        return a;
    default:
        return OVP_NUM_NONE;
    }
}

/* A comparison that holds for no extent: with -1, as Expand's shapes have it, or below 0; NONE: not one. */
static ovp_num of_extent(ovp_nums *nums, ovp_num_kind kind, ovp_num extent, ovp_num other) {
    int64_t value;
    if (!ovp_num_is_constant(nums, other, &value) || !is_extent(nums, extent, EXTENT_DEPTH))
        return OVP_NUM_NONE;
    bool never = (kind == OVP_NUM_EQUAL && value < 0) || (kind == OVP_NUM_LESS && value <= 0);
    return never ? ovp_num_constant(nums, 0) : OVP_NUM_NONE;
}

/* Of one operand that is known, or both; NONE: nothing is known. */
static ovp_num of_constant(ovp_nums *nums, ovp_num_kind kind, ovp_num a, ovp_num b) {
    int64_t x, y, result;
    bool is_x = ovp_num_is_constant(nums, a, &x), is_y = ovp_num_is_constant(nums, b, &y);
    if (is_x && is_y)
        return compute(&result, kind, x, y) ? ovp_num_constant(nums, result) : ovp_num_new(nums, OVP_NUM_ANY);
    if (is_neutral(nums, kind, b)) return a;
    if (commutes(kind) && is_neutral(nums, kind, a)) return b;
    /* In a run that goes well, the other is 1 or the same. */
    if (kind == OVP_NUM_BROADCAST && (is_x || is_y)) return is_x ? a : b;
    ovp_num known = of_extent(nums, kind, a, b);
    return known || kind == OVP_NUM_LESS ? known : of_extent(nums, kind, b, a);
}

ovp_num ovp_num_of(ovp_nums *nums, ovp_num_kind kind, ovp_num a, ovp_num b) {
    if (a == OVP_NUM_NONE || b == OVP_NUM_NONE) return OVP_NUM_NONE;
    ovp_num known = a == b ? of_same(nums, kind, a) : OVP_NUM_NONE;
    if (!known) known = of_constant(nums, kind, a, b);
    if (known) return known;
    bool swaps = commutes(kind) && a > b;
    return intern(nums, &(ovp_term){.kind = kind, .a = swaps ? b : a, .b = swaps ? a : b});
}

ovp_num ovp_num_not(ovp_nums *nums, ovp_num a) {
    return ovp_num_of(nums, OVP_NUM_EQUAL, a, ovp_num_constant(nums, 0));
}

/* -- quotients ----------------------------------------------------------------------------------------- */

enum { FACTORS_MAX = sizeof((ovp_factors *)NULL)->of / sizeof *((ovp_factors *)NULL)->of };

void ovp_factors_add(const ovp_nums *nums, ovp_factors *factors, ovp_num num) {
    uint32_t i = factors->n;
    if (i == FACTORS_MAX) {
        factors->is_unknown = true;
        return;
    }
    factors->of[factors->n++] = num;
    while (i < factors->n) {
        const ovp_term *term = &nums->terms[factors->of[i]];
        if (term->kind == OVP_NUM_MUL && factors->n < FACTORS_MAX) {
            factors->of[i] = term->a;
            factors->of[factors->n++] = term->b;
        } else {
            i++;
        }
    }
}

/* Takes constants out of the list. */
static ovp_num take_constant(ovp_nums *nums, ovp_factors *factors) {
    ovp_num product = ovp_num_constant(nums, 1);
    uint32_t n = 0;
    int64_t value;
    for (uint32_t i = 0; i < factors->n; i++)
        if (ovp_num_is_constant(nums, factors->of[i], &value))
            product = ovp_num_of(nums, OVP_NUM_MUL, product, factors->of[i]);
        else
            factors->of[n++] = factors->of[i];
    factors->n = n;
    return product;
}

static void cancel(ovp_factors *dividend, ovp_factors *divisor) {
    for (uint32_t i = 0; i < divisor->n;) {
        uint32_t k = 0;
        while (k < dividend->n && dividend->of[k] != divisor->of[i]) k++;
        if (k == dividend->n) {
            i++;
            continue;
        }
        dividend->of[k] = dividend->of[--dividend->n];
        divisor->of[i] = divisor->of[--divisor->n];
    }
}

static void sort(ovp_num *nums, uint32_t n) {
    for (uint32_t i = 1; i < n; i++)
        for (uint32_t k = i; k > 0 && nums[k - 1] > nums[k]; k--) {
            ovp_num swapped = nums[k];
            nums[k] = nums[k - 1];
            nums[k - 1] = swapped;
        }
}

ovp_num ovp_num_quotient(ovp_nums *nums, ovp_factors *dividend, ovp_factors *divisor) {
    int64_t x = 0, y = 0;
    ovp_num a = take_constant(nums, dividend), b = take_constant(nums, divisor);
    cancel(dividend, divisor);
    bool is_known =
        ovp_num_is_constant(nums, a, &x) && ovp_num_is_constant(nums, b, &y) && y > 0 && x % y == 0;
    if (!is_known || divisor->n || dividend->is_unknown || divisor->is_unknown)
        return ovp_num_new(nums, OVP_NUM_EXTENT);
    ovp_num product = ovp_num_constant(nums, x / y);
    sort(dividend->of, dividend->n); /* So that it is the same number, however it came about. */
    for (uint32_t i = 0; i < dividend->n; i++)
        product = ovp_num_of(nums, OVP_NUM_MUL, product, dividend->of[i]);
    return product;
}
