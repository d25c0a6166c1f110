/* The library's part of the start-up cache, with the replay plugin as the one that writes and reads. */
#define _GNU_SOURCE /* setenv, utimensat */
#include "backend/cache.h"

#include "unit/backend/sessions.h"
#include "unit/support/check.h"
#include "unit/support/tempdir.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static ap__path folder, sessions_dir;
static const ap__backend *replay;
static ap_error err;

int test_setup(void **state) {
    (void)state;
    sessions_setup(&folder);
    ap__path_join(&sessions_dir, folder.text, "cache/sessions", NULL);
    ap__path root;
    ap__path_join(&root, folder.text, "cache", NULL);
    setenv("ACCELPIPE_CACHE", root.text, 1);
    replay = sessions_backend("replay");
    return replay == NULL;
}

int test_teardown(void **state) {
    (void)state;
    sessions_teardown(&folder);
    return 0;
}

#define MODEL "accelpipe-replay 1\ninput x uint8 -1\noutput y uint8 -1\ncompute y copy x\n"

static ap__path write_model(const char *name, int cache_bytes) {
    char text[256];
    snprintf(text, sizeof text, MODEL "cache_bytes %d\n", cache_bytes);
    return tempdir_write_text(&folder, name, text);
}

/* Opens and closes; whether it came from the cache. */
static bool open_with(const ap__session_options *options) {
    ap__session *session = NULL;
    assert_ok(ap__session_open(&session, replay, options, &err), &err);
    bool is_hit = ap__session_get_info(session)->from_cache != 0;
    ap__session_close(session);
    return is_hit;
}

static bool open_path(const char *path) { return open_with(&(ap__session_options){.path = path}); }

/* Entries of the cache whose name holds `text`; the last one's path is in `found`. */
static int count_entries(const char *text, ap__path *found) {
    int n = 0;
    DIR *entries = opendir(sessions_dir.text);
    if (!entries) return 0;
    for (const struct dirent *entry; (entry = readdir(entries));) {
        if (entry->d_name[0] == '.' || !strstr(entry->d_name, text)) continue;
        n++;
        if (found) assert_ok(ap__path_join(found, sessions_dir.text, entry->d_name, &err), &err);
    }
    closedir(entries);
    return n;
}

static void set_age(const char *path, time_t age_s) {
    const struct timespec then = {.tv_sec = time(NULL) - age_s}, times[2] = {then, then};
    assert_int_equal(0, utimensat(AT_FDCWD, path, times, 0));
}

/* -- hits and misses ----------------------------------------------------------------------------------- */

void test_second_open_is_a_hit(void **state) {
    (void)state;
    ap__path path = write_model("m", 100);
    assert_false(open_path(path.text));
    assert_true(open_path(path.text));
    assert_int_equal(1, count_entries("replay-", NULL));
}

void test_cache_can_be_off(void **state) {
    (void)state;
    ap__path path = write_model("m", 100);
    const ap__session_options options = {.path = path.text, .no_cache = true};
    assert_false(open_with(&options));
    assert_false(open_with(&options));
    setenv("ACCELPIPE_CACHE_MAX_BYTES", "0", 1);
    assert_false(open_path(path.text));
    assert_false(open_path(path.text));
    assert_int_equal(0, count_entries("", NULL));
}

void test_model_that_changes_behind(void **state) {
    (void)state;
    ap__path path = write_model("m", 100);
    assert_false(open_path(path.text));
    set_age(path.text, 1000); /* Another time alone. */
    assert_false(open_path(path.text));
    assert_true(open_path(path.text));
    write_model("m", 1000); /* Another size. */
    assert_false(open_path(path.text));
    assert_true(open_path(path.text));
}

/* As rsync --inplace --times leaves it: size, time and inode are those from before. */
void test_model_whose_time_was_set_back(void **state) {
    (void)state;
    struct stat info;
    ap__path path = write_model("m", 100);
    assert_false(open_path(path.text));
    assert_int_equal(0, stat(path.text, &info));
    const struct timespec times[2] = {info.st_mtim, info.st_mtim}, moment = {.tv_nsec = 20000000};
    nanosleep(&moment, NULL); /* The clock of inodes has steps of some milliseconds. */
    assert_int_equal(0, utimensat(AT_FDCWD, path.text, times, 0));
    assert_false(open_path(path.text));
    assert_true(open_path(path.text));
}

