/* Whether a file is a shared object that the loader can map.
 * Source: System V ABI, chapter 4 (ELF header) and 5 (program header). */
#define _GNU_SOURCE /* ElfW */
#include "backend/elf.h"

#include "base/error.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NATIVE_CLASS = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32, MAX_PROGRAM_HEADERS = 256 };

/* Whether [start, start + len) lies in a file of that size. */
static int is_inside(uint64_t start, uint64_t len, uint64_t file_bytes) {
    return start <= file_bytes && len <= file_bytes - start;
}

static ap_status check_segments(int fd, const ElfW(Ehdr) * header, uint64_t file_bytes, const char *path,
                                ap_error *err) {
    ElfW(Phdr) segments[MAX_PROGRAM_HEADERS];
    size_t n_bytes = header->e_phnum * sizeof *segments;
    if (header->e_phentsize != sizeof *segments || header->e_phnum > MAX_PROGRAM_HEADERS)
        return ap__fail(err, AP_EFORMAT, "%s: not a shared library of this machine", path);
    if (pread(fd, segments, n_bytes, (off_t)header->e_phoff) != (ssize_t)n_bytes)
        return ap__fail(err, AP_EFORMAT, "%s: the file is cut short", path);
    for (size_t i = 0; i < header->e_phnum; i++)
        if (segments[i].p_type == PT_LOAD &&
            !is_inside(segments[i].p_offset, segments[i].p_filesz, file_bytes))
            return ap__fail(err, AP_EFORMAT, "%s: the file is cut short: %llu bytes", path,
                            (unsigned long long)file_bytes);
    return AP_OK;
}

static ap_status check_file(int fd, const char *path, ap_error *err) {
    struct stat info;
    ElfW(Ehdr) header;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        return ap__fail(err, AP_EFORMAT, "%s: not a regular file", path);
    ssize_t n = pread(fd, &header, sizeof header, 0);
    if (n < 0) return ap__fail(err, AP_EIO, "%s: %s", path, strerror(errno));
    if (n != (ssize_t)sizeof header || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return ap__fail(err, AP_EFORMAT, "%s: not a shared library", path);
    if (header.e_ident[EI_CLASS] != NATIVE_CLASS || header.e_type != ET_DYN)
        return ap__fail(err, AP_EFORMAT, "%s: not a shared library of this machine", path);
    return check_segments(fd, &header, (uint64_t)info.st_size, path, err);
}

ap_status ap__elf_check(const char *path, ap_error *err) {
    /* Not blocking: a path from the environment may name a pipe. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return ap__fail(err, errno == ENOENT || errno == ENOTDIR ? AP_ENOTFOUND : AP_EIO, "%s: %s", path,
                        strerror(errno));
    ap_status status = check_file(fd, path, err);
    close(fd);
    return status;
}
