/* The result of a call as a table. */
#ifndef CLI_RESULT_TABLE_H
#define CLI_RESULT_TABLE_H

#include <accelpipe/value.h>
#include <stdbool.h>

/* Prints `result`, a row for each dict in it, with the input it belongs to where there are several.
 * @return false when the result has no such shape, and nothing was printed */
bool cli_result_table_print(const ap_value *inputs, const ap_value *result);

#endif
