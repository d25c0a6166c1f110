/* Tokenizers from parts of files. */
#include "unit/tokenizer/tapas/tapas_files.h"

#include "base/file.h"
#include "unit/support/check.h"

#include <string.h>

ap__tapas *tapas_with(const ap_value *changes) {
    ap_error err = AP_ERROR_INIT;
    ap__bytes vocab = {0}, config = {0};
    ap_value *json = NULL;
    char *text = NULL;
    ap__tapas *tapas = NULL;
    assert_ok(ap__file_read(&vocab, TAPAS_FOLDER "/vocab.txt", 1 << 20, &err), &err);
    assert_ok(ap__file_read(&config, TAPAS_FOLDER "/tokenizer_config.json", 1 << 20, &err), &err);
    assert_ok(ap_value_from_json(&json, config.ptr, config.len, &err), &err);
    for (size_t i = 0; i < ap_value_len(changes); i++) {
        const char *key;
        ap_value *copy = NULL;
        assert_ok(ap_value_copy(&copy, ap_value_dict_at(changes, i, &key), &err), &err);
        assert_ok(ap_value_dict_set_take(json, key, copy, &err), &err);
    }
    assert_ok(ap_value_to_json(&text, NULL, json, AP_JSON_COMPACT, &err), &err);
    ap__tapas_files files = {.vocab = vocab.ptr, .vocab_len = vocab.len, .config = text, .name = "test"};
    assert_ok(ap__tapas_create(&tapas, &files, &err), &err);
    ap_string_destroy(text);
    ap_value_destroy(json);
    ap__bytes_clear(&config);
    ap__bytes_clear(&vocab);
    return tapas;
}

ap_status tapas_small(ap__tapas **out, const char *config, ap_error *err) {
    static const char vocab[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n##b\n1\n[MASK]\n";
    ap__tapas_files files = {
        .vocab = vocab, .vocab_len = sizeof vocab - 1, .config = config, .name = "small"};
    return ap__tapas_create(out, &files, err);
}
