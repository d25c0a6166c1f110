/* Methods of str that part, join and format. Source: cpython@v3.11 Objects/stringlib/split.h, partition.h. */
#include "base/error.h"
#include "base/utf8.h"
#include "generate/chat/arguments.h"
#include "generate/chat/text.h"
#include "tokenizer/python_text.h"

#include <string.h>

static ap__text self_text(const ap__jargs *args) { return ap__jval_get_text(&args->self); }

static ap_status push_part(ap__jrun *run, ap__jlist *list, ap__text part) {
    return ap__jlist_push(list, &run->mem, ap__jval_text(part.ptr, part.len));
}

/* -- split --------------------------------------------------------------------------------------------- */

/* At most `n` cuts at white space, of which runs count once; less than 0 cuts are all. */
static ap_status split_space(ap__jrun *run, ap__jlist *list, ap__text rest, int64_t n) {
    ap_status status = AP_OK;
    for (; !status; n--) {
        ap__text word;
        rest = ap__jtext_strip(rest, NULL, true, false);
        if (!rest.len) break;
        if (n == 0) return push_part(run, list, rest);
        if (!ap__py_next_word(&word, &rest)) break;
        status = push_part(run, list, word);
    }
    return status;
}

static ap_status split_at(ap__jrun *run, ap__jlist *list, ap__text text, ap__text between, int64_t n) {
    size_t at = 0, found;
    ap_status status = AP_OK;
    for (; n != 0 && !status && (found = ap__jtext_find(text, between, at)) != SIZE_MAX; n--) {
        status = push_part(run, list, ap__jtext_part(text, at, found));
        at = found + between.len;
    }
    return status ? status : push_part(run, list, ap__jtext_part(text, at, text.len));
}

static void reverse(ap__jlist *list) {
    for (size_t i = 0; i < list->n / 2; i++) {
        ap__jval item = list->items[i];
        list->items[i] = list->items[list->n - 1 - i];
        list->items[list->n - 1 - i] = item;
    }
}

/* The same from the end. */
static ap_status split_space_last(ap__jrun *run, ap__jlist *list, ap__text rest, int64_t n) {
    ap_status status = AP_OK;
    for (; !status; n--) {
        rest = ap__jtext_strip(rest, NULL, false, true);
        if (!rest.len) break;
        size_t start = n == 0 ? 0 : rest.len;
        while (start > 0) {
            size_t at = start - 1;
            uint32_t code;
            while (at && ((unsigned char)rest.ptr[at] & 0xC0) == 0x80) at--;
            ap__utf8_next(&code, rest.ptr + at);
            if (ap__py_is_space(code)) break;
            start = at;
        }
        status = push_part(run, list, ap__jtext_part(rest, start, rest.len));
        rest = ap__jtext_part(rest, 0, start);
    }
    return status;
}

static ap_status split_at_last(ap__jrun *run, ap__jlist *list, ap__text text, ap__text between, int64_t n) {
    size_t found;
    ap_status status = AP_OK;
    for (; n != 0 && !status && (found = ap__jtext_find_last(text, between)) != SIZE_MAX; n--) {
        status = push_part(run, list, ap__jtext_part(text, found + between.len, text.len));
        text.len = found;
    }
    return status ? status : push_part(run, list, text);
}

static ap_status split(ap__jrun *run, ap__jval *out, const ap__jargs *args, bool from_end) {
    ap__text between = {0}, text = self_text(args);
    int64_t n;
    bool is_space = ap__jarg_is_none(args, 0);
    ap_status status = is_space ? AP_OK : ap__jarg_text(run, args, 0, NULL, &between);
    if (!status) status = ap__jarg_int(run, args, 1, -1, &n);
    if (!status) status = ap__jrun_spend(run, text.len / 16 + (from_end ? text.len * between.len / 4096 : 0));
    if (!status && !is_space && !between.len) return ap__jrun_fail(run, AP_EINVAL, "an empty separator");
    if (!status) status = ap__jval_new_list(out, &run->mem, AP__J_LIST, 0);
    if (status) return status;
    if (n < 0) n = -1;
    ap__jlist *list = out->as.list;
    if (!from_end) return is_space ? split_space(run, list, text, n) : split_at(run, list, text, between, n);
    status = is_space ? split_space_last(run, list, text, n) : split_at_last(run, list, text, between, n);
    reverse(list);
    return status;
}

static ap_status method_split(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return split(run, out, args, false);
}

