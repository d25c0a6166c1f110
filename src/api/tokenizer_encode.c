/* Encoding: one input of any form, and batches over threads. */
#include "api/tokenizer_impl.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* -- one input ----------------------------------------------------------------------------------------- */

static ap_status view(ap__text *out, const ap_text *text, ap_error *err) {
    if (!text->ptr && text->len_bytes) return ap__fail(err, AP_EINVAL, "text: ptr is NULL");
    *out = (ap__text){text->ptr, text->len_bytes};
    if (text->len_bytes == AP_NUL_TERMINATED) out->len = strlen(text->ptr);
    return AP_OK;
}

static ap_status encode_texts(ap__encoding *out, const ap__tokenizer *tokenizer, const ap_encode_input *input,
                              const ap__encode_options *options, ap_error *err) {
    ap__text text, pair = {0};
    ap_status status = view(&text, input->texts, err);
    if (!status && input->pairs) status = view(&pair, input->pairs, err);
    return status ? status
                  : ap__tokenizer_encode(out, tokenizer, text, input->pairs ? &pair : NULL, options, err);
}

static ap_status view_words(ap__text *out, const ap_text *words, size_t n_words, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < n_words && !status; i++)
        if ((status = view(&out[i], &words[i], err))) ap__error_wrap(err, status, "word %zu", i);
    return status;
}

static ap_status encode_words(ap__encoding *out, const ap__tokenizer *tokenizer, const ap_encode_input *input,
                              const ap__encode_options *options, ap_error *err) {
    size_t n_words = input->n_texts, n_pairs = input->pairs ? input->n_pairs : 0, n, size;
    bool fits = ap__add_size(&n, n_words, n_pairs) && ap__mul_size(&size, n, sizeof(ap__text));
    ap__text *words = fits ? ap__malloc(size) : NULL;
    if (!words) return ap__fail_nomem(err);
    ap_status status = view_words(words, input->texts, n_words, err);
    if (!status && n_pairs) status = view_words(words + n_words, input->pairs, n_pairs, err);
    if (!status)
        status = ap__tokenizer_encode_words(out, tokenizer, words, n_words,
                                            input->pairs ? words + n_words : NULL, n_pairs, options, err);
    ap__free(words);
    return status;
}

ap_status ap__encode_input(ap__encoding *out, const ap_tokenizer *tokenizer, const ap_encode_input *input,
                           const ap__encode_options *options, ap_error *err) {
    *out = (ap__encoding){0};
    if (!input->texts && !(input->is_split_into_words && !input->n_texts))
        return ap__fail(err, AP_EINVAL, "input: texts is NULL");
    return input->is_split_into_words ? encode_words(out, tokenizer->impl, input, options, err)
                                      : encode_texts(out, tokenizer->impl, input, options, err);
}

ap_status ap_tokenizer_encode_input(ap_encoding **out, const ap_tokenizer *tokenizer,
                                    const ap_encode_input *input, const ap_encode_options *options,
                                    ap_error *err) {
    ap__encode_options own;
    if (out) *out = NULL;
    if (!out || !tokenizer || !input)
        return ap__fail(err, AP_EINVAL, "ap_tokenizer_encode: out, tokenizer or input is NULL");
    ap_status status = ap__encode_options_resolve(&own, tokenizer, options, err);
    if (status) return status;
    ap__encoding *encoding = ap__malloc(sizeof *encoding);
    if (!encoding) return ap__fail_nomem(err);
    if ((status = ap__encode_input(encoding, tokenizer, input, &own, err)))
        ap_encoding_destroy(encoding);
    else
        *out = encoding;
    return status;
}

ap_status ap_tokenizer_encode(ap_encoding **out, const ap_tokenizer *tokenizer, const char *text,
                              size_t len_bytes, const ap_encode_options *options, ap_error *err) {
    const ap_text one = {text, len_bytes};
    const ap_encode_input input = {.texts = &one, .n_texts = 1};
    return ap_tokenizer_encode_input(out, tokenizer, &input, options, err);
}

ap_status ap_tokenizer_encode_pair(ap_encoding **out, const ap_tokenizer *tokenizer, const ap_text *text,
                                   const ap_text *pair, const ap_encode_options *options, ap_error *err) {
    const ap_encode_input input = {.texts = text, .n_texts = 1, .pairs = pair, .n_pairs = 1};
    return ap_tokenizer_encode_input(out, tokenizer, &input, options, err);
}

ap_status ap_tokenizer_encode_words(ap_encoding **out, const ap_tokenizer *tokenizer, const ap_text *words,
                                    size_t n_words, const ap_encode_options *options, ap_error *err) {
    const ap_encode_input input = {.texts = words, .n_texts = n_words, .is_split_into_words = 1};
    return ap_tokenizer_encode_input(out, tokenizer, &input, options, err);
}

/* -- batches ------------------------------------------------------------------------------------------- */

/* More threads than this do not help any machine of today. */
enum { MAX_THREADS = 256 };

/* What the threads of a batch share. The order of work is that of the inputs; once one has failed, only those
 * before it are still of interest, so that the failure that is reported does not depend on the threads. */
typedef struct batch {
    const ap_tokenizer *tokenizer;
    const ap_encode_input *inputs;
    const ap__encode_options *options; /* Without padding. */
    ap__encoding *encodings;
    size_t n;
    atomic_size_t next, first_failed;
} batch;

