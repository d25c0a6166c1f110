/* Opening models that generate. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "base/path.h"
#include "model/decoder_impl.h"
#include "model/onnx_scan.h"

#include <string.h>

/* -- options ------------------------------------------------------------------------------------------- */

/* Sessions that are opened later need what the caller has of the options now. */
static ap_status copy_options(ap__decoder *decoder, const ap__session_options *options, ap_error *err) {
    ap__session_options *copy = &decoder->options;
    *copy = *options;
    copy->device = options->device ? ap__strdup(options->device) : NULL;
    copy->cache_dir = NULL; /* They are not cached. */
    copy->options = decoder->option_pairs = ap__calloc(options->n_options, sizeof *decoder->option_pairs);
    copy->n_options = 0;
    if (!copy->options || (options->device && !copy->device)) return ap__fail_nomem(err);
    for (size_t i = 0; i < options->n_options; i++) {
        ap_key_value *pair = &decoder->option_pairs[copy->n_options++];
        pair->key = ap__strdup(options->options[i].key);
        pair->value = ap__strdup(options->options[i].value);
        if (!pair->key || !pair->value) return ap__fail_nomem(err);
    }
    return AP_OK;
}

static void free_options(ap__decoder *decoder) {
    for (size_t i = 0; i < decoder->options.n_options; i++) {
        ap__free((void *)(uintptr_t)decoder->option_pairs[i].key);
        ap__free((void *)(uintptr_t)decoder->option_pairs[i].value);
    }
    ap__free(decoder->option_pairs);
    ap__free((void *)(uintptr_t)decoder->options.device);
}

/* -- sessions ------------------------------------------------------------------------------------------ */

/* How a model is opened. */
typedef struct opening {
    ap__decoder *decoder;
    const ap__backend *backend;
    const ap__session_options *session;
    bool splits_merged;
} opening;

/* Opens a file; none: there is no session. */
static ap_status open_part(ap__session **out, const opening *o, ap__part part, ap_error *err) {
    ap__session_options options = *o->session;
    options.path = o->decoder->files.paths[part].text;
    options.dtype = o->decoder->files.dtype;
    *out = NULL;
    return options.path[0] ? ap__session_open(out, o->backend, &options, err) : AP_OK;
}

static ap_status open_graph(ap__decoder_graph *out, const opening *o, ap__part part, ap_error *err) {
    ap__session *session;
    ap_status status = open_part(&session, o, part, err);
    if (status || !session) return status;
    return ap__decoder_graph_read(out, session, o->decoder->files.paths[part].text, err);
}

static ap_status open_branch(ap__decoder_graph *out, const opening *o, ap__branch branch, ap_error *err) {
    const char *file = o->decoder->files.paths[AP__PART_DECODER].text;
    const ap__branches *branches = &o->decoder->branches;
    ap__session *session;
    ap__session_options options = *o->session;
    options.path = NULL;
    options.bytes = branches->graphs[branch].ptr;
    options.n_bytes = branches->graphs[branch].len;
    options.external_data = branches->folder.text;
    options.dtype = o->decoder->files.dtype;
    ap_status status = ap__session_open(&session, o->backend, &options, err);
    return status ? ap__error_wrap(err, status, "%s", file) : ap__decoder_graph_read(out, session, file, err);
}

static bool may_be_merged(const ap__decoder *decoder) {
    return !decoder->files.paths[AP__PART_DECODER_WITH_PAST].text[0] &&
           ap__path_ends_with(decoder->files.paths[AP__PART_DECODER].text, ".onnx");
}

static ap_status open_decoders(const opening *o, ap_error *err) {
    ap__decoder *decoder = o->decoder;
    ap_status status = AP_OK;
    if (o->splits_merged && may_be_merged(decoder))
        status = ap__merged_split(&decoder->branches, decoder->files.paths[AP__PART_DECODER].text, err);
    if (!status && decoder->branches.is_merged) {
        status = open_branch(&decoder->first, o, AP__BRANCH_ELSE, err);
        return status ? status : open_branch(&decoder->next, o, AP__BRANCH_THEN, err);
    }
    if (!status) status = open_graph(&decoder->first, o, AP__PART_DECODER, err);
    return status ? status : open_graph(&decoder->next, o, AP__PART_DECODER_WITH_PAST, err);
}

