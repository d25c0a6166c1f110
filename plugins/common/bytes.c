/* A model's bytes: the caller's, or the file, mapped. */
#include "bytes.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void map_file(model_bytes *out, const char *path) {
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0) {
        void *mapping = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (mapping != MAP_FAILED) *out = (model_bytes){mapping, (size_t)info.st_size, mapping};
    }
    close(fd);
}

void model_bytes_init(model_bytes *out, const ap_model_ref *model) {
    *out = (model_bytes){model->bytes, model->n_bytes, NULL};
    if (model->path) map_file(out, model->path);
}

void model_bytes_clear(model_bytes *bytes) {
    if (bytes->mapping) munmap(bytes->mapping, bytes->len);
}
