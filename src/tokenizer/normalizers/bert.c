/* BertNormalizer: cleans the text, puts spaces around Chinese characters, strips accents, lowers case.
 * Source: huggingface/tokenizers@v0.21.4 normalizers/bert.rs. The reference makes five passes; here they are
 * one, which gives the same text and alignment unless a character of a combining class that is not 0 survives
 * (then the order of marks matters): such a text takes the five passes. */
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/component.h"
#include "tokenizer/normalizers/lowercase.h"
#include "tokenizer/unicode.h"

#include <string.h>

typedef struct bert {
    int clean_text, handle_chinese_chars, strip_accents /* -1: as lowercase */, lowercase;
} bert;

static bool strips_accents(const bert *self) {
    return self->strip_accents >= 0 ? self->strip_accents : self->lowercase;
}

static bool is_chinese(uint32_t c) {
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
           (c >= 0x2A700 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0x2F800 && c <= 0x2FA1F);
}

/* -- plain ASCII --------------------------------------------------------------------------------------- */

static bool is_removed_ascii(unsigned char c) {
    return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
}

/* The length of the prefix that is ASCII and keeps its length. */
static uint32_t plain_len(const bert *self, const ap__ntext *text) {
    uint32_t i = 0;
    while (i < text->len && (unsigned char)text->ptr[i] < 0x80 &&
           !(self->clean_text && is_removed_ascii((unsigned char)text->ptr[i])))
        i++;
    return i;
}

static void finish_ascii(const bert *self, char *text, uint32_t len) {
    if (self->clean_text)
        for (uint32_t i = 0; i < len; i++)
            if (text[i] == '\t' || text[i] == '\n' || text[i] == '\r') text[i] = ' ';
    if (self->lowercase) ap__lowercase_ascii(text, len);
}

/* -- one pass ------------------------------------------------------------------------------------------ */

typedef struct pass {
    const bert *self;
    ap__transform t;
    bool needs_order; /* A character came that this pass cannot do. */
} pass;

/* A source character becomes `code` and, when it is not the first, one more. Returns whether anything was
 * put. */
static bool put_lower(pass *p, uint32_t code, bool is_first) {
    uint32_t lower[2] = {code};
    size_t n = p->self->lowercase ? ap__unicode_lower(lower, code) : 1;
    for (size_t i = 0; i < n; i++) ap__transform_put(&p->t, lower[i], is_first && i == 0 ? 0 : 1);
    return true;
}

static void put_stripped(pass *p, uint32_t code, bool is_first) {
    uint32_t parts[AP__UNICODE_DECOMPOSITION_MAX];
    size_t n = ap__unicode_decompose(parts, code, false);
    bool has_put = false;
    for (size_t i = 0; i < n; i++) {
        uint32_t flags = ap__unicode_flags(parts[i]);
        if (flags & AP__UNICODE_NONSPACING) {
            if (i == 0 && n > 1) p->needs_order = true;
            continue;
        }
        if (flags & AP__UNICODE_HAS_CLASS) p->needs_order = true;
        has_put = put_lower(p, parts[i], is_first && !has_put);
    }
    if (!has_put && is_first) ap__transform_drop(&p->t);
}

static void put(pass *p, uint32_t code, uint32_t flags) {
    const bert *self = p->self;
    bool is_wrapped = self->handle_chinese_chars && is_chinese(code);
    if (self->clean_text && flags & AP__UNICODE_BERT_REMOVED) {
        ap__transform_drop(&p->t);
        return;
    }
    if (self->clean_text && flags & AP__UNICODE_WHITESPACE) code = ' ';
    if (is_wrapped) ap__transform_put(&p->t, ' ', 0);
    if (strips_accents(self))
        put_stripped(p, code, !is_wrapped);
    else
        put_lower(p, code, !is_wrapped);
    if (is_wrapped) ap__transform_put(&p->t, ' ', 1);
}

/* Copies a run of ASCII characters that all stay, whole words of them at a time. */
static uint32_t put_run(pass *p, const ap__ntext *text, uint32_t at) {
    ap__ntext rest = {text->ptr + at, NULL, text->len - at, {0, 0}, false};
    uint32_t n = plain_len(p->self, &rest);
    size_t start = p->t.len;
    ap__transform_copy(&p->t, n);
    if (!p->t.status && n) finish_ascii(p->self, p->t.out->ptr + start, n);
    return n;
}

