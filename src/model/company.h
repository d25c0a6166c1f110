/* Decodings of several threads that read their tokens together: one run for all of them costs little more
 * than one for each, because the weights are what a run waits for.
 *
 * Whoever has a token to read waits a moment for the others, and one of those who wait does the run. Who does
 * not come in time goes on alone, and joins again with a later token. Where tokens are read in company
 * changes no result but for the order of additions.
 *
 * Threading: a company may be used by any number of threads, each of its decodings by one at a time. */
#ifndef AP_MODEL_COMPANY_H
#define AP_MODEL_COMPANY_H

#include "model/decoder.h"

typedef struct ap__company ap__company;

ap_status ap__company_create(ap__company **out, ap_error *err);
void ap__company_destroy(ap__company *company); /* Its decodings have ended. NULL is fine. */

/* A decoding like `own`, which is taken, also on failure. */
ap_status ap__company_admit(ap__decoding **out, ap__company *company, ap__decoding *own, ap_error *err);

#endif
