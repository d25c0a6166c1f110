#!/usr/bin/env bash
# The start-up cache: whatever happens while it is written, the next start works and gives the same.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/support/lib.sh"
need_backend
export ACCELPIPE_MODELS=$AP_SOURCE_DIR/models
cache=$work/cache-dir mount=
trap 'umount "$mount" 2>/dev/null; rm -rf "$work"' EXIT

# The bundled model: writing what is prepared of it takes a while.
classify() { cli run text-classification --accelerator ort --verbose --cache-dir "$cache" "I loved it." "I hated it."; }
from_cache() { grep -q "from_cache: $1" "$work/err"; }

# same: the last call gave what it has to give, whatever the cache is.
same() {
    expect 0 "$(cat "$work/expected")" -
    check "no error is said" test "$(grep -c 'error:' "$work/err")" = 0
}

cli run text-classification --accelerator ort --no-cache "I loved it." "I hated it."
expect 0 - -
cp "$work/out" "$work/expected"
classify && same
check "the first start is not from the cache" from_cache false
classify && same
check "the second is" from_cache true

# ---- killed at any moment ----

for delay in 0.03 0.08 0.14 0.2 0.3 0.5; do
    rm -rf "$cache"
    "$ACCELPIPE" run text-classification --accelerator ort --cache-dir "$cache" "I loved it." >/dev/null 2>&1 &
    pid=$!
    sleep "$delay"
    kill -KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
    classify && same
    classify && same
    check "from the cache, after a kill at $delay s" from_cache true
done

# What was left half written goes, when its process is gone and it is old enough.
rm -rf "$cache"
classify
entry=$(echo "$cache"/sessions/ort-*)
check "one entry, with files" test -d "$entry" -a -s "$entry/manifest"
half=$entry.tmp.999999999.0
mkdir "$half" && echo half >"$half/model.onnx" && touch -d '10 minutes ago' "$half"
rm -rf "$entry"
classify && same
check "the half written folder is gone" test ! -e "$half"

# ---- every file of it broken ----

for file in model.onnx weights.bin manifest; do
    file=$entry/$file
    check "there is $file" test -s "$file"
    for break in "truncate -s 100" "truncate -s +1" "rm -f" "chmod 0"; do
        # shellcheck disable=SC2086
        $break "$file"
        classify && same
        classify && same
        [ "$break" = "chmod 0" ] || check "made again after $break $(basename "$file")" from_cache true
        chmod 600 "$entry"/* 2>/dev/null
    done
done
rm -rf "$entry" && mkdir -m 700 "$entry"
classify && same
classify && same
check "an empty folder is made again" from_cache true

# ---- no room, by limit: writing beyond it would end the process ----

rm -rf "$cache"
(ulimit -f 40000 && classify && same && check "not written" from_cache false && exit $n_failed)
n_failed=$((n_failed + $?))
check "nothing is left" test -z "$(ls "$cache"/sessions 2>/dev/null)"
classify && same
classify && same
check "written without the limit" from_cache true

# ---- no room on the disk, and a disk that cannot be written to ----

mount=$work/disk
mkdir "$mount"
if mount -t tmpfs -o size=900m,mode=700 tmpfs "$mount" 2>/dev/null; then
    # The files run out one after the other: folders, graph, weights, manifest.
    for n_files in 2 3 4 5 6 7 8; do
        mount -o remount,nr_inodes="$n_files" "$mount" 2>/dev/null || break
        cache=$mount
        classify && same
        check "nothing half written is left of $n_files" test -z "$(find "$mount" -name '*.tmp.*')"
        classify && same
        rm -rf "${mount:?}"/*
    done
    mount -o remount,nr_inodes=1000 "$mount"
    # The room runs out while it is written: something else fills the disk.
    for step in 1 2 3; do
        rm -rf "${mount:?}"/*
        "$ACCELPIPE" run text-classification --accelerator ort --cache-dir "$cache" "I loved it." "I hated it." \
            >"$work/out" 2>"$work/err" &
        pid=$!
        sleep "0.0$((step * 3))"
        head -c 1000000000 /dev/zero >"$mount/filler" 2>/dev/null
        wait $pid
        status=$?
        same
        rm -f "$mount/filler"
        classify && same
        classify && same
        check "from the cache once there is room" from_cache true
    done
    # Read-only, with an entry and without.
    mount -o remount,ro "$mount"
    classify && same
    check "an entry is used" from_cache true
    mount -o remount,rw "$mount"
    rm -rf "${mount:?}"/*
    mount -o remount,ro "$mount"
    classify && same
    check "no entry is made" from_cache false
    umount "$mount"
else
    echo "left out: no file system can be mounted"
fi

# ---- places that are none ----

for place in /dev/null /proc/nothing "$work/expected"; do
    cache=$place
    classify && same
done

finish
