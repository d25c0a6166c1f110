/* Reading the protobuf wire format, as much of it as SentencePiece models need.
 * Source: google/sentencepiece@v0.2.0 src/sentencepiece_model.proto; protobuf's encoding specification. */
#include "tokenizer/convert/spm_model.h"

#include "base/error.h"
#include "base/utf8.h"

#include <string.h>

/* More pieces than any model has; groups inside of groups, as protobuf itself allows. */
enum { MAX_PIECES = 1 << 24, MAX_GROUPS = 64 };

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, GROUP = 3, END_GROUP = 4, FIXED32 = 5 };

/* One message, or a part of it. */
typedef struct cursor {
    const char *start, *at, *end; /* `start` is that of the file. */
    const char *name;
    ap_error *err;
} cursor;

/* One field of a message. */
typedef struct field {
    uint32_t number;
    unsigned wire;
    uint64_t value; /* VARINT, FIXED32 and FIXED64. */
    ap__text bytes; /* BYTES */
} field;

static ap_status fail(const cursor *c, const char *what) {
    return ap__fail(c->err, AP_EFORMAT, "%s: not a SentencePiece model: %s at byte %zu", c->name, what,
                    (size_t)(c->at - c->start));
}

static ap_status read_varint(cursor *c, uint64_t *out) {
    *out = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (c->at == c->end) return fail(c, "it ends inside a number");
        unsigned char byte = (unsigned char)*c->at++;
        if (shift < 64) *out |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) return AP_OK;
    }
    return fail(c, "a number is too long");
}

/* Little-endian. */
static ap_status read_fixed(cursor *c, size_t n_bytes, uint64_t *out) {
    *out = 0;
    if ((size_t)(c->end - c->at) < n_bytes) return fail(c, "it ends inside a number");
    for (size_t i = 0; i < n_bytes; i++) *out |= (uint64_t)(unsigned char)c->at[i] << (8 * i);
    c->at += n_bytes;
    return AP_OK;
}

static ap_status read_bytes(cursor *c, ap__text *out) {
    uint64_t len;
    ap_status status = read_varint(c, &len);
    if (status) return status;
    if (len > (uint64_t)(c->end - c->at)) return fail(c, "it ends inside a field");
    *out = (ap__text){c->at, (size_t)len};
    c->at += len;
    return AP_OK;
}

/* The value of one field behind its tag. */
static ap_status read_value(cursor *c, field *out) {
    switch (out->wire) {
    case VARINT:
        return read_varint(c, &out->value);
    case FIXED64:
        return read_fixed(c, 8, &out->value);
    case FIXED32:
        return read_fixed(c, 4, &out->value);
    case BYTES:
        return read_bytes(c, &out->bytes);
    default:
        return AP_OK; /* Groups are passed over by the caller. */
    }
}

static ap_status read_tag(cursor *c, field *out) {
    uint64_t tag;
    *out = (field){0};
    ap_status status = read_varint(c, &tag);
    if (status) return status;
    out->number = (uint32_t)(tag >> 3);
    out->wire = (unsigned)(tag & 7);
    if (!out->number || tag >> 32 || out->wire > FIXED32) return fail(c, "there is no such field");
    return AP_OK;
}

/* Behind the start of a group: to behind its end. */
static ap_status skip_group(cursor *c, uint32_t number) {
    uint32_t open[MAX_GROUPS];
    size_t depth = 1;
    open[0] = number;
    while (depth) {
        field f;
        ap_status status = read_tag(c, &f);
        if (!status) status = read_value(c, &f);
        if (status) return status;
        if (f.wire == GROUP) {
            if (depth == MAX_GROUPS) return fail(c, "groups are nested too deep");
            open[depth++] = f.number;
        } else if (f.wire == END_GROUP && open[--depth] != f.number) {
            return fail(c, "a group ends that was not begun");
        }
    }
    return AP_OK;
}

/* The next field that is no group; false at the end or after a failure. */
static bool next_field(cursor *c, field *out, ap_status *status) {
    while (!*status && c->at < c->end) {
        if ((*status = read_tag(c, out))) return false;
        if (out->wire == END_GROUP) {
            *status = fail(c, "a group ends that was not begun");
        } else if (out->wire == GROUP) {
            *status = skip_group(c, out->number);
        } else {
            *status = read_value(c, out);
            return !*status;
        }
    }
    return false;
}

static cursor inside(const cursor *c, ap__text bytes) {
    cursor inner = *c;
    inner.at = bytes.ptr;
    inner.end = bytes.ptr + bytes.len;
    return inner;
}

/* A field of another wire type is one that is not known. */
static bool is_field(const field *f, uint32_t number, unsigned wire) {
    return f->number == number && f->wire == wire;
}

/* -- messages ------------------------------------------------------------------------------------------ */

