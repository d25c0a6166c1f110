# Writes the main() of one unit test: cmake -DSOURCE=x_test.c -DNAME=unit/... -DOUTPUT=x_main.c -P gen_test_main.cmake
#
# Registers every function of SOURCE that is declared at the start of a line as
#     void test_NAME(void **state)
# and, where they exist, these fixtures of the whole file and of each test:
#     int group_setup(void **state)    int group_teardown(void **state)
#     int test_setup(void **state)     int test_teardown(void **state)

cmake_minimum_required(VERSION 3.25)

file(STRINGS ${SOURCE} lines REGEX "^(void test_[a-z0-9_]+|int (group|test)_(setup|teardown))\\(void \\*\\*state\\)")
set(declarations "")
set(entries "")
foreach(fixture group_setup group_teardown test_setup test_teardown)
    set(${fixture} NULL)
endforeach()
foreach(line IN LISTS lines)
    string(REGEX MATCH "^(void|int) ([a-z0-9_]+)" ignored "${line}")
    set(function ${CMAKE_MATCH_2})
    if(function IN_LIST functions)
        continue() # a prototype and its definition
    endif()
    list(APPEND functions ${function})
    string(APPEND declarations "${CMAKE_MATCH_1} ${function}(void **state);\n")
    if(CMAKE_MATCH_1 STREQUAL int)
        set(${function} ${function})
    else()
        list(APPEND tests ${function})
    endif()
endforeach()
if(NOT tests)
    message(FATAL_ERROR "${SOURCE}: no test: expected lines like `void test_name(void **state) {`")
endif()
foreach(test IN LISTS tests)
    string(APPEND entries "        cmocka_unit_test_setup_teardown(${test}, ${test_setup}, ${test_teardown}),\n")
endforeach()

file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT [[
/* Generated from @SOURCE@ by cmake/gen_test_main.cmake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

@declarations@
int main(void) {
    const struct CMUnitTest tests[] = {
@entries@    };
    return cmocka_run_group_tests_name("@NAME@", tests, @group_setup@, @group_teardown@);
}
]])
