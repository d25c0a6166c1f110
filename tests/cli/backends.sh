#!/usr/bin/env bash
# Every combination of installed runtimes, made by hiding them; and libraries that are broken.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/support/lib.sh"
need_backend
fakes=$AP_BUILD_DIR/tests/fakes
names=(ov ort ipex)

# available: the backends that are, in order.
available() { "$ACCELPIPE" backends | awk 'NR > 1 && $2 == "yes" { printf "%s ", $1 }'; }

# combinations INSTALLED...: hides each of the eight sets of runtimes, and looks at what is chosen.
combinations() {
    local installed=" $* " mask i name
    for mask in 0 1 2 3 4 5 6 7; do
        local hidden=() left=() first=
        for i in 0 1 2; do
            name=${names[i]}
            if ((mask >> i & 1)); then
                hidden+=("$name")
            elif [[ $installed == *" $name "* ]]; then
                left+=("$name")
                [ -n "$first" ] || first=$name
            fi
        done
        (
            n_checks=0 n_failed=0
            hide "${hidden[@]}"
            last_command="backends without: ${hidden[*]}"
            [ "$(available)" = "${left[*]:+${left[*]} }" ] || fail "available are $(available), expected ${left[*]}"
            cli run text-classification --model "$bert" "Fine."
            if [ -n "$first" ]; then
                expect 0 - -
                expect_err_has "accelpipe: using $first (the first of ov, ort, ipex that can run it"
            else
                expect 3 "" -
                expect_err_has 'no backend is available; ov: '
                for name in "${names[@]}"; do expect_err_has "; $name: "; done
            fi
            for name in "${hidden[@]}"; do
                cli run text-classification --model "$bert" --accelerator "$name" "Fine."
                expect 3 "" -
                expect_err_has "accelerator \"$name\" is not available: "
            done
            exit $n_failed
        ) || n_failed=$((n_failed + $?))
        n_checks=$((n_checks + 1))
    done
}

# ---- with the plugins of this build ----

read -ra installed < <(available)
combinations "${installed[@]}"

# ---- with three that are there, whatever this machine has ----

# An installation whose plugins ov and ipex are the tests' own; their runtimes too, so that no check of any real one is
# lost. Sanitizers do not matter to them.
[ -e "$fakes/accelpipe_ov.so" ] || skip "the fake plugins were not built"
mkdir "$work/plugins"
for plugin in "$AP_BUILD_DIR"/lib*/accelpipe/plugins/accelpipe_ort.so "$fakes/accelpipe_ov.so" "$fakes/accelpipe_ipex.so"; do
    ln -s "$plugin" "$work/plugins/"
done
export ACCELPIPE_PLUGIN_DIR=$work/plugins ACCELPIPE_OV_LIBRARY=$fakes/libfake_onnxruntime.so
export ACCELPIPE_IPEX_LIBRARY=$fakes/libfake_onnxruntime.so
combinations ov ort ipex

# ---- what is broken is explained, and skipped ----

# broken LIBRARY MESSAGE...: as the runtime of ov.
broken() {
    export ACCELPIPE_OV_LIBRARY=$1
    shift
    cli backends
    expect 0 - ''
    for message; do expect_out_has "$message"; done
    check "the others are there" test "$(available)" = "ort ipex "
    cli run text-classification --model "$bert" "Fine."
    expect 0 - "accelpipe: using ort (the first of ov, ort, ipex that can run it; ov: not available); --accelerator names another"
    cli explain "$bert" --output json
    expect 0 - ''
    expect_out_has '"what":"backend","choice":"ov","why":"not available: ACCELPIPE_OV_LIBRARY: '
}

