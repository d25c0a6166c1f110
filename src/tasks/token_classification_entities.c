/* From the scores of tokens to entities: words, groups, and what overlapping windows found twice.
 * Source: transformers@v4.55.4 pipelines/token_classification.py postprocess and what it calls. */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/char_index.h"
#include "base/error.h"
#include "base/utf8.h"
#include "pipeline/context.h"
#include "tasks/logits.h"
#include "tasks/token_classification.h"
#include "tensor/convert.h"
#include "tensor/math.h"
#include "value/value.h"

#include <math.h>
#include <string.h>

/* A token that is none of the special ones; or a word, or an entity. */
typedef struct span {
    ap__text word;
    int64_t start, end; /* In characters of the sentence. */
    size_t index;       /* In its window. */
    const float *scores;
    bool is_subword;
    size_t label;
    float score;
} span;

typedef struct spans {
    span *ptr;
    size_t n, capacity;
} spans;

/* A label of the model, as groups see it. */
typedef struct label {
    ap__text text; /* NULL: not a string. */
    ap__text tag;  /* Without "B-" and "I-". */
    ap__text name; /* What a group of it is called: all behind the first "-". */
    bool is_begin;
    bool is_ignored, is_group_ignored;
} label;

/* One call of postprocess. */
typedef struct run {
    const ap_task_context *ctx;
    ap__aggregation aggregation;
    ap__arena arena;
    label *labels;
    size_t n_labels;
    ap__char_index sentence;
    spans entities; /* Of all windows so far. */
    ap_error *err;
} run;

/* One window: its arrays have n entries. */
typedef struct window {
    size_t n;
    float *scores; /* [n, n_labels] */
    const int64_t *ids, *special_tokens_mask, *offsets;
} window;

static void *alloc(run *r, size_t count, size_t size, ap_status *status) {
    void *ptr = ap__arena_calloc(&r->arena, count, size);
    if (!ptr) *status = ap__fail_nomem(r->err);
    return ptr;
}

static ap_status push(run *r, spans *list, const span *item) {
    void *ptr = list->ptr;
    if (!ap__grow(&ptr, &list->capacity, list->n + 1, sizeof *item, SIZE_MAX / sizeof *item))
        return ap__fail_nomem(r->err);
    list->ptr = ptr;
    list->ptr[list->n++] = *item;
    return AP_OK;
}

/* -- labels -------------------------------------------------------------------------------------------- */

/* What Python's `name in ignore_labels` says; without a list it is ["O"]. */
static bool is_listed(const ap_value *ignore_labels, const ap_value *name) {
    if (!ignore_labels) return ap__value_is_text(name, "O");
    for (size_t i = 0; i < ap_value_len(ignore_labels); i++)
        if (ap_value_equal(ap_value_list_get(ignore_labels, i), name)) return true;
    return false;
}

static bool is_text_listed(const ap_value *ignore_labels, ap__text text) {
    if (!ignore_labels) return text.len == 1 && text.ptr[0] == 'O';
    for (size_t i = 0; i < ap_value_len(ignore_labels); i++) {
        size_t len;
        const char *own = ap_value_get_string(ap_value_list_get(ignore_labels, i), &len);
        if (own && len == text.len && !memcmp(own, text.ptr, len)) return true;
    }
    return false;
}

/* An entity of one form lacks the key of the other, which reads as null: a null in the list leaves all out.
 */
static bool has_null(const ap_value *ignore_labels) {
    for (size_t i = 0; i < ap_value_len(ignore_labels); i++)
        if (ap_value_kind(ap_value_list_get(ignore_labels, i)) == AP_KIND_NULL) return true;
    return false;
}

