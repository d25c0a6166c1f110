/* From the options of the public API to those of the tokenizer: defaults, and what cannot be together.
 * Source: transformers@v4.55.4 tokenization_utils_base.py _get_padding_truncation_strategies,
 * tokenization_utils_fast.py set_truncation_and_padding. */
#include "api/tokenizer_impl.h"
#include "base/error.h"
#include "base/log.h"

#include <string.h>

ap_status ap__options_copy(void *out, size_t out_size, const void *given, const char *name, ap_error *err) {
    size_t given_size;
    memcpy(&given_size, given, sizeof given_size);
    if (given_size < sizeof given_size || given_size > out_size)
        return ap__fail(err, AP_EINVAL,
                        "%s: struct_size is %zu, this version has %zu; start from its _INIT macro", name,
                        given_size, out_size);
    memset(out, 0, out_size);
    memcpy(out, given, given_size);
    return AP_OK;
}

/* -- checks -------------------------------------------------------------------------------------------- */

static ap_status check_range(const char *name, int value, int last, ap_error *err) {
    if (value >= 0 && value <= last) return AP_OK;
    return ap__fail(err, AP_EINVAL, "%s is %d, expected 0 to %d", name, value, last);
}

static ap_status check_ranges(const ap_encode_options *o, ap_error *err) {
    const struct {
        const char *name;
        int value, last;
    } enums[] = {{"add_special_tokens", (int)o->add_special_tokens, AP_SWITCH_ON},
                 {"truncation", (int)o->truncation, AP_TRUNCATION_ONLY_SECOND},
                 {"truncation_side", (int)o->truncation_side, AP_SIDE_LEFT},
                 {"padding", (int)o->padding, AP_PADDING_MAX_LENGTH},
                 {"padding_side", (int)o->padding_side, AP_SIDE_LEFT},
                 {"stored_options", (int)o->stored_options, AP_SWITCH_ON},
                 {"return_overflowing_tokens", (int)o->return_overflowing_tokens, AP_SWITCH_ON},
                 {"return_tokens", (int)o->return_tokens, AP_SWITCH_ON},
                 {"return_offsets", (int)o->return_offsets, AP_SWITCH_ON}};
    ap_status status = AP_OK;
    for (size_t i = 0; i < sizeof enums / sizeof *enums && !status; i++)
        status = check_range(enums[i].name, enums[i].value, enums[i].last, err);
    if (status) return status;
    if (o->max_length < AP_LENGTH_ZERO)
        return ap__fail(err, AP_EINVAL, "max_length is %lld; it is a count of tokens",
                        (long long)o->max_length);
    if (!o->pad_token && (o->pad_id || o->pad_type_id))
        return ap__fail(err, AP_EINVAL, "%s is given without pad_token; they go together",
                        o->pad_id ? "pad_id" : "pad_type_id");
    return AP_OK;
}

/* What the file stores goes alone. */
static ap_status check_stored(const ap_encode_options *o, ap_error *err) {
    const char *other = o->truncation           ? "truncation"
                        : o->max_length         ? "max_length"
                        : o->stride             ? "stride"
                        : o->truncation_side    ? "truncation_side"
                        : o->padding            ? "padding"
                        : o->padding_side       ? "padding_side"
                        : o->pad_length         ? "pad_length"
                        : o->pad_to_multiple_of ? "pad_to_multiple_of"
                        : o->pad_token          ? "pad_token"
                                                : NULL;
    if (!other) return AP_OK;
    return ap__fail(err, AP_EINVAL,
                    "stored_options and %s exclude each other: the first takes truncation and padding from "
                    "tokenizer.json",
                    other);
}

/* -- truncation and padding ---------------------------------------------------------------------------- */

static ap__side resolve_side(ap_side side, ap__side otherwise) {
    if (side == AP_SIDE_DEFAULT) return otherwise;
    return side == AP_SIDE_LEFT ? AP__SIDE_LEFT : AP__SIDE_RIGHT;
}

/* max_length, or what the tokenizer says of its model; false: there is none. */
static bool find_limit(size_t *out, const ap_encode_options *o, const ap__tokenizer_config *config) {
    *out = o->max_length > 0 ? (size_t)o->max_length : 0;
    if (o->max_length) return true;
    *out = config->model_max_length;
    return *out != SIZE_MAX;
}

static void resolve_truncation(ap__encode_options *out, const ap_encode_options *o,
                               const ap__tokenizer_config *config) {
    static const ap__truncation STRATEGIES[] = {AP__TRUNCATION_OFF, AP__TRUNCATION_OFF,
                                                AP__TRUNCATION_LONGEST_FIRST, AP__TRUNCATION_ONLY_FIRST,
                                                AP__TRUNCATION_ONLY_SECOND};
    out->truncation = STRATEGIES[o->truncation];
    if (o->truncation == AP_TRUNCATION_DEFAULT && o->max_length && !o->padding)
        out->truncation = AP__TRUNCATION_LONGEST_FIRST;
    out->truncation_side = resolve_side(o->truncation_side, config->truncation_side);
    out->stride = o->stride;
    if (!out->truncation || find_limit(&out->max_length, o, config)) return;
    ap__log(AP_LOG_WARNING,
            "tokenizer: truncating to max_length, but the model has no predefined one: not truncating");
    out->truncation = AP__TRUNCATION_OFF;
}

