/* The inputs of a call, from arguments, standard input or a line.
 *
 * In JSON, {"$npy": path} stands for the array in that file, and {"$kwargs": {...}} for inputs given by
 * keyword: its "inputs" are the inputs, its other entries are parameters of the call, which for some tasks
 * hold the inputs ("question" and "context"). */
#ifndef CLI_INPUTS_H
#define CLI_INPUTS_H

#include <accelpipe/value.h>
#include <stdbool.h>

/* One value from `texts`: of one text the value itself, of several a list.
 * @param is_json read each as JSON, else it is text */
ap_status cli_inputs_from_args(ap_value **out, char *const *texts, size_t n_texts, bool is_json,
                               ap_error *err);

/* One value from all of standard input; of text, one line end at its end is not part of it. */
ap_status cli_inputs_from_stdin(ap_value **out, bool is_json, ap_error *err);

/* One value from the JSON of one input. Uses no memory but the value's, so that any failure can be reported.
 */
ap_status cli_inputs_from_json(ap_value **out, const char *json, size_t len, ap_error *err);

/* The same of a line of --jsonl; a line that is text without its quotes gets a hint.
 * @param has_markers {"$npy": path} stands for something else; without, no file is looked at */
ap_status cli_inputs_from_line(ap_value **out, const char *line, size_t len, bool has_markers, ap_error *err);

/* If `*inputs` is {"$kwargs": {...}}: makes it the inputs alone (NULL: there is no "inputs"), and adds the
 * other entries to `*params` (a dict, NULL while empty; NULL: there may be none).
 * @return AP_ETYPE nothing is in it, or a parameter is given twice, as in Python. */
ap_status cli_inputs_split_kwargs(ap_value **inputs, ap_value **params, ap_error *err);

#endif
