#!/usr/bin/env bash
# A check that cannot fail is worth nothing: each of tools/check_*.py is run on a small tree with known faults and
# has to name every one of them, and on the same tree without them and has to pass.
set -euo pipefail
: "${AP_SOURCE_DIR:?}"
tools=$AP_SOURCE_DIR/tools
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
problems=0

# write PATH: the file's text comes from standard input.
write() {
    mkdir -p "$tree/$(dirname "$1")"
    cat >"$tree/$1"
}

# expect_faults CHECK TEXT...: it fails, and its output has each of the texts.
expect_faults() {
    local check=$1 output text
    shift
    if output=$(python3 "$tools/check_$check.py" "$tree"); then
        printf 'FAILED: check_%s.py passes a tree with faults\n' "$check"
        problems=$((problems + 1))
    fi
    for text in "$@"; do
        if ! grep -Fq -- "$text" <<<"$output"; then
            printf 'FAILED: check_%s.py does not say "%s"; it says:\n%s\n' "$check" "$text" "$output"
            problems=$((problems + 1))
        fi
    done
}

expect_ok() {
    local output
    if ! output=$(python3 "$tools/check_$1.py" "$tree"); then
        printf 'FAILED: check_%s.py refuses a clean tree:\n%s\n' "$1" "$output"
        problems=$((problems + 1))
    fi
}

start_tree() {
    rm -rf "$tree"
    mkdir "$tree"
    cp -r "$AP_SOURCE_DIR/src/LAYERS" "$tree/LAYERS"
    mkdir -p "$tree/src" "$tree/tools"
    mv "$tree/LAYERS" "$tree/src/LAYERS"
    write include/accelpipe/a.h <<<'#include <stddef.h>'
    write include/accelpipe/b.h <<<'#include <stddef.h>'
    write include/accelpipe/sys/plugin.h <<<'#include <accelpipe/a.h>'
    write src/base/x.h </dev/null
    write src/value/v.h <<<'#include "base/x.h"'
}

# -- layers
start_tree
write src/value/v.c <<'C'
#include "base/x.h"
#include "build_config.h"
#include <accelpipe/a.h>
/* #include "api/no.h" */
C
write cli/main.c <<<'#include <accelpipe/a.h>'
write plugins/p/p.c <<<'#include <accelpipe/sys/plugin.h>
#include <accelpipe/a.h>
#include <foreign.h>
#include "wire/w.h"'
write src/wire/w.h <<<'#include <stdint.h>'
expect_ok layers
write src/base/up.c <<<'#include "value/v.h"'
write src/base/bare.c <<<'#include "x.h"'
write src/new/n.c </dev/null
write cli/inside.c <<<'#include "../src/base/x.h"'
write cli/sys.c <<<'#include <accelpipe/sys/plugin.h>'
write plugins/p/wide.c <<<'#include <accelpipe/b.h>'
write plugins/p/deep.c <<<'#include "base/x.h"'
write src/wire/posix.h <<<'#include <unistd.h>'
write src/wire/code.c </dev/null
write include/accelpipe/posix.h <<<'#include <unistd.h>'
write include/accelpipe/up.h <<<'#include <accelpipe/sys/plugin.h>'
expect_faults layers 'src/base/up.c:1: base may not include value' 'src/base/bare.c:1: "x.h" is not a file spelled' \
    'folder "new" is not in src/LAYERS' 'cli/inside.c:1:' 'cli/sys.c:1:' 'plugins/p/wide.c:1:' \
    'plugins/p/deep.c:1:' 'src/wire/posix.h:1:' 'src/wire/code.c: wire/ has headers alone' \
    'include/accelpipe/posix.h:1:' 'include/accelpipe/up.h:1:'

# -- banned functions
start_tree
write src/base/alloc.c <<<'void *f(void) { return malloc(1); }'
write src/base/fine.c <<'C'
/* strcpy(a, b) in a comment */ // printf("no");
const char *text = "sprintf(x) 100%% at %zu"; // atoi(1)
int g(void) { return my_printf(1) + x->free(1) + '"' + ap__free(2); }
C
write cli/main.c <<<'int main(void) { return printf("%f", 1.0); }'
expect_ok banned
write src/base/bad.c <<'C'
int f(char *a) { return atoi(a); }

void g(void) { free(0); }
void h(void) { fprintf(stderr, "x"); }
const char *i = "%.3f";
void j(void) { strcpy(
    a, b); }
C
write plugins/p/p.c <<<'void f(void) { abort(); }'
expect_faults banned 'src/base/bad.c:1: atoi' 'src/base/bad.c:3: free' 'src/base/bad.c:4: fprintf' \
    'src/base/bad.c:5: %f' 'src/base/bad.c:6: strcpy' 'plugins/p/p.c:1: abort'
write tools/banned_exceptions.txt <<<'src/base/gone.c atoi it was right'
expect_faults banned 'src/base/gone.c does not use atoi any more'

# -- complexity
if command -v pmccabe >/dev/null; then
    long_function() {
        printf 'int f(int a) {\n'
        for ((i = 0; i < 101; i++)); do printf '    a++;\n'; done
        printf '    return a;\n}\n'
    }
    branched_function() {
        printf 'int g(int a) {\n'
        for ((i = 0; i < 26; i++)); do printf '    if (a == %d) a++;\n' "$i"; done
        printf '    return a;\n}\n'
    }
    start_tree
    { printf '/* One case each.\n * complexity: a flat table. */\n' && branched_function; } | write src/base/excused.c
    expect_ok complexity
    long_function | write src/base/long.c
    branched_function | write src/base/branched.c
    expect_faults complexity 'src/base/long.c:1: f: 104 lines' 'src/base/branched.c:1: g: 29 lines, complexity 27'
fi

# -- file length
start_tree
{ printf '/* Generated from a table. */\n' && seq -f 'int x%g;' 900; } | write src/base/table.c
expect_ok length
{ printf '/* A file. */\n' && seq -f 'int x%g;' 900; } | write src/base/long.c
expect_faults length 'src/base/long.c: 901 lines'

# -- symbols
start_tree
write include/accelpipe/api.h <<'C'
#define AP_API __attribute__((visibility("default")))
#define AP_VERSION_STRING "1.2.3"
/* AP_API int ap_commented(void); */
AP_API const char *ap_both(int a,
                           int b);
AP_API int ap_declared_only(void);
C
write lib.c <<'C'
const char *ap_both(int a, int b) { return a > b ? "" : 0; }
int ap_exported_only(void) { return 0; }
C
"${CC:-cc}" -shared -fPIC "$tree/lib.c" -o "$tree/lib.so"
output=$(python3 "$tools/check_symbols.py" "$tree/lib.so" "$tree") && problems=$((problems + 1))
for text in 'ap_exported_only: exported, but' 'ap_declared_only is declared AP_API, but' 'ap_both: declared, but not in'; do
    grep -Fq "$text" <<<"$output" || {
        printf 'FAILED: check_symbols.py does not say "%s"; it says:\n%s\n' "$text" "$output"
        problems=$((problems + 1))
    }
done
write lib.c <<<'int ap_both(void) { return 0; } int ap_declared_only(void) { return 0; }'
"${CC:-cc}" -shared -fPIC "$tree/lib.c" -o "$tree/lib.so"
python3 "$tools/check_symbols.py" --write "$tree/lib.so" "$tree" >/dev/null || problems=$((problems + 1))
grep -Eq '^ap_both +1\.2$' "$tree/include/symbols-in-versions.txt" || problems=$((problems + 1))

printf '%d problems\n' "$problems"
[ "$problems" = 0 ]