static label read_label(const ap_value *value, const ap_value *ignore_labels) {
    label l = {0};
    l.is_ignored = has_null(ignore_labels) || is_listed(ignore_labels, value);
    l.text.ptr = ap_value_get_string(value, &l.text.len);
    if (!l.text.ptr) return l;
    bool has_prefix =
        l.text.len >= 2 && (l.text.ptr[0] == 'B' || l.text.ptr[0] == 'I') && l.text.ptr[1] == '-';
    size_t cut = has_prefix ? 2 : 0;
    l.is_begin = has_prefix && l.text.ptr[0] == 'B';
    l.tag = (ap__text){l.text.ptr + cut, l.text.len - cut};
    const char *dash = memchr(l.text.ptr, '-', l.text.len);
    size_t behind = dash ? (size_t)(dash - l.text.ptr) + 1 : 0;
    l.name = (ap__text){l.text.ptr + behind, l.text.len - behind};
    l.is_group_ignored = has_null(ignore_labels) || is_text_listed(ignore_labels, l.name);
    return l;
}

static ap_status read_labels(run *r, const ap_value *ignore_labels) {
    ap_status status = AP_OK;
    r->n_labels = r->ctx->config->n_labels;
    r->labels = alloc(r, r->n_labels, sizeof *r->labels, &status);
    for (size_t i = 0; !status && i < r->n_labels; i++)
        r->labels[i] = read_label(ap_task_context_get_label(r->ctx, i), ignore_labels);
    return status;
}

/* -- the sentence -------------------------------------------------------------------------------------- */

static ap_status read_sentence(run *r, const ap_value *outputs) {
    size_t len;
    const char *text = ap_value_get_string(ap_value_dict_get(outputs, "sentence"), &len);
    if (text) return ap__char_index_create(&r->sentence, text, len, r->err);
    return ap__fail(r->err, AP_EINVAL, "model outputs: expected a string \"sentence\", found none");
}

/* Python's position in a slice: from the end when negative, and inside of the text. */
static size_t clamp(const run *r, int64_t at) {
    int64_t n = (int64_t)r->sentence.len_chars;
    if (at < 0) at += n;
    return (size_t)(at < 0 ? 0 : at > n ? n : at);
}

/* sentence[start:end] */
static ap__text slice(const run *r, int64_t start, int64_t end, size_t *n_chars) {
    size_t from = clamp(r, start), to = clamp(r, end);
    *n_chars = to > from ? to - from : 0;
    if (!*n_chars) return (ap__text){"", 0};
    from = ap__char_index_byte(&r->sentence, from);
    to = ap__char_index_byte(&r->sentence, to);
    return (ap__text){r->sentence.text + from, to - from};
}

/* -- tokens -------------------------------------------------------------------------------------------- */

/* Whether a token goes on with the word of the one before it. */
static bool is_subword(const run *r, ap__text token, const span *s) {
    size_t n_chars;
    if (ap__tokenizer_marks_subwords(r->ctx->tokenizer)) {
        slice(r, s->start, s->end, &n_chars);
        return ap__utf8_count(token.ptr, token.len) != n_chars;
    }
    if (s->start <= 0) return false;
    ap__text around = slice(r, s->start - 1, s->start + 1, &n_chars);
    return !around.len || !memchr(around.ptr, ' ', around.len);
}

static ap_status push_token(run *r, spans *tokens, const window *w, size_t i) {
    const ap__tokenizer *tokenizer = r->ctx->tokenizer;
    uint32_t id = (uint32_t)w->ids[i];
    size_t n_chars;
    span s = {.start = w->offsets[2 * i],
              .end = w->offsets[2 * i + 1],
              .index = i,
              .scores = w->scores + i * r->n_labels};
    s.word.ptr = ap__tokenizer_id_to_token(tokenizer, id, &s.word.len);
    if (!s.word.ptr || w->ids[i] != (int64_t)id)
        return ap__fail(r->err, AP_EINVAL, "token %zu: the tokenizer has no id %lld", i,
                        (long long)w->ids[i]);
    s.is_subword = is_subword(r, s.word, &s);
    if (id == ap__tokenizer_get_config(tokenizer)->unk_token_id) {
        s.word = slice(r, s.start, s.end, &n_chars);
        s.is_subword = false;
    }
    s.label = ap__argmax(s.scores, r->n_labels);
    s.score = s.scores[s.label];
    return push(r, tokens, &s);
}

