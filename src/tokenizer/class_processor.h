/* Post-processors that tokenizer classes make themselves, whatever tokenizer.json has. */
#ifndef AP_TOKENIZER_CLASS_PROCESSOR_H
#define AP_TOKENIZER_CLASS_PROCESSOR_H

#include "tokenizer/component.h"

/* Replaces the tokenizer's post-processor by a template with the bos token in front of each text and the eos
 * token behind it, as far as they are wanted. The special tokens of the config are known by then.
 * @return AP_EFORMAT when one that is wanted is not there */
ap_status ap__class_processor_apply(ap__loader *loader, bool add_bos_token, bool add_eos_token);

#endif
