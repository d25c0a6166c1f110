/* TAPAS tokenizers for tests: that of tests/data/parity/models/tapas-wtq, and small ones. */
#ifndef AP_TESTS_UNIT_TOKENIZER_TAPAS_FILES_H
#define AP_TESTS_UNIT_TOKENIZER_TAPAS_FILES_H

#include "tokenizer/tapas/tapas.h"

#include <accelpipe/value.h>

#define TAPAS_FOLDER AP_TEST_DATA_DIR "/parity/models/tapas-wtq"

/* The model's tokenizer with entries of its tokenizer_config.json replaced. The test fails when it cannot be.
 */
ap__tapas *tapas_with(const ap_value *changes);

/* One of eight tokens and that tokenizer_config.json (or NULL). */
ap_status tapas_small(ap__tapas **out, const char *config, ap_error *err);

#endif
