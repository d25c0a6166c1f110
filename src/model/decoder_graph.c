/* Telling a decoder's inputs and outputs apart by their names. */
#include "model/decoder_graph.h"

#include "base/alloc.h"
#include "base/error.h"

#include <stdio.h>
#include <string.h>

enum { IO_MAX = 2048 }; /* Inputs or outputs of one graph. */

/* -- names --------------------------------------------------------------------------------------------- */

typedef struct role_row {
    const char *name;
    ap__role role;
} role_row;

static const role_row INPUTS[] = {
    {"input_ids", AP__ROLE_INPUT_IDS},
    {"decoder_input_ids", AP__ROLE_INPUT_IDS},
    {"attention_mask", AP__ROLE_ATTENTION_MASK},
    {"decoder_attention_mask", AP__ROLE_ATTENTION_MASK},
    {"position_ids", AP__ROLE_POSITION_IDS},
    {"cache_position", AP__ROLE_CACHE_POSITION},
    {"use_cache_branch", AP__ROLE_USE_CACHE},
    {"beam_idx", AP__ROLE_BEAM_IDX},
    {"num_logits_to_keep", AP__ROLE_N_LOGITS},
    {"logits_to_keep", AP__ROLE_N_LOGITS},
    {"encoder_hidden_states", AP__ROLE_ENCODER_STATES},
    {"encoder_attention_mask", AP__ROLE_ENCODER_MASK},
};

/* What the names of caches begin with. */
static const char *const INPUT_STARTS[] = {"past_key_values.", NULL};
static const char *const OUTPUT_STARTS[] = {"present.", "present_key_values.", NULL};

/* What comes behind the start, "0.decoder.key"; NULL: no name of a cache. */
static const char *cache_suffix(const char *name, const char *const *starts) {
    for (; *starts; starts++)
        if (strncmp(name, *starts, strlen(*starts)) == 0) return name + strlen(*starts);
    return NULL;
}

static ap__role role_of_cache(const char *suffix) {
    return strstr(suffix, ".encoder.") ? AP__ROLE_CROSS : AP__ROLE_CACHE;
}

static ap__role role_of_input(const char *name) {
    const char *suffix = cache_suffix(name, INPUT_STARTS);
    if (suffix) return role_of_cache(suffix);
    for (size_t i = 0; i < sizeof INPUTS / sizeof *INPUTS; i++)
        if (strcmp(INPUTS[i].name, name) == 0) return INPUTS[i].role;
    return AP__ROLE_NONE;
}

static ap__role role_of_output(const char *name) {
    const char *suffix = cache_suffix(name, OUTPUT_STARTS);
    if (suffix) return role_of_cache(suffix);
    return strcmp(name, "logits") == 0 ? AP__ROLE_LOGITS : AP__ROLE_NONE;
}

/* -- reading ------------------------------------------------------------------------------------------- */

static ap__port port_of(const ap_io *io, ap__role role) {
    return (ap__port){.name = io->name, .role = role, .dtype = io->dtype, .rank = io->rank};
}

/* Whether an input's type is one that its role can be given in. */
static bool is_fit(const ap__port *port) {
    switch (port->role) {
    case AP__ROLE_USE_CACHE:
        return port->dtype == AP_DTYPE_BOOL;
    case AP__ROLE_CACHE:
    case AP__ROLE_CROSS:
    case AP__ROLE_ENCODER_STATES:
        return port->dtype == AP_DTYPE_F32 || port->dtype == AP_DTYPE_F16 || port->dtype == AP_DTYPE_BF16;
    default:
        return port->dtype == AP_DTYPE_I64 || port->dtype == AP_DTYPE_I32;
    }
}

static ap_status read_input(ap__decoder_graph *graph, const ap_io *io, ap_error *err) {
    ap__port port = port_of(io, role_of_input(io->name));
    if (port.role == AP__ROLE_NONE)
        return ap__fail(err, AP_EUNSUPPORTED, "%s: a decoder with the input \"%.64s\" is not supported",
                        graph->file, io->name);
    if (!is_fit(&port))
        return ap__fail(err, AP_EUNSUPPORTED, "%s: input \"%.64s\" is %s, which is not supported",
                        graph->file, io->name, ap_dtype_name(io->dtype));
    if (port.role == AP__ROLE_CACHE) port.slot = graph->n_caches++;
    if (port.role == AP__ROLE_CROSS) port.slot = graph->n_crosses++;
    graph->roles |= 1u << port.role;
    graph->inputs[graph->n_inputs++] = port;
    return AP_OK;
}