/* Source: gather_pre_entities. */
static ap_status gather_tokens(run *r, spans *tokens, const window *w) {
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < w->n; i++)
        if (!w->special_tokens_mask[i]) status = push_token(r, tokens, w, i);
    return status;
}

/* -- words --------------------------------------------------------------------------------------------- */

/* numpy's nanmean() of one label's scores, or of the spans' own. */
static float mean_score(const span *items, size_t n, const size_t *label_index) {
    float sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        float score = label_index ? items[i].scores[*label_index] : items[i].score;
        if (isnan(score)) continue;
        sum += score;
        count++;
    }
    return count ? sum / (float)count : NAN;
}

/* tokenizer.convert_tokens_to_string() */
static ap_status join(run *r, ap__text *out, const span *items, size_t n) {
    ap_status status = AP_OK;
    ap__arena_mark mark = ap__arena_get_mark(&r->arena);
    ap__text *words = alloc(r, n, sizeof *words, &status);
    if (!words) return status;
    char *text;
    for (size_t i = 0; i < n; i++) words[i] = items[i].word;
    status = ap__tokenizer_join(&text, &out->len, r->ctx->tokenizer, words, n, r->err);
    if (status) return status;
    ap__arena_rewind(&r->arena, mark);
    out->ptr = ap__arena_strndup(&r->arena, text, out->len);
    ap__free(text);
    return out->ptr ? AP_OK : ap__fail_nomem(r->err);
}

static void choose_average(const run *r, span *word, const span *tokens, size_t n) {
    word->label = 0;
    for (size_t l = 0; l < r->n_labels; l++) {
        float score = mean_score(tokens, n, &l);
        if (l && !isnan(score) && score <= word->score) continue;
        word->label = l;
        word->score = score;
        if (isnan(score)) return; /* As argmax() has it. */
    }
}

/* Source: aggregate_word. */
static ap_status push_word(run *r, spans *words, const span *tokens, size_t n) {
    span word = tokens[0];
    word.end = tokens[n - 1].end;
    if (r->aggregation == AP__AGGREGATION_AVERAGE) choose_average(r, &word, tokens, n);
    for (size_t i = 1; i < n && r->aggregation == AP__AGGREGATION_MAX; i++) {
        if (!(tokens[i].score > word.score)) continue;
        word.label = tokens[i].label;
        word.score = tokens[i].score;
    }
    ap_status status = join(r, &word.word, tokens, n);
    return status ? status : push(r, words, &word);
}

/* Source: aggregate_words. */
static ap_status gather_words(run *r, spans *words, const spans *tokens) {
    ap_status status = AP_OK;
    for (size_t start = 0, end; !status && start < tokens->n; start = end) {
        for (end = start + 1; end < tokens->n && tokens->ptr[end].is_subword;) end++;
        status = push_word(r, words, tokens->ptr + start, end - start);
    }
    return status;
}

/* -- groups -------------------------------------------------------------------------------------------- */

static bool equal(ap__text a, ap__text b) { return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0; }

/* Source: group_sub_entities. What is ignored needs no text. */
static ap_status push_group(run *r, const span *items, size_t n) {
    span group = items[0];
    group.end = items[n - 1].end;
    group.score = mean_score(items, n, NULL);
    if (r->labels[group.label].is_group_ignored) return AP_OK;
    ap_status status = join(r, &group.word, items, n);
    return status ? status : push(r, &r->entities, &group);
}

