/* Generations one after another take no more memory than the first ones did, on every backend that is here:
 * decoders alone and behind encoders, with rows that are drawn, that are reordered, and that end early. The
 * same calls come again and again, because runtimes keep something for every shape that they have seen.
 *
 * AP_TEST_GENERATIONS says how many, by default a few hundred. */
#include "unit/support/check.h"
#include "unit/support/pipelines.h"
#include "unit/support/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_GENERATIONS = 200, N_CALLS = 16, N_WARM = 5 * N_CALLS, GROWTH_MAX_KB = 4096, MAX_WORDS = 12 };

static const char STATEFUL[] = "../../decoding/llama-stateful"; /* Has no tokenizer of its own. */

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    return 0;
}

static size_t n_generations(void) {
    const char *wanted = getenv("AP_TEST_GENERATIONS");
    size_t n = wanted ? strtoul(wanted, NULL, 10) : 0;
    return n ? n : DEFAULT_GENERATIONS;
}

/* NULL when the backend is not here. */
static ap_pipeline *open_model(const char *accelerator, const char *task, const char *model) {
    char more[1024], tokenizer[512] = "";
    ap_error err = AP_ERROR_INIT;
    ap_pipeline *pipe = NULL;
    if (strcmp(model, STATEFUL) == 0)
        snprintf(tokenizer, sizeof tokenizer, ", \"tokenizer\": \"%s\"",
                 AP_TEST_DATA_DIR "/parity/models/llama-chat");
    snprintf(more, sizeof more, "{\"task\": \"%s\", \"accelerator\": \"%s\", \"num_threads\": 1%s}", task,
             accelerator, tokenizer);
    ap_value *init = support_init(model, more);
    ap_status status = ap_pipeline_create_from_value(&pipe, init, &err);
    ap_value_destroy(init);
    if (status == AP_ENOBACKEND)
        print_message("%s: left out: %s\n", accelerator, err.message);
    else
        assert_ok(status, &err);
    return pipe;
}

static void generate(const ap_pipeline *pipe, unsigned i_call) {
    static const char *const ways[] = {"\"do_sample\": false", "\"do_sample\": true, \"num_beams\": 1",
                                       "\"do_sample\": false, \"num_beams\": 3, \"num_return_sequences\": 2",
                                       "\"do_sample\": false, \"num_beams\": 1, \"stop_strings\": \"e\""};
    char text[512], input[600], params[256];
    support_sentence(text, sizeof text, i_call, 1 + i_call % MAX_WORDS);
    snprintf(input, sizeof input, "[\"%s\", \"a\"]", text);
    snprintf(params, sizeof params, "{%s, \"seed\": 1, \"max_new_tokens\": %u}", ways[i_call % 4],
             2 + i_call % 5);
    ap_value_destroy(support_call(pipe, input, params));
}

static void check_growth(const char *accelerator, const char *task, const char *model) {
    size_t n = n_generations();
    long before = 0;
    ap_pipeline *pipe = open_model(accelerator, task, model);
    if (!pipe) return;
    for (size_t i = 0; i < N_WARM + n; i++) {
        if (i == N_WARM) before = process_resident_kb();
        generate(pipe, (unsigned)(i % N_CALLS));
    }
    long growth = process_resident_kb() - before;
    print_message("%s on %s: %zu generations: %ld kB and %ld more\n", model, accelerator, n, before, growth);
    if (!PROCESS_IS_SANITIZED && growth > GROWTH_MAX_KB)
        fail_msg("%s on %s: %zu generations: %ld kB more", model, accelerator, n, growth);
    ap_pipeline_destroy(pipe);
}

static void check_backend(const char *accelerator) {
    check_growth(accelerator, "text-generation", "gpt2-lm");
    check_growth(accelerator, "text2text-generation", "t5-mini");
}

void test_ort(void **state) {
    (void)state;
    check_backend("ort");
}

void test_ov(void **state) {
    (void)state;
    check_backend("ov");
}

void test_ov_with_states(void **state) {
    (void)state;
    check_growth("ov", "text-generation", STATEFUL);
}

void test_ipex(void **state) {
    (void)state;
    check_backend("ipex");
}
