/* Dicts: entries in order of insertion, and from a few entries on an index by hash. */
#ifndef AP_VALUE_DICT_H
#define AP_VALUE_DICT_H

#include "value/value.h"

/* NULL is an empty dict. */
size_t ap__dict_len(const ap__dict *dict);
void ap__dict_destroy(ap__dict *dict);

#endif
