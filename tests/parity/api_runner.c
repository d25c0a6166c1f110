/*
 * Runs parity cases through the C API, the way collect.py runs them through the program.
 *
 *   parity_api_runner < calls.jsonl > results.jsonl
 *
 * A line is {"id", "init", "inputs", "call"}: init goes to ap_pipeline_create_from_value(), inputs and call
 * to ap_pipeline_call(); inputs {"$kwargs": {...}} are parameters. The answer to each is one line, {"id",
 * "result"} or {"id", "error": {"code", "message"}}. Paths are relative to the working directory. Exit status
 * 1 only where a line is not of that form.
 */
#include <accelpipe/accelpipe.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* Ends the program on a failure that is no result: of making a value, not of a pipeline. */
static void check(ap_status status, const ap_error *err) {
    if (!status) return;
    fprintf(stderr, "parity_api_runner: %s [%s]\n", err->message, ap_status_name(status));
    exit(1);
}

static void set_copy(ap_value *dict, const char *key, const ap_value *value) {
    ap_error err = AP_ERROR_INIT;
    ap_value *copy = NULL;
    check(ap_value_copy(&copy, value, &err), &err);
    check(ap_value_dict_set_take(dict, key, copy, &err), &err);
}

static void set_string(ap_value *dict, const char *key, const char *text) {
    ap_error err = AP_ERROR_INIT;
    ap_value *value = NULL;
    check(ap_value_create_string(&value, text, AP_NUL_TERMINATED, &err), &err);
    check(ap_value_dict_set_take(dict, key, value, &err), &err);
}

static ap_value *create_dict(void) {
    ap_error err = AP_ERROR_INIT;
    ap_value *dict = NULL;
    check(ap_value_create_dict(&dict, &err), &err);
    return dict;
}

/* {"id": ..., "result": ...} or {"id": ..., "error": {...}}. */
static ap_value *create_answer(const ap_value *id, const ap_value *result, const ap_error *failure) {
    ap_error err = AP_ERROR_INIT;
    ap_value *answer = create_dict();
    set_copy(answer, "id", id);
    if (!failure->status) {
        set_copy(answer, "result", result);
        return answer;
    }
    ap_value *error = create_dict();
    set_string(error, "code", ap_status_name(failure->status));
    set_string(error, "message", failure->message);
    check(ap_value_dict_set_take(answer, "error", error, &err), &err);
    return answer;
}

/* The parameters of the call; of {"$kwargs": {...}} all entries but "inputs" are more of them. */
static ap_value *create_params(const ap_value *line, const ap_value *kwargs) {
    ap_value *params = create_dict();
    const ap_value *sources[] = {ap_value_dict_get(line, "call"), kwargs};
    for (size_t s = 0; s < 2; s++) {
        for (size_t i = 0; i < ap_value_len(sources[s]); i++) {
            const char *key;
            const ap_value *value = ap_value_dict_at(sources[s], i, &key);
            if (s == 0 || strcmp(key, "inputs") != 0) set_copy(params, key, value);
        }
    }
    return params;
}

static ap_value *run_case(const ap_value *line) {
    ap_error err = AP_ERROR_INIT;
    ap_pipeline *pipe = NULL;
    ap_value *result = NULL;
    const ap_value *inputs = ap_value_dict_get(line, "inputs");
    const ap_value *kwargs = ap_value_dict_get(inputs, "$kwargs");
    ap_value *params = create_params(line, kwargs);
    if (kwargs) inputs = ap_value_dict_get(kwargs, "inputs");
    if (!ap_pipeline_create_from_value(&pipe, ap_value_dict_get(line, "init"), &err))
        ap_pipeline_call(&result, pipe, inputs, params, &err);
    ap_value *answer = create_answer(ap_value_dict_get(line, "id"), result, &err);
    ap_value_destroy(result);
    ap_value_destroy(params);
    ap_pipeline_destroy(pipe);
    return answer;
}

int main(void) {
    char *text = NULL;
    size_t capacity = 0;
    for (ssize_t len; (len = getline(&text, &capacity, stdin)) > 0;) {
        ap_error err = AP_ERROR_INIT;
        ap_value *line = NULL;
        char *json = NULL;
        check(ap_value_from_json(&line, text, (size_t)len, &err), &err);
        ap_value *answer = run_case(line);
        check(ap_value_to_json(&json, NULL, answer, AP_JSON_COMPACT, &err), &err);
        puts(json);
        fflush(stdout); /* What came before a crash is to be seen. */
        ap_string_destroy(json);
        ap_value_destroy(answer);
        ap_value_destroy(line);
    }
    free(text);
    return 0;
}
