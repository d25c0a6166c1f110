/* Chat templates as a filter, for comparing them with the reference: each line of standard input is a JSON
 * object, each line of standard output its answer.
 *
 *   {"template": TEXT, "variables": {...}}     {"text": TEXT, "spans": [[start, end], ...]}
 *
 * What fails gives {"error": message, "status": name}. tools/fuzz_chat_templates.py is the other side. */
#include "base/json.h"
#include "generate/chat/jinja.h"

#include <accelpipe/value.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ap_status render(ap__jinja_text *out, const ap_value *line, ap_error *err) {
    static const ap__jinja_time TIME = {2024, 7, 26, 13, 5, 9, 0};
    ap__jinja *jinja;
    size_t len;
    const char *text = ap_value_get_string(ap_value_dict_get(line, "template"), &len);
    ap__jinja_request request = {.dicts = {ap_value_dict_get(line, "variables")}, .now = &TIME};
    ap_status status = ap__jinja_create(&jinja, text, len, err);
    if (!status) status = ap__jinja_render(out, jinja, &request, err);
    ap__jinja_destroy(jinja);
    return status;
}

static void add_spans(yyjson_mut_doc *doc, yyjson_mut_val *to, const ap__jinja_text *text) {
    yyjson_mut_val *list = yyjson_mut_arr(doc);
    for (size_t i = 0; i < text->n_generated; i++) {
        yyjson_mut_val *span = yyjson_mut_arr(doc);
        yyjson_mut_arr_add_uint(doc, span, text->generated[i].start);
        yyjson_mut_arr_add_uint(doc, span, text->generated[i].end);
        yyjson_mut_arr_append(list, span);
    }
    yyjson_mut_obj_add_val(doc, to, "spans", list);
}

static void answer(const char *line, size_t len) {
    ap_error err = AP_ERROR_INIT;
    ap_value *input = NULL;
    ap__jinja_text text = {0};
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    ap_status status = ap_value_from_json(&input, line, len, &err);
    if (!status) status = render(&text, input, &err);
    if (status) {
        yyjson_mut_obj_add_str(doc, root, "error", err.message);
        yyjson_mut_obj_add_str(doc, root, "status", ap_status_name(status));
    } else {
        yyjson_mut_obj_add_strn(doc, root, "text", text.ptr, text.len);
        add_spans(doc, root, &text);
    }
    char *json = yyjson_mut_write(doc, YYJSON_WRITE_NOFLAG, NULL);
    puts(json ? json : "{\"error\": \"out of memory\"}");
    free(json);
    yyjson_mut_doc_free(doc);
    ap__jinja_text_clear(&text);
    ap_value_destroy(input);
}

int main(void) {
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    while ((len = getline(&line, &size, stdin)) > 0) answer(line, (size_t)len);
    free(line);
    return 0;
}
