# Tests register themselves by where they are; nothing lists them.
#
#   tests/unit/FOLDER/FILE_test.c (also property/, torture/, api/)   cmocka; test "unit/FOLDER/FILE", label "unit"
#   tests/python/test_*.py                                           unittest; label "python"
#   tests/KIND/*.sh, KIND one of cli, install, golden, checks        exit status 0 passed, 77 skipped; label KIND
#   include/accelpipe/**/*.h                                         compiled alone as C11 and C++17; label "headers"
#
# A C test sees src/, include/ and tests/, and internal symbols; those of tests/unit/cli also cli/. Helpers that several share are the other C files
# of tests/support/ and of those folders. A script gets ACCELPIPE, AP_BUILD_DIR, AP_SOURCE_DIR, AP_SHARED_DIR.

set(AP_SHARED_DIR ${PROJECT_SOURCE_DIR}/../shared CACHE PATH "Reference cases, where present")

# Tests keep out of the user's cache folder.
set(test_environment ACCELPIPE_CACHE=${PROJECT_BINARY_DIR}/tests/cache)
# Sanitizers: fail on the first report, and say where it was.
if(AP_SANITIZE)
    list(APPEND test_environment
        "ASAN_OPTIONS=strict_string_checks=1:detect_stack_use_after_return=1:allocator_may_return_null=1"
        "UBSAN_OPTIONS=print_stacktrace=1"
        "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:suppressions=${PROJECT_SOURCE_DIR}/tests/sanitizers/tsan.supp"
        "LSAN_OPTIONS=report_objects=0:print_suppressions=0:suppressions=${PROJECT_SOURCE_DIR}/tests/sanitizers/lsan.supp"
        # TBB would open a library in a way that sanitizers end the process for.
        "TBB_ENABLE_SANITIZERS=1")
endif()

function(ap_set_test_properties name label timeout_s)
    set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${timeout_s} SKIP_RETURN_CODE 77
                         ENVIRONMENT "${test_environment};${ARGN}")
endfunction()

# ---- C tests ----------------------------------------------------------------------------------------

