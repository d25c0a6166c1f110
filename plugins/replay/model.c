/* Reading a model's text. */
#include "replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WORDS = 64, LINE_BYTES = 1024 };

/* A line that is being read, its words cut. Lines of cases are long: their bytes are read where they are. */
typedef struct line {
    ap_session *session;
    size_t number;
    char text[LINE_BYTES];
    const char *words[MAX_WORDS];
    uint32_t n_words;
    const char *hex; /* Behind "=", borrowed from the file; NULL: none. */
    size_t hex_len;
} line;

static ap_status fail_line(const line *l, ap_error *err, const char *what) {
    return l->session->host->fail(err, AP_EFORMAT, "replay model, line %zu: %s", l->number, what);
}

static ap_status parse_int(int64_t *out, const line *l, const char *word, ap_error *err) {
    char *end = NULL;
    errno = 0;
    *out = strtoll(word, &end, 10);
    return errno || end == word || *end ? fail_line(l, err, "a number is not a number") : AP_OK;
}

uint32_t replay_find_io(const ap_io *ios, uint32_t n, const char *name) {
    uint32_t i = 0;
    while (i < n && strcmp(ios[i].name, name) != 0) i++;
    return i;
}

/* -- inputs and outputs -------------------------------------------------------------------------------- */

static ap_status parse_shape(int64_t *shape, uint32_t *rank, const line *l, uint32_t first, ap_error *err) {
    if (l->n_words > first + AP_TENSOR_MAX_RANK) return fail_line(l, err, "too many extents");
    *rank = l->n_words > first ? l->n_words - first : 0;
    for (uint32_t i = 0; i < *rank; i++) {
        ap_status status = parse_int(&shape[i], l, l->words[first + i], err);
        if (status) return status;
    }
    return AP_OK;
}

static ap_status parse_io(const line *l, ap_io *ios, uint32_t *n, ap_error *err) {
    if (l->n_words < 3) return fail_line(l, err, "expected NAME DTYPE [EXTENT...]");
    if (*n == REPLAY_MAX_IOS) return fail_line(l, err, "too many inputs or outputs");
    ap_io *io = &ios[*n];
    io->dtype = replay_dtype_find(l->words[2]);
    if (!io->dtype) return fail_line(l, err, "unknown dtype");
    io->rank = AP_RANK_UNKNOWN;
    ap_status status = AP_OK;
    if (l->n_words != 4 || strcmp(l->words[3], "*") != 0)
        status = parse_shape(io->shape, &io->rank, l, 3, err);
    if (status) return status;
    size_t size = strlen(l->words[1]) + 1;
    char *name = l->session->host->alloc(size);
    if (!name) return l->session->host->fail(err, AP_ENOMEM, "out of memory");
    io->name = memcpy(name, l->words[1], size);
    ++*n;
    return AP_OK;
}

static ap_status parse_input(const line *l, ap_error *err) {
    return parse_io(l, l->session->inputs, &l->session->n_inputs, err);
}

static ap_status parse_output(const line *l, ap_error *err) {
    return parse_io(l, l->session->outputs, &l->session->n_outputs, err);
}

static ap_status parse_compute(const line *l, ap_error *err) {
    ap_session *s = l->session;
    if (l->n_words < 4) return fail_line(l, err, "expected OUTPUT FUNCTION INPUT...");
    uint32_t output = replay_find_io(s->outputs, s->n_outputs, l->words[1]), n_args = l->n_words - 3;
    const replay_function *function = replay_function_find(l->words[2]);
    if (output == s->n_outputs) return fail_line(l, err, "unknown output");
    if (!function || n_args < function->min_args || n_args > function->max_args)
        return fail_line(l, err, "unknown function, or a wrong number of inputs for it");
    replay_compute *compute = &s->computes[output];
    for (uint32_t i = 0; i < n_args; i++) {
        compute->args[i] = replay_find_io(s->inputs, s->n_inputs, l->words[3 + i]);
        if (compute->args[i] == s->n_inputs) return fail_line(l, err, "unknown input");
    }
    compute->function = function;
    compute->n_args = n_args;
    return AP_OK;
}

