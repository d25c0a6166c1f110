/* Tokenizer: a handle of a tokenizer alone. Options have the names and values of the C structs; what a call
 * of transformers' tokenizers makes of them is in accelpipe/_tokenizer.py. */
#include "core.h"

#include <stdlib.h>
#include <string.h>

typedef struct tokenizer_object {
    PyObject ob_base;
    ap_tokenizer *tokenizer;
} tokenizer_object;

/* Tokenizer(path) */
static PyObject *tokenizer_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    ap_error err = AP_ERROR_INIT;
    const char *path;
    ap_status status;
    (void)kwargs;
    if (!PyArg_ParseTuple(args, "s", &path)) return NULL;
    tokenizer_object *self = (tokenizer_object *)PyType_GenericAlloc(type, 0);
    if (!self) return NULL;
    Py_BEGIN_ALLOW_THREADS;
    status = ap_tokenizer_create(&self->tokenizer, path, &err);
    Py_END_ALLOW_THREADS;
    if (core_log_drain() || status) {
        Py_DECREF((PyObject *)self);
        return PyErr_Occurred() ? NULL : core_raise(&err);
    }
    return (PyObject *)self;
}

static void tokenizer_dealloc(tokenizer_object *self) {
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    ap_tokenizer_destroy(self->tokenizer);
    PyObject_Free(self);
    Py_DECREF(type);
}

/* -- inputs -------------------------------------------------------------------------------------------- */

/* The inputs of a batch as the library takes them, borrowed from values made of them. */
typedef struct batch {
    ap_value *values;
    ap_encode_input *inputs;
    ap_text **texts; /* What each input points to. */
    size_t n;
} batch;

static void batch_clear(batch *b) {
    for (size_t i = 0; b->texts && i < 2 * b->n; i++) free(b->texts[i]);
    free(b->texts);
    free(b->inputs);
    ap_value_destroy(b->values);
}

/* A text or a list of words; NULL of None.   @return -1 with an exception set. */
static int read_texts(ap_text **out, size_t *n, int *is_words, const ap_value *value) {
    ap_kind kind = ap_value_kind(value);
    *n = kind == AP_KIND_LIST ? ap_value_len(value) : 1;
    if (kind == AP_KIND_NULL) return 0;
    *is_words |= kind == AP_KIND_LIST;
    if (!(*out = calloc(*n + 1, sizeof **out))) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t i = 0; i < *n; i++) {
        const ap_value *text = kind == AP_KIND_LIST ? ap_value_list_get(value, i) : value;
        (*out)[i].ptr = ap_value_get_string(text, &(*out)[i].len_bytes);
        if ((*out)[i].ptr) continue;
        PyErr_SetString(PyExc_ValueError, "text input must be a string, or a list of strings as its words");
        return -1;
    }
    return 0;
}

/* `pairs` is a list of (text, pair). */
static int batch_read(batch *b, PyObject *pairs) {
    if (!(b->values = core_to_value(pairs))) return -1;
    b->n = ap_value_len(b->values);
    b->inputs = calloc(b->n + 1, sizeof *b->inputs);
    b->texts = calloc(2 * b->n + 1, sizeof *b->texts);
    if (!b->inputs || !b->texts) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t i = 0; i < b->n; i++) {
        const ap_value *pair = ap_value_list_get(b->values, i);
        ap_encode_input *input = &b->inputs[i];
        ap_text **texts = &b->texts[2 * i];
        if (read_texts(&texts[0], &input->n_texts, &input->is_split_into_words, ap_value_list_get(pair, 0)) ||
            read_texts(&texts[1], &input->n_pairs, &input->is_split_into_words, ap_value_list_get(pair, 1)))
            return -1;
        input->texts = texts[0];
        input->pairs = texts[1];
    }
    return 0;
}

/* -- encodings ----------------------------------------------------------------------------------------- */

/* Sets an entry, whose value is taken.   @return -1 with an exception set. */
static int set_take(PyObject *dict, const char *key, PyObject *value) {
    int failed = !value || PyDict_SetItemString(dict, key, value);
    Py_XDECREF(value);
    return failed ? -1 : 0;
}

static PyObject *list_take(PyObject *list, Py_ssize_t i, PyObject *item) {
    if (item) {
        PyList_SetItem(list, i, item);
        return list;
    }
    Py_DECREF(list);
    return NULL;
}

static PyObject *numbers_of(const uint32_t *numbers, size_t n) {
    PyObject *list = PyList_New((Py_ssize_t)n);
    for (size_t i = 0; list && i < n; i++) {
        PyObject *item = Py_None;
        if (numbers[i] == AP_TOKEN_NONE)
            Py_INCREF(item);
        else
            item = PyLong_FromUnsignedLong(numbers[i]);
        list = list_take(list, (Py_ssize_t)i, item);
    }
    return list;
}

