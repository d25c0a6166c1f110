/* Taking the branches out of an If. What they share are the initializers of the graph around them, and its
 * inputs. Source of the form: optimum-onnx@v0.0.3 onnx/graph_transformations.py merge_decoders(). */
#include "model/merged.h"

#include "base/error.h"
#include "base/file.h"
#include "model/onnx_wire.h"

#include <stdio.h>
#include <string.h>

#define CONDITION "use_cache_branch"

/* Smaller weights are copied. */
enum { EXTERNAL_MIN_BYTES = 1024 };

/* A model that is being taken apart. */
typedef struct splitter {
    const uint8_t *bytes;
    const char *name, *beside, *folder;
    ap__wire_reader model, graph, node;       /* `node` is the If. */
    ap__wire_reader branches[AP__N_BRANCHES]; /* Graphs. */
    ap__wire_writer w;
} splitter;

static ap_status fail_format(ap_error *err) { return ap__fail(err, AP_EFORMAT, "not an ONNX model"); }

static ap_status fail(splitter *s) {
    if (!s->w.status) s->w.status = fail_format(s->w.err);
    return s->w.status;
}

/* -- finding ------------------------------------------------------------------------------------------- */

/* The first field of that number; false at a fault. */
static bool find(ap__wire_reader *out, ap__wire_reader message, uint64_t number) {
    ap__wire_field f;
    *out = (ap__wire_reader){NULL, NULL};
    while (message.at < message.end) {
        if (!ap__wire_read(&f, &message)) return false;
        if (f.number != number || !f.body.at) continue;
        *out = f.body;
        return true;
    }
    return true;
}

static bool field_is(ap__wire_reader message, uint64_t number, const char *text) {
    ap__wire_reader value;
    return find(&value, message, number) && value.at && ap__wire_is_text(value, text);
}

/* Whether an attribute of the If is one of its branches. */
static bool take_branch(splitter *s, ap__wire_reader attribute) {
    static const char *const names[AP__N_BRANCHES] = {"else_branch", "then_branch"};
    for (size_t i = 0; i < AP__N_BRANCHES; i++)
        if (field_is(attribute, ONNX_ATTRIBUTE_NAME, names[i]))
            return find(&s->branches[i], attribute, ONNX_ATTRIBUTE_GRAPH);
    return true;
}

static bool find_branches(splitter *s) {
    ap__wire_field f;
    for (ap__wire_reader node = s->node; node.at < node.end;) {
        if (!ap__wire_read(&f, &node)) return false;
        if (f.number == ONNX_NODE_ATTRIBUTE && f.body.at && !take_branch(s, f.body)) return false;
    }
    return true;
}

/* Whether the graph is one If over the condition, and nothing else. */
static bool look(bool *is_merged, splitter *s) {
    ap__wire_field f;
    size_t n_nodes = 0;
    *is_merged = false;
    if (!find(&s->graph, s->model, ONNX_MODEL_GRAPH) || !s->graph.at) return false;
    for (ap__wire_reader graph = s->graph; graph.at < graph.end;) {
        if (!ap__wire_read(&f, &graph)) return false;
        if (f.number != ONNX_GRAPH_NODE || !f.body.at) continue;
        if (n_nodes++) return true;
        s->node = f.body;
    }
    if (!n_nodes || !field_is(s->node, ONNX_NODE_OP_TYPE, "If") ||
        !field_is(s->node, ONNX_NODE_INPUT, CONDITION))
        return true;
    if (!find_branches(s)) return false;
    *is_merged = s->branches[AP__BRANCH_ELSE].at && s->branches[AP__BRANCH_THEN].at;
    return true;
}

/* -- weights ------------------------------------------------------------------------------------------- */

static void put_entry(splitter *s, const char *key, const char *value) {
    size_t entry = ap__wire_open(&s->w);
    ap__wire_put_text(&s->w, ONNX_ENTRY_KEY, key);
    ap__wire_put_text(&s->w, ONNX_ENTRY_VALUE, value);
    ap__wire_close(&s->w, entry, ONNX_TENSOR_EXTERNAL_DATA);
}