set(c_test_kinds unit property torture api)
set(c_test_globs)
foreach(kind IN LISTS c_test_kinds)
    list(APPEND c_test_globs ${PROJECT_SOURCE_DIR}/tests/${kind}/*.c)
endforeach()
file(GLOB_RECURSE c_test_sources CONFIGURE_DEPENDS ${c_test_globs})
file(GLOB_RECURSE support_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/support/*.c)
foreach(source IN LISTS c_test_sources)
    if(NOT source MATCHES "_test\\.c$")
        list(APPEND support_sources ${source})
    endif()
endforeach()
list(FILTER c_test_sources INCLUDE REGEX "_test\\.c$")

find_path(AP_CMOCKA_INCLUDE cmocka.h)
find_library(AP_CMOCKA_LIBRARY cmocka)
mark_as_advanced(AP_CMOCKA_INCLUDE AP_CMOCKA_LIBRARY)
if(AP_CMOCKA_INCLUDE AND AP_CMOCKA_LIBRARY)
    set(have_cmocka ON)
else()
    set(have_cmocka OFF)
    message(STATUS "unit tests: left out (cmocka not found; run `tools/deps.sh test`)")
endif()

add_library(ap_test_flags INTERFACE)
target_include_directories(ap_test_flags INTERFACE ${PROJECT_SOURCE_DIR}/tests)
# For the comparison with what the plugin declares; it is left out where they are not.
target_include_directories(ap_test_flags SYSTEM INTERFACE ${AP_DEPS_DIR}/openvino/include)
target_compile_definitions(ap_test_flags INTERFACE
    AP_TEST_DATA_DIR="${PROJECT_SOURCE_DIR}/tests/data"
    AP_TEST_SHARED_DIR="${AP_SHARED_DIR}"
    AP_TEST_PLUGIN_DIR="${AP_PLUGIN_BUILD_DIR}"
    AP_TEST_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    AP_TEST_BUILD_DIR="${PROJECT_BINARY_DIR}")
target_link_libraries(ap_test_flags INTERFACE ap_flags)
if(have_cmocka)
    # As a system header, because 1.1's macros do not compile under -Wconversion and -Wpedantic.
    target_include_directories(ap_test_flags SYSTEM INTERFACE ${AP_CMOCKA_INCLUDE})
    target_link_libraries(ap_test_flags INTERFACE ${AP_CMOCKA_LIBRARY})
endif()

# A custom target rather than a dependency of each test: plugins are opened at run time.
add_custom_target(test_plugins)
foreach(plugin ipex ort ov replay)
    if(TARGET accelpipe_${plugin})
        add_dependencies(test_plugins accelpipe_${plugin})
    endif()
endforeach()

# Libraries that tests load in place of runtimes and plugins that are not there.
foreach(name ov ipex)
    add_library(fake_plugin_${name} MODULE ${PROJECT_SOURCE_DIR}/tests/fakes/plugin.c)
    set_target_properties(fake_plugin_${name} PROPERTIES PREFIX "" OUTPUT_NAME accelpipe_${name}
                          LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/fakes)
    target_compile_definitions(fake_plugin_${name} PRIVATE FAKE_NAME="${name}")
    target_include_directories(fake_plugin_${name} PRIVATE ${PROJECT_SOURCE_DIR}/include)
    target_link_libraries(fake_plugin_${name} PRIVATE ap_flags ${CMAKE_DL_LIBS})
    add_dependencies(test_plugins fake_plugin_${name})
endforeach()
# The drivers of GPUs and a torch of another release, which are asked for by their sonames: an empty library each.
foreach(soname libcuda.so.1 libamdhip64.so libtorch_cpu.so)
    add_library(fake_${soname} MODULE ${PROJECT_SOURCE_DIR}/tests/fakes/driver.c)
    set_target_properties(fake_${soname} PROPERTIES PREFIX "" OUTPUT_NAME fake_${soname} NO_SONAME ON
                          LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/fakes)
    target_link_libraries(fake_${soname} PRIVATE ap_flags)
    target_link_options(fake_${soname} PRIVATE -Wl,-soname,${soname})
    add_dependencies(test_plugins fake_${soname})
endforeach()
if(TARGET accelpipe_ort)
    add_library(fake_onnxruntime MODULE ${PROJECT_SOURCE_DIR}/tests/fakes/onnxruntime.c)
    set_target_properties(fake_onnxruntime PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/fakes)
    target_include_directories(fake_onnxruntime SYSTEM PRIVATE ${AP_ORT_INCLUDE})
    target_link_libraries(fake_onnxruntime PRIVATE ap_flags)
    add_dependencies(test_plugins fake_onnxruntime)
endif()

set(test_support)
if(have_cmocka AND support_sources)
    add_library(ap_test_support STATIC ${support_sources})
    target_link_libraries(ap_test_support PUBLIC accelpipe_core PRIVATE ap_test_flags)
    set(test_support ap_test_support)
endif()

# SOURCE is tests/unit/value/json_test.c: the test unit/value/json, the program tests/unit/value/json_test.
function(ap_add_c_test source)
    cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${PROJECT_SOURCE_DIR}/tests OUTPUT_VARIABLE relative)
    string(REGEX REPLACE "_test\\.c$" "" name ${relative})
    string(REGEX REPLACE "/.*" "" label ${relative})
    string(REPLACE "/" "_" target ${name})
    cmake_path(GET relative PARENT_PATH folder)
    set(main ${PROJECT_BINARY_DIR}/tests/${name}_main.c)
    set(generator ${PROJECT_SOURCE_DIR}/cmake/gen_test_main.cmake)
    add_custom_command(
        OUTPUT ${main}
        COMMAND ${CMAKE_COMMAND} -DSOURCE=${source} -DNAME=${name} -DOUTPUT=${main} -P ${generator}
        # file(CONFIGURE) leaves an unchanged file alone, and Ninja would run this again and again.
        COMMAND ${CMAKE_COMMAND} -E touch ${main}
        DEPENDS ${source} ${generator}
        COMMENT "Registering the tests of ${relative}"
        VERBATIM)
    add_executable(${target} ${source} ${main})
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name}_test
                          RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
    target_link_libraries(${target} PRIVATE ap_test_flags ${test_support} accelpipe_core)
    if(name MATCHES "^unit/plugins/") # Plugins export nothing: their tests include the sources.
        target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/plugins)
    endif()
    if(name MATCHES "^unit/cli/" AND TARGET accelpipe_cli_parts)
        target_link_libraries(${target} PRIVATE accelpipe_cli_parts)
    endif()
    add_dependencies(${target} test_plugins)
    add_test(NAME ${name} COMMAND ${target})
    ap_set_test_properties(${name} ${label} 300)
endfunction()

if(have_cmocka)
    foreach(source IN LISTS c_test_sources)
        ap_add_c_test(${source})
    endforeach()
endif()

# ---- scripts ----------------------------------------------------------------------------------------

# What does not depend on how the code is compiled, or needs a library without sanitizers, runs in plain builds.
set(script_kinds cli golden)
if(NOT AP_SANITIZE)
    list(APPEND script_kinds checks install)
endif()
foreach(kind IN LISTS script_kinds)
    file(GLOB scripts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${kind}/*.sh)
    foreach(script IN LISTS scripts)
        cmake_path(GET script STEM stem)
        add_test(NAME ${kind}/${stem} COMMAND bash ${script} WORKING_DIRECTORY ${PROJECT_BINARY_DIR})
        ap_set_test_properties(${kind}/${stem} ${kind} 1200
            ACCELPIPE=${PROJECT_BINARY_DIR}/bin/accelpipe AP_BUILD_DIR=${PROJECT_BINARY_DIR}
            AP_SOURCE_DIR=${PROJECT_SOURCE_DIR} AP_SHARED_DIR=${AP_SHARED_DIR}
            AP_SANITIZE=${AP_SANITIZE} CC=${CMAKE_C_COMPILER} CMAKE=${CMAKE_COMMAND})
    endforeach()
endforeach()

# ---- Python ------------------------------------------------------------------------------------------

# tests/python/test_NAME.py is the test python/NAME. The interpreter sees the package and nothing installed (-S); where
# the name ends in _numpy, also what tools/reference.txt lists.
if(TARGET accelpipe_python_package)
    file(GLOB python_tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/python/test_*.py)
    foreach(script IN LISTS python_tests)
        cmake_path(GET script STEM stem)
        string(REGEX REPLACE "^test_" "" name ${stem})
        set(python_path ${PROJECT_BINARY_DIR}/python)
        if(name MATCHES "_numpy$")
            string(APPEND python_path ":${AP_DEPS_DIR}/reference")
        endif()
        add_test(NAME python/${name} COMMAND ${AP_PYTHON} -S -B ${script})
        ap_set_test_properties(python/${name} python 1200 PYTHONPATH=${python_path} PYTHONWARNINGS=default
                               AP_BUILD_DIR=${PROJECT_BINARY_DIR} AP_SOURCE_DIR=${PROJECT_SOURCE_DIR})
    endforeach()
endif()

# ---- examples ---------------------------------------------------------------------------------------

# Each file is a whole program on the public headers; that it compiles is the test.
file(GLOB example_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*.c)
foreach(source IN LISTS example_sources)
    cmake_path(GET source STEM stem)
    add_executable(example_${stem} ${source})
    set_target_properties(example_${stem} PROPERTIES OUTPUT_NAME ${stem}
                          RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/examples)
    target_link_libraries(example_${stem} PRIVATE ap_flags accelpipe m)
endforeach()

# ---- headers ----------------------------------------------------------------------------------------

# Each public header alone, as the strictest user would compile it. The C++ compiler is looked for here and not
# enabled as a language, because nothing else needs one.
function(ap_add_header_test name compiler)
    add_test(NAME headers/${name}
             COMMAND ${CMAKE_COMMAND} -DCOMPILER=${compiler} "-DFLAGS=${ARGN}"
                     -DINCLUDE_DIR=${PROJECT_SOURCE_DIR}/include -P ${PROJECT_SOURCE_DIR}/cmake/check_headers.cmake)
    ap_set_test_properties(headers/${name} headers 300)
endfunction()

ap_add_header_test(c11 ${CMAKE_C_COMPILER} -x c -std=c11)
if(CMAKE_C_COMPILER_ID STREQUAL Clang)
    find_program(AP_CXX_COMPILER NAMES clang++ g++ c++)
else()
    find_program(AP_CXX_COMPILER NAMES g++ clang++ c++)
endif()
mark_as_advanced(AP_CXX_COMPILER)
if(AP_CXX_COMPILER)
    ap_add_header_test(c++17 ${AP_CXX_COMPILER} -x c++ -std=c++17)
else()
    message(STATUS "headers as C++17: left out (no C++ compiler)")
endif()
