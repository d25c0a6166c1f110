/* Batches: padding, stacking, slicing. */
#include "pipeline/collate.h"

#include "base/error.h"
#include "base/words.h"

#include <string.h>

/* The value of padded positions of an input, by its name; input_ids is the tokenizer's own. */
static int64_t pad_value(const ap_task_context *ctx, const char *name) {
    if (strcmp(name, "input_ids") == 0) {
        const ap__tokenizer_config *config = ap__context_tokenizer_config(ctx);
        return !config || config->pad_token_id == AP__TOKEN_NONE ? 0 : config->pad_token_id;
    }
    return strcmp(name, "special_tokens_mask") == 0 || strcmp(name, "p_mask") == 0;
}

static bool is_left_padded(const ap_task_context *ctx) {
    const ap__tokenizer_config *config = ap__context_tokenizer_config(ctx);
    return config && config->padding_side == AP__SIDE_LEFT;
}

static ap__tensor *feed_tensor(const ap_value *feed, const char *name) {
    return ap__value_tensor(ap__dict_find(feed, name, strlen(name)));
}

size_t ap__feed_length(const ap_task_context *ctx, const ap_value *feed) {
    const ap_session_info *info = ap__session_get_info(ap__model_get_session(ctx->model));
    for (uint32_t i = 0; i < info->n_inputs; i++) {
        ap__tensor *tensor = feed_tensor(feed, info->inputs[i].name);
        if (!tensor) continue;
        const ap_tensor_view *view = ap__tensor_get_view(tensor);
        if (view->rank >= 2) return (size_t)view->shape[1];
    }
    return 1;
}

/* -- inputs that are made ------------------------------------------------------------------------------ */

typedef enum made_kind { MADE_ZEROS, MADE_ONES, MADE_POSITIONS } made_kind;

/* What a graph may ask for that a tokenizer need not give, and what it then means: forward() of the models
 * fills in the same. */
static const struct made_input {
    const char *name;
    made_kind kind;
    int64_t n_each; /* Numbers of a token; 0: one, and no axis for them. */
} MADE_INPUTS[] = {{"token_type_ids", MADE_ZEROS, 0},
                   {"attention_mask", MADE_ONES, 0},
                   {"position_ids", MADE_POSITIONS, 0},
                   {"bbox", MADE_ZEROS, 4}};

static const struct made_input *find_made(const char *name) {
    for (size_t i = 0; i < sizeof MADE_INPUTS / sizeof *MADE_INPUTS; i++)
        if (strcmp(MADE_INPUTS[i].name, name) == 0) return &MADE_INPUTS[i];
    return NULL;
}

static ap_status make_input(ap__tensor **out, const char *name, const ap_value *feed, ap_error *err) {
    ap__tensor *ids = feed_tensor(feed, "input_ids");
    const struct made_input *row = ids ? find_made(name) : NULL;
    if (!row)
        return ap__fail(err, AP_EINVAL, "the model asks for the input %s, which this task does not give",
                        name);
    const ap_tensor_view *like = ap__tensor_get_view(ids);
    int64_t shape[AP_TENSOR_MAX_RANK];
    uint32_t rank = like->rank;
    memcpy(shape, like->shape, sizeof shape);
    if (row->n_each && rank < AP_TENSOR_MAX_RANK) shape[rank++] = row->n_each;
    ap_status status = ap__tensor_create(out, AP_DTYPE_I64, shape, rank, err);
    if (status) return status;
    int64_t *to = ap__tensor_data(*out);
    for (size_t k = 0; k < ap__tensor_n_elements(*out); k++)
        to[k] = row->kind == MADE_POSITIONS ? (int64_t)k : row->kind == MADE_ONES;
    return AP_OK;
}

/* Every feed gets the inputs that it lacks, so that all of them look alike from here on. */
static ap_status complete_feed(const ap_session_info *info, ap_value *feed, ap_error *err) {
    for (uint32_t i = 0; i < info->n_inputs; i++) {
        const char *name = info->inputs[i].name;
        if (feed_tensor(feed, name)) continue;
        ap__tensor *made;
        ap_status status = make_input(&made, name, feed, err);
        if (!status) status = ap__dict_set_tensor_take(feed, name, made, err);
        if (status) return status;
    }
    return AP_OK;
}