/* -- how they fit together ----------------------------------------------------------------------------- */

/* The graph that takes a cache; NULL: none does. */
static const ap__decoder_graph *with_past(const ap__decoder *decoder) {
    const ap__decoder_graph *graph = decoder->next.session ? &decoder->next : &decoder->first;
    return graph->n_caches ? graph : NULL;
}

static ap_status match_caches(ap__decoder *decoder, ap_error *err) {
    const ap__decoder_graph *past = with_past(decoder);
    decoder->has_cache = past != NULL;
    decoder->is_stateful = ap__session_get_info(decoder->first.session)->is_stateful;
    if (decoder->is_stateful && (past || decoder->next.session))
        return ap__fail(err, AP_EUNSUPPORTED, "%s: a stateful decoder with past_key_values is not supported",
                        decoder->first.file);
    if (!past && !decoder->is_stateful) {
        if (decoder->next.session)
            return ap__fail(err, AP_EFORMAT, "%s: the decoder has no past_key_values inputs",
                            decoder->next.file);
        ap__log(
            AP_LOG_WARNING,
            "model: %s takes no past_key_values: every new token reads all before it again; export it with "
            "use_cache",
            decoder->first.file);
    }
    ap_status status = ap__decoder_graph_match(&decoder->first, past, err);
    if (!status && past && past != &decoder->first)
        status = ap__decoder_graph_match(&decoder->next, past, err);
    return status;
}

static ap_status read_sets(ap__decoder *decoder, const ap__config *config, ap_error *err) {
    const ap__decoder_graph *past = with_past(decoder);
    ap_status status = AP_OK;
    if (past) status = ap__decoder_graph_kept(&decoder->caches, past, AP__ROLE_CACHE, config, err);
    if (past && !status)
        status = ap__decoder_graph_kept(&decoder->crosses, past, AP__ROLE_CROSS, config, err);
    return status;
}

static const ap_io *states_of(const ap__session *encoder) {
    const ap_io *io = ap__session_find_output(encoder, "last_hidden_state");
    return io ? io : &ap__session_get_info(encoder)->outputs[0];
}

static ap_status check_encoder(ap__decoder *decoder, ap_error *err) {
    const char *file = decoder->files.paths[AP__PART_ENCODER].text;
    bool is_wanted = ap__decoder_graph_has(&decoder->first, AP__ROLE_ENCODER_STATES);
    if (!decoder->encoder && is_wanted)
        return ap__fail(err, AP_EUNSUPPORTED,
                        "%s: the decoder takes encoder_hidden_states: it is one of a model with an encoder",
                        decoder->first.file);
    if (!decoder->encoder) return AP_OK;
    if (!is_wanted)
        return ap__fail(err, AP_EFORMAT, "%s: the decoder has no input encoder_hidden_states",
                        decoder->first.file);
    if (!ap__session_get_info(decoder->encoder)->n_outputs)
        return ap__fail(err, AP_EFORMAT, "%s: the encoder has no outputs", file);
    const ap_io *states = states_of(decoder->encoder);
    ap_status status = ap__kept_set_init(&decoder->states, 1, states->dtype, 3, err);
    if (status) return status;
    if (states->rank != 3 && states->rank != AP_RANK_UNKNOWN)
        return ap__fail(err, AP_EUNSUPPORTED, "%s: output \"%.64s\" has rank %u, expected 3", file,
                        states->name, states->rank);
    for (size_t i = 0; i < 3; i++) decoder->states.spec.shapes[0][i] = -1;
    decoder->states.spec.axis = 1;
    return AP_OK;
}