static ap_status read_text(const cursor *c, ap__text bytes, ap__text *out) {
    cursor at = inside(c, bytes);
    *out = bytes;
    return ap__utf8_valid_len(bytes.ptr, bytes.len) == bytes.len ? AP_OK : fail(&at, "a text is not UTF-8");
}

static ap_status read_piece(const cursor *outer, ap__text bytes, ap__spm_piece *out) {
    cursor c = inside(outer, bytes);
    ap_status status = AP_OK;
    field f;
    *out = (ap__spm_piece){.type = AP__SPM_NORMAL};
    while (next_field(&c, &f, &status)) {
        if (is_field(&f, 1, BYTES)) {
            status = read_text(&c, f.bytes, &out->text);
        } else if (is_field(&f, 2, FIXED32)) {
            uint32_t bits = (uint32_t)f.value;
            memcpy(&out->score, &bits, sizeof bits);
        } else if (is_field(&f, 3, VARINT) && f.value >= AP__SPM_NORMAL && f.value <= AP__SPM_BYTE) {
            out->type = (ap__spm_type)f.value;
        }
    }
    if (!status && !out->text.len) return fail(&c, "a piece is empty");
    if (!status && out->score != out->score) return fail(&c, "a score is not a number");
    return status;
}

static ap_status read_trainer(const cursor *outer, ap__text bytes, ap__spm_model *out) {
    cursor c = inside(outer, bytes);
    ap_status status = AP_OK;
    field f;
    while (next_field(&c, &f, &status)) {
        if (is_field(&f, 3, VARINT) && f.value >= 1 && f.value <= 4)
            out->model_type = (uint32_t)f.value;
        else if (is_field(&f, 24, VARINT))
            out->treat_whitespace_as_suffix = f.value != 0;
        else if (is_field(&f, 35, VARINT))
            out->is_byte_fallback = f.value != 0;
        else if (is_field(&f, 40, VARINT))
            out->unk_id = (int32_t)(uint32_t)f.value;
        else if (is_field(&f, 44, BYTES))
            status = read_text(&c, f.bytes, &out->unk_surface);
        else if (is_field(&f, 45, BYTES))
            status = read_text(&c, f.bytes, &out->unk_piece);
    }
    return status;
}

static ap_status read_normalizer(const cursor *outer, ap__text bytes, ap__spm_model *out) {
    cursor c = inside(outer, bytes);
    ap_status status = AP_OK;
    field f;
    while (next_field(&c, &f, &status)) {
        if (is_field(&f, 2, BYTES)) out->charsmap = f.bytes;
        if (is_field(&f, 3, VARINT)) out->add_dummy_prefix = f.value != 0;
        if (is_field(&f, 4, VARINT)) out->remove_extra_whitespaces = f.value != 0;
        if (is_field(&f, 5, VARINT)) out->escape_whitespaces = f.value != 0;
    }
    return status;
}

static ap_status read_denormalizer(const cursor *outer, ap__text bytes, ap__spm_model *out) {
    cursor c = inside(outer, bytes);
    ap_status status = AP_OK;
    field f;
    while (next_field(&c, &f, &status))
        if (is_field(&f, 2, BYTES)) out->has_denormalizer = f.bytes.len > 0;
    return status;
}

static ap_status count_pieces(cursor c, size_t *n) {
    ap_status status = AP_OK;
    field f;
    *n = 0;
    while (next_field(&c, &f, &status)) *n += is_field(&f, 1, BYTES);
    if (!status && !*n) return fail(&c, "it has no pieces");
    if (!status && *n > MAX_PIECES)
        return ap__fail(c.err, AP_ELIMIT, "%s: %zu pieces; at most %d are supported", c.name, *n, MAX_PIECES);
    return status;
}

ap_status ap__spm_model_parse(ap__spm_model *out, ap__arena *arena, const char *bytes, size_t len,
                              const char *name, ap_error *err) {
    cursor c = {bytes, bytes, bytes + len, name, err};
    field f;
    size_t n;
    *out = (ap__spm_model){.model_type = AP__SPM_UNIGRAM, .unk_piece = {"<unk>", 5}};
    out->unk_surface = (ap__text){" \xE2\x81\x87 ", 5};
    out->add_dummy_prefix = out->remove_extra_whitespaces = out->escape_whitespaces = true;
    ap_status status = count_pieces(c, &n);
    if (status) return status;
    if (!(out->pieces = ap__arena_calloc(arena, n, sizeof *out->pieces))) return ap__fail_nomem(err);
    while (next_field(&c, &f, &status)) {
        if (is_field(&f, 1, BYTES))
            status = read_piece(&c, f.bytes, &out->pieces[out->n++]);
        else if (is_field(&f, 2, BYTES))
            status = read_trainer(&c, f.bytes, out);
        else if (is_field(&f, 3, BYTES))
            status = read_normalizer(&c, f.bytes, out);
        else if (is_field(&f, 5, BYTES))
            status = read_denormalizer(&c, f.bytes, out);
    }
    return status;
}
