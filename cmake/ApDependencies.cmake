# What the core library links: yyjson, Oniguruma, and the C library's own parts.

find_package(Threads REQUIRED)
find_package(PkgConfig QUIET)

# Finds NAME by pkg-config (there it may have further names), else by its header and library, as the imported
# target ap_NAME.
function(ap_find_system_library name header)
    if(PkgConfig_FOUND)
        pkg_search_module(AP_${name} QUIET ${ARGN} lib${name} ${name})
    endif()
    find_path(AP_${name}_INCLUDE ${header} HINTS ${AP_${name}_INCLUDE_DIRS})
    find_library(AP_${name}_LIBRARY ${name} HINTS ${AP_${name}_LIBRARY_DIRS})
    mark_as_advanced(AP_${name}_INCLUDE AP_${name}_LIBRARY)
    if(AP_${name}_INCLUDE AND AP_${name}_LIBRARY)
        add_library(ap_${name} UNKNOWN IMPORTED)
        set_target_properties(ap_${name} PROPERTIES IMPORTED_LOCATION ${AP_${name}_LIBRARY}
                              INTERFACE_INCLUDE_DIRECTORIES ${AP_${name}_INCLUDE})
    endif()
endfunction()

# Oniguruma is compiled into the library from its source, at the release that the reference's crate carries: what
# \p{L}, \w and [[:punct:]] match goes with the release's version of Unicode, and Debian 12's 6.9.8 lacks ten
# thousand characters that 6.9.10 knows. Only UTF-8 is wanted of its thirty encodings.
if(EXISTS ${AP_DEPS_DIR}/oniguruma/src/regexec.c)
    set(onig_sources)
    foreach(name ascii onig_init regcomp regenc regerror regexec regext regparse regsyntax regtrav regversion st
                 unicode unicode_fold1_key unicode_fold2_key unicode_fold3_key unicode_unfold_key utf8)
        list(APPEND onig_sources ${AP_DEPS_DIR}/oniguruma/src/${name}.c)
    endforeach()
    # What its configure would find out; the names are those of its config.h.
    set(onig_config ${PROJECT_BINARY_DIR}/oniguruma/config.h)
    file(CONFIGURE OUTPUT ${onig_config} CONTENT "#define HAVE_ALLOCA_H 1\n#define HAVE_STDINT_H 1
#define HAVE_INTTYPES_H 1\n#define HAVE_SYS_TYPES_H 1\n#define HAVE_UNISTD_H 1\n#define SIZEOF_INT __SIZEOF_INT__
#define SIZEOF_LONG __SIZEOF_LONG__\n#define SIZEOF_LONG_LONG __SIZEOF_LONG_LONG__
#define SIZEOF_VOIDP __SIZEOF_POINTER__\n")
    add_library(ap_onig OBJECT ${onig_sources})
    target_include_directories(ap_onig SYSTEM PUBLIC ${AP_DEPS_DIR}/oniguruma/include
                               PRIVATE ${PROJECT_BINARY_DIR}/oniguruma)
    target_compile_options(ap_onig PRIVATE -w)
    target_link_libraries(ap_onig PRIVATE ap_codegen)
else()
    ap_find_system_library(onig oniguruma.h oniguruma)
    if(NOT TARGET ap_onig)
        message(FATAL_ERROR "Oniguruma not found in ${AP_DEPS_DIR} nor in the system; run `tools/deps.sh build`")
    endif()
    message(STATUS "Oniguruma: the system's ${AP_onig_LIBRARY}")
endif()

# yyjson is compiled into the library from Debian's source package. Debian builds only a shared library, and
# Debian 12 has none, so the alternative was to carry a libyyjson.so.0 of our own in the installed tree. One C file
# inside ours is better in every way that matters here: nothing to find at run time, its symbols stay local
# (another yyjson in the same process does not mind), and the parser that reads hostile files is itself built
# with the sanitizers and the fuzzer's instrumentation. Without deps/, the system's library is used.
if(EXISTS ${AP_DEPS_DIR}/yyjson/src/yyjson.c)
    add_library(ap_yyjson OBJECT ${AP_DEPS_DIR}/yyjson/src/yyjson.c)
    target_include_directories(ap_yyjson SYSTEM PUBLIC ${AP_DEPS_DIR}/yyjson/include)
    target_compile_options(ap_yyjson PRIVATE -w)
    target_link_libraries(ap_yyjson PRIVATE ap_codegen)
else()
    ap_find_system_library(yyjson yyjson.h)
    if(NOT TARGET ap_yyjson)
        message(FATAL_ERROR "yyjson not found in ${AP_DEPS_DIR} nor in the system; run `tools/deps.sh build`")
    endif()
    message(STATUS "yyjson: the system's ${AP_yyjson_LIBRARY}")
endif()