/* The tokenizer's own, as tokenizer_config.json names it or as the padding that tokenizer.json stores. */
static ap_status find_pad_token(ap__encode_options *out, const ap_tokenizer *tokenizer, ap_error *err) {
    const ap__tokenizer_config *config = ap__tokenizer_get_config(tokenizer->impl);
    ap__encode_options stored;
    ap__tokenizer_get_stored_options(tokenizer->impl, &stored);
    if (config->pad_token_id != AP__TOKEN_NONE) {
        out->pad_token = config->pad_token;
        out->pad_id = config->pad_token_id;
        out->pad_type_id = config->pad_token_type_id;
        return AP_OK;
    }
    if (!stored.padding)
        return ap__fail(err, AP_EINVAL, "padding: tokenizer %s has no pad token; give pad_token and pad_id",
                        tokenizer->name);
    out->pad_token = stored.pad_token;
    out->pad_id = stored.pad_id;
    out->pad_type_id = stored.pad_type_id;
    return AP_OK;
}

/* padding="max_length" without a length: as in the reference, nothing is padded. */
static bool find_pad_length(ap__encode_options *out, const ap_encode_options *o,
                            const ap__tokenizer_config *config) {
    out->pad_length = o->pad_length;
    if (out->pad_length || find_limit(&out->pad_length, o, config)) return true;
    ap__log(AP_LOG_WARNING,
            "tokenizer: padding to max_length, but the model has no predefined one: not padding");
    return false;
}

static ap_status resolve_padding(ap__encode_options *out, const ap_tokenizer *tokenizer,
                                 const ap_encode_options *o, ap_error *err) {
    const ap__tokenizer_config *config = ap__tokenizer_get_config(tokenizer->impl);
    if (o->padding == AP_PADDING_DO_NOT_PAD) return AP_OK;
    if (o->padding == AP_PADDING_MAX_LENGTH && !find_pad_length(out, o, config)) return AP_OK;
    out->padding = o->padding == AP_PADDING_LONGEST ? AP__PADDING_LONGEST : AP__PADDING_FIXED;
    out->padding_side = resolve_side(o->padding_side, config->padding_side);
    out->pad_to_multiple_of = o->pad_to_multiple_of;
    out->pad_token = o->pad_token;
    out->pad_id = o->pad_id;
    out->pad_type_id = o->pad_type_id;
    if (out->pad_length > AP__TEXT_MAX_BYTES || out->pad_to_multiple_of > AP__TEXT_MAX_BYTES)
        return ap__fail(err, AP_ELIMIT,
                        "padding to %zu tokens, or a multiple of %zu, is over the limit of %zu",
                        out->pad_length, out->pad_to_multiple_of, AP__TEXT_MAX_BYTES);
    return o->pad_token ? AP_OK : find_pad_token(out, tokenizer, err);
}

ap_status ap__encode_options_resolve(ap__encode_options *out, const ap_tokenizer *tokenizer,
                                     const ap_encode_options *given, ap_error *err) {
    ap_encode_options own = AP_ENCODE_OPTIONS_INIT;
    ap_status status = given ? ap__options_copy(&own, sizeof own, given, "ap_encode_options", err) : AP_OK;
    memset(out, 0, sizeof *out);
    if (!status) status = check_ranges(&own, err);
    if (status) return status;
    if (own.stored_options == AP_SWITCH_ON) {
        status = check_stored(&own, err);
        ap__tokenizer_get_stored_options(tokenizer->impl, out);
    } else {
        resolve_truncation(out, &own, ap__tokenizer_get_config(tokenizer->impl));
        status = resolve_padding(out, tokenizer, &own, err);
    }
    out->add_special_tokens = own.add_special_tokens != AP_SWITCH_OFF;
    out->skip_overflowing = own.return_overflowing_tokens != AP_SWITCH_ON;
    out->with_tokens = own.return_tokens != AP_SWITCH_OFF;
    out->skip_offsets = own.return_offsets == AP_SWITCH_OFF;
    return status;
}

ap_status ap__decode_options_resolve(ap__decode_stream_options *out, const ap_tokenizer *tokenizer,
                                     const ap_decode_options *given, ap_error *err) {
    ap_decode_options own = AP_DECODE_OPTIONS_INIT;
    ap_status status = given ? ap__options_copy(&own, sizeof own, given, "ap_decode_options", err) : AP_OK;
    if (!status) status = check_range("skip_special_tokens", (int)own.skip_special_tokens, AP_SWITCH_ON, err);
    if (!status)
        status = check_range("clean_up_tokenization_spaces", (int)own.clean_up_tokenization_spaces,
                             AP_SWITCH_ON, err);
    out->skip_special_tokens = own.skip_special_tokens == AP_SWITCH_ON;
    out->clean_up = own.clean_up_tokenization_spaces == AP_SWITCH_ON;
    if (own.clean_up_tokenization_spaces == AP_SWITCH_DEFAULT)
        out->clean_up = ap__tokenizer_get_config(tokenizer->impl)->clean_up_tokenization_spaces;
    return status;
}
