/* From the name of a model to the folder that holds its files. */
#ifndef AP_HUB_LOCATE_H
#define AP_HUB_LOCATE_H

#include "base/path.h"

/* The folder of a model, by its path.
 * @return AP_ENOTFOUND no such folder, with what to do about it. */
ap_status ap__model_locate(ap__path *out, const char *model, ap_error *err);

/* The folder of a bundled model: $ACCELPIPE_MODELS, or share/accelpipe/models beside the library's folder.
 * @return AP_ENOTFOUND */
ap_status ap__model_locate_bundled(ap__path *out, const char *name, ap_error *err);

#endif
