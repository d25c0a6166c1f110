/* Signatures, and the ends of PNG and JPEG files.
 * Source: the PNG specification, section 5; ITU-T T.81, annex B. */
#include "image/picture.h"

#include "base/error.h"
#include "base/file.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Bytes at `offset` that tell a format. */
static const struct {
    const char *name, *bytes;
    size_t len, offset;
} FORMATS[] = {{"PNG", "\x89PNG\r\n\x1A\n", 8, 0},
               {"JPEG", "\xFF\xD8\xFF", 3, 0},
               {"GIF", "GIF87a", 6, 0},
               {"GIF", "GIF89a", 6, 0},
               {"BMP", "BM", 2, 0},
               {"WebP", "WEBP", 4, 8},
               {"TIFF", "II*\0", 4, 0},
               {"TIFF", "MM\0*", 4, 0},
               {"PNM", "P4", 2, 0},
               {"PNM", "P5", 2, 0},
               {"PNM", "P6", 2, 0}};

static const char *format_of(const char *bytes, size_t len) {
    for (size_t i = 0; i < sizeof FORMATS / sizeof *FORMATS; i++)
        if (len >= FORMATS[i].offset + FORMATS[i].len &&
            memcmp(bytes + FORMATS[i].offset, FORMATS[i].bytes, FORMATS[i].len) == 0)
            return FORMATS[i].name;
    return NULL;
}

static uint32_t big_endian(const char *bytes) {
    const unsigned char *b = (const unsigned char *)bytes;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Chunks of length, type, data and checksum, up to one named IEND. */
static bool is_whole_png(const char *bytes, size_t len) {
    for (size_t at = 8; len - at >= 12;) {
        size_t size = big_endian(bytes + at);
        if (size > len - at - 12) return false;
        if (memcmp(bytes + at + 4, "IEND", 4) == 0) return true;
        at += size + 12;
    }
    return false;
}

/* It ends with a marker, which other bytes may follow. */
static bool is_whole_jpeg(const char *bytes, size_t len) {
    for (size_t at = len - 1; at > 2; at--)
        if ((unsigned char)bytes[at - 1] == 0xFF && (unsigned char)bytes[at] == 0xD9) return true;
    return false;
}

ap_status ap__picture_check_bytes(const char *bytes, size_t len, const char *name, ap_error *err) {
    const char *format = len ? format_of(bytes, len) : NULL;
    if (!format) return ap__fail(err, AP_EIO, "%s is not a picture of a known format", name);
    bool is_whole = true;
    if (strcmp(format, "PNG") == 0) is_whole = is_whole_png(bytes, len);
    if (strcmp(format, "JPEG") == 0) is_whole = is_whole_jpeg(bytes, len);
    return is_whole ? AP_OK : ap__fail(err, AP_EIO, "%s is a %s file that is cut short", name, format);
}

ap_status ap__picture_check(const char *path, ap_error *err) {
    ap__bytes bytes;
    ap_status status = ap__file_map(&bytes, path, AP__PICTURE_MAX_BYTES, err);
    if (status) return status;
    status = ap__picture_check_bytes(bytes.ptr, bytes.len, path, err);
    ap__bytes_clear(&bytes);
    return status;
}
