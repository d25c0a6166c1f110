/* The assistant model: a smaller one that guesses for the model.
 * Source: transformers@v4.55.4 pipelines/base.py load_assistant_model(). */
#include "api/router.h"
#include "base/error.h"
#include "base/log.h"
#include "hub/locate.h"
#include "value/params.h"

/* -- whether it fits ----------------------------------------------------------------------------------- */

/* Where a configuration says nothing, its class does; two of one class then say the same. */
static ap_status check_token(const ap__config *model, const ap__config *assistant, const char *name,
                             ap_error *err) {
    const ap_value *a = ap_value_dict_get(model->json, name), *b = ap_value_dict_get(assistant->json, name);
    if (!a || !b || ap_value_equal(a, b)) return AP_OK;
    return ap__fail(err, AP_EINVAL,
                    "config.json: %s is not that of the model: the two have different tokenizers", name);
}

/* Guesses of a model with another tokenizer would have to be translated. */
static ap_status check_tokenizer(const ap__config *model, const ap__config *assistant, ap_error *err) {
    static const char *const tokens[] = {"eos_token_id", "pad_token_id", "bos_token_id"};
    const ap_value *a = ap_value_dict_get(model->json, "vocab_size");
    const ap_value *b = ap_value_dict_get(assistant->json, "vocab_size");
    if (a && b && !ap_value_equal(a, b))
        return ap__fail(err, AP_EUNSUPPORTED,
                        "config.json: vocab_size is %lld, and that of the model %lld: an assistant with "
                        "another tokenizer is not supported",
                        (long long)ap_value_get_int(b), (long long)ap_value_get_int(a));
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < sizeof tokens / sizeof *tokens; i++)
        status = check_token(model, assistant, tokens[i], err);
    return status;
}

/* A state can only be made anew, where a cache is cut. */
static void warn_of_state(const ap__model *model, const char *which) {
    if (ap__session_get_info(ap__model_get_session(model))->is_stateful)
        ap__log(
            AP_LOG_WARNING,
            "pipeline: assistant_model: %s is stateful, and reads all of the text again behind each wrong "
            "guess; export it without state",
            which);
}

/* -- opening ------------------------------------------------------------------------------------------- */

static ap_status open_model(ap__router *r, const char *folder, ap__config *config, ap_error *err) {
    ap_task_context *ctx = &r->pipe->ctx;
    ap__file_request file = ap__router_file_request(r, r->backend->row);
    char device[AP__OPTION_NAME_BYTES];
    const char *device_why;
    const ap__session_options session = ap__router_session_options(&device_why, device, r, r->backend);
    file.file_name = file.subfolder = NULL; /* These are of the model's folder. */
    ap_status status = ap__generation_files_load(&ctx->assistant_generation, folder, config, err);
    if (status) {
        ap__config_destroy(config);
        return status;
    }
    return ap__model_open(&ctx->assistant, folder, config, r->backend, &file, &session, err);
}

static ap_status open_folder(ap__router *r, const char *folder, ap_error *err) {
    ap_task_context *ctx = &r->pipe->ctx;
    ap__config *config;
    ap_status status = ap__config_load(&config, folder, err);
    if (status) return status;
    if ((status = check_tokenizer(ap__model_get_config(ctx->model), config, err))) {
        ap__config_destroy(config);
        return status;
    }
    if ((status = open_model(r, folder, config, err))) return status;
    const ap__decoder *own = ap__model_get_decoder(ctx->model),
                      *other = ap__model_get_decoder(ctx->assistant);
    if (ap__decoder_has_encoder(own) != ap__decoder_has_encoder(other))
        return ap__fail(err, AP_EUNSUPPORTED,
                        "one of model and assistant has an encoder, and the other none");
    warn_of_state(ctx->model, "the model");
    warn_of_state(ctx->assistant, "the assistant");
    return AP_OK;
}

ap_status ap__router_open_assistant(ap__router *r, ap_error *err) {
    const char *name = ap__opt_string(&r->init->assistant_model, NULL);
    ap__path folder;
    if (!name) return AP_OK;
    if (r->pipe->ctx.task->model_kind == AP_MODEL_SINGLE_GRAPH)
        return ap__fail(err, AP_EINVAL, "assistant_model is given, and task %s does not generate",
                        r->pipe->ctx.task->name);
    ap_status status = ap__model_locate(&folder, name, err);
    if (!status) status = open_folder(r, folder.text, err);
    if (status) return ap__error_wrap(err, status, "assistant_model %.200s", name);
    return ap__decide(r->pipe->decisions, AP__DECISION_CHOSEN, "assistant_model", folder.text, err,
                      "named by assistant_model");
}
