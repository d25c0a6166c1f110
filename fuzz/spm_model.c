/* SentencePiece models: any bytes, by way of the reader of protobuf messages. */
#include "tokenizer/convert/spm_model.h"
#include "base/arena.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

static void check(int holds) {
    if (!holds) abort();
}

static void check_model(const ap__spm_model *model, const char *bytes, size_t size) {
    check(model->n > 0 && model->model_type >= 1 && model->model_type <= 4);
    for (size_t i = 0; i < model->n; i++) {
        const ap__text *text = &model->pieces[i].text;
        check(text->len && text->ptr >= bytes && text->len <= size);
        check(text->ptr + text->len <= bytes + size);
        check(ap__utf8_valid_len(text->ptr, text->len) == text->len);
        check(model->pieces[i].type >= AP__SPM_NORMAL && model->pieces[i].type <= AP__SPM_BYTE);
        check(model->pieces[i].score == model->pieces[i].score);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *bytes = size ? (const char *)data : "";
    ap_error err = AP_ERROR_INIT;
    ap__arena arena = {0};
    ap__spm_model model;
    ap_status status = ap__spm_model_parse(&model, &arena, bytes, size, "model", &err);
    if (status) {
        size_t len = strlen(err.message);
        check(err.status == status && ap__utf8_valid_len(err.message, len) == len);
        check(strncmp(err.message, "model: ", 7) == 0); /* It says where. */
    } else {
        check_model(&model, bytes, size);
    }
    ap__arena_clear(&arena);
    return 0;
}
