/* Iteration: over sequences by index, over generators item by item. */
#include "base/error.h"
#include "base/utf8.h"
#include "generate/chat/run.h"

bool ap__jval_is_iterable(const ap__jval *value) {
    switch (value->kind) {
    case AP__J_UNDEFINED:
    case AP__J_STRING:
    case AP__J_LIST:
    case AP__J_TUPLE:
    case AP__J_DICT:
    case AP__J_KEYS:
    case AP__J_VALUES:
    case AP__J_ITEMS:
    case AP__J_RANGE:
    case AP__J_ITERATOR:
        return true;
    default:
        return false;
    }
}

ap_status ap__jiter_open(ap__jrun *run, ap__jiter **out, const ap__jval *value) {
    if (value->kind == AP__J_ITERATOR) {
        *out = value->as.iter;
        return AP_OK;
    }
    if (!ap__jval_is_iterable(value))
        return ap__jrun_fail(run, AP_ETYPE, "a %s cannot be iterated over", ap__jval_type_name(value));
    ap__jiter *iter = ap__jmem_alloc(&run->mem, 1, sizeof *iter);
    if (!iter) return run->mem.status;
    iter->source = *value;
    *out = iter;
    return AP_OK;
}

static ap_status next_character(ap__jiter *iter, ap__jval *out, bool *is_end) {
    uint32_t code;
    *is_end = iter->i >= iter->source.len;
    if (*is_end) return AP_OK;
    const char *text = iter->source.as.text + iter->i;
    *out = ap__jval_text(text, ap__utf8_next(&code, text));
    iter->i += out->len;
    return AP_OK;
}

static size_t count_items(const ap__jval *source) {
    if (source->kind == AP__J_UNDEFINED) return 0;
    if (source->kind == AP__J_LIST || source->kind == AP__J_TUPLE) return source->as.list->n;
    return source->kind == AP__J_RANGE ? source->as.range->n : source->as.dict->n;
}

static ap_status make_pair(ap__jrun *run, ap__jval *out, const ap__jentry *entry) {
    ap_status status = ap__jval_new_list(out, &run->mem, AP__J_TUPLE, 2);
    if (status) return status;
    out->as.list->items[0] = entry->key;
    out->as.list->items[1] = entry->value;
    out->as.list->n = 2;
    return AP_OK;
}

static ap_status item_at(ap__jrun *run, ap__jval *out, const ap__jval *source, size_t i) {
    switch (source->kind) {
    case AP__J_LIST:
    case AP__J_TUPLE:
        *out = source->as.list->items[i];
        return AP_OK;
    case AP__J_RANGE:
        *out = ap__jrange_item(source->as.range, i);
        return AP_OK;
    case AP__J_ITEMS:
        return make_pair(run, out, &source->as.dict->entries[i]);
    case AP__J_VALUES:
        *out = source->as.dict->entries[i].value;
        return AP_OK;
    default:
        *out = source->as.dict->entries[i].key;
        return AP_OK;
    }
}

ap_status ap__jiter_next(ap__jrun *run, ap__jiter *iter, ap__jval *out, bool *is_end) {
    ap_status status = ap__jrun_enter(run);
    if (status) return status;
    if (iter->next) {
        *is_end = false;
        status = iter->next(run, iter, out, is_end);
    } else if (iter->source.kind == AP__J_STRING) {
        status = next_character(iter, out, is_end);
    } else {
        size_t n = count_items(&iter->source), i = iter->i;
        *is_end = i >= n;
        if (!*is_end) status = item_at(run, out, &iter->source, iter->is_reversed ? n - 1 - i : i);
        iter->i += !*is_end;
    }
    ap__jrun_leave(run);
    return status;
}

ap_status ap__jiter_list(ap__jrun *run, ap__jval *out, const ap__jval *value) {
    ap__jiter *iter;
    ap__jval item;
    bool is_end = false;
    ap_status status = ap__jiter_open(run, &iter, value);
    if (!status) status = ap__jval_new_list(out, &run->mem, AP__J_LIST, 0);
    while (!status) {
        if ((status = ap__jiter_next(run, iter, &item, &is_end)) || is_end) break;
        status = ap__jlist_push(out->as.list, &run->mem, item);
    }
    return status;
}

ap_status ap__jiter_reversed(ap__jrun *run, ap__jval *out, const ap__jval *value) {
    ap__jval source = *value;
    ap__jiter *iter;
    bool is_sequence =
        value->kind != AP__J_UNDEFINED && value->kind != AP__J_STRING && value->kind != AP__J_ITERATOR;
    ap_status status = is_sequence ? AP_OK : ap__jiter_list(run, &source, value);
    if (!status) status = ap__jiter_open(run, &iter, &source);
    if (status) return status;
    iter->is_reversed = true;
    *out = (ap__jval){.kind = AP__J_ITERATOR, .as.iter = iter};
    return AP_OK;
}

ap_status ap__jval_length(ap__jrun *run, int64_t *out, const ap__jval *value) {
    if (value->kind == AP__J_LOOP) return ap__jloop_length(run, value->as.loop, out);
    if (value->kind == AP__J_ITERATOR || !ap__jval_is_iterable(value))
        return ap__jrun_fail(run, AP_ETYPE, "a %s has no length", ap__jval_type_name(value));
    if (value->kind == AP__J_STRING) {
        *out = (int64_t)ap__utf8_count(value->as.text, value->len);
        return ap__jrun_spend(run, value->len / 64);
    }
    *out = (int64_t)count_items(value);
    return AP_OK;
}
