/* Numbers by their expressions (hash-consing). */
#include "nums.h"

#include <string.h>

/* Deeper expressions are not looked through. */
enum { EXTENT_DEPTH = 8 };

ap_status onnx_nums_init(onnx_nums *out, const ap_host *host, ap_error *err) {
    *out = (onnx_nums){.host = host, .n = 1};
    out->terms = host->alloc(ONNX_NUMS_MAX * sizeof *out->terms);
    out->slots = host->alloc(2 * ONNX_NUMS_MAX * sizeof *out->slots);
    if (!out->terms || !out->slots) return host->fail(err, AP_ENOMEM, "out of memory");
    out->terms[0] = (onnx_term){.kind = ONNX_NUM_NONE};
    memset(out->slots, 0, 2 * ONNX_NUMS_MAX * sizeof *out->slots);
    return AP_OK;
}

void onnx_nums_clear(onnx_nums *nums) {
    if (!nums->host) return;
    nums->host->free(nums->terms);
    nums->host->free(nums->slots);
}

static uint64_t hash_term(const onnx_term *term) {
    uint64_t h = (uint64_t)term->kind << 56 ^ (uint64_t)term->a << 28 ^ term->b;
    h = (h ^ (uint64_t)term->value * 0x9E3779B97F4A7C15u) * 0xFF51AFD7ED558CCDu;
    return h ^ h >> 32;
}

static onnx_num intern(onnx_nums *nums, const onnx_term *term) {
    enum { MASK = 2 * ONNX_NUMS_MAX - 1 };
    size_t i = hash_term(term) & MASK;
    for (; nums->slots[i]; i = (i + 1) & MASK) {
        const onnx_term *other = &nums->terms[nums->slots[i]];
        if (other->kind == term->kind && other->a == term->a && other->b == term->b &&
            other->value == term->value)
            return nums->slots[i];
    }
    if (nums->n == ONNX_NUMS_MAX) {
        nums->is_full = true;
        return ONNX_NUM_NONE;
    }
    nums->terms[nums->n] = *term;
    nums->slots[i] = nums->n;
    return nums->n++;
}

onnx_num onnx_num_constant(onnx_nums *nums, int64_t value) {
    return intern(nums, &(onnx_term){.kind = ONNX_NUM_CONSTANT, .value = value});
}

onnx_num onnx_num_new(onnx_nums *nums, onnx_num_kind kind) {
    return intern(nums, &(onnx_term){.kind = kind, .value = nums->n});
}

bool onnx_num_is_constant(const onnx_nums *nums, onnx_num num, int64_t *value) {
    *value = nums->terms[num].value;
    return nums->terms[num].kind == ONNX_NUM_CONSTANT;
}

bool onnx_num_is(const onnx_nums *nums, onnx_num num, int64_t value) {
    int64_t own;
    return onnx_num_is_constant(nums, num, &own) && own == value;
}

/* -- simplifying --------------------------------------------------------------------------------------- */

/* Sums and products of extents count: they are sizes of what is in memory. */
static bool is_extent(const onnx_nums *nums, onnx_num num, int depth) {
    const onnx_term *term = &nums->terms[num];
    switch (term->kind) {
    case ONNX_NUM_CONSTANT:
        return term->value >= 0;
    case ONNX_NUM_EXTENT:
    case ONNX_NUM_EQUAL:
    case ONNX_NUM_LESS:
    case ONNX_NUM_AND:
    case ONNX_NUM_OR:
    case ONNX_NUM_BROADCAST:
        return true;
    case ONNX_NUM_ADD:
    case ONNX_NUM_MUL:
        return depth > 0 && is_extent(nums, term->a, depth - 1) && is_extent(nums, term->b, depth - 1);
    default:
        return false;
    }
}

bool onnx_num_is_extent(const onnx_nums *nums, onnx_num num) { return is_extent(nums, num, EXTENT_DEPTH); }

/* Of two constants; false when there is no such number. */
static bool compute(int64_t *out, onnx_num_kind kind, int64_t a, int64_t b) {
    switch (kind) {
    case ONNX_NUM_ADD:
        return !__builtin_add_overflow(a, b, out);
    case ONNX_NUM_SUB:
        return !__builtin_sub_overflow(a, b, out);
    case ONNX_NUM_MUL:
        return !__builtin_mul_overflow(a, b, out);
    case ONNX_NUM_DIV:
        if (!b || (a == INT64_MIN && b == -1)) return false;
        *out = a / b;
        return true;
    case ONNX_NUM_EQUAL:
        *out = a == b;
        return true;
    case ONNX_NUM_LESS:
        *out = a < b;
        return true;
    case ONNX_NUM_AND:
        *out = a && b;
        return true;
    case ONNX_NUM_OR:
        *out = a || b;
        return true;
    case ONNX_NUM_BROADCAST: /* Others than these are an error of the run. */
        *out = a == 1 ? b : a;
        return a == b || a == 1 || b == 1;
    default:
        return false;
    }
}

static bool commutes(onnx_num_kind kind) {
    return kind != ONNX_NUM_SUB && kind != ONNX_NUM_DIV && kind != ONNX_NUM_LESS;
}

/* A second operand that leaves the first as it is; where operands may change places, either. */
static bool is_neutral(const onnx_nums *nums, onnx_num_kind kind, onnx_num num) {
    switch (kind) {
    case ONNX_NUM_ADD:
    case ONNX_NUM_SUB:
        return onnx_num_is(nums, num, 0);
    case ONNX_NUM_MUL:
    case ONNX_NUM_DIV:
    case ONNX_NUM_BROADCAST:
        return onnx_num_is(nums, num, 1);
    default:
        return false;
    }
}

