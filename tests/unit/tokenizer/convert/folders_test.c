/* Folders of every tokenizer class, against what transformers makes of them. */
#include "unit/tokenizer/convert/folders.h"

#include "base/alloc.h"
#include "tokenizer/tokenizer_impl.h"
#include "unit/support/check.h"
#include "unit/support/tempdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct run {
    yyjson_val *texts, *pairs;
    const char *name;
    char failure[1024];
    size_t n_failed;
} run;

static void report(run *r, const char *what, const char *detail) {
    if (!r->n_failed++) snprintf(r->failure, sizeof r->failure, "%s: %s: %s", r->name, what, detail);
    if (getenv("AP_TEST_VERBOSE")) print_message("%s: %s: %s\n", r->name, what, detail);
}

static void finish(const run *r, size_t n) {
    if (r->n_failed) fail_msg("%zu of %zu: first %s", r->n_failed, n, r->failure);
}

/* Calls `check` with every folder that has `key`. */
static void for_each(const char *key, void (*check)(run *r, yyjson_val *expected, const char *folder)) {
    size_t n, n_checked = 0;
    yyjson_doc **cases = folders_read(&n, "tokenizers-convert");
    run r = {0};
    r.texts = yyjson_obj_get(yyjson_doc_get_root(cases[0]), "texts");
    r.pairs = yyjson_obj_get(yyjson_doc_get_root(cases[0]), "pairs");
    for (size_t i = 1; i < n; i++) {
        yyjson_val *expected = yyjson_doc_get_root(cases[i]);
        ap__path folder;
        if (!yyjson_obj_get(expected, key)) continue;
        r.name = yyjson_get_str(yyjson_obj_get(expected, "name"));
        folders_make(&folder, yyjson_obj_get(expected, "files"));
        check(&r, expected, folder.text);
        tempdir_remove(&folder);
        n_checked++;
    }
    finish(&r, n_checked);
    assert_true(n_checked > 10);
    folders_free(cases, n);
}

static void check_document(run *r, yyjson_val *expected, const char *folder) {
    ap_error err = AP_ERROR_INIT;
    yyjson_doc *doc;
    char place[512] = "";
    ap_status status = ap__tokenizer_convert(&doc, folder, &err);
    if (status)
        report(r, "failed", err.message);
    else if (!folders_equal(yyjson_obj_get(expected, "document"), yyjson_doc_get_root(doc), place,
                            sizeof place))
        report(r, "differs", place);
    yyjson_doc_free(doc);
}

void test_converted_documents(void **state) {
    (void)state;
    for_each("document", check_document);
}

static void check_error(run *r, yyjson_val *expected, const char *folder) {
    ap_error err = AP_ERROR_INIT;
    ap__tokenizer *tokenizer;
    ap_status status = ap__tokenizer_load(&tokenizer, folder, &err);
    if (!status) report(r, "loads", yyjson_get_str(yyjson_obj_get(expected, "error")));
    if (getenv("AP_TEST_VERBOSE")) print_message("%s: %s\n", r->name, err.message);
    ap__tokenizer_destroy(tokenizer);
}

void test_folders_that_the_reference_refuses(void **state) {
    (void)state;
    for_each("error", check_error);
}

/* -- loaded tokenizers --------------------------------------------------------------------------------- */

static void check_special(run *r, yyjson_val *expected, const ap__tokenizer_config *c) {
    const struct {
        const char *key, *text;
        uint32_t id;
    } tokens[] = {
        {"bos_token", c->bos_token, c->bos_token_id},   {"eos_token", c->eos_token, c->eos_token_id},
        {"unk_token", c->unk_token, c->unk_token_id},   {"sep_token", c->sep_token, c->sep_token_id},
        {"pad_token", c->pad_token, c->pad_token_id},   {"cls_token", c->cls_token, c->cls_token_id},
        {"mask_token", c->mask_token, c->mask_token_id}};
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        yyjson_val *pair = yyjson_obj_get(yyjson_obj_get(expected, "special"), tokens[i].key);
        const char *text = yyjson_get_str(yyjson_arr_get(pair, 0));
        if (!text != !tokens[i].text || (text && strcmp(text, tokens[i].text)))
            report(r, tokens[i].key, tokens[i].text ? tokens[i].text : "(none)");
        else if (text && yyjson_get_uint(yyjson_arr_get(pair, 1)) != tokens[i].id)
            report(r, tokens[i].key, "its id differs");
    }
}

static void check_config(run *r, yyjson_val *expected, const ap__tokenizer_config *c) {
    yyjson_val *max_length = yyjson_obj_get(expected, "max_length"),
               *inputs = yyjson_obj_get(expected, "inputs");
    yyjson_val *name;
    size_t i, max;
    bool has_types = false, has_mask = false;
    yyjson_arr_foreach(inputs, i, max, name) {
        has_types |= yyjson_equals_str(name, "token_type_ids");
        has_mask |= yyjson_equals_str(name, "attention_mask");
    }
    size_t expected_length = yyjson_is_null(max_length) ? SIZE_MAX : (size_t)yyjson_get_num(max_length);
    if (c->model_max_length != expected_length) report(r, "max_length", "differs");
    if ((c->padding_side == AP__SIDE_LEFT) !=
        yyjson_equals_str(yyjson_obj_get(expected, "padding_side"), "left"))
        report(r, "padding_side", "differs");
    if ((c->truncation_side == AP__SIDE_LEFT) !=
        yyjson_equals_str(yyjson_obj_get(expected, "truncation_side"), "left"))
        report(r, "truncation_side", "differs");
    if (c->clean_up_tokenization_spaces != yyjson_get_bool(yyjson_obj_get(expected, "clean_up")))
        report(r, "clean_up_tokenization_spaces", "differs");
    if (c->has_token_type_ids != has_types || c->has_attention_mask != has_mask)
        report(r, "model_input_names", "differ");
}