static ap_status method_rsplit(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return split(run, out, args, true);
}

static ap_status method_splitlines(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__text text = self_text(args);
    bool keeps_ends = ap__jarg_bool(args, 0, false);
    ap_status status = ap__jval_new_list(out, &run->mem, AP__J_LIST, 0);
    for (size_t at = 0, next; at < text.len && !status; at = next) {
        size_t end = ap__jtext_line(text, at, &next);
        status = push_part(run, out->as.list, ap__jtext_part(text, at, keeps_ends ? next : end));
    }
    return status ? status : ap__jrun_spend(run, text.len / 16);
}

/* -- partition ----------------------------------------------------------------------------------------- */

static ap_status partition(ap__jrun *run, ap__jval *out, const ap__jargs *args, bool from_end) {
    ap__text text = self_text(args), between, parts[3] = {{"", 0}, {"", 0}, {"", 0}};
    ap_status status = ap__jarg_text(run, args, 0, NULL, &between);
    if (!status && !between.len) return ap__jrun_fail(run, AP_EINVAL, "an empty separator");
    if (!status) status = ap__jval_new_list(out, &run->mem, AP__J_TUPLE, 3);
    if (!status && from_end) status = ap__jrun_spend(run, text.len * between.len / 4096);
    if (status) return status;
    size_t at = from_end ? ap__jtext_find_last(text, between) : ap__jtext_find(text, between, 0);
    parts[from_end ? 2 : 0] = text;
    if (at != SIZE_MAX) {
        parts[0] = ap__jtext_part(text, 0, at);
        parts[1] = between;
        parts[2] = ap__jtext_part(text, at + between.len, text.len);
    }
    for (int i = 0; i < 3 && !status; i++) status = push_part(run, out->as.list, parts[i]);
    return status;
}

static ap_status method_partition(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return partition(run, out, args, false);
}

static ap_status method_rpartition(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return partition(run, out, args, true);
}

/* -- join and format ----------------------------------------------------------------------------------- */

static ap_status method_join(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__jiter *iter;
    ap__jval item;
    size_t mark = run->scratch.len;
    bool is_end = false, is_first = true;
    ap_status status = ap__jiter_open(run, &iter, &args->bound[0]);
    for (; !status; is_first = false) {
        if ((status = ap__jiter_next(run, iter, &item, &is_end)) || is_end) break;
        if (item.kind != AP__J_STRING)
            return ap__jrun_fail(run, AP_ETYPE, "\"join\" of a str needs strings, found %s",
                                 ap__jval_type_name(&item));
        if (!is_first)
            status = ap__buf_append(&run->scratch, args->self.len ? args->self.as.text : "", args->self.len,
                                    run->err);
        if (!status) status = ap__buf_append(&run->scratch, item.len ? item.as.text : "", item.len, run->err);
    }
    return status ? status : ap__jrun_take(run, mark, out);
}

static ap_status method_format(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return ap__jformat_braces(run, out, self_text(args), args);
}

static ap_status method_format_map(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__jargs named = {.self = args->self};
    const ap__jval *map = &args->bound[0];
    if (map->kind != AP__J_DICT)
        return ap__jrun_fail(run, AP_ETYPE, "\"format_map\" needs a dict, found %s", ap__jval_type_name(map));
    size_t n = map->as.dict->n;
    named.keywords = ap__jmem_alloc(&run->mem, n, sizeof *named.keywords);
    named.names = ap__jmem_alloc(&run->mem, n, sizeof *named.names);
    if (!named.keywords || !named.names) return run->mem.status;
    for (size_t i = 0; i < n; i++) {
        const ap__jentry *entry = &map->as.dict->entries[i];
        if (entry->key.kind != AP__J_STRING) continue;
        named.names[named.n_keywords] = ap__jval_get_text(&entry->key);
        named.keywords[named.n_keywords++] = entry->value;
    }
    return ap__jformat_braces(run, out, self_text(args), &named);
}

const ap__jrow ap__jmethods_parts[] = {{"split", method_split, "sep maxsplit"},
                                       {"rsplit", method_rsplit, "sep maxsplit"},
                                       {"splitlines", method_splitlines, "keepends"},
                                       {"partition", method_partition, "!."},
                                       {"rpartition", method_rpartition, "!."},
                                       {"join", method_join, "!."},
                                       {"format", method_format, NULL},
                                       {"format_map", method_format_map, "!."},
                                       {0}};
