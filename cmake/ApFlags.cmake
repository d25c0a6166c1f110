# How every C file of the project is compiled and linked: the target ap_flags, which all of ours link.
# It is an INTERFACE target rather than CMAKE_C_FLAGS so that foreign code (yyjson) is not held to our warnings.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# The build tree has the shape of the installed one, so one path serves both: that of every program beside the
# library's folder. CMake's own build-time path is padded with an empty entry, which the loader reads as the
# current folder.
set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_LIBDIR BASE_DIRECTORY ${CMAKE_INSTALL_FULL_BINDIR}
           OUTPUT_VARIABLE libdir_from_bindir)
set(CMAKE_INSTALL_RPATH "$ORIGIN/${libdir_from_bindir}")
# -g1 keeps function names and line numbers for backtraces at little cost; `cmake --install --strip` drops them.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(AP_CCACHE ccache)
mark_as_advanced(AP_CCACHE)
if(AP_CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER ${AP_CCACHE})
endif()

# Built with the sanitizers but without the warnings: for ap_flags, and for foreign code on its own.
add_library(ap_codegen INTERFACE)
target_compile_options(ap_codegen INTERFACE -ffunction-sections -fdata-sections)
target_link_options(ap_codegen INTERFACE -Wl,--gc-sections -Wl,--as-needed)
if(AP_SANITIZE OR AP_FUZZ)
    set(sanitizers ${AP_SANITIZE})
    if(AP_FUZZ)
        if(NOT CMAKE_C_COMPILER_ID STREQUAL Clang)
            message(FATAL_ERROR "AP_FUZZ needs Clang (libFuzzer); the compiler is ${CMAKE_C_COMPILER_ID}")
        endif()
        string(JOIN "," sanitizers ${AP_SANITIZE} fuzzer-no-link)
    endif()
    target_compile_options(ap_codegen INTERFACE -O1 -fno-omit-frame-pointer -fsanitize=${sanitizers})
    # What it calls is in a library that only a C++ link brings, and the programs here are linked as C.
    target_compile_options(ap_codegen INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize=vptr>)
    target_link_options(ap_codegen INTERFACE -fsanitize=${sanitizers})
    # The runtimes that plugins open are C++ and throw. The sanitizer looks for the real __cxa_throw once, at the
    # start of the process, and stops it later if there was none.
    target_link_options(ap_codegen INTERFACE -Wl,--push-state,--no-as-needed -lstdc++ -Wl,--pop-state)
    if(AP_SANITIZE MATCHES address)
        # AddressSanitizer looks for the throw of the C++ runtime when the process starts, and stops the process
        # when a library that was opened later (ONNX Runtime) throws: so the C++ runtime is there from the start.
        target_link_options(ap_codegen INTERFACE
            LINKER:--push-state,--no-as-needed -l:libstdc++.so.6 LINKER:--pop-state)
    endif()
    # A report of undefined behaviour has to fail the test that found it.
    target_compile_options(ap_codegen INTERFACE -fno-sanitize-recover=all)
else()
    # Model files are hostile input, so the usual hardening is on in every plain build. Sanitizers bring their
    # own checks and their own runtime, which a shared library leaves undefined (hence no -z defs there).
    target_compile_options(ap_codegen INTERFACE -fstack-protector-strong
                           $<$<CONFIG:Release>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>)
    target_link_options(ap_codegen INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,defs)
endif()

add_library(ap_flags INTERFACE)
target_link_libraries(ap_flags INTERFACE ap_codegen)
# Plain C11 with POSIX.1-2008. What is beyond (_GNU_SOURCE), a file asks for itself and says why. Empty rather
# than 1, so that a file may also say `#define _DEFAULT_SOURCE`.
target_compile_definitions(ap_flags INTERFACE _DEFAULT_SOURCE=)
target_compile_options(ap_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wvla
    $<$<BOOL:${AP_WERROR}>:-Werror>)
if(CMAKE_C_COMPILER_ID STREQUAL GNU)
    # Cutting a text at the end of its buffer is what snprintf is for, and what ap_error promises.
    target_compile_options(ap_flags INTERFACE -Wno-format-truncation)
endif()
