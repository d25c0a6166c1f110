/* Ctrl-C in a call.
 *
 * Python's handler of SIGINT leaves a note that the interpreter reads between two instructions, so not before
 * a call returns. While the main thread is in one, a handler of ours runs Python's, and wakes a thread that
 * triggers the call's cancel: a handler itself may not. The handler is taken back at the end of the call, so
 * that whoever sets another one in Python finds what he left. */
#define _GNU_SOURCE /* gettid */
#include "core.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <unistd.h>

/* Guards `innermost`, which the waking thread reads. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static core_watch *innermost;

static sem_t wake;
static pid_t waker_pid; /* The process that has the thread; of the main thread alone. */
static struct sigaction before;

static void on_interrupt(int number, siginfo_t *info, void *context) {
    if (before.sa_flags & SA_SIGINFO)
        before.sa_sigaction(number, info, context);
    else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
        before.sa_handler(number);
    sem_post(&wake);
}

static void *wait_for_interrupts(void *unused) {
    (void)unused;
    for (;;) {
        while (sem_wait(&wake)) {
        }
        pthread_mutex_lock(&lock);
        if (innermost) ap_cancel_trigger(innermost->cancel);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

/* A process that was forked has no such thread, and gets one of its own. */
static int start_waker(void) {
    pthread_t thread;
    sigset_t all, old;
    if (waker_pid == getpid()) return 0;
    if (sem_init(&wake, 0, 0)) return -1;
    pthread_mutex_init(&lock, NULL);
    /* Signals are for the threads of the application. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int failed = pthread_create(&thread, NULL, wait_for_interrupts, NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failed) return -1;
    pthread_detach(thread);
    waker_pid = getpid();
    return 0;
}

/* Without a handler of Python's, SIGINT ends the process or is ignored, and so it shall. */
static int is_handled(const struct sigaction *action) {
    return action->sa_flags & SA_SIGINFO ||
           (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN && action->sa_handler != SIG_ERR);
}

static int install(void) {
    struct sigaction ours = {.sa_flags = SA_SIGINFO | SA_ONSTACK, .sa_sigaction = on_interrupt};
    struct sigaction found;
    if (sigaction(SIGINT, NULL, &found) || !is_handled(&found)) return 0;
    ours.sa_mask = found.sa_mask;
    before = found;
    return !sigaction(SIGINT, &ours, NULL);
}

void core_watch_begin(core_watch *watch, ap_cancel *cancel) {
    *watch = (core_watch){.cancel = cancel};
    if (gettid() != getpid() || start_waker()) return;
    pthread_mutex_lock(&lock);
    watch->outer = innermost;
    innermost = watch;
    pthread_mutex_unlock(&lock);
    watch->is_on = 1;
    if (!watch->outer) watch->is_on += install();
}

void core_watch_end(core_watch *watch) {
    if (!watch->is_on) return;
    if (watch->is_on > 1) sigaction(SIGINT, &before, NULL);
    pthread_mutex_lock(&lock);
    innermost = watch->outer;
    pthread_mutex_unlock(&lock);
}