static void run(pass *p, const ap__ntext *text) {
    uint32_t at = 0;
    while (at < text->len && !p->t.status && !p->needs_order) {
        uint32_t code, n = put_run(p, text, at);
        at += n;
        if (n || at == text->len) continue;
        at += (uint32_t)ap__utf8_next(&code, text->ptr + at);
        put(p, code, ap__unicode_flags(code));
    }
}

/* -- five passes --------------------------------------------------------------------------------------- */

extern const ap__normalizer_class ap__normalizer_nfd;

typedef enum step { STEP_CLEAN, STEP_SPACES, STEP_CHINESE, STEP_STRIP } step;

static void put_step(const bert *self, ap__transform *t, step which, uint32_t code) {
    uint32_t flags = ap__unicode_flags(code);
    (void)self;
    if (which == STEP_CHINESE && is_chinese(code)) {
        ap__transform_put(t, ' ', 0);
        ap__transform_put(t, code, 1);
        ap__transform_put(t, ' ', 1);
    } else if ((which == STEP_CLEAN && flags & AP__UNICODE_BERT_REMOVED) ||
               (which == STEP_STRIP && flags & AP__UNICODE_NONSPACING)) {
        ap__transform_drop(t);
    } else {
        bool is_space = which == STEP_SPACES && flags & AP__UNICODE_WHITESPACE;
        ap__transform_put(t, is_space ? ' ' : code, 0);
    }
}

static ap_status apply_step(const bert *self, ap__work *work, ap__ntext *text, step which) {
    ap__transform t;
    ap__work_begin(&t, work, text, 0);
    for (uint32_t at = 0; at < text->len;) {
        uint32_t code;
        at += (uint32_t)ap__utf8_next(&code, text->ptr + at);
        put_step(self, &t, which, code);
    }
    return ap__work_finish(&t, work, text);
}

static ap_status apply_steps(const bert *self, ap__work *work, ap__ntext *text) {
    ap_status status = AP_OK;
    if (self->clean_text) status = apply_step(self, work, text, STEP_CLEAN);
    if (!status && self->clean_text) status = apply_step(self, work, text, STEP_SPACES);
    if (!status && self->handle_chinese_chars) status = apply_step(self, work, text, STEP_CHINESE);
    if (!status && strips_accents(self)) {
        status = ap__normalizer_nfd.apply(NULL, work, text);
        if (!status) status = apply_step(self, work, text, STEP_STRIP);
    }
    if (!status && self->lowercase) status = ap__lowercase(work, text);
    return status;
}

/* -- the component ------------------------------------------------------------------------------------- */

static ap_status apply(const void *ptr, ap__work *work, ap__ntext *text) {
    const bert *self = ptr;
    if (!ap__ntext_is_plain(text)) return apply_steps(self, work, text);
    if (plain_len(self, text) == text->len) {
        char *own = ap__ntext_own(&work->texts, text);
        if (!own) return ap__fail_nomem(work->err);
        finish_ascii(self, own, text->len);
        return AP_OK;
    }
    pass p = {.self = self};
    ap__work_begin(&p.t, work, text, 0);
    run(&p, text);
    if (p.needs_order) return apply_steps(self, work, text);
    return ap__work_finish(&p.t, work, text);
}

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    bert *self;
    bool clean_text, handle_chinese_chars, lowercase, strip_accents = false;
    ap_status status;
    if ((status = ap__loader_alloc(loader, &self, 1, sizeof *self))) return status;
    if ((status = ap__get_bool(loader, json, "clean_text", true, &clean_text))) return status;
    if ((status = ap__get_bool(loader, json, "handle_chinese_chars", true, &handle_chinese_chars)))
        return status;
    if ((status = ap__get_bool(loader, json, "lowercase", true, &lowercase))) return status;
    if ((status = ap__get_bool(loader, json, "strip_accents", false, &strip_accents))) return status;
    yyjson_val *given = yyjson_obj_get(json, "strip_accents");
    *self = (bert){clean_text, handle_chinese_chars, yyjson_is_bool(given) ? strip_accents : -1, lowercase};
    *out = self;
    return AP_OK;
}

static int *setting(void *ptr, const char *key) {
    bert *self = ptr;
    if (!strcmp(key, "lowercase")) return &self->lowercase;
    if (!strcmp(key, "strip_accents")) return &self->strip_accents;
    if (!strcmp(key, "handle_chinese_chars")) return &self->handle_chinese_chars;
    return strcmp(key, "clean_text") ? NULL : &self->clean_text;
}

const ap__normalizer_class ap__normalizer_bert = {.create = create, .apply = apply, .setting = setting};
