/* Requests and replies are structs through two pipes: both ends are the same program. */
#include "bench_worker.h"

#include "diag.h"
#include "memory.h"
#include "show.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* So many variants of a call: one input again and again would be the fastest of all. */
enum { N_VARIANTS = 8, N_WARM_UPS = 2, MAX_CALLS = 100000 };

#define NO_CELL SIZE_MAX

typedef struct request {
    size_t cell; /* NO_CELL: there will be no other request. */
    int64_t slice_ms;
} request;

/* `n` times of calls follow. */
typedef struct reply {
    ap_error err;
    char accelerator[16];
    uint64_t load_ns;
    int64_t peak_kb;
    size_t n;
    ap_timings sum;
} reply;

size_t bench_cell_n_inputs(const bench_cell *cell) {
    return cell->batch_size ? cell->batch_size : BENCH_AUTO_INPUTS;
}

/* -- pipes --------------------------------------------------------------------------------------------- */

/* @return whether all of it went through */
static bool send_bytes(int fd, const void *bytes, size_t n) {
    const char *at = bytes;
    while (n) {
        ssize_t written = write(fd, at, n);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        at += written;
        n -= (size_t)written;
    }
    return true;
}

static bool receive_bytes(int fd, void *bytes, size_t n) {
    char *at = bytes;
    while (n) {
        ssize_t got = read(fd, at, n);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        at += got;
        n -= (size_t)got;
    }
    return true;
}

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* -- the process --------------------------------------------------------------------------------------- */

/* The inputs and parameters of a cell. */
typedef struct prepared {
    ap_value *inputs[N_VARIANTS], *params;
    size_t next;
} prepared;

typedef struct process {
    const bench_plan *plan;
    bench_maker maker;
    size_t next_given;
    ap_pipeline *pipe;
    prepared *cells; /* [plan->n_cells] */
    uint64_t *ns;    /* [MAX_CALLS] */
} process;

static ap_status make_one(ap_value **out, process *p, size_t n_words, ap_error *err) {
    const ap_value *given = p->plan->given;
    if (!given) return bench_input_make(out, &p->maker, n_words, err);
    return ap_value_copy(out, ap_value_list_get(given, p->next_given++ % ap_value_len(given)), err);
}

/* One input, or a list of them. */
static ap_status make_inputs(ap_value **out, process *p, const bench_cell *cell, ap_error *err) {
    if (cell->batch_size == 1) return make_one(out, p, cell->n_words, err);
    ap_status status = ap_value_create_list(out, err);
    for (size_t i = 0; !status && i < bench_cell_n_inputs(cell); i++) {
        ap_value *item = NULL;
        if (!(status = make_one(&item, p, cell->n_words, err)))
            status = ap_value_list_append_take(*out, item, err);
    }
    return status;
}

static ap_status prepare(prepared *out, process *p, const bench_cell *cell, ap_error *err) {
    ap_value *size = NULL;
    ap_status status = p->plan->params ? ap_value_copy(&out->params, p->plan->params, err)
                                       : ap_value_create_dict(&out->params, err);
    if (!status && cell->batch_size) {
        status = ap_value_create_int(&size, (int64_t)cell->batch_size, err);
        if (!status) status = ap_value_dict_set_take(out->params, "batch_size", size, err);
    }
    for (size_t i = 0; !status && i < N_VARIANTS; i++) status = make_inputs(&out->inputs[i], p, cell, err);
    return status;
}

static void add_timings(ap_timings *sum, const ap_timings *t) {
    sum->total_ns += t->total_ns;
    sum->preprocess_ns += t->preprocess_ns;
    sum->collate_ns += t->collate_ns;
    sum->forward_ns += t->forward_ns;
    sum->unbatch_ns += t->unbatch_ns;
    sum->postprocess_ns += t->postprocess_ns;
    sum->n_inputs += t->n_inputs;
    sum->n_feeds += t->n_feeds;
    sum->n_batches += t->n_batches;
    sum->n_tokens += t->n_tokens;
    sum->n_padding_tokens += t->n_padding_tokens;
}

static ap_status call(process *p, prepared *cell, ap_timings *timings, ap_error *err) {
    ap_call_options options = AP_CALL_OPTIONS_INIT;
    ap_value *out = NULL;
    options.timings = timings;
    const ap_value *inputs = cell->inputs[cell->next++ % N_VARIANTS];
    ap_status status = ap_pipeline_call_with(&out, p->pipe, inputs, cell->params, &options, err);
    ap_value_destroy(out);
    return status;
}

/* Runtimes look at new shapes once. */
static ap_status warm_up(process *p, prepared *cell, uint64_t most_ns, ap_error *err) {
    ap_timings timings = AP_TIMINGS_INIT;
    ap_status status = AP_OK;
    uint64_t end = now_ns() + most_ns;
    for (int i = 0; !status && i < N_WARM_UPS && (!i || now_ns() < end); i++)
        status = call(p, cell, &timings, err);
    return status;
}

static ap_status work(reply *r, process *p, const request *q, ap_error *err) {
    prepared *cell = &p->cells[q->cell];
    ap_timings timings = AP_TIMINGS_INIT;
    ap_status status = AP_OK;
    uint64_t slice_ns = (uint64_t)q->slice_ms * 1000000u;
    if (!cell->params) {
        status = prepare(cell, p, &p->plan->cells[q->cell], err);
        status = status ? status : warm_up(p, cell, slice_ns, err);
    }
    uint64_t end = now_ns() + slice_ns;
    while (!status && r->n < MAX_CALLS && (!r->n || now_ns() < end)) {
        if ((status = call(p, cell, &timings, err))) break;
        add_timings(&r->sum, &timings);
        p->ns[r->n++] = timings.total_ns;
    }
    return status;
}

