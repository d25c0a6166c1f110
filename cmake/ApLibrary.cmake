# libaccelpipe: all of src/ compiled once, as accelpipe_core (static, for the tests, which reach internal
# symbols) and linked into accelpipe (shared, exporting what is marked AP_API and nothing else).

# The headers carry the version for users; the project's has to agree.
file(STRINGS include/accelpipe/api.h version_line REGEX "^#define AP_VERSION_STRING ")
if(NOT version_line MATCHES "\"${PROJECT_VERSION}\"")
    message(FATAL_ERROR "include/accelpipe/api.h: ${version_line}; the project is version ${PROJECT_VERSION}")
endif()

# What the sources know of the build: #include "build_config.h".
set(AP_GENERATED_DIR ${PROJECT_BINARY_DIR}/generated)
configure_file(cmake/build_config.h.in ${AP_GENERATED_DIR}/build_config.h @ONLY)

file(GLOB_RECURSE core_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/*.c)
set(yyjson_objects)
get_target_property(yyjson_type ap_yyjson TYPE)
if(yyjson_type STREQUAL OBJECT_LIBRARY)
    set(yyjson_objects $<TARGET_OBJECTS:ap_yyjson>)
endif()

set(onig_objects)
get_target_property(onig_type ap_onig TYPE)
if(onig_type STREQUAL OBJECT_LIBRARY)
    set(onig_objects $<TARGET_OBJECTS:ap_onig>)
endif()

add_library(accelpipe_core STATIC ${core_sources} ${yyjson_objects} ${onig_objects})
target_include_directories(accelpipe_core PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include
                           ${AP_GENERATED_DIR})
if(yyjson_objects)
    target_include_directories(accelpipe_core SYSTEM PUBLIC ${AP_DEPS_DIR}/yyjson/include)
else()
    target_link_libraries(accelpipe_core PUBLIC ap_yyjson)
endif()
if(onig_objects)
    target_include_directories(accelpipe_core SYSTEM PUBLIC ${AP_DEPS_DIR}/oniguruma/include)
else()
    target_link_libraries(accelpipe_core PUBLIC ap_onig)
endif()
target_link_libraries(accelpipe_core PRIVATE ap_flags PUBLIC Threads::Threads ${CMAKE_DL_LIBS} m)

set(version_script ${PROJECT_SOURCE_DIR}/include/accelpipe.map)
# Declares NAME, the shared library, from the core's objects.
function(ap_add_shared_library name output_dir)
    add_library(${name} SHARED ${ARGN} ${yyjson_objects} ${onig_objects})
    set_target_properties(${name} PROPERTIES
        LINKER_LANGUAGE C
        OUTPUT_NAME accelpipe
        INSTALL_RPATH ""
        VERSION ${PROJECT_VERSION}
        SOVERSION 0
        LIBRARY_OUTPUT_DIRECTORY ${output_dir}
        LINK_DEPENDS ${version_script})
    target_link_options(${name} PRIVATE -Wl,--version-script=${version_script})
    target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:ap_codegen> Threads::Threads ${CMAKE_DL_LIBS} m)
    if(NOT yyjson_objects)
        target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:ap_yyjson>)
    endif()
    if(NOT onig_objects)
        target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:ap_onig>)
    endif()
endfunction()

ap_add_shared_library(accelpipe ${PROJECT_BINARY_DIR}/${CMAKE_INSTALL_LIBDIR} $<TARGET_OBJECTS:accelpipe_core>)
target_include_directories(accelpipe INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                           $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

# For trees that go to other machines: the same but for the one file that knows folders of this one.
add_library(accelpipe_find_relocatable OBJECT ${PROJECT_SOURCE_DIR}/src/backend/find.c)
target_include_directories(accelpipe_find_relocatable PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
target_compile_definitions(accelpipe_find_relocatable PRIVATE AP_RELOCATABLE)
target_link_libraries(accelpipe_find_relocatable PRIVATE ap_flags)
ap_add_shared_library(accelpipe_relocatable ${PROJECT_BINARY_DIR}/relocatable
    $<FILTER:$<TARGET_OBJECTS:accelpipe_core>,EXCLUDE,src/backend/find.c> $<TARGET_OBJECTS:accelpipe_find_relocatable>)

# The build tree has the shape of an installed one, so that everything runs uninstalled.
set(AP_PLUGIN_BUILD_DIR ${PROJECT_BINARY_DIR}/${CMAKE_INSTALL_LIBDIR}/accelpipe/plugins)
file(MAKE_DIRECTORY ${AP_PLUGIN_BUILD_DIR} ${PROJECT_BINARY_DIR}/share/accelpipe)
file(CREATE_LINK ${PROJECT_SOURCE_DIR}/models ${PROJECT_BINARY_DIR}/share/accelpipe/models SYMBOLIC)

# Declares the MODULE library accelpipe_NAME from the C files of the calling folder; with COMMON, also from those
# of plugins/common. A plugin gets all it needs through ap_host: it sees the public headers and links nothing of
# ours.
function(ap_add_plugin name)
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
    if(NOT sources)
        message(STATUS "plugin ${name}: no sources")
        return()
    endif()
    if("COMMON" IN_LIST ARGN)
        file(GLOB common_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/plugins/common/*.c)
        list(APPEND sources ${common_sources})
    endif()
    add_library(accelpipe_${name} MODULE ${sources})
    set_target_properties(accelpipe_${name} PROPERTIES PREFIX "" INSTALL_RPATH ""
                          LIBRARY_OUTPUT_DIRECTORY ${AP_PLUGIN_BUILD_DIR})
    target_include_directories(accelpipe_${name} PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/plugins
                               ${PROJECT_SOURCE_DIR}/src) # Of which it sees wire/.
    target_link_libraries(accelpipe_${name} PRIVATE ap_flags Threads::Threads ${CMAKE_DL_LIBS} m)
endfunction()