void test_model_that_was_replaced(void **state) {
    (void)state;
    struct stat info;
    ap__path path = write_model("m", 100), other = write_model("n", 200);
    assert_false(open_path(path.text));
    assert_int_equal(0, stat(path.text, &info));
    /* Of the same size and time, by way of a rename. */
    const struct timespec times[2] = {info.st_mtim, info.st_mtim};
    assert_int_equal(0, utimensat(AT_FDCWD, other.text, times, 0));
    assert_int_equal(0, rename(other.text, path.text));
    assert_false(open_path(path.text));
}

void test_links_to_one_model_share_an_entry(void **state) {
    (void)state;
    ap__path path = write_model("m", 100), link;
    ap__path_join(&link, folder.text, "link", NULL);
    assert_int_equal(0, symlink("m", link.text));
    assert_false(open_path(path.text));
    assert_true(open_path(link.text));
}

void test_what_else_makes_an_entry(void **state) {
    (void)state;
    ap__path path = write_model("m", 100);
    const ap_key_value a[] = {{"latency_ms", "1"}, {"fail_run", "2"}},
                       b[] = {{"fail_run", "2"}, {"latency_ms", "1"}},
                       c[] = {{"latency_ms", "1"}, {"fail_run", "3"}};
    assert_false(open_path(path.text));
    assert_false(open_with(&(ap__session_options){.path = path.text, .options = a, .n_options = 2}));
    assert_true(open_with(&(ap__session_options){.path = path.text, .options = b, .n_options = 2}));
    assert_false(open_with(&(ap__session_options){.path = path.text, .options = c, .n_options = 2}));
    assert_false(open_with(&(ap__session_options){.path = path.text, .dtype = AP_DTYPE_BF16}));
    assert_false(open_with(&(ap__session_options){.path = path.text, .device = "cpu"}));
    assert_false(open_with(&(ap__session_options){.path = path.text, .use = AP_USE_THROUGHPUT}));
    assert_true(open_with(&(ap__session_options){.path = path.text, .n_threads = 7}));
    assert_int_equal(6, count_entries("replay-", NULL));
}

void test_corrupt_entry_is_rebuilt(void **state) {
    (void)state;
    ap__path path = write_model("m", 100), entry, file;
    assert_false(open_path(path.text));
    assert_int_equal(1, count_entries("replay-", &entry));
    ap__path_join(&file, entry.text, "model", NULL);
    assert_int_equal(0, truncate(file.text, 10));
    assert_false(open_path(path.text));
    assert_true(open_path(path.text));
    assert_int_equal(0, unlink(file.text));
    assert_false(open_path(path.text));
    assert_true(open_path(path.text));
}

/* -- the folder ---------------------------------------------------------------------------------------- */

void test_folders_are_private(void **state) {
    (void)state;
    struct stat info;
    ap__path path = write_model("m", 100), entry;
    mode_t before = umask(0);
    assert_false(open_path(path.text));
    umask(before);
    assert_int_equal(1, count_entries("replay-", &entry));
    const char *const dirs[] = {getenv("ACCELPIPE_CACHE"), sessions_dir.text, entry.text};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(0, stat(dirs[i], &info));
        assert_int_equal(0700, info.st_mode & 0777);
    }
}

