/* Count, rate and, where the end is known, what is left. */
#include "progress.h"

#include "diag.h"
#include "terminal.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_MS = 1000, EVERY_MS = 200 };

int64_t cli_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void cli_progress_start(cli_progress *progress, bool is_wanted) {
    *progress = (cli_progress){0};
    progress->is_on = is_wanted && cli_terminal_is(STDERR_FILENO) && !cli_terminal_is(STDOUT_FILENO);
    if (progress->is_on) progress->start_ms = cli_now_ms();
}

static int64_t per_second(size_t n_done, int64_t ms) { return ms > 0 ? (int64_t)n_done * 1000 / ms : 0; }

void cli_progress_update(cli_progress *progress, size_t n_done, size_t n_total) {
    if (!progress->is_on) return;
    int64_t now_ms = cli_now_ms(), ms = now_ms - progress->start_ms;
    if (ms < FIRST_MS || now_ms - progress->shown_ms < EVERY_MS) return;
    progress->shown_ms = now_ms;
    char text[96], total[32] = "";
    if (n_total) snprintf(total, sizeof total, " of %zu", n_total);
    snprintf(text, sizeof text, "%zu%s done, %lld per second", n_done, total,
             (long long)per_second(n_done, ms));
    cli_diag_progress(text, false);
}

void cli_progress_end(cli_progress *progress, size_t n_done) {
    if (!progress->is_on || !progress->shown_ms) return;
    int64_t ms = cli_now_ms() - progress->start_ms;
    char text[96];
    snprintf(text, sizeof text, "%zu done in %lld.%lld s, %lld per second", n_done, (long long)(ms / 1000),
             (long long)(ms % 1000 / 100), (long long)per_second(n_done, ms));
    cli_diag_progress(text, true);
}
