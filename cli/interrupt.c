/* A thread waits for the signals: ap_cancel_trigger() takes a lock, which a signal handler must not. */
#include "interrupt.h"

#include "diag.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

struct cli_interrupt {
    ap_cancel *cancel;
    sigset_t signals;
    int pipe[2]; /* Gets a byte when a signal comes. */
    pthread_t thread;
    atomic_bool came;
};

void cli_interrupt_wake(const cli_interrupt *interrupt) {
    /* The pipe has room for this byte, so it cannot fail; should it, the reader ends with the next line. */
    ssize_t n = write(interrupt->pipe[1], "", 1);
    (void)n;
}

static void *wait_for_signals(void *ctx) {
    cli_interrupt *interrupt = ctx;
    int signal_number;
    if (sigwait(&interrupt->signals, &signal_number)) return NULL;
    atomic_store(&interrupt->came, true);
    cli_interrupt_wake(interrupt);
    ap_cancel_trigger(interrupt->cancel);
    if (!sigwait(&interrupt->signals, &signal_number)) _exit(CLI_EXIT_INTERRUPTED);
    return NULL;
}

static void add_unless_ignored(sigset_t *signals, int signal_number) {
    struct sigaction action;
    if (!sigaction(signal_number, NULL, &action) && action.sa_handler != SIG_IGN)
        sigaddset(signals, signal_number);
}

static ap_status fail_errno(ap_error *err, int error) {
    char reason[128];
    return cli_fail(err, AP_EIO, "cannot catch signals: %s", cli_errno_text(error, reason, sizeof reason));
}

static ap_status start(cli_interrupt *interrupt, ap_error *err) {
    ap_status status = ap_cancel_create(&interrupt->cancel, err);
    if (status) return status;
    if (pipe(interrupt->pipe)) return fail_errno(err, errno);
    sigemptyset(&interrupt->signals);
    add_unless_ignored(&interrupt->signals, SIGINT);
    add_unless_ignored(&interrupt->signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &interrupt->signals, NULL);
    int error = pthread_create(&interrupt->thread, NULL, wait_for_signals, interrupt);
    if (!error) return AP_OK;
    close(interrupt->pipe[0]);
    close(interrupt->pipe[1]);
    return fail_errno(err, error);
}

ap_status cli_interrupt_create(cli_interrupt **out, ap_error *err) {
    *out = calloc(1, sizeof **out);
    if (!*out) return cli_fail_nomem(err);
    ap_status status = start(*out, err);
    if (!status) return AP_OK;
    ap_cancel_destroy((*out)->cancel);
    free(*out);
    *out = NULL;
    return status;
}

ap_cancel *cli_interrupt_get_cancel(const cli_interrupt *interrupt) { return interrupt->cancel; }

int cli_interrupt_get_fd(const cli_interrupt *interrupt) { return interrupt->pipe[0]; }

bool cli_interrupt_came(const cli_interrupt *interrupt) { return atomic_load(&interrupt->came); }

void cli_interrupt_destroy(cli_interrupt *interrupt) {
    if (!interrupt) return;
    pthread_cancel(interrupt->thread); /* sigwait() is a cancellation point. */
    pthread_join(interrupt->thread, NULL);
    close(interrupt->pipe[0]);
    close(interrupt->pipe[1]);
    ap_cancel_destroy(interrupt->cancel);
    free(interrupt);
}
