/* Where plugins and runtimes may be. Nothing is loaded here, and Python is never started: its packages are
 * found by listing folders. */
#define _GNU_SOURCE /* secure_getenv, strverscmp */
#include "backend/find.h"

#include "base/error.h"

#include <accelpipe/backend.h>
#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#if __has_include("build_config.h") && !defined(AP_RELOCATABLE)
#include "build_config.h"
#else /* For other machines, or compiled by hand, without CMake. */
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

/* -- folders that the application or a variable names --------------------------------------------------- */

enum { MAX_ADDED = 16 };

/* Guards what is below; innermost. A folder that was added stays as it is, so that it is read without. */
static pthread_mutex_t added_lock = PTHREAD_MUTEX_INITIALIZER;
static ap__path added[MAX_ADDED];
static size_t n_added;

static size_t count_added(void) {
    pthread_mutex_lock(&added_lock);
    size_t n = n_added;
    pthread_mutex_unlock(&added_lock);
    return n;
}

ap_status ap_backends_add_packages(const char *folder, ap_error *err) {
    ap__path path;
    if (!folder) return ap__fail(err, AP_EINVAL, "ap_backends_add_packages: folder is NULL");
    ap_status status = ap__path_format(&path, err, "%s", folder);
    if (status) return status;
    pthread_mutex_lock(&added_lock);
    bool is_known = false;
    for (size_t i = 0; i < n_added; i++) is_known |= strcmp(added[i].text, path.text) == 0;
    bool is_full = !is_known && n_added == MAX_ADDED;
    if (!is_known && !is_full) added[n_added++] = path;
    pthread_mutex_unlock(&added_lock);
    return is_full ? ap__fail(err, AP_ELIMIT, "folders of packages: at most %d", MAX_ADDED) : AP_OK;
}

/* Folders with colons between them. */
static bool search_variable(const search *s, const char *variable) {
    const char *folder = variable_get(variable);
    while (folder && *folder) {
        ap__path path;
        size_t len = strcspn(folder, ":");
        bool is_path = len && len < AP__PATH_MAX && !ap__path_format(&path, NULL, "%.*s", (int)len, folder);
        if (is_path && search_packages(s, path.text)) return true;
        folder += len + (folder[len] == ':');
    }
    return false;
}

static bool search_added(const search *s) {
    size_t n = count_added();
    for (size_t i = 0; i < n; i++)
        if (search_packages(s, added[i].text)) return true;
    return false;
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
           search_variable(&s, "ACCELPIPE_PACKAGES") || search_added(&s) ||
           search_python(&s, "VIRTUAL_ENV") || search_python(&s, "CONDA_PREFIX") || search_system(&s);
}
