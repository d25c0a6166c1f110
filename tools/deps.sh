#!/usr/bin/env bash
# Installs what building and testing accelpipe needs, and nothing that is already there.
#
#   tools/deps.sh build    what `make demo` needs
#   tools/deps.sh test     that, and what `make test` needs: every runtime too
#   tools/deps.sh ipex     what building and running the backend "ipex" needs (x86-64; 0.95 GB to download)
#   tools/deps.sh list     print what is needed and whether it is there; installs nothing
#
# Tools and system libraries come from apt (Debian 12 and 13; as root or through sudo) and are the only thing
# that is installed outside this folder. Everything else goes into deps/, from the pins in deps.lock, each file
# checked against its hash before it is used. Without apt, or without root and sudo, the script prints the tools
# that are missing, if any, and stops with exit status 1.
#
#   AP_DEBIAN_MIRROR   another Debian mirror          (default https://deb.debian.org/debian)
#   AP_DEPS_CACHE      a folder that may already hold the files of deps.lock, for machines without network
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
deps=$root/deps
lock=$root/tools/deps.lock
arch=$(uname -m)
work= # a private folder inside deps/, so that the last step of every download is a rename

say() { printf 'deps: %s\n' "$*"; }
warn() { printf 'deps: %s\n' "$*" >&2; }
die() {
    warn "$*"
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# ---- tools and system libraries ----------------------------------------------------------------------

# What is needed, as "level | test that it is there | Debian packages | what it is, for people without apt".
# Presence is tested by what a build would use and not by package names, so that a cmake from anywhere counts.
needs() {
    cat <<'TABLE'
build | has_compiler | gcc libc6-dev | a C11 compiler, GCC or Clang
build | has_header stdio.h | libc6-dev | the C library's headers
build | have make | make | GNU make
build | has_cmake | cmake | CMake 3.25 or later
build | have ninja | ninja-build | Ninja
build | have pkg-config | pkg-config | pkg-config
build | have xz | xz-utils | xz
build | has_pip | python3-pip | Python 3.9 or later with pip, to download ONNX Runtime and to unpack it
test | has_header cmocka.h | libcmocka-dev | cmocka 1.1.5 or later, with its header
test | has_sanitizers | clang libclang-rt | Clang with its sanitizer and fuzzer libraries (compiler-rt)
test | have g++ | g++ | a C++17 compiler, to check that the headers are usable from C++
test | have pmccabe | pmccabe | pmccabe
test | has_man_check | mandoc | mandoc or groff, to check the manual page
test | have python3 | python3 | Python 3.11 or later, no packages
test | has_python_header | python3-dev | Python.h of that Python, for the Python package
ipex | have g++ | g++ | a C++17 compiler
optional | have clang-format-14 | clang-format-14 | clang-format 14, the release the sources are formatted with
TABLE
}

trim() {
    read -r REPLY <<<"$1"
    printf '%s' "$REPLY"
}

compiler() {
    local name
    for name in cc gcc clang; do
        if have "$name"; then
            printf '%s' "$name"
            return
        fi
    done
    printf 'false'
}

has_compiler() { [ "$(compiler)" != false ]; }

# cmocka.h uses what other headers define; the rest does not mind.
has_header() {
    printf '#include <%s>\n' stdarg.h stddef.h stdint.h setjmp.h "$1" | "$(compiler)" -E -x c - >/dev/null 2>&1
}

has_cmake() {
    have cmake || return 1
    local version
    version=$(cmake --version | sed -n '1s/[^0-9]*\([0-9.]*\).*/\1/p')
    printf '3.25\n%s\n' "$version" | sort -V -C
}

has_python_header() {
    local folder
    folder=$(python3 -c 'import sysconfig; print(sysconfig.get_path("include"))' 2>/dev/null) && [ -e "$folder/Python.h" ]
}

# The runtime libraries of Clang are a package of their own, and a linker error without them says little.
has_sanitizers() {
    local lib
    have clang || return 1
    for lib in asan fuzzer; do
        [ -e "$(clang -print-file-name="libclang_rt.$lib-$arch.a")" ] ||
            [ -e "$(clang -print-runtime-dir 2>/dev/null)/libclang_rt.$lib.a" ] ||
            [ -e "$(clang -print-resource-dir)/lib/linux/libclang_rt.$lib-$arch.a" ] || return 1
    done
}

has_man_check() { have mandoc || have groff; }

# Asking pip takes long, and what it is for is done once.
has_pip() { component_ready onnxruntime || python3 -m pip --version >/dev/null 2>&1; }

# Prints the rows of the levels in $1, separated by spaces, whose test fails.
missing_needs() {
    local level test packages what
    while IFS='|' read -r level test packages what; do
        level=${level// /}
        case " $1 " in
            *" $level "*) eval "$test" || printf '%s|%s|%s\n' "$level" "$packages" "$what" ;;
        esac
    done < <(needs)
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    elif [ -t 0 ]; then
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    else
        sudo -n env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

can_apt() {
    have apt-get && { [ "$(id -u)" -eq 0 ] || have sudo; }
}

# Waits for another apt that holds the lock, and retries downloads, instead of failing at once.
apt_get() { as_root apt-get -q -o DPkg::Lock::Timeout=600 -o Acquire::Retries=5 "$@"; }

# The sanitizer package carries Clang's major version, which differs between Debian releases.
apt_name() {
    local major
    if [ "$1" != libclang-rt ]; then
        printf '%s' "$1"
        return
    fi
    if have clang; then
        major=$(clang -dumpversion)
    else
        major=$(apt-cache depends clang | sed -n 's/.*Depends: clang-\([0-9][0-9]*\)$/\1/p')
    fi
    printf 'libclang-rt-%s-dev' "${major%%[!0-9]*}"
}

apt_offers() { [ -n "$(apt-cache policy "$1" 2>/dev/null | sed -n '/Candidate: [0-9]/p')" ]; }

# Installs the Debian packages named in $1; what is optional ($2) only where this release has it.
apt_install() {
    local word packages=()
    say "apt-get update"
    apt_get update >/dev/null || warn "apt-get update failed; trying with the lists that are here"
    for word in $(tr ' ' '\n' <<<"$1" | sort -u); do packages+=("$(apt_name "$word")"); done
    for word in $2; do
        if apt_offers "$word"; then packages+=("$word"); fi
    done
    [ ${#packages[@]} -gt 0 ] || return 0
    say "apt-get install ${packages[*]}"
    apt_get install -y --no-install-recommends "${packages[@]}" >/dev/null
}

# Makes every need of the levels in $1 true, or lists those that are not and fails.
ensure_tools() {
    local required optional still
    required=$(missing_needs "$1")
    optional=
    case $1 in *test*) optional=$(missing_needs optional) ;; esac
    # What is optional is worth one try per machine and release, not an `apt-get update` in every run.
    if [ -e "$deps/.stamps/optional" ]; then optional=; fi
    if [ -n "$required$optional" ] && can_apt; then
        apt_install "$(cut -d '|' -f 2 <<<"$required")" "$(cut -d '|' -f 2 <<<"$optional")" ||
            warn "apt could not install everything"
        case $1 in *test*) : >"$deps/.stamps/optional" ;; esac
    fi
    [ -n "$required" ] || return 0
    still=$(missing_needs "$1")
    [ -n "$still" ] || return 0
    warn "these are missing and have to be installed by hand (in brackets: the Debian packages):"
    while IFS='|' read -r _ packages what; do
        warn "   $(trim "$what")  [$(trim "$packages")]"
    done <<<"$still"
    return 1
}

# ---- files of deps.lock ------------------------------------------------------------------------------

# Prints "version sha256 source" of the pin named $1 for this machine.
pin() {
    awk -v name="$1" -v arch="$arch" '$1 == name && ($3 == arch || $3 == "any") { print $2, $4, $5 }' "$lock"
}

sha256_is() { [ -f "$1" ] && [ "$(sha256sum "$1" | cut -d ' ' -f 1)" = "$2" ]; }

# Downloads the URL $1 to $2 with what is there. A fresh Debian has no curl, but apt's own helper.
download() {
    if have curl; then
        curl -fsSL --retry 5 --retry-delay 2 --connect-timeout 20 -o "$2" "$1" && return
    fi
    if have wget; then
        wget -q --tries=5 --timeout=20 -O "$2" "$1" && return
    fi
    if [ -x /usr/lib/apt/apt-helper ]; then
        /usr/lib/apt/apt-helper -o Acquire::Retries=5 download-file "$1" "$2" >/dev/null 2>&1 && return
    fi
    return 1
}

# A Debian mirror drops a file when a point release replaces it; the archive of all versions is the second try.
# Plain http is as good as https here, because the hash decides.
fetch_debian() {
    local path=$1 to=$2 sha=$3 base
    for base in "${AP_DEBIAN_MIRROR:-https://deb.debian.org/debian}" http://deb.debian.org/debian \
        https://snapshot.debian.org/archive/debian/20250901T000000Z; do
        say "download $base/$path"
        if download "$base/$path" "$to"; then
            if sha256_is "$to" "$sha"; then return 0; fi
            warn "that file has another hash than tools/deps.lock says; trying elsewhere"
        fi
        rm -f "$to"
    done
    return 1
}

# pip resolves the file's address and honours the user's index and proxy settings. The platform is given, so
# that any Python will do; what the wheel holds for Python itself is not used.
fetch_pypi() {
    local spec=$1 platform=$2 to=$3 sha=$4 try
    for try in 1 2 3; do
        say "pip download $spec ($platform)"
        mkdir -p "$work/wheel"
        if python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary=:all: --retries 5 \
            --platform "$platform" --implementation cp --python-version 3.11 -d "$work/wheel" "$spec" &&
            mv "$work"/wheel/*.whl "$to"; then
            if sha256_is "$to" "$sha"; then return 0; fi
            warn "that file has another hash than tools/deps.lock says"
        fi
        rm -rf "$to" "$work/wheel"
        sleep "$try"
    done
    return 1
}

# Gets the file of pin $1 to $2, checked.
fetch() {
    local version sha source file rest cached wheel
    read -r version sha source <<<"$(pin "$1")"
    file=$(basename "${source#*:}")
    wheel=${file%%==*}
    wheel=${wheel//-/_}-$version # A wheel's file name has underscores for the dashes of the package's name.
    for cached in "${AP_DEPS_CACHE:-/nonexistent}"/{"$file","$wheel"-*}; do
        if sha256_is "$cached" "$sha"; then
            say "use $cached"
            cp "$cached" "$2"
            return 0
        fi
    done
    case $source in
        debian:*) fetch_debian "${source#debian:}" "$2" "$sha" ;;
        pypi:*)
            rest=${source#pypi:}
            fetch_pypi "${rest%%:*}" "${rest#*:}" "$2" "$sha"
            ;;
        *) die "tools/deps.lock: $1: unknown kind of source \"$source\"" ;;
    esac || die "$1 $version: no download gave a file with sha256 $sha (tools/deps.lock);" \
        "check the network, or put the file into a folder and set AP_DEPS_CACHE to it"
}

# Each unpack_NAME FILE OUT fills the empty folder OUT; the caller renames it to its place.

# Takes those files out of the wheel $1 into the folder $2 whose names match one of the other arguments (shell
# patterns), without the leading folders $3 (one pattern for each).
unpack_wheel() {
    python3 - "$@" <<'PYTHON'
import fnmatch, os, shutil, sys, zipfile
wheel, out, prefix, *patterns = sys.argv[1:]
with zipfile.ZipFile(wheel) as z:
    for name in z.namelist():
        if name.endswith("/") or not any(fnmatch.fnmatchcase(name, p) for p in patterns):
            continue
        parts = name.split("/")
        lead = "/".join(parts[: prefix.count("/") + 1])
        if fnmatch.fnmatchcase(lead, prefix):
            parts = parts[prefix.count("/") + 1 :]
        to = os.path.join(out, *parts)
        os.makedirs(os.path.dirname(to), exist_ok=True)
        with z.open(name) as src, open(to, "wb") as dst:
            shutil.copyfileobj(src, dst)
        os.chmod(to, 0o755 if ".so" in name else 0o644)
PYTHON
}

unpack_onnxruntime() {
    unpack_wheel "$1" "$2" onnxruntime 'onnxruntime/capi/libonnxruntime.so.*' onnxruntime/LICENSE \
        onnxruntime/ThirdPartyNotices.txt
}

# The C library, the devices CPU and AUTO, and the readers of ONNX and IR: a third of what the wheel holds.
unpack_openvino() {
    local libs=openvino/libs/lib
    unpack_wheel "$1" "$2" openvino "${libs}openvino.so.*" "${libs}openvino_c.so.*" "${libs}openvino_*_cpu_plugin.so" \
        "${libs}openvino_auto_plugin.so" "${libs}openvino_onnx_frontend.so.*" "${libs}openvino_ir_frontend.so.*" \
        "${libs}tbb*.so.*" "${libs}hwloc.so.*" 'openvino/include/openvino/c/*.h'
    unpack_wheel "$1" "$2" 'openvino-*.dist-info' 'openvino-*.dist-info/licenses/*'
}

# Of torch, the CPU library and the headers; never the CUDA half, which is three times as large.
unpack_torch() {
    unpack_wheel "$1" "$2" torch torch/lib/lib{torch_cpu,c10}.so 'torch/lib/libgomp*' 'torch/include/*.h' \
        'torch/include/*.hpp' torch/version.py
    unpack_wheel "$1" "$2" 'torch-*.dist-info' 'torch-*/licenses/LICENSE' 'torch-*/licenses/NOTICE'
}

unpack_ipex() {
    unpack_wheel "$1" "$2" intel_extension_for_pytorch intel_extension_for_pytorch/lib/libintel-ext-pt-cpu.so
    unpack_wheel "$1" "$2" 'intel_extension_for_pytorch-*.dist-info' 'intel_extension_for_pytorch-*/LICENSE*' \
        'intel_extension_for_pytorch-*/licenses/*'
}

# torch_cpu of the wheel that PyPI has is linked to these two, whether there is a GPU or not.
unpack_cudart() { unpack_wheel "$1" "$2" nvidia/cuda_runtime 'nvidia/cuda_runtime/lib/libcudart.so.*' '*/License.txt'; }
unpack_cupti() { unpack_wheel "$1" "$2" nvidia/cuda_cupti 'nvidia/cuda_cupti/lib/libcupti.so.*' '*/License.txt'; }

unpack_onnxruntime_header() {
    mkdir "$work/deb"
    if have dpkg-deb; then
        dpkg-deb -x "$1" "$work/deb"
    else
        (cd "$work/deb" && ar x "$1" data.tar.xz && tar -xJf data.tar.xz)
    fi
    cp "$work"/deb/usr/include/onnxruntime/onnxruntime_{c_api,run_options_config_keys,session_options_config_keys}.h "$2"
    cp "$work/deb/usr/share/doc/libonnxruntime-dev/copyright" "$2/LICENSE"
}

unpack_yyjson() {
    mkdir "$work/src" "$2/include" "$2/src"
    tar -xJf "$1" -C "$work/src" --strip-components=1
    cp "$work/src/src/yyjson.h" "$2/include"
    cp "$work/src/src/yyjson.c" "$2/src"
    cp "$work/src/LICENSE" "$2"
}

unpack_oniguruma() {
    mkdir "$work/src" "$2/include" "$2/src"
    tar -xzf "$1" -C "$work/src" --strip-components=1
    cp "$work/src/src/oniguruma.h" "$2/include"
    cp "$work"/src/src/*.[ch] "$2/src"
    cp "$work/src/COPYING" "$2/LICENSE"
}

# Where each pin goes, and a file that shows it is there.
component_place() {
    case $1 in
        onnxruntime) echo onnxruntime ;;
        openvino) echo openvino ;;
        onnxruntime-header) echo include/onnxruntime ;;
        yyjson) echo yyjson ;;
        oniguruma) echo oniguruma ;;
        torch) echo torch ;;
        ipex) echo intel_extension_for_pytorch ;;
        cudart) echo nvidia/cuda_runtime ;;
        cupti) echo nvidia/cuda_cupti ;;
    esac
}
component_witness() {
    case $1 in
        onnxruntime) echo "capi/libonnxruntime.so.$2" ;;
        openvino) echo include/openvino/c/openvino.h ;;
        onnxruntime-header) echo onnxruntime_c_api.h ;;
        yyjson) echo src/yyjson.c ;;
        oniguruma) echo src/regexec.c ;;
        torch) echo lib/libtorch_cpu.so ;;
        ipex) echo lib/libintel-ext-pt-cpu.so ;;
        cudart) echo lib/libcudart.so.12 ;;
        cupti) echo lib/libcupti.so.12 ;;
    esac
}

component_ready() {
    local version sha
    read -r version sha _ <<<"$(pin "$1")"
    [ -e "$deps/$(component_place "$1")/$(component_witness "$1" "$version")" ] &&
        [ "$(cat "$deps/.stamps/$1" 2>/dev/null)" = "$sha" ]
}

ensure_component() {
    local name=$1 place version sha
    component_ready "$name" && return
    read -r version sha _ <<<"$(pin "$name")"
    [ -n "$sha" ] || die "$name: tools/deps.lock has no file for $arch; build it from source into deps/$(component_place "$name")"
    place=$deps/$(component_place "$name")
    work=$(mktemp -d "$deps/.tmp.XXXXXX")
    mkdir "$work/out"
    fetch "$name" "$work/file"
    "unpack_${name//-/_}" "$work/file" "$work/out"
    chmod 755 "$work/out"
    mkdir -p "$(dirname "$place")"
    rm -rf "$place" "$deps/.stamps/$name"
    mv "$work/out" "$place"
    printf '%s\n' "$sha" >"$deps/.stamps/$name"
    rm -rf "$work"
    say "$name $version is in ${place#"$root"/}"
}

# The components of each level, as "level | names".
components() {
    cat <<'TABLE'
build | onnxruntime onnxruntime-header yyjson oniguruma
test | openvino
ipex | cudart cupti torch ipex
TABLE
}

# Prints "level name" for each component of the levels in $1, separated by spaces; without $1, of all.
components_of() {
    local level names name
    while IFS='|' read -r level names; do
        level=${level// /}
        case " ${1:-$level} " in
            *" $level "*) for name in $names; do printf '%s %s\n' "$level" "$name"; done ;;
        esac
    done < <(components)
}

# The packages that tokenizers and chat templates are compared with. Another Python than the pins know does without: the test says so.
ensure_reference() {
    local sha
    sha=$(sha256sum "$root/tools/reference.txt" | cut -d ' ' -f 1)
    [ "$(cat "$deps/.stamps/reference" 2>/dev/null)" != "$sha" ] || return 0
    work=$(mktemp -d "$deps/.tmp.XXXXXX")
    say "pip install -r tools/reference.txt"
    if python3 -m pip install -q --disable-pip-version-check --root-user-action=ignore --no-deps --only-binary=:all: --require-hashes --retries 5 \
        --target "$work/out" -r "$root/tools/reference.txt"; then
        rm -rf "$deps/reference"
        mv "$work/out" "$deps/reference"
        printf '%s\n' "$sha" >"$deps/.stamps/reference"
        say "tokenizers and jinja2 are in deps/reference"
    else
        warn "no tokenizers and jinja2 packages for this Python: their comparisons are left out"
    fi
    rm -rf "$work"
}

# Nobody has built torch and IPEX for other machines; there the backend "ipex" is left out.
has_ipex() { [ "$arch" = x86_64 ]; }

# ---- commands ----------------------------------------------------------------------------------------

list() {
    local level test packages what name version state
    while IFS='|' read -r level test packages what; do
        if eval "$test"; then state=present; else state=missing; fi
        printf '%-8s  %-8s  %s  [%s]\n' "$state" "${level// /}" "$(trim "$what")" "$(trim "$packages")"
    done < <(needs)
    while read -r level name; do
        read -r version _ <<<"$(pin "$name")"
        [ -n "$version" ] || continue
        if component_ready "$name"; then state=present; else state=missing; fi
        printf '%-8s  %-8s  %s %s, in deps/%s\n' "$state" "$level" "$name" "$version" "$(component_place "$name")"
    done < <(components_of)
}

install() {
    local level name
    mkdir -p "$deps/.stamps"
    # One at a time: two makes in one checkout would otherwise unpack over each other.
    exec 9>"$deps/.lock"
    if have flock; then flock 9; fi
    rm -rf "$deps"/.tmp.*
    trap 'if [ -n "$work" ]; then rm -rf "$work"; fi' EXIT
    ensure_tools "$1"
    while read -r level name <&3; do ensure_component "$name"; done 3< <(components_of "$1")
    case $1 in *test*) ensure_reference ;; esac
}

case ${1:-} in
    build) install build ;;
    test) if has_ipex; then install 'build test ipex'; else install 'build test'; fi ;;
    ipex)
        has_ipex || die "torch and IPEX exist for x86_64 alone; this machine is $arch"
        install 'build ipex'
        ;;
    list) list ;;
    *)
        sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
        exit 2
        ;;
esac
