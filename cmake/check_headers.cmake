# Compiles every public header on its own, twice included, with all warnings as errors:
# cmake -DCOMPILER=cc -DFLAGS=-x;c;-std=c11 -DINCLUDE_DIR=include -P check_headers.cmake

cmake_minimum_required(VERSION 3.25)

file(GLOB_RECURSE headers RELATIVE ${INCLUDE_DIR} ${INCLUDE_DIR}/accelpipe/*.h)
set(failed 0)
foreach(header IN LISTS headers)
    execute_process(
        COMMAND printf "#include <%s>\\n#include <%s>\\nint ap_header_is_usable;\\n" ${header} ${header}
        COMMAND ${COMPILER} ${FLAGS} -pedantic-errors -Wall -Wextra -Wshadow -Wconversion -Werror -fsyntax-only
                -I${INCLUDE_DIR} -
        RESULTS_VARIABLE status ERROR_VARIABLE messages)
    if(NOT status STREQUAL "0;0")
        message(NOTICE "${header}:\n${messages}")
        math(EXPR failed "${failed} + 1")
    endif()
endforeach()
list(LENGTH headers count)
message(STATUS "${count} headers, ${failed} failed")
if(failed GREATER 0 OR count EQUAL 0)
    message(FATAL_ERROR "public headers do not compile alone with ${COMPILER} ${FLAGS}")
endif()
