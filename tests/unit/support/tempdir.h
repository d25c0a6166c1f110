/* A folder of a test's own, with files that the test writes. Failures fail the test. */
#ifndef AP_TESTS_UNIT_SUPPORT_TEMPDIR_H
#define AP_TESTS_UNIT_SUPPORT_TEMPDIR_H

#include "base/path.h"

#include <stddef.h>

/* Makes an empty folder below $TMPDIR. */
void tempdir_create(ap__path *folder);

/* Removes it with all that is in it. */
void tempdir_remove(const ap__path *folder);

/* Writes `folder`/`name`; folders that `name` goes through are made. Gives the path. */
ap__path tempdir_write(const ap__path *folder, const char *name, const void *bytes, size_t len);
ap__path tempdir_write_text(const ap__path *folder, const char *name, const char *text);

/* A file of that many zero bytes that takes no room on the disk. */
ap__path tempdir_write_sparse(const ap__path *folder, const char *name, size_t size_bytes);

/* Makes `folder`/`name` and the folders above it. Gives the path. */
ap__path tempdir_make_dir(const ap__path *folder, const char *name);

#endif
