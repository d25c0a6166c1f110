/* Pipelines for tests: the tiny models of tests/data/parity on ONNX Runtime, and short ways to call them. */
#ifndef AP_TESTS_UNIT_SUPPORT_PIPELINES_H
#define AP_TESTS_UNIT_SUPPORT_PIPELINES_H

#include <accelpipe/accelpipe.h>

/* Points the library at the plugins of this build. Call it first. */
void support_use_build_plugins(void);

/* {"task": "text-classification", "model": tests/data/parity/models/NAME, "accelerator": "ort"} and what
 * `more` (a JSON object, or NULL) adds. NULL when out of memory. */
ap_value *support_init(const char *name, const char *more);

/* A pipeline of that. Fails the test when it cannot be made. */
ap_pipeline *support_pipeline(const char *name, const char *more);

/* The same, for a failure that is expected: gives the status and fills err. */
ap_status support_pipeline_fails(const char *name, const char *more, ap_error *err);

/* Calls with JSON, gives a value to destroy. Fails the test when the call does. */
ap_value *support_call(const ap_pipeline *pipe, const char *inputs, const char *params);

/* The same, for a failure that is expected: its status, and a message that holds `message`. `inputs` may be
 * NULL: they come by keyword. */
void support_call_fails(const ap_pipeline *pipe, const char *inputs, const char *params, ap_status status,
                        const char *message);

/* Calls with JSON (either may be NULL) where memory may run out: the status of what failed first. */
ap_status support_try_call(const ap_pipeline *pipe, const char *inputs, const char *params, ap_error *err);

/* Whether a call on a list gives what calls on its items one by one give, within 1e-5.
 * @param params of the call on the list, as JSON; @param single_params of the others. */
void support_check_batches(const ap_pipeline *pipe, const ap_value *list, const char *params,
                           const char *single_params);

/* The same where the result is `expected` but for numbers that differ by less than 1e-4. */
void support_expect(const ap_pipeline *pipe, const char *inputs, const char *params, const char *expected);

/* Lines of the log at warning level since the last call, one behind the other; begins with the first call. */
const char *support_warnings(void);

/* JSON text to a value, or the test fails. */
ap_value *support_json(const char *text);

/* Largest difference of numbers in two results that are otherwise equal; 1e9 when they are not. */
double support_difference(const ap_value *a, const ap_value *b);

/* A sentence of `n_words` words, the same for the same seed. */
void support_sentence(char *buf, size_t size, unsigned seed, unsigned n_words);

#endif