static ap_status check_text(const run *r, size_t label_index) {
    const char *source = r->ctx->config->source;
    if (r->labels[label_index].text.ptr) return AP_OK;
    if (!ap_task_context_get_label(r->ctx, label_index))
        return ap__fail(r->err, AP_EKEY, "%s: id2label has no label %zu", source, label_index);
    return ap__fail(r->err, AP_ETYPE, "%s: id2label: label %zu is no string, so that it cannot be grouped",
                    source, label_index);
}

/* Source: group_entities. */
static ap_status gather_groups(run *r, const spans *items) {
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < items->n; i++) status = check_text(r, items->ptr[i].label);
    for (size_t start = 0, end; !status && start < items->n; start = end) {
        for (end = start + 1; end < items->n; end++) {
            const label *last = &r->labels[items->ptr[end - 1].label],
                        *next = &r->labels[items->ptr[end].label];
            if (next->is_begin || !equal(next->tag, last->tag)) break;
        }
        status = push_group(r, items->ptr + start, end - start);
    }
    return status;
}

static ap_status take_tokens(run *r, const spans *tokens) {
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < tokens->n; i++)
        if (!r->labels[tokens->ptr[i].label].is_ignored) status = push(r, &r->entities, &tokens->ptr[i]);
    return status;
}

/* -- windows ------------------------------------------------------------------------------------------- */

static ap_status get_ints(const int64_t **out, const ap_value *outputs, const char *name, uint32_t rank,
                          size_t n, ap_error *err) {
    const int64_t shape[3] = {1, (int64_t)n, 2};
    ap__tensor *tensor = ap__value_tensor(ap_value_dict_get(outputs, name));
    if (!tensor) return ap__fail(err, AP_EINVAL, "model outputs: expected a tensor \"%s\", found none", name);
    *out = ap__tensor_get_view(tensor)->data;
    return ap__expect_shape(tensor, name, AP_DTYPE_I64, rank, shape, err);
}

static ap_status read_window(run *r, window *w, const ap_value *outputs) {
    const ap_tensor_view *logits;
    ap_status status = ap__logits_get(&logits, r->ctx, outputs, 3, r->n_labels, r->err);
    if (status) return status;
    w->n = (size_t)logits->shape[1];
    status = get_ints(&w->ids, outputs, "input_ids", 2, w->n, r->err);
    if (!status) status = get_ints(&w->special_tokens_mask, outputs, "special_tokens_mask", 2, w->n, r->err);
    if (!status) status = get_ints(&w->offsets, outputs, "offset_mapping", 3, w->n, r->err);
    if (!status) w->scores = alloc(r, w->n * r->n_labels, sizeof *w->scores, &status);
    if (status) return status;
    ap__elements_as_float(w->scores, logits, 0, w->n * r->n_labels);
    for (size_t i = 0; i < w->n; i++) ap__softmax(w->scores + i * r->n_labels, r->n_labels);
    return AP_OK;
}

static ap_status add_window(run *r, const ap_value *outputs) {
    window w;
    spans tokens = {0}, words = {0};
    ap_status status = read_window(r, &w, outputs);
    if (!status) status = gather_tokens(r, &tokens, &w);
    bool has_words = r->aggregation >= AP__AGGREGATION_FIRST;
    if (!status && has_words) status = gather_words(r, &words, &tokens);
    if (!status)
        status = r->aggregation == AP__AGGREGATION_NONE ? take_tokens(r, &tokens)
                                                        : gather_groups(r, has_words ? &words : &tokens);
    ap__free(tokens.ptr);
    ap__free(words.ptr);
    return status;
}

/* Sorts by the start, stably and from the bottom up. */
static void sort_by_start(span *items, span *tmp, size_t n) {
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t start = 0; start < n; start += 2 * width) {
            size_t middle = start + width < n ? start + width : n,
                   end = middle + width < n ? middle + width : n;
            size_t a = start, b = middle;
            for (size_t k = start; k < end; k++)
                tmp[k] =
                    b >= end || (a < middle && items[a].start <= items[b].start) ? items[a++] : items[b++];
        }
        memcpy(items, tmp, n * sizeof *items);
    }
}

