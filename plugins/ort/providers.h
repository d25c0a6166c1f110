/* Execution providers: what of a graph runs where. */
#ifndef ORT_PROVIDERS_H
#define ORT_PROVIDERS_H

#include "ort.h"

#include <stdbool.h>

/* Names of the devices that this runtime has, "cpu cuda". */
void ort_providers_devices(char *out, size_t size);

/* Whether an option is about providers: "provider", "provider_1", "provider_options.device_id", ... */
bool ort_providers_is_option(const char *key);

/* Appends the providers that device and options ask for, in their order; the CPU's is always behind them.
 * @return AP_EINVAL a provider or device that is not there, or the two contradict each other. */
ap_status ort_providers_append(OrtSessionOptions *options, const ap_model_ref *model, ap_error *err);

/* Whether all of a model runs on the CPU's own provider. */
bool ort_providers_are_cpu(const ap_model_ref *model);

/* The device that a model runs on, "cpu" or "cuda:1". */
void ort_providers_describe(char *out, size_t size, const ap_model_ref *model);

#endif
