#!/usr/bin/env bash
# Installs into a fresh prefix and uses the result as a stranger would: README's C example through pkg-config and
# through CMake, the program, and all of it again after the tree has been moved.
set -euo pipefail
: "${AP_BUILD_DIR:?}" "${AP_SOURCE_DIR:?}"
cc=${CC:-cc}
cmake=${CMAKE:-cmake}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/first/prefix
problems=0

problem() {
    printf 'FAILED: %s\n' "$*"
    problems=$((problems + 1))
}
step() { printf -- '-- %s\n' "$*"; }

# Nothing of the environment may help: no library path, no user folders, no network settings.
clean_env() {
    env -i PATH="$PATH" HOME="$work/home" LANG=C.UTF-8 TMPDIR="$work" HF_HUB_OFFLINE=1 "$@"
}

step "install"
"$cmake" --install "$AP_BUILD_DIR" --prefix "$prefix" >"$work/install.log"

# ---- layout ------------------------------------------------------------------------------------------

check_layout() {
    local path
    for path in bin/accelpipe include/accelpipe/accelpipe.h include/accelpipe/sys/backend_plugin.h \
        lib/libaccelpipe.so lib/libaccelpipe.so.0 lib/accelpipe/plugins/accelpipe_ort.so \
        lib/pkgconfig/accelpipe.pc lib/cmake/accelpipe/accelpipeConfig.cmake \
        lib/cmake/accelpipe/accelpipeConfigVersion.cmake lib/cmake/accelpipe/accelpipeTargets.cmake \
        share/accelpipe/models share/man/man1/accelpipe.1 share/bash-completion/completions/accelpipe \
        share/doc/accelpipe/README.md share/doc/accelpipe/LICENSE share/doc/accelpipe/CHANGELOG.md \
        share/doc/accelpipe/LICENSE.yyjson; do
        [ -e "$prefix/$path" ] || problem "not installed: $path"
    done
    for path in lib/accelpipe/plugins/accelpipe_replay.so lib/libaccelpipe_core.a; do
        [ ! -e "$prefix/$path" ] || problem "installed, but only for tests: $path"
    done
    # The bundled models carry their cards and licences.
    [ -n "$(find "$prefix/share" -path '*/models/*' -name '*.onnx')" ] || problem "no bundled model"
    [ -n "$(find "$prefix/share" -path '*/models/*' -name README.md)" ] || problem "no model card"
}

# ---- binaries ----------------------------------------------------------------------------------------

# The text path loads the C library, Oniguruma and nothing else: no image, audio, network or C++ library.
allowed_libraries='^(linux-vdso|ld-linux[-a-z0-9_]*|libc|libm|libdl|libpthread|librt|libonig|libaccelpipe)\.so'

check_binary() {
    local file=$1 library
    while read -r library; do
        case $library in
            "statically linked") ;; # a plugin that needs not even the C library
            *"not found"*) problem "$file: $library" ;;
            *) grep -Eq "$allowed_libraries" <<<"$(basename "${library%% *}")" || problem "$file loads $library" ;;
        esac
    done < <(clean_env ldd "$file" | sed 's/^[[:space:]]*//')
    # shellcheck disable=SC2016  # the loader's $ORIGIN, not the shell's
    if readelf -d "$file" | grep -E 'R(UN)?PATH' | grep -v '\[\$ORIGIN/[^]:]*\]'; then
        problem "$file: a library path that is not relative to the file"
    fi
}

check_exports() {
    local file=$1 pattern=$2 symbols others
    # Without the type A, which is the name of a version node, and without the versions of the symbols.
    symbols=$(nm -D --defined-only "$file" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }')
    others=$(grep -Ev "$pattern" <<<"$symbols" || true)
    [ -n "$symbols" ] || problem "$file exports nothing"
    [ -z "$others" ] || problem "$file exports ${others//$'\n'/ }"
}

