/* Binding parameters from a dict to a struct by a table (ap_param in <accelpipe/sys/task.h>). */
#ifndef AP_VALUE_PARAMS_H
#define AP_VALUE_PARAMS_H

#include "base/suggest.h"

#include <accelpipe/sys/task.h>
#include <stdbool.h>

/* Binds one parameter, if the table has it (*found). Values are checked by the table and borrowed.
 * @param opts the struct of ap_opt that the table describes.
 * @return AP_ETYPE, AP_EINVAL, AP_EKEY with the name, expected and found. */
ap_status ap__params_bind_one(bool *found, const ap_param *table, void *opts, const char *name,
                              const ap_value *value, ap_origin origin, ap_error *err);

/* Binds all of a dict (NULL and null: nothing).
 * @param what names the taker in messages ("task text-classification").
 * @return also AP_EINVAL for a name that the table does not have, with the nearest one. */
ap_status ap__params_bind(const ap_param *table, void *opts, const ap_value *dict, ap_origin origin,
                          const char *what, ap_error *err);

/* The row of that name, also of a table that is included; NULL: there is none. */
const ap_param *ap__params_find(const ap_param *table, const char *name);

/* Offers every name of the table as a suggestion for `name`. */
void ap__params_suggest(ap__suggestion *suggestion, const ap_param *table, const char *name);

/* Appends {"name", "type", "phase", "default", "null_ok", "choices", "doc"} for every row to a list. */
ap_status ap__params_describe(ap_value *list, const ap_param *table, ap_error *err);

/* Readers of bound parameters: whether one was given and is not null, and its value or the default. */
bool ap__opt_is_set(const ap_opt *opt);
int64_t ap__opt_integer(const ap_opt *opt, int64_t otherwise);
bool ap__opt_boolean(const ap_opt *opt, bool otherwise);
const char *ap__opt_string(const ap_opt *opt, const char *otherwise);

#endif
