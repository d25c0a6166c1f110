/* Memory for weights of models that generate: every token reads all of them, and pages of 4 kB make that a
 * fifth slower. */
#ifndef ORT_WEIGHTS_H
#define ORT_WEIGHTS_H

#include "ort.h"

/* Makes the allocator known to the runtime; sessions use it that say so.   @return false: there is none */
bool ort_weights_register(const OrtApi *api, OrtEnv *env);

/* Has the session that is opened with these options use it. One session is opened at a time. */
OrtStatus *ort_weights_use(OrtSessionOptions *options);

#endif