static ap_status read_ports(ap__decoder_graph *graph, ap_error *err) {
    const ap_session_info *info = ap__session_get_info(graph->session);
    if (info->n_inputs > IO_MAX || info->n_outputs > IO_MAX)
        return ap__fail(err, AP_ELIMIT, "%s: %u inputs and %u outputs, over the limit of %d each",
                        graph->file, info->n_inputs, info->n_outputs, IO_MAX);
    graph->inputs = ap__calloc((size_t)info->n_inputs + info->n_outputs, sizeof *graph->inputs);
    if (!graph->inputs) return ap__fail_nomem(err);
    graph->outputs = graph->inputs + info->n_inputs;
    ap_status status = AP_OK;
    for (uint32_t i = 0; !status && i < info->n_inputs; i++)
        status = read_input(graph, &info->inputs[i], err);
    for (; graph->n_outputs < info->n_outputs; graph->n_outputs++) {
        const ap_io *io = &info->outputs[graph->n_outputs];
        graph->outputs[graph->n_outputs] = port_of(io, role_of_output(io->name));
        if (graph->outputs[graph->n_outputs].role == AP__ROLE_LOGITS) graph->logits = io;
    }
    return status;
}

static bool is_float(ap_dtype dtype) {
    return dtype == AP_DTYPE_F32 || dtype == AP_DTYPE_F16 || dtype == AP_DTYPE_BF16;
}

ap_status ap__decoder_graph_read(ap__decoder_graph *out, ap__session *session, const char *file,
                                 ap_error *err) {
    memset(out, 0, sizeof *out);
    out->session = session;
    out->file = file;
    ap_status status = read_ports(out, err);
    if (status) return status;
    if (!ap__decoder_graph_has(out, AP__ROLE_INPUT_IDS))
        return ap__fail(err, AP_EUNSUPPORTED, "%s: the decoder has no input_ids", file);
    if (!out->logits || !is_float(out->logits->dtype))
        return ap__fail(err, AP_EFORMAT, "%s: the decoder has no output named logits of a float type", file);
    if (out->logits->rank != 3 && out->logits->rank != AP_RANK_UNKNOWN)
        return ap__fail(err, AP_EFORMAT, "%s: logits have rank %u, expected 3", file, out->logits->rank);
    return AP_OK;
}

void ap__decoder_graph_clear(ap__decoder_graph *graph) {
    ap__session_close(graph->session);
    ap__free(graph->inputs);
    memset(graph, 0, sizeof *graph);
}

bool ap__decoder_graph_has(const ap__decoder_graph *graph, ap__role role) {
    return graph->roles >> role & 1u;
}

/* -- caches -------------------------------------------------------------------------------------------- */

/* Whether the tokens' or the encoder's caches come out of every run; the encoder's may come out once. */
static ap_status find_present(ap__decoder_graph *graph, const ap__port *past, ap_error *err) {
    const char *suffix = cache_suffix(past->name, INPUT_STARTS);
    for (uint32_t i = 0; i < graph->n_outputs; i++) {
        ap__port *output = &graph->outputs[i];
        const char *other = cache_suffix(output->name, OUTPUT_STARTS);
        if (!other || strcmp(other, suffix) != 0) continue;
        if (output->dtype != past->dtype)
            return ap__fail(err, AP_EFORMAT, "%s: output \"%.64s\" is %s and the input it is for %s",
                            graph->file, output->name, ap_dtype_name(output->dtype),
                            ap_dtype_name(past->dtype));
        output->slot = past->slot;
        return AP_OK;
    }
    return ap__fail(err, AP_EFORMAT,
                    "%s: the cache output \"present.%.64s\" is missing; export the model with use_cache",
                    graph->file, suffix);
}