/* -- stacking ------------------------------------------------------------------------------------------ */

/* One input of the batch while it is stacked. */
typedef struct stack {
    const ap_io *io;
    ap_value *const *feeds;
    size_t n_feeds;
    ap_dtype dtype; /* Of the batch: the graph's, or the feeds' when it takes any. */
    uint32_t rank;
    int64_t shape[AP_TENSOR_MAX_RANK]; /* Of the batch. */
    int64_t pad;
    bool is_left;
    int64_t longest, length; /* In tokens: of the feeds, and of the batch. */
} stack;

static bool is_static(const ap_io *io, uint32_t axis) {
    return io->rank != AP_RANK_UNKNOWN && axis < io->rank && io->shape[axis] > 0;
}

/* The batch's shape: the longest second extent, or the graph's own where that is fixed. */
static ap_status measure(stack *s, ap_error *err) {
    for (size_t i = 0; i < s->n_feeds; i++) {
        const ap_tensor_view *view = ap__tensor_get_view(feed_tensor(s->feeds[i], s->io->name));
        if (i == 0) {
            s->rank = view->rank;
            memcpy(s->shape, view->shape, sizeof s->shape);
            if (!view->rank)
                return ap__fail(err, AP_EINVAL, "input %s: a feed needs a first dimension", s->io->name);
            s->shape[0] = 0;
        }
        bool fits = view->rank == s->rank;
        for (uint32_t axis = 2; fits && axis < view->rank; axis++) fits = view->shape[axis] == s->shape[axis];
        if (!fits)
            return ap__fail(err, AP_EINVAL, "input %s: feeds of different shapes cannot share a batch",
                            s->io->name);
        s->shape[0] += view->shape[0];
        if (view->rank > 1 && view->shape[1] > s->shape[1]) s->shape[1] = view->shape[1];
    }
    bool has_tokens = s->rank > 1 && s->shape[1] == s->longest;
    if (has_tokens && s->length > s->longest) s->shape[1] = s->length;
    if (s->rank > 1 && is_static(s->io, 1)) {
        if (s->shape[1] > s->io->shape[1])
            return ap__fail(err, AP_EINVAL,
                            "input %s: the model takes %lld tokens, the input has %lld; truncation=true "
                            "with max_length=%lld cuts it",
                            s->io->name, (long long)s->io->shape[1], (long long)s->shape[1],
                            (long long)s->io->shape[1]);
        s->shape[1] = s->io->shape[1];
    }
    return AP_OK;
}

static void store_int(void *to, ap_dtype dtype, size_t at, int64_t value) {
    switch (dtype) {
    case AP_DTYPE_I64:
        ((int64_t *)to)[at] = value;
        break;
    case AP_DTYPE_I32:
        ((int32_t *)to)[at] = (int32_t)value;
        break;
    case AP_DTYPE_F32:
        ((float *)to)[at] = (float)value;
        break;
    default:
        ((uint8_t *)to)[at] = value != 0;
        break;
    }
}

/* Feeds hold int64 ids and masks; a graph may want them as int32, bool or float. */
static bool can_convert(ap_dtype from, ap_dtype to) {
    if (from == to) return true;
    return from == AP_DTYPE_I64 && (to == AP_DTYPE_I32 || to == AP_DTYPE_BOOL || to == AP_DTYPE_F32);
}

/* Copies one row of one feed to its place. */
static void copy_row(const stack *s, void *to, size_t at, const ap_tensor_view *view, size_t from,
                     size_t count) {
    if (view->dtype == s->dtype) {
        size_t size = ap_dtype_size(s->dtype);
        if (count) memcpy((char *)to + at * size, (const char *)view->data + from * size, count * size);
        return;
    }
    const int64_t *source = (const int64_t *)view->data + from;
    for (size_t i = 0; i < count; i++) store_int(to, s->dtype, at + i, source[i]);
}

