/* --stream: text on standard output while a model writes it. */
#ifndef CLI_PIECES_H
#define CLI_PIECES_H

#include <accelpipe/pipeline.h>
#include <stdbool.h>

/* Whether a task writes text, by its table of parameters. */
bool cli_pieces_has(const ap_value *task_params);

/* Calls the pipeline on each of the inputs, one after the other, and writes the new text of each sequence as
 * it comes, with a line end behind it. Of several sequences the first is shown as it comes, the others behind
 * it. */
ap_status cli_pieces_run(const ap_pipeline *pipe, const ap_value *inputs, const ap_value *params,
                         ap_error *err);

#endif
