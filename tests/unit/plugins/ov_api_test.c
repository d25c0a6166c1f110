/* The OpenVINO plugin declares what it calls by itself. Where OpenVINO's headers are, the compiler compares:
 * this file does not compile when a function's type or a struct's layout is another. */
#include "unit/support/check.h"

#if __has_include(<openvino/c/openvino.h>)

#include <openvino/c/openvino.h>

/* Our types, under other names. */
#define ov_status_e own_status
#define ov_element_type_e own_element_type
#define ov_version own_version_tag
#define ov_version_t own_version
#define ov_available_devices_t own_devices
#define ov_shape_t own_shape
#define ov_dimension own_dimension_tag
#define ov_dimension_t own_dimension
#define ov_rank_t own_rank
#define ov_partial_shape own_partial_shape_tag
#define ov_partial_shape_t own_partial_shape
#include "../../../plugins/ov/api_types.h"
#undef ov_status_e
#undef ov_element_type_e
#undef ov_version
#undef ov_version_t
#undef ov_available_devices_t
#undef ov_shape_t
#undef ov_dimension
#undef ov_dimension_t
#undef ov_rank_t
#undef ov_partial_shape
#undef ov_partial_shape_t

/* With theirs. */
#include "../../../plugins/ov/api.h"

#define SAME_SIZE(theirs, ours) _Static_assert(sizeof(theirs) == sizeof(ours), "the size of " #theirs)
#define SAME_PLACE(theirs, ours, member)                                                                     \
    _Static_assert(offsetof(theirs, member) == offsetof(ours, member) &&                                     \
                       sizeof(((theirs *)0)->member) == sizeof(((ours *)0)->member),                         \
                   "the place of " #theirs "." #member)

SAME_SIZE(ov_status_e, own_status);
SAME_SIZE(ov_element_type_e, own_element_type);
SAME_SIZE(ov_version_t, own_version);
SAME_PLACE(ov_version_t, own_version, buildNumber);
SAME_SIZE(ov_available_devices_t, own_devices);
SAME_PLACE(ov_available_devices_t, own_devices, devices);
SAME_PLACE(ov_available_devices_t, own_devices, size);
SAME_SIZE(ov_shape_t, own_shape);
SAME_PLACE(ov_shape_t, own_shape, rank);
SAME_PLACE(ov_shape_t, own_shape, dims);
SAME_SIZE(ov_dimension_t, own_dimension);
SAME_PLACE(ov_dimension_t, own_dimension, min);
SAME_PLACE(ov_dimension_t, own_dimension, max);
SAME_SIZE(ov_partial_shape_t, own_partial_shape);
SAME_PLACE(ov_partial_shape_t, own_partial_shape, rank);
SAME_PLACE(ov_partial_shape_t, own_partial_shape, dims);

#define OV_FUNCTION(result, name, parameters)                                                                \
    _Static_assert(                                                                                          \
        __builtin_types_compatible_p(__typeof__(&ov_##name), __typeof__(((ov_functions *)0)->name)),         \
        "the type of ov_" #name);
OV_API_MAP(OV_FUNCTION)
#undef OV_FUNCTION

void test_declarations_are_openvinos(void **state) {
    (void)state;
    assert_int_equal(INFER_CANCELLED, -13);
    assert_int_equal(INVALID_C_PARAM, -14);
}

#else

void test_declarations_are_openvinos(void **state) {
    (void)state;
    print_message("left out: OpenVINO's headers are not here\n");
    skip();
}

#endif