/* Weights that are in the file stay there. */
static void put_place(splitter *s, ap__wire_reader raw) {
    char offset[24], length[24];
    snprintf(offset, sizeof offset, "%zu", (size_t)(raw.at - s->bytes));
    snprintf(length, sizeof length, "%zu", (size_t)(raw.end - raw.at));
    put_entry(s, "location", s->name);
    put_entry(s, "offset", offset);
    put_entry(s, "length", length);
    ap__wire_put_number(&s->w, ONNX_TENSOR_DATA_LOCATION, ONNX_TENSOR_EXTERNAL);
}

/* The name of a file beside the model, as it is called where it really is: in the Hub's cache it is a link.
 */
static void put_location(splitter *s, ap__wire_reader value) {
    char text[AP__PATH_MAX];
    ap__path path, real, folder;
    snprintf(text, sizeof text, "%.*s", (int)((value.end - value.at) % AP__PATH_MAX), (const char *)value.at);
    bool is_found = ap__path_is_inside(text) && !ap__path_join(&path, s->beside, text, NULL) &&
                    !ap__path_resolve(&real, path.text, NULL);
    if (is_found) {
        folder = real;
        ap__path_cut_name(&folder);
    }
    if (is_found && strcmp(folder.text, s->folder) == 0)
        put_entry(s, "location", ap__path_name(real.text));
    else if (!s->w.status)
        s->w.status = ap__fail(s->w.err, AP_EUNSUPPORTED,
                               "its weights \"%.64s\" are not in the model's folder %.256s", text, s->folder);
}

static void put_external(splitter *s, ap__wire_reader entry) {
    ap__wire_reader value;
    if (!field_is(entry, ONNX_ENTRY_KEY, "location"))
        ap__wire_put_body(&s->w, ONNX_TENSOR_EXTERNAL_DATA, entry);
    else if (!find(&value, entry, ONNX_ENTRY_VALUE) || !value.at)
        fail(s);
    else
        put_location(s, value);
}

static void put_tensor(splitter *s, ap__wire_reader tensor) {
    size_t start = ap__wire_open(&s->w);
    ap__wire_field f;
    ap__wire_reader raw = {NULL, NULL};
    while (!s->w.status && tensor.at < tensor.end) {
        const uint8_t *at = tensor.at;
        if (!ap__wire_read(&f, &tensor)) {
            fail(s);
            return;
        }
        if (f.number == ONNX_TENSOR_RAW_DATA && f.body.at && f.body.end - f.body.at >= EXTERNAL_MIN_BYTES)
            raw = f.body;
        else if (f.number == ONNX_TENSOR_EXTERNAL_DATA && f.body.at)
            put_external(s, f.body);
        else
            ap__wire_put_bytes(&s->w, at, (size_t)(tensor.at - at));
    }
    if (raw.at) put_place(s, raw);
    ap__wire_close(&s->w, start, ONNX_GRAPH_INITIALIZER);
}

/* -- graphs -------------------------------------------------------------------------------------------- */

/* The branch's outputs have names of their own; the graph's are the If's. */
static void put_identities(splitter *s, ap__wire_reader branch) {
    ap__wire_field from, to;
    ap__wire_reader node = s->node, name;
    while (!s->w.status && branch.at < branch.end) {
        if (!ap__wire_read(&from, &branch)) break;
        if (from.number != ONNX_GRAPH_OUTPUT || !from.body.at) continue;
        do {
            if (node.at == node.end || !ap__wire_read(&to, &node)) {
                fail(s);
                return;
            }
        } while (to.number != ONNX_NODE_OUTPUT || !to.body.at);
        if (!find(&name, from.body, ONNX_VALUE_NAME) || !name.at) {
            fail(s);
            return;
        }
        size_t len = (size_t)(name.end - name.at);
        if (len == (size_t)(to.body.end - to.body.at) && memcmp(name.at, to.body.at, len) == 0) continue;
        size_t identity = ap__wire_open(&s->w);
        ap__wire_put_body(&s->w, ONNX_NODE_INPUT, name);
        ap__wire_put_body(&s->w, ONNX_NODE_OUTPUT, to.body);
        ap__wire_put_text(&s->w, ONNX_NODE_OP_TYPE, "Identity");
        ap__wire_close(&s->w, identity, ONNX_GRAPH_NODE);
    }
}