ap_status ap__decoder_graph_match(ap__decoder_graph *graph, const ap__decoder_graph *with_past,
                                  ap_error *err) {
    ap_status status = AP_OK;
    bool is_first = graph != with_past || ap__decoder_graph_has(graph, AP__ROLE_USE_CACHE);
    for (uint32_t i = 0; i < graph->n_outputs; i++) /* Those that match nothing are read by nobody. */
        graph->outputs[i].slot = UINT32_MAX;
    for (uint32_t i = 0; with_past && !status && i < with_past->n_inputs; i++) {
        const ap__port *past = &with_past->inputs[i];
        if (past->role == AP__ROLE_CACHE || (past->role == AP__ROLE_CROSS && is_first))
            status = find_present(graph, past, err);
    }
    for (uint32_t i = 0; i < graph->n_outputs; i++) {
        ap__port *output = &graph->outputs[i];
        if ((output->role == AP__ROLE_CACHE || output->role == AP__ROLE_CROSS) && output->slot == UINT32_MAX)
            output->role = AP__ROLE_NONE;
    }
    return status;
}

/* The first of several fields of config.json that is a positive int; 0: none. */
static int64_t config_int(const ap__config *config, const char *const *names) {
    for (; *names; names++) {
        int64_t number = ap_value_get_int(ap_value_dict_get(config->json, *names));
        if (number > 0) return number;
    }
    return 0;
}

/* Heads and their size, where the graph leaves them open. */
static void complete_shape(int64_t *shape, const ap__config *config) {
    static const char *const kv_heads[] = {
        "num_key_value_heads", "decoder_attention_heads", "num_attention_heads", "n_head", "num_heads", NULL};
    static const char *const heads[] = {"decoder_attention_heads", "num_attention_heads", "n_head",
                                        "num_heads", NULL};
    static const char *const head_dims[] = {"head_dim", "d_kv", NULL};
    static const char *const widths[] = {"d_model", "hidden_size", "n_embd", NULL};
    int64_t n_heads = config_int(config, heads), head_dim = config_int(config, head_dims);
    if (!head_dim && n_heads) head_dim = config_int(config, widths) / n_heads;
    if (shape[1] < 0 && config_int(config, kv_heads)) shape[1] = config_int(config, kv_heads);
    if (shape[3] < 0 && head_dim) shape[3] = head_dim;
}

/* The axis of the tokens: the one beside the rows that is open. */
static bool find_axis(uint32_t *axis, const int64_t *shape, uint32_t rank) {
    size_t n = 0;
    for (uint32_t i = 1; i < rank; i++) {
        if (shape[i] >= 0) continue;
        *axis = i;
        n++;
    }
    return n == 1;
}

static ap_status read_shape(ap__kept_set *set, const ap__decoder_graph *graph, const ap__port *port,
                            const ap__config *config, ap_error *err) {
    const ap_io *io = ap__session_find_input(graph->session, port->name);
    int64_t *shape = set->spec.shapes[port->slot];
    uint32_t axis = 0;
    char text[160];
    memcpy(shape, io->shape, sizeof io->shape);
    if (io->rank == 4) complete_shape(shape, config);
    /* What older exports of these have does not begin with the rows. */
    bool is_flat = io->rank == 3 && strcmp(config->model_type, "bloom") == 0;
    if (io->rank != set->spec.rank || io->dtype != set->spec.dtype || io->rank == AP_RANK_UNKNOWN ||
        is_flat || !find_axis(&axis, shape, io->rank) || (port->slot && axis != set->spec.axis))
        return ap__fail(
            err, AP_EUNSUPPORTED,
            "%s: \"%.64s\" %s %s: a cache of that layout is not supported; expected [batch, heads, "
            "tokens, size]",
            graph->file, port->name, ap_dtype_name(io->dtype),
            io->rank == AP_RANK_UNKNOWN ? "of any rank"
                                        : ap__shape_text(text, sizeof text, io->shape, io->rank));
    set->spec.axis = axis;
    shape[0] = -1;
    return AP_OK;
}

ap_status ap__decoder_graph_kept(ap__kept_set *out, const ap__decoder_graph *graph, ap__role role,
                                 const ap__config *config, ap_error *err) {
    const ap__port *first = NULL;
    size_t n = role == AP__ROLE_CACHE ? graph->n_caches : graph->n_crosses;
    for (uint32_t i = 0; !first && i < graph->n_inputs; i++)
        if (graph->inputs[i].role == role) first = &graph->inputs[i];
    ap_status status =
        ap__kept_set_init(out, n, first ? first->dtype : AP_DTYPE_F32, first ? first->rank : 0, err);
    for (uint32_t i = 0; !status && i < graph->n_inputs; i++)
        if (graph->inputs[i].role == role) status = read_shape(out, graph, &graph->inputs[i], config, err);
    return status;
}
