/* Post-processors that a tokenizer class makes itself, whatever tokenizer.json has. */
#ifndef AP_TOKENIZER_CLASS_PROCESSOR_H
#define AP_TOKENIZER_CLASS_PROCESSOR_H

#include "tokenizer/component.h"
#include "tokenizer/tokenizer_class.h"

/* Replaces the post-processor if the class does; special tokens are known by now. */
ap_status ap__class_processor_apply(ap__loader *loader, yyjson_val *config,
                                    const ap__tokenizer_class *class_);

#endif