static bool flag(yyjson_val *json, const char *key) { return yyjson_get_bool(yyjson_obj_get(json, key)); }

static void check_added(run *r, yyjson_val *expected, const ap__added *added) {
    yyjson_val *list = yyjson_obj_get(expected, "added_tokens"), *json;
    size_t i, max;
    char detail[256];
    yyjson_arr_foreach(list, i, max, json) {
        yyjson_val *content = yyjson_obj_get(json, "content");
        uint32_t id = (uint32_t)yyjson_get_uint(yyjson_obj_get(json, "id"));
        const ap__added_token *t = ap__added_find(added, yyjson_get_str(content), yyjson_get_len(content));
        if (!t) {
            report(r, "added token is missing", yyjson_get_str(content));
            continue;
        }
        snprintf(detail, sizeof detail,
                 "%s id %u for %u, single_word %d lstrip %d rstrip %d normalized %d special %d",
                 yyjson_get_str(content), t->id, id, t->single_word, t->lstrip, t->rstrip, t->normalized,
                 t->special);
        if (t->id != id || t->single_word != flag(json, "single_word") || t->lstrip != flag(json, "lstrip") ||
            t->rstrip != flag(json, "rstrip") || t->normalized != flag(json, "normalized") ||
            t->special != flag(json, "special"))
            report(r, "added token", detail);
    }
    if (yyjson_arr_size(list) != added->n) {
        snprintf(detail, sizeof detail, "%zu for %zu", added->n, yyjson_arr_size(list));
        report(r, "number of added tokens", detail);
    }
}

static ap__text text_of(yyjson_val *json) { return (ap__text){yyjson_get_str(json), yyjson_get_len(json)}; }

static void check_arrays(run *r, yyjson_val *expected, const ap__encoding *e, const char *where) {
    yyjson_val *ids = yyjson_obj_get(expected, "ids"), *types = yyjson_obj_get(expected, "types");
    yyjson_val *offsets = yyjson_obj_get(expected, "offsets");
    if (yyjson_arr_size(ids) != e->n) {
        report(r, where, "another number of ids");
        return;
    }
    for (size_t i = 0; i < e->n; i++) {
        if (yyjson_get_uint(yyjson_arr_get(ids, i)) != e->ids[i]) {
            report(r, where, "an id differs");
            return;
        }
        if (yyjson_get_uint(yyjson_arr_get(types, i)) != e->type_ids[i]) report(r, where, "a type differs");
        if (yyjson_get_uint(yyjson_arr_get(offsets, 2 * i)) != e->offsets_chars[i].start ||
            yyjson_get_uint(yyjson_arr_get(offsets, 2 * i + 1)) != e->offsets_chars[i].end)
            report(r, where, "an offset differs");
    }
}

static void check_encoding(run *r, yyjson_val *expected, const ap__tokenizer *tokenizer) {
    size_t in = (size_t)yyjson_get_uint(yyjson_obj_get(expected, "in")), n = yyjson_arr_size(r->texts), len;
    yyjson_val *pair = in < n ? NULL : yyjson_arr_get(r->pairs, in - n);
    ap__text text = text_of(pair ? yyjson_arr_get(pair, 0) : yyjson_arr_get(r->texts, in));
    ap__text second = text_of(yyjson_arr_get(pair, 1));
    ap__encode_options options = {.add_special_tokens = true};
    ap__encoding e = {0};
    ap_error err = AP_ERROR_INIT;
    char *decoded = NULL;
    ap_status status = ap__tokenizer_encode(&e, tokenizer, text, pair ? &second : NULL, &options, &err);
    if (yyjson_obj_get(expected, "error")) {
        if (!status) report(r, text.ptr, "is encoded");
        ap__encoding_clear(&e);
        return;
    }
    if (!status) check_arrays(r, expected, &e, text.ptr);
    if (!status) status = ap__tokenizer_decode(&decoded, &len, tokenizer, e.ids, e.n, false, &err);
    if (status)
        report(r, "encoding failed", err.message);
    else if (yyjson_obj_get(expected, "decode") &&
             strcmp(decoded, yyjson_get_str(yyjson_obj_get(expected, "decode"))))
        report(r, "decoded", decoded);
    ap__free(decoded);
    ap__encoding_clear(&e);
}

static void check_loaded(run *r, yyjson_val *expected, const char *folder) {
    yyjson_val *list = yyjson_obj_get(expected, "encodings"), *json;
    size_t i, max;
    ap_error err = AP_ERROR_INIT;
    ap__tokenizer *tokenizer;
    ap_status status = ap__tokenizer_load(&tokenizer, folder, &err);
    if (status) {
        report(r, "does not load", err.message);
        return;
    }
    check_special(r, expected, ap__tokenizer_get_config(tokenizer));
    check_config(r, expected, ap__tokenizer_get_config(tokenizer));
    check_added(r, expected, &tokenizer->added);
    yyjson_arr_foreach(list, i, max, json) check_encoding(r, json, tokenizer);
    ap__tokenizer_destroy(tokenizer);
}

void test_loaded_folders(void **state) {
    (void)state;
    for_each("encodings", check_loaded);
}
