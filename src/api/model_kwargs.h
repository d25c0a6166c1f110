/* model_kwargs, taken apart: what from_pretrained() of transformers, optimum and optimum-intel takes. */
#ifndef AP_API_MODEL_KWARGS_H
#define AP_API_MODEL_KWARGS_H

#include "model/config.h"

#include <accelpipe/sys/backend_plugin.h>

enum { AP__RUNTIME_OPTIONS_MAX = 64, AP__OPTION_NAME_BYTES = 192, AP__OPTION_VALUE_BYTES = 512 };

/* Runtime options in the form of the plugin border. */
typedef struct ap__runtime_options {
    ap_key_value pairs[AP__RUNTIME_OPTIONS_MAX];
    char names[AP__RUNTIME_OPTIONS_MAX][AP__OPTION_NAME_BYTES];
    char values[AP__RUNTIME_OPTIONS_MAX][AP__OPTION_VALUE_BYTES];
    size_t n;
} ap__runtime_options;

/* Text and values are borrowed from the dict; what was not given is NULL. */
typedef struct ap__model_kwargs {
    const char *file_name, *subfolder;
    const char *torch_dtype, *torch_dtype_entry; /* From torch_dtype, dtype, load_in_8bit or load_in_4bit. */
    const ap_value *device_map;
    const ap_value *token;                       /* use_auth_token, the older name of token. */
    const char *accelerator, *accelerator_entry; /* The one backend that an entry is for, and that entry. */
    const char *provider;
    ap__runtime_options options;
} ap__model_kwargs;

/* All zero before. Entries that are none of from_pretrained()'s own are passed over.
 * @param dict NULL and null: nothing.
 * @return AP_ETYPE, AP_EINVAL, AP_ELIMIT, AP_EUNSUPPORTED; the message names the entry. */
ap_status ap__model_kwargs_read(ap__model_kwargs *out, const ap_value *dict, ap_error *err);

/* Those entries: attributes of the model's configuration, which they replace.
 * @return AP_ETYPE the configuration has no such attribute; as ap__config_set(). */
ap_status ap__model_kwargs_configure(ap__config **config, const ap_value *dict, ap_error *err);

#endif
