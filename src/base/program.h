/* Other programs: finding one on the search path, and taking what it prints. */
#ifndef AP_BASE_PROGRAM_H
#define AP_BASE_PROGRAM_H

#include "base/buf.h"
#include "base/path.h"

/* Looks through $PATH (of a set-user-ID program: through the system's folders). Relative folders are left
 * out.
 * @return false when there is no such program */
bool ap__program_find(ap__path *out, const char *name);

/* Runs a program without a shell, with nothing to read and its errors dropped, and waits for its end.
 * @param argv the program's path first, NULL last.
 * @param max_bytes of output; a program that prints more is killed.
 * @param[out] out what it prints is appended.
 * @return AP_EIO it cannot be started, or its exit status is not 0; AP_ELIMIT; AP_ENOMEM */
ap_status ap__program_run(ap__buf *out, const char *const *argv, size_t max_bytes, ap_error *err);

#endif