/* Where the graph does not say how many tokens there are, the configuration may; else the first run does. */
static void find_vocab_size(ap__decoder *decoder, const ap__config *config) {
    const ap_io *logits = decoder->first.logits;
    int64_t n = logits->rank == 3 ? logits->shape[2] : -1;
    if (n <= 0) n = ap_value_get_int(ap_value_dict_get(config->json, "vocab_size"));
    decoder->vocab_size = n > 0 ? (size_t)n : 0;
}

/* Behind masked tokens, those of the row must not see them, and must be counted without them: by
 * position_ids, or because the architecture takes positions from the mask. */
static bool takes_mask(const ap__decoder_graph *graph, const ap__config *config) {
    static const char *const from_mask[] = {"opt", "bloom", "mpt"};
    if (!graph->session) return true;
    if (!ap__decoder_graph_has(graph, AP__ROLE_ATTENTION_MASK)) return false;
    if (ap__decoder_graph_has(graph, AP__ROLE_POSITION_IDS)) return true;
    for (size_t i = 0; i < sizeof from_mask / sizeof *from_mask; i++)
        if (strcmp(config->model_type, from_mask[i]) == 0) return true;
    return false;
}

/* Whether decodings may run together, and it is worth it: rows of any length, that do not change each other.
 */
static bool may_share(const ap__decoder *decoder) {
    return decoder->has_cache && decoder->takes_mask &&
           !ap__onnx_file_mixes_rows(decoder->files.paths[AP__PART_DECODER].text);
}

static void give_backend(ap__decoder *decoder, const ap__backend *backend) {
    ap__kept_set *sets[] = {&decoder->caches, &decoder->crosses, &decoder->states};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        sets[i]->backend = backend;
        sets[i]->options = decoder->options;
    }
}

ap_status ap__decoder_open(ap__decoder **out, const char *folder, const ap__config *config,
                           const ap__backend *backend, const ap__file_request *file,
                           const ap__session_options *session, ap_error *err) {
    *out = NULL;
    ap__decoder *decoder = ap__calloc(1, sizeof *decoder);
    if (!decoder) return ap__fail_nomem(err);
    ap_status status = ap__model_files_choose(&decoder->files, folder, file, err);
    const opening o = {decoder, backend, session, file->splits_merged};
    if (!status) status = copy_options(decoder, session, err);
    if (!status) status = open_part(&decoder->encoder, &o, AP__PART_ENCODER, err);
    if (!status) status = open_decoders(&o, err);
    if (!status) status = match_caches(decoder, err);
    if (!status) status = read_sets(decoder, config, err);
    if (!status) status = check_encoder(decoder, err);
    if (status) {
        ap__decoder_close(decoder);
        return status;
    }
    find_vocab_size(decoder, config);
    decoder->takes_mask = takes_mask(&decoder->first, config) && takes_mask(&decoder->next, config);
    give_backend(decoder, backend);
    if (may_share(decoder)) status = ap__company_create(&decoder->company, err);
    if (status) {
        ap__decoder_close(decoder);
        return status;
    }
    *out = decoder;
    return AP_OK;
}

void ap__decoder_close(ap__decoder *decoder) {
    if (!decoder) return;
    ap__company_destroy(decoder->company);
    ap__kept_set_clear(&decoder->caches);
    ap__kept_set_clear(&decoder->crosses);
    ap__kept_set_clear(&decoder->states);
    ap__decoder_graph_clear(&decoder->first);
    ap__decoder_graph_clear(&decoder->next);
    ap__session_close(decoder->encoder);
    ap__branches_clear(&decoder->branches);
    free_options(decoder);
    ap__free(decoder);
}

const char *ap__decoder_states_name(const ap__decoder *decoder) { return states_of(decoder->encoder)->name; }

ap__session *ap__decoder_get_session(const ap__decoder *decoder) { return decoder->first.session; }

bool ap__decoder_has_encoder(const ap__decoder *decoder) { return decoder->encoder != NULL; }

bool ap__decoder_takes_mask(const ap__decoder *decoder) { return decoder->takes_mask; }
