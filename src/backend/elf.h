/* Whether a file is a shared object that the loader can map. */
#ifndef AP_BACKEND_ELF_H
#define AP_BACKEND_ELF_H

#include <accelpipe/status.h>

/* dlopen() refuses most wrong files by itself, but maps one that was cut short (a full disk, a download that
 * broke off) and then dies of SIGBUS. So every file is looked at before it is loaded.
 * @return AP_ENOTFOUND, AP_EIO, AP_EFORMAT; the message names the path. */
ap_status ap__elf_check(const char *path, ap_error *err);

#endif