/* Of entities that overlap, the longest stays, and of equally long ones the surer.
 * Source: aggregate_overlapping_entities; an empty entity in front appears twice there, too. */
static ap_status remove_overlaps(run *r) {
    ap_status status = AP_OK;
    spans *all = &r->entities, kept = {0};
    if (!all->n) return AP_OK;
    span *tmp = alloc(r, all->n, sizeof *tmp, &status);
    if (!tmp) return status;
    sort_by_start(all->ptr, tmp, all->n);
    span last = all->ptr[0];
    for (size_t i = 0; !status && i < all->n; i++) {
        const span *next = &all->ptr[i];
        int64_t length = next->end - next->start, last_length = last.end - last.start;
        if (last.start > next->start || next->start >= last.end)
            status = push(r, &kept, &last);
        else if (length < last_length || (length == last_length && !(next->score > last.score)))
            continue;
        last = *next;
    }
    if (!status) status = push(r, &kept, &last);
    ap__free(all->ptr);
    *all = kept;
    return status;
}

/* -- the result ---------------------------------------------------------------------------------------- */

static ap_status set_entity(run *r, ap_value *dict, const span *s) {
    const label *l = &r->labels[s->label];
    bool is_group = r->aggregation != AP__AGGREGATION_NONE;
    const ap_value *value = ap_task_context_get_label(r->ctx, s->label);
    ap_value *slot;
    ap__value_set_dict(dict);
    if (!value)
        return ap__fail(r->err, AP_EKEY, "%s: id2label has no label %zu", r->ctx->config->source, s->label);
    ap_status status = is_group ? ap__dict_add(&slot, dict, "entity_group", 12, r->err)
                                : ap__dict_add(&slot, dict, "entity", 6, r->err);
    if (!status)
        status = is_group ? ap__value_set_string(slot, l->name.ptr, l->name.len, r->err)
                          : ap__value_assign(slot, value, r->err);
    if (!status) status = ap__dict_add(&slot, dict, "score", 5, r->err);
    if (!status) ap__value_set_float(slot, (double)s->score);
    if (!status && !is_group) status = ap__dict_set_int(dict, "index", (int64_t)s->index, r->err);
    if (!status) status = ap__dict_add(&slot, dict, "word", 4, r->err);
    if (!status) status = ap__value_set_string(slot, s->word.ptr, s->word.len, r->err);
    if (!status) status = ap__dict_set_int(dict, "start", s->start, r->err);
    return status ? status : ap__dict_set_int(dict, "end", s->end, r->err);
}

static ap_status make_result(ap_value **out, run *r) {
    ap_status status = ap_value_create_list(out, r->err);
    for (size_t i = 0; !status && i < r->entities.n; i++) {
        ap_value *slot;
        if (!(status = ap__list_add(&slot, *out, r->err))) status = set_entity(r, slot, &r->entities.ptr[i]);
    }
    if (!status) return AP_OK;
    ap_value_destroy(*out);
    *out = NULL;
    return status;
}

ap_status ap__entities_create(ap_value **out, const ap_task_context *ctx, ap__aggregation aggregation,
                              const ap_value *ignore_labels, ap_value *const *outputs, size_t n_outputs,
                              ap_error *err) {
    run r = {.ctx = ctx, .aggregation = aggregation, .err = err};
    *out = NULL;
    ap_status status = read_labels(&r, ignore_labels);
    if (!status) status = read_sentence(&r, n_outputs ? outputs[0] : NULL);
    for (size_t i = 0; !status && i < n_outputs; i++) status = add_window(&r, outputs[i]);
    if (!status && n_outputs > 1) status = remove_overlaps(&r);
    if (!status) status = make_result(out, &r);
    ap__char_index_clear(&r.sentence);
    ap__free(r.entities.ptr);
    ap__arena_clear(&r.arena);
    return status;
}
