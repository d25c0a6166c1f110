/* Where plugins and runtimes may be. Nothing is loaded here, and Python is never started: its packages are
 * found by listing folders. */
#define _GNU_SOURCE /* secure_getenv, strverscmp */
#include "backend/find.h"

#include "base/error.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#if __has_include("build_config.h")
#include "build_config.h"
#else /* Compiled by hand, without CMake. */
#define AP_BUILD_DEPS_DIR ""
#define AP_BUILD_LIBDIR ""
#endif

/* Of what a variable names, code is loaded: a set-user-ID program must not listen. */
static const char *variable_get(const char *name) {
    const char *value = secure_getenv(name);
    return value && value[0] ? value : NULL;
}

ap_status ap__plugin_find(ap__path *out, const ap__known_backend *row) {
    const char *forced = variable_get("ACCELPIPE_PLUGIN_DIR");
    const char *dirs[] = {forced ? forced : ap__path_library_dir(), forced ? "" : AP_BUILD_LIBDIR};
    const char *below = forced ? "" : "accelpipe/plugins/";
    ap__path first = {{0}};
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
        if (!dirs[i][0] || ap__path_format(out, NULL, "%s/%saccelpipe_%s.so", dirs[i], below, row->name))
            continue;
        if (ap__path_is_file(out->text)) return AP_OK;
        if (!first.text[0]) first = *out;
    }
    *out = first;
    return AP_ENOTFOUND;
}

const char *ap__runtime_explicit(const ap__known_backend *row) { return variable_get(row->variable); }

/* -- one folder ---------------------------------------------------------------------------------------- */

static bool has_prefix(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* "libx.so" and "libx.so.1.2" belong to the library "libx.so"; "libx.so_old" does not. */
static bool is_version_of(const char *name, const char *library) {
    if (!has_prefix(name, library)) return false;
    char next = name[strlen(library)];
    return next == '\0' || next == '.';
}

static bool is_python(const char *name, const char *unused) {
    (void)unused;
    return has_prefix(name, "python3");
}

/* The newest entry of a folder that `fits`, so that 1.10 comes before 1.9.   @return AP_ENOTFOUND */
static ap_status newest_entry(ap__path *out, const char *dir, bool (*fits)(const char *, const char *),
                              const char *wanted) {
    char best[sizeof(((struct dirent *)0)->d_name)] = "";
    DIR *entries = opendir(dir);
    if (!entries) return AP_ENOTFOUND;
    for (const struct dirent *entry; (entry = readdir(entries));)
        if (fits(entry->d_name, wanted) && (!best[0] || strverscmp(entry->d_name, best) > 0))
            memcpy(best, entry->d_name, strlen(entry->d_name) + 1);
    closedir(entries);
    return best[0] ? ap__path_join(out, dir, best, NULL) : AP_ENOTFOUND;
}

/* -- all of them --------------------------------------------------------------------------------------- */

typedef struct search {
    const ap__known_backend *row;
    ap__runtime_visit_fn visit;
    void *ctx;
} search;

/* Below a folder with the layout of site-packages. */
static bool search_packages(const search *s, const char *packages) {
    ap__path dir, file;
    return packages[0] && !ap__path_join(&dir, packages, s->row->wheel_dir, NULL) &&
           !newest_entry(&file, dir.text, is_version_of, s->row->library) && s->visit(s->ctx, file.text);
}

static bool search_installation(const search *s) {
    ap__path dir;
    return ap__path_library_dir()[0] &&
           !ap__path_join(&dir, ap__path_library_dir(), "accelpipe/runtimes", NULL) &&
           search_packages(s, dir.text);
}

/* In a Python environment, whose root `variable` holds. */
static bool search_python(const search *s, const char *variable) {
    const char *root = variable_get(variable);
    ap__path lib, python, packages;
    return root && !ap__path_join(&lib, root, "lib", NULL) &&
           !newest_entry(&python, lib.text, is_python, NULL) &&
           !ap__path_join(&packages, python.text, "site-packages", NULL) && search_packages(s, packages.text);
}

static bool search_system(const search *s) {
    for (const char *name = s->row->sonames; *name;) {
        char soname[64];
        size_t len = strcspn(name, " ");
        if (len < sizeof soname) {
            memcpy(soname, name, len);
            soname[len] = '\0';
            if (s->visit(s->ctx, soname)) return true;
        }
        name += len + strspn(name + len, " ");
    }
    return false;
}

bool ap__runtime_candidates(const ap__known_backend *row, ap__runtime_visit_fn visit, void *ctx) {
    const search s = {row, visit, ctx};
    return search_installation(&s) || search_packages(&s, AP_BUILD_DEPS_DIR) ||
           search_python(&s, "VIRTUAL_ENV") || search_python(&s, "CONDA_PREFIX") || search_system(&s);
}