static int64_t peak_kb(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) ? 0 : (int64_t)usage.ru_maxrss;
}

static ap_status set_accelerator(ap_value **init, const bench_plan *plan, const char *accelerator,
                                 ap_error *err) {
    ap_value *name = NULL;
    ap_status status = ap_value_copy(init, plan->init, err);
    if (status || !accelerator) return status;
    status = ap_value_create_string(&name, accelerator, AP_NUL_TERMINATED, err);
    return status ? status : ap_value_dict_set_take(*init, "accelerator", name, err);
}

static ap_status load(reply *r, process *p, const char *accelerator, ap_error *err) {
    ap_value *init = NULL, *about = NULL;
    uint64_t start = now_ns();
    ap_status status = set_accelerator(&init, p->plan, accelerator, err);
    if (!status) status = ap_pipeline_create_from_value(&p->pipe, init, err);
    r->load_ns = now_ns() - start;
    if (!status) status = ap_pipeline_describe(&about, p->pipe, err);
    if (!status)
        snprintf(r->accelerator, sizeof r->accelerator, "%s", cli_show_string(about, "accelerator", "?"));
    ap_value_destroy(about);
    ap_value_destroy(init);
    return status;
}

/* Answers requests until there are no more. */
static void serve(const bench_plan *plan, const char *accelerator, int from, int to) {
    process p = {.plan = plan, .maker = plan->maker};
    reply r = {.n = 0};
    request q;
    p.cells = cli_grow(NULL, plan->n_cells, sizeof *p.cells);
    p.ns = cli_grow(NULL, MAX_CALLS, sizeof *p.ns);
    memset(p.cells, 0, plan->n_cells * sizeof *p.cells);
    r.err.status = load(&r, &p, accelerator, &r.err);
    if (!plan->is_verbose)
        cli_diag_set_verbosity(CLI_QUIET); /* A warning would come with each of the calls. */
    do {
        r.peak_kb = peak_kb();
        if (!send_bytes(to, &r, sizeof r) || !send_bytes(to, p.ns, r.n * sizeof *p.ns)) return;
        if (r.err.status || !receive_bytes(from, &q, sizeof q) || q.cell == NO_CELL) return;
        memset(&r, 0, sizeof r);
        r.err.status = work(&r, &p, &q, &r.err);
        if (r.err.status) r.n = 0;
    } while (true);
}

/* -- the other side ------------------------------------------------------------------------------------ */

static ap_status fail_errno(ap_error *err, const char *what) {
    char reason[128];
    return cli_fail(err, AP_EIO, "%s: %s", what, cli_errno_text(errno, reason, sizeof reason));
}

static ap_status receive_reply(reply *out, bench_worker *worker, ap_error *err) {
    if (!receive_bytes(worker->from, out, sizeof *out))
        return cli_fail(err, AP_EBUG, "the process that measures %s ended",
                        worker->accelerator ? worker->accelerator : "it");
    worker->peak_kb = out->peak_kb;
    if (out->err.status) *err = out->err;
    return out->err.status;
}

ap_status bench_worker_start(bench_worker *worker, const bench_plan *plan, ap_error *err) {
    int down[2], up[2];
    reply r;
    if (pipe(down)) return fail_errno(err, "pipe");
    if (pipe(up)) {
        close(down[0]);
        close(down[1]);
        return fail_errno(err, "pipe");
    }
    signal(SIGPIPE, SIG_IGN); /* A worker that ended is noticed when it is read from. */
    worker->pid = fork();
    if (worker->pid == 0) {
        close(down[1]);
        close(up[0]);
        serve(plan, worker->accelerator, down[0], up[1]);
        _exit(CLI_EXIT_OK);
    }
    close(down[0]);
    close(up[1]);
    worker->to = down[1];
    worker->from = up[0];
    if (worker->pid < 0) return fail_errno(err, "fork");
    worker->samples = cli_grow(NULL, plan->n_cells, sizeof *worker->samples);
    memset(worker->samples, 0, plan->n_cells * sizeof *worker->samples);
    ap_status status = receive_reply(&r, worker, err);
    memcpy(worker->chosen, r.accelerator, sizeof worker->chosen);
    worker->load_ns = r.load_ns;
    return status;
}

ap_status bench_worker_turn(bench_worker *worker, size_t cell, int64_t slice_ms, ap_error *err) {
    bench_samples *s = &worker->samples[cell];
    request q = {cell, slice_ms};
    reply r;
    if (!send_bytes(worker->to, &q, sizeof q)) return fail_errno(err, "pipe");
    ap_status status = receive_reply(&r, worker, err);
    if (status) return status;
    s->ns = cli_grow(s->ns, s->n + r.n, sizeof *s->ns);
    if (!receive_bytes(worker->from, s->ns + s->n, r.n * sizeof *s->ns))
        return cli_fail(err, AP_EBUG, "the process that measures %s ended", worker->chosen);
    s->n += r.n;
    add_timings(&s->sum, &r.sum);
    return AP_OK;
}

void bench_worker_stop(bench_worker *worker, const bench_plan *plan) {
    const request last = {.cell = NO_CELL};
    if (worker->to) (void)send_bytes(worker->to, &last, sizeof last); /* It may have ended by itself. */
    for (size_t i = 0; worker->samples && i < plan->n_cells; i++) free(worker->samples[i].ns);
    free(worker->samples);
    if (worker->to) close(worker->to);
    if (worker->from) close(worker->from);
    if (worker->pid > 0) waitpid(worker->pid, NULL, 0);
    *worker = (bench_worker){.accelerator = worker->accelerator};
}
