/* NFC, NFD, NFKC, NFKD, with the changes that the reference's crate reports for its alignments.
 * Source: n1t0/unicode-normalization@9ca6960 src/decompose.rs, src/recompose.rs. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/component.h"
#include "tokenizer/unicode.h"

#include <string.h>

/* A character and what it does to the text: see ap__transform_put(). */
typedef struct unit {
    uint32_t code;
    int32_t change;
    uint8_t class_;
} unit;

typedef struct units {
    unit *ptr;
    size_t n, capacity;
} units;

typedef struct norm_form {
    bool is_compatible, is_composed;
} norm_form;

typedef struct former {
    ap__transform t;
    const norm_form *form;
    units segment; /* A starter and all that may move or join with it. */
    ap__work *work;
} former;

static void push(former *f, unit u) {
    units *list = &f->segment;
    if (list->n == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 64;
        unit *ptr = ap__arena_calloc(&f->work->arena, capacity, sizeof *ptr);
        if (!ptr) {
            f->t.status = ap__fail_nomem(f->work->err);
            return;
        }
        if (list->n) memcpy(ptr, list->ptr, list->n * sizeof *ptr);
        list->ptr = ptr;
        list->capacity = capacity;
    }
    list->ptr[list->n++] = u;
}

/* Stable, by class, of units that are no starters. A long run of marks is counted out, so that it costs no
 * square. */
static void sort_marks(former *f, unit *marks, size_t n) {
    enum { SHORT = 32 };
    if (n <= SHORT) {
        for (size_t i = 1; i < n; i++) {
            unit u = marks[i];
            size_t k = i;
            for (; k > 0 && marks[k - 1].class_ > u.class_; k--) marks[k] = marks[k - 1];
            marks[k] = u;
        }
        return;
    }
    size_t starts[257] = {0};
    unit *sorted = ap__arena_calloc(&f->work->arena, n, sizeof *sorted);
    if (!sorted) {
        f->t.status = ap__fail_nomem(f->work->err);
        return;
    }
    for (size_t i = 0; i < n; i++) starts[marks[i].class_ + 1]++;
    for (size_t c = 0; c < 256; c++) starts[c + 1] += starts[c];
    for (size_t i = 0; i < n; i++) sorted[starts[marks[i].class_]++] = marks[i];
    memcpy(marks, sorted, n * sizeof *marks);
}

/* Puts the marks of the segment in canonical order. */
static void reorder(former *f) {
    unit *list = f->segment.ptr;
    for (size_t i = 0; i < f->segment.n;) {
        size_t start = i;
        while (i < f->segment.n && list[i].class_ != 0) i++;
        if (i - start > 1) sort_marks(f, list + start, i - start);
        i += i == start;
    }
}

static void put_all(former *f, const unit *list, size_t n) {
    for (size_t i = 0; i < n; i++) ap__transform_put(&f->t, list[i].code, list[i].change);
}

/* Source: recompose.rs Recompositions::next. What is not composed with the last starter is kept behind it, in
 * place. */
static void compose(former *f) {
    unit *list = f->segment.ptr;
    unit starter = {0};
    bool has_starter = false;
    size_t first_kept = 0, n_kept = 0;
    for (size_t i = 0; i < f->segment.n; i++) {
        unit u = list[i];
        if (!has_starter) {
            has_starter = u.class_ == 0;
            if (has_starter)
                starter = u;
            else
                ap__transform_put(&f->t, u.code, u.change);
            first_kept = i + 1;
            continue;
        }
        uint8_t last_class = n_kept ? list[first_kept + n_kept - 1].class_ : 0;
        bool is_blocked = n_kept && last_class >= u.class_;
        uint32_t composed = is_blocked ? 0 : ap__unicode_compose(starter.code, u.code);
        if (composed) {
            starter.code = composed;
            starter.change += u.change - 1;
        } else if (u.class_ == 0) {
            ap__transform_put(&f->t, starter.code, starter.change);
            put_all(f, list + first_kept, n_kept);
            starter = u;
            first_kept = i + 1;
            n_kept = 0;
        } else {
            list[first_kept + n_kept++] = u;
        }
    }
    if (has_starter) ap__transform_put(&f->t, starter.code, starter.change);
    put_all(f, list + first_kept, n_kept);
}

