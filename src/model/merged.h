/* Merged decoders: one ONNX file with two graphs behind an If, one for the first tokens and one for those
 * behind them. A backend that does not run such a thing well gets them one by one. */
#ifndef AP_MODEL_MERGED_H
#define AP_MODEL_MERGED_H

#include "base/buf.h"
#include "base/path.h"

/* Whose branch: named as in the file. */
typedef enum ap__branch { AP__BRANCH_ELSE, AP__BRANCH_THEN } ap__branch;

enum { AP__N_BRANCHES = AP__BRANCH_THEN + 1 };

typedef struct ap__branches {
    bool is_merged;                 /* false: the file is another kind of model, and there are no graphs. */
    ap__buf graphs[AP__N_BRANCHES]; /* ONNX models without weights: these stay in the file they are in, */
    ap__path folder;                /* which is in this folder. */
} ap__branches;

/* Makes the two graphs of a file.
 * @return AP_EFORMAT it is no ONNX file; AP_EUNSUPPORTED its weights are in files of other folders */
ap_status ap__merged_split(ap__branches *out, const char *path, ap_error *err);
void ap__branches_clear(ap__branches *branches); /* All zero is fine. */

/* The same of a file's bytes.   @param out its folder is filled in.
 * @param name of the file in that folder.   @param beside the folder that the model's own names of files are
 * of. */
ap_status ap__merged_split_bytes(ap__branches *out, const void *bytes, size_t len, const char *name,
                                 const char *beside, ap_error *err);

#endif
