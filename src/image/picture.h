/* Files of pictures, as far as this version looks at them: it does not decode. */
#ifndef AP_IMAGE_PICTURE_H
#define AP_IMAGE_PICTURE_H

#include <accelpipe/status.h>
#include <stddef.h>

/* Largest file of a picture. */
#define AP__PICTURE_MAX_BYTES ((size_t)512 << 20)

/* Whether a file is a picture, by its first bytes, and whole where its format tells (PNG, JPEG).
 * @return AP_EIO it is none, or cut short; AP_ELIMIT; AP_ENOTFOUND */
ap_status ap__picture_check(const char *path, ap_error *err);

/* The same of bytes; `name` stands in messages. */
ap_status ap__picture_check_bytes(const char *bytes, size_t len, const char *name, ap_error *err);

#endif