static void flush(former *f) {
    reorder(f);
    if (f->form->is_composed)
        compose(f);
    else
        put_all(f, f->segment.ptr, f->segment.n);
    f->segment.n = 0;
}

static void add(former *f, uint32_t code) {
    uint32_t parts[AP__UNICODE_DECOMPOSITION_MAX];
    size_t n = ap__unicode_decompose(parts, code, f->form->is_compatible);
    for (size_t i = 0; i < n && !f->t.status; i++)
        push(f, (unit){parts[i], i > 0 ? 1 : 0, ap__unicode_class(parts[i])});
}

/* The flag of characters that change by themselves in a form. */
static uint32_t changing_flag(const norm_form *form) {
    if (form->is_composed) return form->is_compatible ? AP__UNICODE_HAS_NFKC : AP__UNICODE_HAS_NFC;
    return form->is_compatible ? AP__UNICODE_HAS_NFKD : AP__UNICODE_HAS_NFD;
}

/* A character stays when it does not change by itself and neither joins what is before nor is joined. In a
 * text that begins with what came from nowhere none does, because characters then take the place of others
 * than themselves. */
static void run(former *f, const ap__ntext *text) {
    bool is_plain = ap__ntext_is_plain(text);
    uint32_t changing = changing_flag(f->form), at = 0, copied = 0, code = 0, next_code = 0;
    uint32_t n = text->len ? (uint32_t)ap__utf8_next(&code, text->ptr) : 0;
    uint32_t flags = n ? ap__unicode_flags(code) : 0;
    while (at < text->len && !f->t.status) {
        uint32_t after = at + n, next_flags = 0;
        if (after < text->len) {
            n = (uint32_t)ap__utf8_next(&next_code, text->ptr + after);
            next_flags = ap__unicode_flags(next_code);
        }
        bool stays = is_plain && !f->segment.n && !(flags & (changing | AP__UNICODE_JOINS)) &&
                     !(next_flags & AP__UNICODE_JOINS);
        if (!stays) {
            if (is_plain) ap__transform_copy(&f->t, at - copied);
            add(f, code);
            if (!(next_flags & AP__UNICODE_JOINS)) flush(f);
            copied = after;
        }
        at = after;
        code = next_code;
        flags = next_flags;
    }
    if (is_plain) ap__transform_copy(&f->t, at - copied);
}

static ap_status apply(const norm_form *form, ap__work *work, ap__ntext *text) {
    if (ap__is_ascii(text->ptr, text->len) && ap__ntext_is_plain(text)) return AP_OK;
    former f = {.form = form, .work = work};
    ap__arena_mark mark = ap__arena_get_mark(&work->arena);
    ap__work_begin(&f.t, work, text, 0);
    run(&f, text);
    ap__arena_rewind(&work->arena, mark);
    return ap__work_finish(&f.t, work, text);
}

#define DEFINE_FORM(name, is_compatible, is_composed)                                                        \
    static ap_status apply_##name(const void *self, ap__work *work, ap__ntext *text) {                       \
        static const norm_form FORM = {is_compatible, is_composed};                                          \
        (void)self;                                                                                          \
        return apply(&FORM, work, text);                                                                     \
    }                                                                                                        \
    const ap__normalizer_class ap__normalizer_##name = {.create = ap__create_nothing, .apply = apply_##name};

DEFINE_FORM(nfc, false, true)
DEFINE_FORM(nfd, false, false)
DEFINE_FORM(nfkc, true, true)
DEFINE_FORM(nfkd, true, false)
