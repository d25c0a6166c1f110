# The command line program: a front end like any other, on the public headers only.

# All of it but main.c is an object library, so that tests/unit/cli/ can reach its functions.
file(GLOB_RECURSE cli_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cli/*.c)
set(cli_main ${PROJECT_SOURCE_DIR}/cli/main.c)
list(REMOVE_ITEM cli_sources ${cli_main})
if(cli_sources)
    add_library(accelpipe_cli_parts OBJECT ${cli_sources})
    target_include_directories(accelpipe_cli_parts PUBLIC ${PROJECT_SOURCE_DIR}/cli ${PROJECT_SOURCE_DIR}/include)
    target_link_libraries(accelpipe_cli_parts PRIVATE ap_flags)
endif()

add_dependencies(product accelpipe)
if(EXISTS ${cli_main})
    add_executable(accelpipe_cli ${cli_main})
    set_target_properties(accelpipe_cli PROPERTIES
        OUTPUT_NAME accelpipe
        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
    target_link_libraries(accelpipe_cli PRIVATE ap_flags accelpipe Threads::Threads m)
    if(TARGET accelpipe_cli_parts)
        target_link_libraries(accelpipe_cli PRIVATE accelpipe_cli_parts)
    endif()
    add_dependencies(product accelpipe_cli)
else()
    message(STATUS "cli: left out (no cli/main.c)")
endif()
