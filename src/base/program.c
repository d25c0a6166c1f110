/* posix_spawn() and a pipe. */
#define _GNU_SOURCE /* pipe2, secure_getenv */
#include "base/program.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

bool ap__program_find(ap__path *out, const char *name) {
    const char *path = secure_getenv("PATH");
    if (!path || !*path) path = "/usr/local/bin:/usr/bin:/bin";
    for (size_t len; *path; path += len + (path[len] == ':')) {
        len = strcspn(path, ":");
        if (*path != '/' || ap__path_format(out, NULL, "%.*s/%s", (int)len, path, name)) continue;
        if (ap__path_is_file(out->text) && access(out->text, X_OK) == 0) return true;
    }
    return false;
}

/* Reads until the end, or until there is too much. */
static ap_status read_all(ap__buf *out, int fd, size_t max_bytes, ap_error *err) {
    char block[16384];
    size_t first = out->len;
    for (;;) {
        ssize_t n = read(fd, block, sizeof block);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return ap__fail(err, AP_EIO, "reading what a program prints: %s", strerror(errno));
        if (n == 0) return AP_OK;
        if ((size_t)n > max_bytes - (out->len - first))
            return ap__fail(err, AP_ELIMIT, "a program printed more than %zu bytes", max_bytes);
        ap_status status = ap__buf_append(out, block, (size_t)n, err);
        if (status) return status;
    }
}

/* Starts it with its output in `fd`, and with signals as a new program has them. */
static int spawn(pid_t *pid, const char *const *argv, int fd) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigemptyset(&all);
    sigaddset(&all, SIGPIPE);
    int error = posix_spawn_file_actions_init(&actions);
    if (error) return error;
    if ((error = posix_spawnattr_init(&attributes))) {
        posix_spawn_file_actions_destroy(&actions);
        return error;
    }
    if (!error) error = posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
    if (!error) error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!error) error = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (!error) error = posix_spawnattr_setsigmask(&attributes, &none);
    if (!error) error = posix_spawnattr_setsigdefault(&attributes, &all);
    if (!error) error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    char *const *arguments = (char *const *)(uintptr_t)argv; /* Not changed; POSIX says so. */
    if (!error) error = posix_spawn(pid, argv[0], &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Where the application has its children reaped by itself, there is no status to be had. */
static ap_status wait_for(pid_t pid, const char *name, ap_error *err) {
    int how = 0;
    pid_t done;
    while ((done = waitpid(pid, &how, 0)) < 0 && errno == EINTR) continue;
    if (done < 0 || (WIFEXITED(how) && WEXITSTATUS(how) == 0)) return AP_OK;
    if (WIFSIGNALED(how)) return ap__fail(err, AP_EIO, "%s was ended by signal %d", name, WTERMSIG(how));
    return ap__fail(err, AP_EIO, "%s failed with exit status %d", name, WEXITSTATUS(how));
}

ap_status ap__program_run(ap__buf *out, const char *const *argv, size_t max_bytes, ap_error *err) {
    int fds[2];
    pid_t pid;
    ap_error ignored = AP_ERROR_INIT;
    if (pipe2(fds, O_CLOEXEC)) return ap__fail(err, AP_EIO, "pipe: %s", strerror(errno));
    int error = spawn(&pid, argv, fds[1]);
    close(fds[1]);
    if (error) {
        close(fds[0]);
        return ap__fail(err, AP_EIO, "%s cannot be started: %s", argv[0], strerror(error));
    }
    ap_status status = read_all(out, fds[0], max_bytes, err);
    close(fds[0]);
    if (status) kill(pid, SIGKILL);
    ap_status end = wait_for(pid, argv[0], status ? &ignored : err);
    return status ? status : end;
}