/* -- cases --------------------------------------------------------------------------------------------- */

static ap_status parse_case(const line *l, ap_error *err) {
    ap_session *s = l->session;
    if (s->n_cases == REPLAY_MAX_CASES) return fail_line(l, err, "too many cases");
    if (!s->cases) s->cases = s->host->alloc(REPLAY_MAX_CASES * sizeof *s->cases);
    replay_case *new_case = s->cases ? s->host->alloc(sizeof *new_case) : NULL;
    if (!new_case) return s->host->fail(err, AP_ENOMEM, "out of memory");
    memset(new_case, 0, sizeof *new_case);
    s->cases[s->n_cases++] = new_case;
    return AP_OK;
}

static int hex_digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_hex(unsigned char *out, const char *hex, size_t n_bytes) {
    for (size_t i = 0; i < n_bytes; i++) {
        int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

/* Bytes of a view's shape; false when it has no size, or one that the line cannot hold. */
static bool view_size(ap_tensor_view *view, size_t max) {
    size_t n = replay_dtype_size(view->dtype);
    for (uint32_t i = 0; i < view->rank; i++) {
        if (view->shape[i] < 0 || (view->shape[i] && n > max / (size_t)view->shape[i])) return false;
        n *= (size_t)view->shape[i];
    }
    view->size_bytes = n;
    return n <= max;
}

static ap_status parse_tensor(const line *l, const ap_io *ios, uint32_t n_ios, replay_tensor *tensors,
                              uint32_t *n, ap_error *err) {
    const ap_host *host = l->session->host;
    if (l->n_words < 2 || !l->hex || *n == REPLAY_MAX_CASE_TENSORS)
        return fail_line(l, err, "expected NAME EXTENT... = HEX, and not too many of them");
    replay_tensor *tensor = &tensors[*n];
    tensor->io = replay_find_io(ios, n_ios, l->words[1]);
    if (tensor->io == n_ios) return fail_line(l, err, "unknown name");
    tensor->view.dtype = ios[tensor->io].dtype;
    ap_status status = parse_shape(tensor->view.shape, &tensor->view.rank, l, 2, err);
    if (status) return status;
    if (!view_size(&tensor->view, l->hex_len / 2) || tensor->view.size_bytes * 2 != l->hex_len)
        return fail_line(l, err, "the bytes are not as many as the shape has");
    unsigned char *bytes = host->alloc(tensor->view.size_bytes + 1);
    if (!bytes) return host->fail(err, AP_ENOMEM, "out of memory");
    tensor->view.data = bytes;
    ++*n;
    return parse_hex(bytes, l->hex, tensor->view.size_bytes) ? AP_OK : fail_line(l, err, "not hexadecimal");
}

static ap_status parse_in(const line *l, ap_error *err) {
    ap_session *s = l->session;
    if (!s->n_cases) return fail_line(l, err, "no case has begun");
    replay_case *last = s->cases[s->n_cases - 1];
    return parse_tensor(l, s->inputs, s->n_inputs, last->inputs, &last->n_inputs, err);
}

static ap_status parse_out(const line *l, ap_error *err) {
    ap_session *s = l->session;
    if (!s->n_cases) return fail_line(l, err, "no case has begun");
    replay_case *last = s->cases[s->n_cases - 1];
    return parse_tensor(l, s->outputs, s->n_outputs, last->outputs, &last->n_outputs, err);
}

/* -- settings ------------------------------------------------------------------------------------------ */

static int64_t *find_setting(replay_settings *settings, const char *name) {
    if (strcmp(name, "latency_ms") == 0) return &settings->latency_ms;
    if (strcmp(name, "fail_run") == 0) return &settings->fail_run;
    if (strcmp(name, "elsewhere") == 0) return &settings->elsewhere;
    if (strcmp(name, "run_threads") == 0) return &settings->run_threads;
    if (strcmp(name, "run_threads_min") == 0) return &settings->run_threads_min;
    return strcmp(name, "cache_bytes") == 0 ? &settings->cache_bytes : NULL;
}

ap_status replay_setting_set(ap_session *session, const char *name, const char *value, ap_error *err) {
    int64_t *setting = find_setting(&session->settings, name);
    char *end = NULL;
    if (!setting)
        return session->host->fail(err, AP_EINVAL,
                                   "replay: option \"%.64s\" is not known; known are latency_ms, fail_run, "
                                   "elsewhere, cache_bytes, run_threads, run_threads_min",
                                   name);
    errno = 0;
    *setting = strtoll(value, &end, 10);
    if (errno || end == value || *end)
        return session->host->fail(err, AP_EINVAL, "replay: %s is \"%.64s\", which is no number", name,
                                   value);
    return AP_OK;
}

static ap_status parse_setting(const line *l, ap_error *err) {
    if (l->n_words != 2 || !find_setting(&l->session->settings, l->words[0]))
        return fail_line(l, err, "unknown word at its start");
    return replay_setting_set(l->session, l->words[0], l->words[1], err);
}

/* -- lines --------------------------------------------------------------------------------------------- */

typedef struct verb {
    const char *name;
    ap_status (*parse)(const line *l, ap_error *err);
} verb;

static const verb verbs[] = {
    {"input", parse_input}, {"output", parse_output}, {"compute", parse_compute},
    {"case", parse_case},   {"in", parse_in},         {"out", parse_out},
};

static ap_status parse_line(const line *l, ap_error *err) {
    if (l->n_words == 0) return AP_OK;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(l->words[0], verbs[i].name) == 0) return verbs[i].parse(l, err);
    return parse_setting(l, err);
}

/* Cuts a line into words, up to "=" or "#". */
static ap_status cut_line(line *l, const char *text, size_t len, ap_error *err) {
    const char *comment = memchr(text, '#', len), *equals = memchr(text, '=', len);
    if (comment) len = (size_t)(comment - text);
    l->n_words = 0;
    l->hex = NULL;
    if (equals && equals < text + len) {
        l->hex = equals + 1 + strspn(equals + 1, " ");
        l->hex_len = (size_t)(text + len - l->hex);
        len = (size_t)(equals - text);
    }
    if (len >= sizeof l->text) return fail_line(l, err, "too long");
    memcpy(l->text, text, len);
    l->text[len] = '\0';
    for (char *word = l->text + strspn(l->text, " \t\r"); *word; word += strspn(word, " \t\r")) {
        if (l->n_words == MAX_WORDS) return fail_line(l, err, "too many words");
        l->words[l->n_words++] = word;
        word += strcspn(word, " \t\r");
        if (*word) *word++ = '\0';
    }
    return AP_OK;
}

#define FIRST_LINE "accelpipe-replay 1\n"

ap_status replay_model_parse(ap_session *session, const char *text, size_t len, ap_error *err) {
    line l = {.session = session, .number = 1};
    if (len < strlen(FIRST_LINE) || memcmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0)
        return fail_line(&l, err, "not a replay model: it must be \"accelpipe-replay 1\"");
    for (size_t at = strlen(FIRST_LINE); at < len;) {
        const char *newline = memchr(text + at, '\n', len - at);
        size_t line_len = newline ? (size_t)(newline - text) - at : len - at;
        l.number++;
        ap_status status = cut_line(&l, text + at, line_len, err);
        if (!status) status = parse_line(&l, err);
        if (status) return status;
        at += line_len + 1;
    }
    return AP_OK;
}

static void clear_tensors(const ap_host *host, const replay_tensor *tensors, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) host->free((void *)(uintptr_t)tensors[i].view.data);
}

void replay_model_clear(ap_session *session) {
    const ap_host *host = session->host;
    for (uint32_t i = 0; i < session->n_inputs; i++) host->free((void *)(uintptr_t)session->inputs[i].name);
    for (uint32_t i = 0; i < session->n_outputs; i++) host->free((void *)(uintptr_t)session->outputs[i].name);
    for (uint32_t i = 0; i < session->n_cases; i++) {
        clear_tensors(host, session->cases[i]->inputs, session->cases[i]->n_inputs);
        clear_tensors(host, session->cases[i]->outputs, session->cases[i]->n_outputs);
        host->free(session->cases[i]);
    }
    host->free(session->cases);
}
