/* negative_prompt_ids and their mask: what guidance leads away from. */
#ifndef AP_GENERATE_NEGATIVE_H
#define AP_GENERATE_NEGATIVE_H

#include "generate/generate.h"

typedef struct ap__negative_prompt {
    ap__tokens tokens; /* None: there is no such prompt. */
    uint8_t *mask; /* [tokens.n] NULL: all are in. The reference counts positions of those that are not. */
} ap__negative_prompt;

/* That of the prompt i_prompt. Owned: ap__negative_prompt_clear(), also after a failure.
 * @return AP_EINVAL, AP_ELIMIT with the parameter */
ap_status ap__negative_prompt_read(ap__negative_prompt *out, const ap__generation *g, size_t i_prompt,
                                   ap_error *err);
void ap__negative_prompt_clear(ap__negative_prompt *prompt);

#endif