/* What is in the branch: its nodes, weights and notes. */
static void put_branch(splitter *s, ap__wire_reader branch) {
    ap__wire_reader rest = branch;
    ap__wire_field f;
    while (!s->w.status && rest.at < rest.end) {
        const uint8_t *at = rest.at;
        if (!ap__wire_read(&f, &rest)) {
            fail(s);
            return;
        }
        if (f.number == ONNX_GRAPH_NAME || f.number == ONNX_GRAPH_INPUT || f.number == ONNX_GRAPH_OUTPUT)
            continue;
        if (f.number == ONNX_GRAPH_INITIALIZER && f.body.at)
            put_tensor(s, f.body);
        else
            ap__wire_put_bytes(&s->w, at, (size_t)(rest.at - at));
    }
    put_identities(s, branch);
}

/* The graph, with the branch in place of the If. */
static void put_graph(splitter *s, ap__wire_reader branch) {
    size_t start = ap__wire_open(&s->w);
    ap__wire_reader rest = s->graph;
    ap__wire_field f;
    while (!s->w.status && rest.at < rest.end) {
        const uint8_t *at = rest.at;
        if (!ap__wire_read(&f, &rest)) break; /* It was read once. */
        if (f.number == ONNX_GRAPH_NODE && f.body.at)
            put_branch(s, branch);
        else if (f.number == ONNX_GRAPH_INITIALIZER && f.body.at)
            put_tensor(s, f.body);
        else if (f.number != ONNX_GRAPH_INPUT || !f.body.at || !field_is(f.body, ONNX_VALUE_NAME, CONDITION))
            ap__wire_put_bytes(&s->w, at, (size_t)(rest.at - at));
    }
    ap__wire_close(&s->w, start, ONNX_MODEL_GRAPH);
}

static ap_status put_model(splitter *s, ap__buf *out, ap__wire_reader branch, ap_error *err) {
    ap__wire_reader rest = s->model;
    ap__wire_field f;
    s->w = (ap__wire_writer){out, AP_OK, err};
    while (!s->w.status && rest.at < rest.end) {
        const uint8_t *at = rest.at;
        if (!ap__wire_read(&f, &rest)) return fail(s);
        if (f.number == ONNX_MODEL_GRAPH && f.body.at == s->graph.at)
            put_graph(s, branch);
        else
            ap__wire_put_bytes(&s->w, at, (size_t)(rest.at - at));
    }
    return s->w.status;
}

/* -- files --------------------------------------------------------------------------------------------- */

ap_status ap__merged_split_bytes(ap__branches *out, const void *bytes, size_t len, const char *name,
                                 const char *beside, ap_error *err) {
    splitter s = {.bytes = bytes, .name = name, .beside = beside, .folder = out->folder.text};
    if (!len) return fail_format(err);
    s.model = (ap__wire_reader){bytes, (const uint8_t *)bytes + len};
    if (!look(&out->is_merged, &s)) return fail_format(err);
    ap_status status = AP_OK;
    for (size_t i = 0; out->is_merged && !status && i < AP__N_BRANCHES; i++)
        status = put_model(&s, &out->graphs[i], s.branches[i], err);
    if (status) ap__branches_clear(out);
    return status;
}

ap_status ap__merged_split(ap__branches *out, const char *path, ap_error *err) {
    ap__path real, beside;
    ap__bytes file;
    memset(out, 0, sizeof *out);
    ap_status status = ap__path_resolve(&real, path, err);
    if (!status) status = ap__path_format(&beside, err, "%s", path);
    if (!status) status = ap__file_map(&file, real.text, SIZE_MAX, err);
    if (status) return status;
    out->folder = real;
    ap__path_cut_name(&out->folder);
    ap__path_cut_name(&beside);
    status = ap__merged_split_bytes(out, file.ptr, file.len, ap__path_name(real.text), beside.text, err);
    if (status) ap__error_wrap(err, status, "%s", path);
    ap__bytes_clear(&file);
    return status;
}

void ap__branches_clear(ap__branches *branches) {
    for (size_t i = 0; i < AP__N_BRANCHES; i++) ap__buf_clear(&branches->graphs[i]);
    branches->is_merged = false;
}