check_binaries() {
    local plugin
    check_binary "$prefix/bin/accelpipe"
    check_binary "$prefix/lib/libaccelpipe.so"
    check_exports "$prefix/lib/libaccelpipe.so" '^ap_[a-z0-9]'
    for plugin in "$prefix"/lib/accelpipe/plugins/*.so; do
        # The half of the plugin ipex that is C++, and linked to torch.
        case $plugin in
            *_torch*)
                check_exports "$plugin" '^ipex_shim_entry$'
                continue
                ;;
        esac
        check_binary "$plugin"
        check_exports "$plugin" '^ap_backend_entry$'
    done
}

# ---- use ---------------------------------------------------------------------------------------------

# README's first C block is the example; it has to compile without a warning and print something.
extract_example() {
    awk '/^```c$/ { found = 1; next } found && /^```/ { exit } found' "$AP_SOURCE_DIR/README.md" >"$work/example.c" || true
    [ -s "$work/example.c" ] || problem "README.md has no \`\`\`c block"
}

expect_output() {
    local what=$1
    shift
    if ! clean_env "$@" >"$work/output" 2>"$work/messages"; then
        problem "$what: exit status not 0: $(tail -n 3 "$work/messages")"
    elif [ ! -s "$work/output" ]; then
        problem "$what: prints nothing"
    else
        sed 's/^/   /' "$work/output"
    fi
}

use_pkg_config() {
    local flags
    flags=$(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --cflags --libs accelpipe) ||
        problem "pkg-config does not know accelpipe"
    case $flags in *"$prefix"*) ;; *) problem "pkg-config gives other folders than the prefix: $flags" ;; esac
    # shellcheck disable=SC2086  # flags are words
    if "$cc" -std=c11 -Wall -Wextra -Wpedantic -Werror "$work/example.c" -o "$work/example" $flags; then
        expect_output "README's example through pkg-config" LD_LIBRARY_PATH="$prefix/lib" "$work/example"
    else
        problem "README's example does not compile"
    fi
}

use_cmake() {
    local version
    version=$(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --modversion accelpipe)
    rm -rf "$work/consumer"
    mkdir "$work/consumer"
    cp "$work/example.c" "$work/consumer"
    cat >"$work/consumer/CMakeLists.txt" <<CMAKE
cmake_minimum_required(VERSION 3.16)
project(consumer LANGUAGES C)
find_package(accelpipe ${version%.*} REQUIRED CONFIG)
add_executable(consumer example.c)
target_link_libraries(consumer PRIVATE accelpipe::accelpipe)
CMAKE
    if "$cmake" -S "$work/consumer" -B "$work/consumer/build" -DCMAKE_PREFIX_PATH="$prefix" \
        -DCMAKE_C_COMPILER="$cc" >"$work/cmake.log" 2>&1 &&
        "$cmake" --build "$work/consumer/build" >>"$work/cmake.log" 2>&1; then
        expect_output "README's example through CMake" "$work/consumer/build/consumer"
    else
        problem "the CMake consumer does not build: $(tail -n 20 "$work/cmake.log")"
    fi
}

use_program() {
    expect_output "accelpipe --version" "$prefix/bin/accelpipe" --version
    # Through the search path and a symbolic link, as in /usr/local/bin.
    ln -sf "$prefix/bin/accelpipe" "$work/accelpipe"
    expect_output "the bundled model" "$work/accelpipe" run text-classification "I loved every minute of it."
    grep -q '"label"' "$work/output" || problem "the bundled model: no label in the output"
}

use_everything() {
    step "README's example through pkg-config"
    use_pkg_config
    step "README's example through CMake"
    use_cmake
    step "the program"
    use_program
}

step "layout"
check_layout
step "what the binaries load and export"
check_binaries
extract_example
if [ "$problems" = 0 ]; then
    use_everything
    step "move the tree"
    mkdir "$work/second"
    mv "$prefix" "$work/second/moved prefix"
    # pkg-config splits at blanks, so the moved tree is reached by a plain name.
    ln -s "moved prefix" "$work/second/moved"
    rm -rf "$work/first" "$work/example"
    prefix=$work/second/moved
    use_everything
fi

printf '%d problems\n' "$problems"
[ "$problems" = 0 ]
