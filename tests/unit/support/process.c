#include "unit/support/process.h"

#include "unit/support/check.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

void process_run(void *out, size_t size, process_fn look, const void *ctx) {
    int ends[2], state = -1;
    assert_int_equal(0, pipe(ends));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        look(out, ctx);
        ssize_t n = write(ends[1], out, size);
        _exit(n == (ssize_t)size ? 0 : 1);
    }
    close(ends[1]);
    size_t at = 0;
    for (ssize_t n; (n = read(ends[0], (char *)out + at, size - at)) > 0;) at += (size_t)n;
    close(ends[0]);
    assert_int_equal(child, waitpid(child, &state, 0));
    assert_true(WIFEXITED(state) && WEXITSTATUS(state) == 0);
    assert_int_equal(size, at);
}

long process_resident_kb(void) {
    long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file) return 0;
    if (fscanf(file, "%ld %ld", &size, &resident) != 2) resident = 0;
    fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}
