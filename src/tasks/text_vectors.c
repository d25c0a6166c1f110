/* Vectors of tokens to vectors of texts. */
#include "tasks/text_vectors.h"

#include "base/alloc.h"
#include "base/error.h"
#include "pipeline/context.h"
#include "tensor/convert.h"
#include "value/value.h"

#include <string.h>

const ap_param_choice ap__pooling_choices[] = {{"none", AP__POOLING_NONE, 0},
                                               {"mean", AP__POOLING_MEAN, 0},
                                               {"cls", AP__POOLING_CLS, 0},
                                               {"max", AP__POOLING_MAX, 0},
                                               {NULL, 0, 0}};

ap_status ap__token_vectors_check(const ap_task_context *ctx, ap_error *err) {
    ap__session *session = ap__model_get_session(ctx->model);
    const ap_io *first = &ap__session_get_info(session)->outputs[0];
    bool is_known = ap__session_find_output(session, AP__TOKEN_VECTORS) ||
                    ap__session_find_output(session, "token_embeddings");
    bool has_head = strcmp(first->name, "logits") == 0 || strcmp(first->name, "start_logits") == 0;
    if (is_known || !has_head) return AP_OK;
    return ap__fail(err, AP_EINVAL,
                    "%s gives %s and no last_hidden_state; %s needs the model without its head: export it "
                    "for the task feature-extraction",
                    ap__model_get_file(ctx->model), first->name, ctx->task->name);
}

ap_status ap__token_vectors_get(ap__tensor **out, const ap_value *outputs, ap_error *err) {
    *out = ap__value_tensor(ap_value_dict_get(outputs, AP__TOKEN_VECTORS));
    if (!*out)
        return ap__fail(err, AP_EINVAL,
                        "model outputs: expected a tensor \"" AP__TOKEN_VECTORS "\", found none");
    return AP_OK;
}

/* The feed's attention mask where it fits the rows; NULL: all are attended to. In a batch whose padding
 * stayed there are more rows than the feed has tokens: *start is then the feed's first. */
static const int64_t *find_mask(size_t *start, size_t *n, const ap_task_context *ctx,
                                const ap_value *outputs) {
    ap__tensor *mask = ap__value_tensor(ap_value_dict_get(outputs, "attention_mask"));
    const ap_tensor_view *view = mask ? ap__tensor_get_view(mask) : NULL;
    *start = 0;
    if (!view || view->dtype != AP_DTYPE_I64 || view->rank != 2 || (size_t)view->shape[1] > *n) return NULL;
    bool is_left = ctx->tokenizer && ap__tokenizer_get_config(ctx->tokenizer)->padding_side == AP__SIDE_LEFT;
    if (is_left) *start = *n - (size_t)view->shape[1];
    *n = (size_t)view->shape[1];
    return view->data;
}

ap_status ap__text_vector_create(float **out, size_t *width, ap__pooling how, const ap_task_context *ctx,
                                 const ap_value *outputs, ap_error *err) {
    ap__tensor *tensor;
    *out = NULL;
    ap_status status = ap__token_vectors_get(&tensor, outputs, err);
    if (status) return status;
    const ap_tensor_view *view = ap__tensor_get_view(tensor);
    if (view->rank != 3 || view->shape[0] != 1) {
        char shape[128];
        return ap__fail(err, AP_EINVAL,
                        "pooling needs a vector for each token, [1, tokens, width], but the model gives %s",
                        ap__shape_text(shape, sizeof shape, view->shape, view->rank));
    }
    size_t n = (size_t)view->shape[1], start;
    *width = (size_t)view->shape[2];
    const int64_t *mask = find_mask(&start, &n, ctx, outputs);
    float *vector = ap__calloc(*width, sizeof *vector), *rows = ap__calloc(n * *width, sizeof *rows);
    if (vector && rows) {
        ap__elements_as_float(rows, view, start * *width, n * *width);
        ap__pool(vector, how, rows, mask, n, *width);
        *out = vector;
    } else {
        status = ap__fail_nomem(err);
        ap__free(vector);
    }
    ap__free(rows);
    return status;
}