static void fill_pad(const stack *s, void *to, size_t at, size_t count) {
    size_t size = ap_dtype_size(s->dtype);
    if (!s->pad)
        memset((char *)to + at * size, 0, count * size);
    else
        for (size_t i = 0; i < count; i++) store_int(to, s->dtype, at + i, s->pad);
}

/* Copies a feed's rows from row `row` of the batch on. */
static void copy_feed(const stack *s, void *to, size_t row, const ap_tensor_view *view, size_t inner) {
    size_t length = s->rank > 1 ? (size_t)s->shape[1] : 1, own = s->rank > 1 ? (size_t)view->shape[1] : 1;
    size_t gap = (length - own) * inner;
    for (size_t r = 0; r < (size_t)view->shape[0]; r++) {
        size_t at = (row + r) * length * inner;
        if (gap) fill_pad(s, to, s->is_left ? at : at + own * inner, gap);
        copy_row(s, to, s->is_left ? at + gap : at, view, r * own * inner, own * inner);
    }
}

static ap_status stack_rows(ap__tensor **out, const stack *s, ap_error *err) {
    size_t inner = 1, row = 0;
    for (uint32_t axis = 2; axis < s->rank; axis++) inner *= (size_t)s->shape[axis];
    ap_status status = ap__tensor_create(out, s->dtype, s->shape, s->rank, err);
    if (status) return status;
    for (size_t i = 0; i < s->n_feeds; i++) {
        const ap_tensor_view *view = ap__tensor_get_view(feed_tensor(s->feeds[i], s->io->name));
        copy_feed(s, ap__tensor_data(*out), row, view, inner);
        row += (size_t)view->shape[0];
    }
    return AP_OK;
}

static ap_status stack_input(ap__tensor **out, stack *s, ap_error *err) {
    ap__tensor *first = feed_tensor(s->feeds[0], s->io->name);
    ap_dtype from = ap__tensor_get_view(first)->dtype;
    s->dtype = s->io->dtype == AP_DTYPE_NONE ? from : s->io->dtype;
    ap_status status = measure(s, err);
    if (status) return status;
    for (size_t i = 0; i < s->n_feeds; i++) {
        ap_dtype own = ap__tensor_get_view(feed_tensor(s->feeds[i], s->io->name))->dtype;
        if (own != from || !can_convert(own, s->dtype))
            return ap__fail(err, AP_EINVAL, "input %s: the model takes %s, the feed has %s", s->io->name,
                            ap_dtype_name(s->dtype), ap_dtype_name(own));
    }
    bool is_ready = s->n_feeds == 1 && from == s->dtype &&
                    (s->rank < 2 || s->shape[1] == ap__tensor_get_view(first)->shape[1]);
    if (is_ready) {
        *out = ap__tensor_ref(first);
        return AP_OK;
    }
    return stack_rows(out, s, err);
}

size_t ap__feeds_longest(const ap_task_context *ctx, ap_value *const *feeds, size_t n_feeds) {
    size_t longest = 0;
    for (size_t i = 0; i < n_feeds; i++) {
        size_t length = ap__feed_length(ctx, feeds[i]);
        if (length > longest) longest = length;
    }
    return longest;
}

ap_status ap__collate(ap_value **out, const ap_task_context *ctx, ap_value *const *feeds, size_t n_feeds,
                      size_t length, ap_error *err) {
    const ap_session_info *info = ap__session_get_info(ap__model_get_session(ctx->model));
    bool is_left = is_left_padded(ctx);
    size_t longest = length ? ap__feeds_longest(ctx, feeds, n_feeds) : 0;
    *out = NULL;
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < n_feeds; i++) status = complete_feed(info, feeds[i], err);
    if (!status) status = ap_value_create_dict(out, err);
    for (uint32_t i = 0; !status && i < info->n_inputs; i++) {
        const char *name = info->inputs[i].name;
        stack s = {.io = &info->inputs[i],
                   .feeds = feeds,
                   .n_feeds = n_feeds,
                   .pad = pad_value(ctx, name),
                   .is_left = is_left,
                   .longest = (int64_t)longest,
                   .length = (int64_t)length};
        ap__tensor *tensor;
        if (!(status = stack_input(&tensor, &s, err)))
            status = ap__dict_set_tensor_take(*out, name, tensor, err);
    }
    if (status) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}

