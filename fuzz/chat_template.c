/* Any bytes as a chat template, rendered with any JSON as its variables: the input is a template and, behind
 * a NUL, a JSON object. What is rendered is UTF-8, what fails says so in one line, and the same input gives
 * the same answer. */
#include "base/utf8.h"
#include "generate/chat/jinja.h"

#include <accelpipe/value.h>
#include <stdlib.h>
#include <string.h>

static const char CHAT[] =
    "{\"messages\": [{\"role\": \"system\", \"content\": \"Be brief.\"}, {\"role\": \"user\", \"content\": "
    "\" H\\u00e9 \"},"
    " {\"role\": \"assistant\", \"content\": null, \"tool_calls\": [{\"function\": {\"name\": \"f\", "
    "\"arguments\":"
    " {\"x\": [1, 2.5, true]}}}]}], \"tools\": [{\"function\": {\"name\": \"f\", \"parameters\": {\"type\": "
    "\"object\"}}}],"
    " \"documents\": null, \"add_generation_prompt\": true, \"bos_token\": \"<s>\", \"eos_token\": \"</s>\"}";

static void check(int holds) {
    if (!holds) abort();
}

static void check_failure(const ap_error *err, ap_status status) {
    size_t len = strlen(err->message);
    check(err->status == status && len && ap__utf8_valid_len(err->message, len) == len);
    check(!strchr(err->message, '\n') && status != AP_EBUG);
}

static ap_status render(ap__jinja_text *out, const ap__jinja *jinja, const ap_value *variables) {
    static const ap__jinja_time TIME = {2024, 2, 29, 23, 59, 58, 123456};
    ap_error err = AP_ERROR_INIT;
    ap__jinja_request request = {.dicts = {variables}, .now = &TIME, .max_steps = 100000};
    ap_status status = ap__jinja_render(out, jinja, &request, &err);
    if (status)
        check_failure(&err, status);
    else
        check(strlen(out->ptr) <= out->len && ap__utf8_valid_len(out->ptr, out->len) == out->len);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ap_error err = AP_ERROR_INIT;
    ap__jinja *jinja = NULL;
    ap_value *variables = NULL;
    ap__jinja_text first = {0}, second = {0};
    const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
    size_t len = nul ? (size_t)(nul - data) : size;
    ap_status status = ap__jinja_create(&jinja, size ? (const char *)data : "", len, &err);
    if (status) check_failure(&err, status);
    if (nul && size - len - 1)
        (void)ap_value_from_json(&variables, (const char *)nul + 1, size - len - 1, NULL);
    if (!variables) check(ap_value_from_json(&variables, CHAT, sizeof CHAT - 1, NULL) == AP_OK);
    if (!status) {
        status = render(&first, jinja, variables);
        check(render(&second, jinja, variables) == status && first.len == second.len);
        check(!first.len || !memcmp(first.ptr, second.ptr, first.len));
    }
    ap__jinja_text_clear(&first);
    ap__jinja_text_clear(&second);
    ap_value_destroy(variables);
    ap__jinja_destroy(jinja);
    return 0;
}
