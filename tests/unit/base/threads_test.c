#include "base/threads.h"

#include "unit/support/check.h"

#include <unistd.h>

void test_allowed_is_between_one_and_the_machine(void **state) {
    (void)state;
    int n = ap__threads_allowed();
    assert_in_range(n, 1, sysconf(_SC_NPROCESSORS_CONF));
    assert_int_equal(n, ap__threads_allowed()); /* Read once. */
}