/* -- back ---------------------------------------------------------------------------------------------- */

/* The feed's own row, without the tokens that the batch added to it. */
static ap_status take_row(ap__tensor **out, ap__tensor *tensor, const ap__batch_place *place, bool has_tokens,
                          size_t own_length, const ap_task_context *ctx, ap_error *err) {
    const ap_tensor_view *view = ap__tensor_get_view(tensor);
    bool is_batched = place->n_feeds > 1 && view->rank > 0 && view->shape[0] == (int64_t)place->n_feeds;
    bool is_padded = has_tokens && place->padded_length > own_length && view->rank > 1 &&
                     view->shape[1] == (int64_t)place->padded_length;
    ap__tensor *row = NULL;
    ap_status status = AP_OK;
    if (is_batched)
        status = ap__tensor_slice(&row, tensor, (int64_t)place->i_feed, 1, err);
    else
        row = ap__tensor_ref(tensor);
    *out = row;
    if (status || !is_padded || view->shape[0] != (int64_t)place->n_feeds) return status;
    bool is_left = is_left_padded(ctx);
    size_t start = is_left ? place->padded_length - own_length : 0;
    status = ap__tensor_narrow(out, row, 1, (int64_t)start, (int64_t)own_length, err);
    ap__tensor_unref(row);
    return status;
}

static bool is_input(const ap_session_info *info, const char *name) {
    for (uint32_t i = 0; i < info->n_inputs; i++)
        if (strcmp(info->inputs[i].name, name) == 0) return true;
    return false;
}

/* Whether an entry of a feed goes on to postprocess(). */
static bool is_carried(const ap_task_context *ctx, const ap_value *outputs, const char *key, size_t key_len) {
    const ap_session_info *info = ap__session_get_info(ap__model_get_session(ctx->model));
    if (ap__dict_find(outputs, key, key_len)) return false;
    return !is_input(info, key) || ap__words_have(ctx->task->kept_inputs, key);
}

ap_status ap__uncollate(ap_value **out, const ap_task_context *ctx, const ap_value *outputs,
                        const ap_value *feed, const ap__batch_place *place, ap_error *err) {
    size_t own_length = place->kept_length ? place->kept_length : ap__feed_length(ctx, feed), key_len;
    const char *key;
    ap_value *slot;
    ap_status status = ap_value_create_dict(out, err);
    if (status) return status;
    for (size_t i = 0; !status && i < ap_value_len(outputs); i++) {
        ap_value *item = ap__dict_entry(outputs, i, &key, &key_len);
        bool has_tokens = ap__words_have(ctx->task->token_outputs, key);
        ap__tensor *row;
        status = take_row(&row, item->as.tensor, place, has_tokens, own_length, ctx, err);
        if (!status) status = ap__dict_set_tensor_take(*out, key, row, err);
    }
    for (size_t i = 0; !status && i < ap_value_len(feed); i++) {
        ap__dict_entry(feed, i, &key, &key_len);
        if (is_carried(ctx, outputs, key, key_len)) status = ap__dict_add(&slot, *out, key, key_len, err);
    }
    if (status) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}

void ap__uncollate_carry(ap_value *output, const ap_task_context *ctx, const ap_value *outputs,
                         ap_value *feed) {
    for (size_t i = 0; i < ap_value_len(feed); i++) {
        const char *key;
        size_t key_len;
        ap_value *item = ap__dict_entry(feed, i, &key, &key_len);
        if (!is_carried(ctx, outputs, key, key_len)) continue;
        *ap__dict_find(output, key, key_len) = *item;
        memset(item, 0, sizeof *item);
    }
}