static PyObject *flags_of(const uint8_t *flags, size_t n) {
    PyObject *list = PyList_New((Py_ssize_t)n);
    for (size_t i = 0; list && i < n; i++) list = list_take(list, (Py_ssize_t)i, PyLong_FromLong(flags[i]));
    return list;
}

static PyObject *spans_of(const ap_span *spans, size_t n) {
    PyObject *list = PyList_New((Py_ssize_t)n);
    for (size_t i = 0; list && i < n; i++)
        list = list_take(list, (Py_ssize_t)i, Py_BuildValue("(II)", spans[i].start, spans[i].end));
    return list;
}

static PyObject *tokens_of(const ap_encoding *encoding, size_t n) {
    PyObject *list = PyList_New((Py_ssize_t)n);
    for (size_t i = 0; list && i < n; i++) {
        size_t len;
        const char *token = ap_encoding_get_token(encoding, i, &len);
        list = list_take(list, (Py_ssize_t)i,
                         token ? PyUnicode_DecodeUTF8(token, (Py_ssize_t)len, "replace") : NULL);
    }
    return list;
}

static PyObject *encoding_of(const ap_encoding *encoding);

static PyObject *overflowing_of(const ap_encoding *encoding) {
    size_t n = ap_encoding_get_n_overflowing(encoding);
    PyObject *list = PyList_New((Py_ssize_t)n);
    for (size_t i = 0; list && i < n; i++)
        list = list_take(list, (Py_ssize_t)i, encoding_of(ap_encoding_get_overflowing(encoding, i)));
    return list;
}

static PyObject *encoding_of(const ap_encoding *e) {
    size_t n = ap_encoding_get_n(e);
    PyObject *dict = PyDict_New();
    if (!dict) return NULL;
    if (set_take(dict, "ids", numbers_of(ap_encoding_get_ids(e, NULL), n)) ||
        set_take(dict, "type_ids", numbers_of(ap_encoding_get_type_ids(e, NULL), n)) ||
        set_take(dict, "attention_mask", flags_of(ap_encoding_get_attention_mask(e, NULL), n)) ||
        set_take(dict, "special_tokens_mask", flags_of(ap_encoding_get_special_tokens_mask(e, NULL), n)) ||
        set_take(dict, "offsets", spans_of(ap_encoding_get_offsets_chars(e, NULL), n)) ||
        set_take(dict, "word_ids", numbers_of(ap_encoding_get_word_ids(e, NULL), n)) ||
        set_take(dict, "sequence_ids", numbers_of(ap_encoding_get_sequence_ids(e, NULL), n)) ||
        set_take(dict, "tokens", tokens_of(e, n)) || set_take(dict, "overflowing", overflowing_of(e)))
        Py_CLEAR(dict);
    return dict;
}

static PyObject *encodings_of(const ap_encodings *encodings) {
    size_t n = ap_encodings_get_n(encodings);
    PyObject *list = PyList_New((Py_ssize_t)n);
    for (size_t i = 0; list && i < n; i++)
        list = list_take(list, (Py_ssize_t)i, encoding_of(ap_encodings_get(encodings, i)));
    return list;
}

/* encode(pairs, add_special_tokens, truncation, max_length, stride, padding, pad_to_multiple_of,
 * padding_side, truncation_side, return_overflowing_tokens): numbers as in tokenizer.h. */
static PyObject *tokenizer_encode(tokenizer_object *self, PyObject *args) {
    PyObject *pairs, *result = NULL;
    ap_encode_options o = AP_ENCODE_OPTIONS_INIT;
    ap_error err = AP_ERROR_INIT;
    ap_encodings *encodings = NULL;
    ap_status status;
    batch b = {0};
    int special, truncation, padding, padding_side, truncation_side, overflowing;
    long long max_length;
    Py_ssize_t stride, multiple;
    if (!PyArg_ParseTuple(args,
                          "OiiLninii"
                          "i",
                          &pairs, &special, &truncation, &max_length, &stride, &padding, &multiple,
                          &padding_side, &truncation_side, &overflowing))
        return NULL;
    o.add_special_tokens = (ap_switch)special;
    o.truncation = (ap_truncation)truncation;
    o.max_length = max_length;
    o.stride = (size_t)stride;
    o.padding = (ap_padding)padding;
    o.pad_to_multiple_of = (size_t)multiple;
    o.padding_side = (ap_side)padding_side;
    o.truncation_side = (ap_side)truncation_side;
    o.return_overflowing_tokens = (ap_switch)overflowing;
    if (!batch_read(&b, pairs)) {
        Py_BEGIN_ALLOW_THREADS;
        status = ap_tokenizer_encode_batch(&encodings, self->tokenizer, b.inputs, b.n, &o, &err);
        Py_END_ALLOW_THREADS;
        if (!core_log_drain()) result = status ? core_raise(&err) : encodings_of(encodings);
    }
    ap_encodings_destroy(encodings);
    batch_clear(&b);
    return result;
}

/* -- ids ----------------------------------------------------------------------------------------------- */

