/* How a model for sentences pools, as the files say that sentence-transformers writes beside it. */
#ifndef AP_TASKS_SENTENCE_MODULES_H
#define AP_TASKS_SENTENCE_MODULES_H

#include "tensor/pooling.h"

#include <accelpipe/status.h>

/* Reads modules.json, and the Pooling module's config.json, of the folder that the model's file lies in or of
 * the one above.
 * @param[out] out AP__POOLING_NONE where there is no modules.json, or no Pooling in it.
 * @return AP_EUNSUPPORTED for modules and ways of pooling that are not known; AP_EFORMAT. */
ap_status ap__sentence_modules_read(ap__pooling *out, const char *model_file, ap_error *err);

#endif