echo "not a library" >"$work/text.so"
broken "$work/text.so" "ov: ACCELPIPE_OV_LIBRARY: $work/text.so: not a shared library" 'install with: pip install openvino'
head -c 5000 "$fakes/libfake_onnxruntime.so" >"$work/cut.so"
broken "$work/cut.so" 'cut short'
: >"$work/empty.so"
broken "$work/empty.so" "$work/empty.so"
mkdir "$work/folder.so"
broken "$work/folder.so" "$work/folder.so"
broken "$fakes/accelpipe_ipex.so" 'the library has no fake_ort_log()' # Of another kind.
broken "$work/no/such.so" 'No such file or directory'
# ONNX Runtime itself: another library, and a release that is too old.
export ACCELPIPE_OV_LIBRARY=$work/no/such.so ACCELPIPE_ORT_LIBRARY=$fakes/accelpipe_ov.so
cli backends
expect_out_has 'ort: ACCELPIPE_ORT_LIBRARY: not ONNX Runtime: the library has no OrtGetApiBase()'
check "ipex is left" test "$(available)" = "ipex "
export ACCELPIPE_ORT_LIBRARY=$fakes/libfake_onnxruntime.so FAKE_ORT_VERSION=1.9.0
cli backends
expect_out_has 'ort: ACCELPIPE_ORT_LIBRARY: ONNX Runtime 1.9.0 is too old: 1.21 or a later 1.x is needed'
cli run text-classification --model "$bert" "Fine."
expect 0 - -
expect_err_has 'using ipex (the first of ov, ort, ipex that can run it; ov: not available; ort: not available)'
unset ACCELPIPE_ORT_LIBRARY FAKE_ORT_VERSION

# ---- a model that the first does not take ----

export ACCELPIPE_OV_LIBRARY=$fakes/libfake_onnxruntime.so
FAKE_PLUGIN_REFUSES=ov cli run text-classification --model "$bert" "Fine."
expect 0 - "accelpipe: using ort (the first of ov, ort, ipex that can run it; ov: refuses the model); --accelerator names another"
FAKE_PLUGIN_REFUSES=ov cli run text-classification --model "$bert" --accelerator ov "Fine."
expect_error 1 'operator Fancy of node /fancy is not covered; export the model without it [AP_EUNSUPPORTED]'

# ---- threads and the cache folder ----

ACCELPIPE_NUM_THREADS=3 cli backends
expect_out_has 'threads       3 (ACCELPIPE_NUM_THREADS)'
expect_out_has "cache folder  $XDG_CACHE_HOME/accelpipe"
ACCELPIPE_NUM_THREADS=3 cli backends --json
expect 0 - ''
check "one line, a list" test "$(grep -c '^\[{"name":"ov","available":.*}\]$' "$work/out")" = 1
check "three say so" test "$(grep -o '"threads":3,"threads_reason":"ACCELPIPE_NUM_THREADS","cache_dir":"[^"]*/accelpipe"' "$work/out" | wc -l)" = 3
env -u HOME -u XDG_CACHE_HOME "$ACCELPIPE" backends >"$work/out"
expect_out_has 'cache folder  none'

if taskset -c 0 true 2>/dev/null; then
    taskset -c 0 "$ACCELPIPE" backends >"$work/out"
    expect_out_has 'threads       1 ('
else
    echo "left out: taskset"
fi

# A control group with the time of one CPU, where one can be made.
limited() {
    local root
    for root in /sys/fs/cgroup /sys/fs/cgroup/cpu; do
        group=$root/accelpipe-test-$$
        mkdir "$group" 2>/dev/null || continue
        if [ -e "$group/cpu.max" ] && echo "50000 100000" >"$group/cpu.max" 2>/dev/null; then return 0; fi
        if [ -e "$group/cpu.cfs_quota_us" ] && echo 50000 >"$group/cpu.cfs_quota_us" 2>/dev/null; then return 0; fi
        rmdir "$group"
    done
    return 1
}
if [ "$(nproc)" -gt 1 ] && limited; then
    bash -c 'echo $$ >"$1/cgroup.procs" && exec "$2" backends' _ "$group" "$ACCELPIPE" >"$work/out"
    expect_out_has 'threads       1 (the quota of the control group)'
    rmdir "$group"
else
    echo "left out: no control group can be made"
fi

finish
