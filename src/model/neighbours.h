/* Whether padding changes a model's results, although it is masked.
 *
 * An attention reads no masked position. Convolutions, pools and recurrences over a text do, and so does what
 * sets each token beside the next (MobileBERT): there a text has other results in a padded batch than alone.
 */
#ifndef AP_MODEL_NEIGHBOURS_H
#define AP_MODEL_NEIGHBOURS_H

#include <stdbool.h>

/* Of an ONNX file or OpenVINO IR, by its operators. Of one that cannot be read it is taken for granted; of
 * other formats the plugin knows (ap_session_info.has_neighbours). */
bool ap__model_file_has_neighbours(const char *path);

#endif