/* decode(ids, skip_special_tokens, clean_up_tokenization_spaces): ids is a list of ints, the others are 0
 * (as the tokenizer has it), 1 (off) or 2. */
static PyObject *tokenizer_decode(tokenizer_object *self, PyObject *args) {
    PyObject *list;
    int skip, clean_up;
    ap_error err = AP_ERROR_INIT;
    ap_decode_options options = AP_DECODE_OPTIONS_INIT;
    char *text = NULL;
    size_t len = 0;
    if (!PyArg_ParseTuple(args, "Oii", &list, &skip, &clean_up)) return NULL;
    Py_ssize_t n = PyList_Check(list) ? PyList_Size(list) : -1;
    uint32_t *numbers = n < 0 ? NULL : calloc((size_t)n + 1, sizeof *numbers);
    if (!numbers) return n < 0 ? PyErr_Format(PyExc_TypeError, "ids: expected a list") : PyErr_NoMemory();
    for (Py_ssize_t i = 0; i < n && !PyErr_Occurred(); i++)
        numbers[i] = (uint32_t)PyLong_AsUnsignedLong(PyList_GetItem(list, i));
    if (PyErr_Occurred()) {
        free(numbers);
        return NULL;
    }
    options.skip_special_tokens = (ap_switch)skip;
    options.clean_up_tokenization_spaces = (ap_switch)clean_up;
    const ap_token_ids ids = {numbers, (size_t)n};
    ap_status status = ap_tokenizer_decode(&text, &len, self->tokenizer, &ids, &options, &err);
    free(numbers);
    if (status) return core_raise(&err);
    PyObject *result = PyUnicode_DecodeUTF8(text, (Py_ssize_t)len, "replace");
    ap_string_destroy(text);
    return result;
}

static PyObject *tokenizer_token_to_id(tokenizer_object *self, PyObject *args) {
    const char *token;
    Py_ssize_t len;
    if (!PyArg_ParseTuple(args, "s#", &token, &len)) return NULL;
    uint32_t id = ap_tokenizer_token_to_id(self->tokenizer, token, (size_t)len);
    if (id == AP_TOKEN_NONE) Py_RETURN_NONE;
    return PyLong_FromUnsignedLong(id);
}

static PyObject *tokenizer_id_to_token(tokenizer_object *self, PyObject *args) {
    unsigned int id;
    size_t len;
    if (!PyArg_ParseTuple(args, "I", &id)) return NULL;
    const char *token = ap_tokenizer_id_to_token(self->tokenizer, id, &len);
    if (!token) Py_RETURN_NONE;
    return PyUnicode_DecodeUTF8(token, (Py_ssize_t)len, "replace");
}

static PyObject *tokenizer_n_special_added(tokenizer_object *self, PyObject *args) {
    int is_pair;
    if (!PyArg_ParseTuple(args, "p", &is_pair)) return NULL;
    return PyLong_FromSize_t(ap_tokenizer_get_n_special_added(self->tokenizer, is_pair));
}

static PyObject *tokenizer_vocab_size(tokenizer_object *self, PyObject *unused) {
    (void)unused;
    return PyLong_FromSize_t(ap_tokenizer_get_vocab_size(self->tokenizer));
}

static PyObject *tokenizer_describe(tokenizer_object *self, PyObject *unused) {
    ap_error err = AP_ERROR_INIT;
    ap_value *value = NULL;
    (void)unused;
    ap_status status = ap_tokenizer_describe(&value, self->tokenizer, &err);
    return core_take_value(status, value, &err);
}

#define METHOD(name, flags, doc)                                                                             \
    { #name, (PyCFunction)(void (*)(void))tokenizer_##name, flags, doc }

static PyMethodDef methods[] = {METHOD(encode, METH_VARARGS, "encode(pairs, ...): a list of encodings"),
                                METHOD(decode, METH_VARARGS, "decode(ids, skip_special_tokens, clean_up)"),
                                METHOD(token_to_id, METH_VARARGS, "token_to_id(token): its id or None"),
                                METHOD(id_to_token, METH_VARARGS, "id_to_token(id): its token or None"),
                                METHOD(n_special_added, METH_VARARGS, "n_special_added(is_pair)"),
                                METHOD(vocab_size, METH_NOARGS, "vocab_size(): the added tokens with it"),
                                METHOD(describe, METH_NOARGS, "describe(): names and settings"),
                                {NULL, NULL, 0, NULL}};

static PyType_Slot slots[] = {CORE_SLOT(Py_tp_new, tokenizer_new),
                              CORE_SLOT(Py_tp_dealloc, tokenizer_dealloc),
                              {Py_tp_methods, methods},
                              {0, NULL}};

static PyType_Spec spec = {.name = "accelpipe._core.Tokenizer",
                           .basicsize = sizeof(tokenizer_object),
                           .flags = Py_TPFLAGS_DEFAULT,
                           .slots = slots};

int core_add_tokenizer(PyObject *module) { return core_add_type(module, &spec) ? 0 : -1; }