typedef struct worker {
    batch *batch;
    pthread_t thread;
    size_t failed; /* The first input of this thread that failed; `n` of the batch: none did. */
    ap_error error;
} worker;

static void lower(atomic_size_t *least, size_t value) {
    size_t seen = atomic_load(least);
    while (value < seen && !atomic_compare_exchange_weak(least, &seen, value)) {
    }
}

static void *work(void *ptr) {
    worker *self = ptr;
    batch *b = self->batch;
    for (;;) {
        size_t i = atomic_fetch_add(&b->next, 1);
        if (i >= atomic_load(&b->first_failed)) return NULL; /* It is `n` while none has failed. */
        if (!ap__encode_input(&b->encodings[i], b->tokenizer, &b->inputs[i], b->options, &self->error))
            continue;
        self->failed = i;
        lower(&b->first_failed, i);
        return NULL; /* What this thread would take next comes behind the failure. */
    }
}

/* Runs the batch on `workers`, the first being the caller's thread. A thread that cannot be had is done
 * without.
 */
static void run(worker *workers, size_t n_workers) {
    size_t n_started = 1;
    while (n_started < n_workers &&
           !pthread_create(&workers[n_started].thread, NULL, work, &workers[n_started]))
        n_started++;
    work(&workers[0]);
    for (size_t i = 1; i < n_started; i++) pthread_join(workers[i].thread, NULL);
}

static ap_status report(const worker *workers, size_t n_workers, size_t n, ap_error *err) {
    const worker *first = &workers[0];
    for (size_t i = 1; i < n_workers; i++)
        if (workers[i].failed < first->failed) first = &workers[i];
    if (first->failed == n) return AP_OK;
    ap_status status = first->error.status;
    if (err) *err = first->error;
    return ap__error_wrap(err, status, "input %zu", first->failed);
}

static size_t count_workers(int64_t n_threads, size_t n_inputs) {
    if (n_threads == -1) n_threads = ap__threads_allowed();
    size_t n = n_threads > 1 ? (size_t)n_threads : 1;
    if (n > n_inputs) n = n_inputs ? n_inputs : 1;
    return n < MAX_THREADS ? n : MAX_THREADS;
}

static ap_status run_batch(batch *b, int64_t n_threads, ap_error *err) {
    size_t n_workers = count_workers(n_threads, b->n);
    worker *workers = ap__calloc(n_workers, sizeof *workers);
    if (!workers) return ap__fail_nomem(err);
    for (size_t i = 0; i < n_workers; i++) {
        workers[i].batch = b;
        workers[i].failed = b->n;
    }
    run(workers, n_workers);
    ap_status status = report(workers, n_workers, b->n, err);
    ap__free(workers);
    return status;
}

static ap_status encode_batch(ap_encodings *out, const ap_tokenizer *tokenizer, const ap_encode_input *inputs,
                              const ap_encode_options *options, ap_error *err) {
    ap__encode_options own, unpadded;
    ap_status status = ap__encode_options_resolve(&own, tokenizer, options, err);
    int64_t n_threads = options ? options->n_threads : 0;
    if (status) return status;
    if (n_threads < -1)
        return ap__fail(err, AP_EINVAL, "n_threads is %lld, expected -1 or more", (long long)n_threads);
    unpadded = own;
    unpadded.padding = AP__PADDING_OFF;
    batch b = {.tokenizer = tokenizer, .inputs = inputs, .options = &unpadded, .encodings = out->ptr};
    b.n = out->n;
    atomic_init(&b.next, 0);
    atomic_init(&b.first_failed, b.n);
    status = run_batch(&b, n_threads, err);
    return status ? status : ap__encodings_pad(out->ptr, out->n, &own, err);
}

ap_status ap_tokenizer_encode_batch(ap_encodings **out, const ap_tokenizer *tokenizer,
                                    const ap_encode_input *inputs, size_t n_inputs,
                                    const ap_encode_options *options, ap_error *err) {
    if (out) *out = NULL;
    if (!out || !tokenizer || (n_inputs && !inputs))
        return ap__fail(err, AP_EINVAL, "ap_tokenizer_encode_batch: out, tokenizer or inputs is NULL");
    ap_encodings *encodings = ap__calloc(1, sizeof *encodings);
    ap__encoding *array = ap__calloc(n_inputs, sizeof *array);
    if (!encodings || !array) {
        ap__free(encodings);
        ap__free(array);
        return ap__fail_nomem(err);
    }
    *encodings = (ap_encodings){array, n_inputs};
    ap_status status = encode_batch(encodings, tokenizer, inputs, options, err);
    if (status)
        ap_encodings_destroy(encodings);
    else
        *out = encodings;
    return status;
}

size_t ap_encodings_get_n(const ap_encodings *encodings) { return encodings ? encodings->n : 0; }

const ap_encoding *ap_encodings_get(const ap_encodings *encodings, size_t index) {
    return encodings && index < encodings->n ? &encodings->ptr[index] : NULL;
}

void ap_encodings_destroy(ap_encodings *encodings) {
    if (!encodings) return;
    for (size_t i = 0; i < encodings->n; i++) ap__encoding_clear(&encodings->ptr[i]);
    ap__free(encodings->ptr);
    ap__free(encodings);
}