void test_places_in_order(void **state) {
    (void)state;
    ap__path path = write_model("m", 100), expected, home = tempdir_make_dir(&folder, "home");
    ap__path given, xdg;
    ap__path_join(&given, folder.text, "given", NULL);
    ap__path_join(&xdg, folder.text, "xdg", NULL);
    const char *old_home = getenv("HOME");
    ap__path kept = {{0}};
    if (old_home) ap__path_format(&kept, NULL, "%s", old_home);

    assert_false(open_with(&(ap__session_options){.path = path.text, .cache_dir = given.text}));
    ap__path_join(&expected, given.text, "sessions", NULL);
    assert_true(ap__path_is_dir(expected.text));

    unsetenv("ACCELPIPE_CACHE");
    setenv("XDG_CACHE_HOME", xdg.text, 1);
    setenv("HOME", home.text, 1);
    assert_false(open_path(path.text));
    ap__path_join(&expected, xdg.text, "accelpipe/sessions", NULL);
    assert_true(ap__path_is_dir(expected.text));

    setenv("XDG_CACHE_HOME", "not/absolute", 1);
    assert_false(open_path(path.text));
    ap__path_join(&expected, home.text, ".cache/accelpipe/sessions", NULL);
    assert_true(ap__path_is_dir(expected.text));

    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    assert_false(open_path(path.text));
    assert_false(open_path(path.text));
    if (kept.text[0]) setenv("HOME", kept.text, 1);
}

void test_a_place_that_cannot_be_used_is_no_failure(void **state) {
    (void)state;
    ap__path path = write_model("m", 100), file = tempdir_write_text(&folder, "file", "");
    const char *const places[] = {file.text, "/proc/nothing/here", "/dev/null"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const ap__session_options options = {.path = path.text, .cache_dir = places[i]};
        assert_false(open_with(&options));
        assert_false(open_with(&options));
    }
}

/* In a process of its own, whose limit ends with it. */
void test_limit_of_file_sizes(void **state) {
    (void)state;
    ap__path path = write_model("m", 100000), other = write_model("n", 100);
    assert_false(open_path(other.text));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit limit = {50000, 50000};
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(2);
        bool is_hit = open_path(path.text) || open_path(path.text); /* Writing would end the process. */
        _exit(is_hit || !open_path(other.text));                    /* What is there is used. */
    }
    int status = -1;
    assert_int_equal(child, waitpid(child, &status, 0));
    assert_true(WIFEXITED(status));
    assert_int_equal(0, WEXITSTATUS(status));
    assert_false(open_path(path.text));
    assert_true(open_path(path.text));
}

void test_entry_of_another_user_is_not_used(void **state) {
    (void)state;
    ap__path path = write_model("m", 100), entry;
    assert_false(open_path(path.text));
    assert_int_equal(1, count_entries("replay-", &entry));
    assert_int_equal(0, chmod(entry.text, 0777));
    assert_false(open_path(path.text));
    assert_int_equal(0, chmod(entry.text, 0700));
    assert_true(open_path(path.text));
    if (chown(entry.text, 65534, (gid_t)-1) != 0) skip();
    assert_false(open_path(path.text));
}

void test_folder_of_all_that_others_can_write_to_is_not_used(void **state) {
    (void)state;
    ap__path path = write_model("m", 100);
    assert_false(open_path(path.text));
    assert_true(open_path(path.text));
    assert_int_equal(0, chmod(sessions_dir.text, 0777));
    assert_false(open_path(path.text));
}

void test_entry_that_is_a_link_is_not_followed(void **state) {
    (void)state;
    ap__path path = write_model("m", 100), entry, moved;
    assert_false(open_path(path.text));
    assert_int_equal(1, count_entries("replay-", &entry));
    ap__path_join(&moved, folder.text, "moved", NULL);
    assert_int_equal(0, rename(entry.text, moved.text));
    assert_int_equal(0, symlink(moved.text, entry.text));
    assert_false(open_path(path.text));
}

/* -- the limit ----------------------------------------------------------------------------------------- */

void test_least_recently_used_goes_first(void **state) {
    (void)state;
    ap__path paths[4], entries[4];
    setenv("ACCELPIPE_CACHE_MAX_BYTES", "350000", 1);
    for (int i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof name, "m%d", i);
        paths[i] = write_model(name, 100000);
        assert_false(open_path(paths[i].text));
    }
    assert_int_equal(3, count_entries("replay-", NULL));
    /* All of the same age, then the first is used again. */
    DIR *dir = opendir(sessions_dir.text);
    for (const struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.') continue;
        ap__path_join(&entries[0], sessions_dir.text, entry->d_name, NULL);
        set_age(entries[0].text, 5000);
    }
    closedir(dir);
    assert_true(open_path(paths[0].text));
    paths[3] = write_model("m3", 100000);
    assert_false(open_path(paths[3].text));
    assert_int_equal(3, count_entries("replay-", NULL));
    assert_true(open_path(paths[0].text));
    assert_true(open_path(paths[3].text));
}

