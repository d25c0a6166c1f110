/* Reading the vocabulary of a model. */
#ifndef AP_TOKENIZER_MODELS_READ_VOCAB_H
#define AP_TOKENIZER_MODELS_READ_VOCAB_H

#include "tokenizer/component.h"

/* Fills the tokenizer's vocabulary from the member "vocab", an object of ids by token. */
ap_status ap__read_vocab(ap__loader *loader, yyjson_val *json);

/* The same of a class that runs in Python, which also has "aliases", a list of [token, id], and "n_listed".
 */
ap_status ap__read_python_vocab(ap__loader *loader, yyjson_val *json);

#endif