/* Of equal operands; NONE: nothing is known. */
static onnx_num of_same(onnx_nums *nums, onnx_num_kind kind, onnx_num a) {
    switch (kind) {
    case ONNX_NUM_SUB:
    case ONNX_NUM_LESS:
        return onnx_num_constant(nums, 0);
    case ONNX_NUM_EQUAL:
        return onnx_num_constant(nums, 1);
    case ONNX_NUM_BROADCAST:
        return a;
    default:
        return ONNX_NUM_NONE;
    }
}

/* A comparison that holds for no extent: with -1, as Expand's shapes have it, or below 0; NONE: not one. */
static onnx_num of_extent(onnx_nums *nums, onnx_num_kind kind, onnx_num extent, onnx_num other) {
    int64_t value;
    if (!onnx_num_is_constant(nums, other, &value) || !is_extent(nums, extent, EXTENT_DEPTH))
        return ONNX_NUM_NONE;
    bool never = (kind == ONNX_NUM_EQUAL && value < 0) || (kind == ONNX_NUM_LESS && value <= 0);
    return never ? onnx_num_constant(nums, 0) : ONNX_NUM_NONE;
}

/* Of one operand that is known, or both; NONE: nothing is known. */
static onnx_num of_constant(onnx_nums *nums, onnx_num_kind kind, onnx_num a, onnx_num b) {
    int64_t x, y, result;
    bool is_x = onnx_num_is_constant(nums, a, &x), is_y = onnx_num_is_constant(nums, b, &y);
    if (is_x && is_y)
        return compute(&result, kind, x, y) ? onnx_num_constant(nums, result)
                                            : onnx_num_new(nums, ONNX_NUM_ANY);
    if (is_neutral(nums, kind, b)) return a;
    if (commutes(kind) && is_neutral(nums, kind, a)) return b;
    /* In a run that goes well, the other is 1 or the same. */
    if (kind == ONNX_NUM_BROADCAST && (is_x || is_y)) return is_x ? a : b;
    onnx_num known = of_extent(nums, kind, a, b);
    return known || kind == ONNX_NUM_LESS ? known : of_extent(nums, kind, b, a);
}

onnx_num onnx_num_of(onnx_nums *nums, onnx_num_kind kind, onnx_num a, onnx_num b) {
    if (a == ONNX_NUM_NONE || b == ONNX_NUM_NONE) return ONNX_NUM_NONE;
    onnx_num known = a == b ? of_same(nums, kind, a) : ONNX_NUM_NONE;
    if (!known) known = of_constant(nums, kind, a, b);
    if (known) return known;
    bool swaps = commutes(kind) && a > b;
    return intern(nums, &(onnx_term){.kind = kind, .a = swaps ? b : a, .b = swaps ? a : b});
}

onnx_num onnx_num_not(onnx_nums *nums, onnx_num a) {
    return onnx_num_of(nums, ONNX_NUM_EQUAL, a, onnx_num_constant(nums, 0));
}

/* -- quotients ----------------------------------------------------------------------------------------- */

enum { FACTORS_MAX = sizeof((onnx_factors *)NULL)->of / sizeof *((onnx_factors *)NULL)->of };

void onnx_factors_add(const onnx_nums *nums, onnx_factors *factors, onnx_num num) {
    uint32_t i = factors->n;
    if (i == FACTORS_MAX) {
        factors->is_unknown = true;
        return;
    }
    factors->of[factors->n++] = num;
    while (i < factors->n) {
        const onnx_term *term = &nums->terms[factors->of[i]];
        if (term->kind == ONNX_NUM_MUL && factors->n < FACTORS_MAX) {
            factors->of[i] = term->a;
            factors->of[factors->n++] = term->b;
        } else {
            i++;
        }
    }
}

/* Takes constants out of the list. */
static onnx_num take_constant(onnx_nums *nums, onnx_factors *factors) {
    onnx_num product = onnx_num_constant(nums, 1);
    uint32_t n = 0;
    int64_t value;
    for (uint32_t i = 0; i < factors->n; i++)
        if (onnx_num_is_constant(nums, factors->of[i], &value))
            product = onnx_num_of(nums, ONNX_NUM_MUL, product, factors->of[i]);
        else
            factors->of[n++] = factors->of[i];
    factors->n = n;
    return product;
}

static void cancel(onnx_factors *dividend, onnx_factors *divisor) {
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

static void sort(onnx_num *nums, uint32_t n) {
    for (uint32_t i = 1; i < n; i++)
        for (uint32_t k = i; k > 0 && nums[k - 1] > nums[k]; k--) {
            onnx_num swapped = nums[k];
            nums[k] = nums[k - 1];
            nums[k - 1] = swapped;
        }
}

onnx_num onnx_num_quotient(onnx_nums *nums, onnx_factors *dividend, onnx_factors *divisor) {
    int64_t x = 0, y = 0;
    onnx_num a = take_constant(nums, dividend), b = take_constant(nums, divisor);
    cancel(dividend, divisor);
    bool is_known =
        onnx_num_is_constant(nums, a, &x) && onnx_num_is_constant(nums, b, &y) && y > 0 && x % y == 0;
    if (!is_known || divisor->n || dividend->is_unknown || divisor->is_unknown)
        return onnx_num_new(nums, ONNX_NUM_EXTENT);
    onnx_num product = onnx_num_constant(nums, x / y);
    sort(dividend->of, dividend->n); /* So that it is the same number, however it came about. */
    for (uint32_t i = 0; i < dividend->n; i++)
        product = onnx_num_of(nums, ONNX_NUM_MUL, product, dividend->of[i]);
    return product;
}