void test_too_large_alone_is_not_written_again(void **state) {
    (void)state;
    ap__path path = write_model("m", 100000), entry;
    setenv("ACCELPIPE_CACHE_MAX_BYTES", "50000", 1);
    assert_false(open_path(path.text));
    assert_int_equal(1, count_entries("", &entry));
    assert_non_null(strstr(entry.text, ".over-50000"));
    assert_false(open_path(path.text));
    assert_int_equal(1, count_entries("", NULL));
    setenv("ACCELPIPE_CACHE_MAX_BYTES", "500000", 1);
    assert_false(open_path(path.text));
    assert_true(open_path(path.text));
}

void test_limit_that_is_no_number(void **state) {
    (void)state;
    ap__path path = write_model("m", 100);
    static const char *const texts[] = {"4GB", "-1", " ", "99999999999999999999999"};
    assert_false(open_path(path.text));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        setenv("ACCELPIPE_CACHE_MAX_BYTES", texts[i], 1);
        assert_true(open_path(path.text));
    }
}

/* -- several processes --------------------------------------------------------------------------------- */

static void make_half_written(const char *name, time_t age_s) {
    char text[128];
    snprintf(text, sizeof text, "cache/sessions/%s/model", name);
    tempdir_write_text(&folder, text, "half");
    ap__path path;
    ap__path_join(&path, sessions_dir.text, name, NULL);
    set_age(path.text, age_s);
}

void test_what_dead_processes_left_is_removed(void **state) {
    (void)state;
    ap__path path = write_model("m", 100), other = write_model("n", 100);
    char living[64], living_old[64];
    assert_false(open_path(path.text));
    snprintf(living, sizeof living, "replay-a.tmp.%ld.0", (long)getpid());
    snprintf(living_old, sizeof living_old, "replay-b.tmp.%ld.0", (long)getpid());
    make_half_written("replay-c.tmp.999999999.0", 1000);
    make_half_written("replay-d.tmp.999999999.1", 0);
    make_half_written("replay-e.tmp.nonsense", 1000);
    make_half_written(living, 1000);
    make_half_written(living_old, 2 * 24 * 3600);
    assert_false(open_path(other.text));
    assert_int_equal(0, count_entries("replay-b.tmp", NULL));
    assert_int_equal(0, count_entries("replay-c.tmp", NULL));
    assert_int_equal(0, count_entries("replay-e.tmp", NULL));
    assert_int_equal(1, count_entries("replay-a.tmp", NULL));
    assert_int_equal(1, count_entries("replay-d.tmp", NULL));
}

void test_several_processes_at_once(void **state) {
    (void)state;
    enum { N_PROCESSES = 6, N_OPENS = 20 };
    ap__path paths[3] = {write_model("m0", 200000), write_model("m1", 200000), write_model("m2", 200000)};
    setenv("ACCELPIPE_CACHE_MAX_BYTES", "450000", 1); /* Two fit: entries come and go all the time. */
    pid_t children[N_PROCESSES];
    for (int i = 0; i < N_PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i]) continue;
        int n_failed = 0;
        for (int k = 0; k < N_OPENS; k++) {
            ap__session *session = NULL;
            const ap__session_options options = {.path = paths[(i + k) % 3].text};
            n_failed += ap__session_open(&session, replay, &options, NULL) != AP_OK;
            ap__session_close(session);
        }
        _exit(n_failed);
    }
    for (int i = 0; i < N_PROCESSES; i++) {
        int status = -1;
        assert_int_equal(children[i], waitpid(children[i], &status, 0));
        assert_true(WIFEXITED(status));
        assert_int_equal(0, WEXITSTATUS(status));
    }
    assert_int_equal(0, count_entries(".tmp.", NULL));
    assert_int_equal(0, count_entries(".over-", NULL));
    assert_true(count_entries("replay-", NULL) <= 3);
    open_path(paths[0].text);
    assert_true(open_path(paths[0].text));
}
