/* Allocation that ends the program when it fails. */
#include "memory.h"

#include "diag.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *cli_grow(void *ptr, size_t count, size_t item_bytes) {
    void *grown = count <= SIZE_MAX / item_bytes ? realloc(ptr, count * item_bytes) : NULL;
    if (grown) return grown;
    ap_error err = AP_ERROR_INIT;
    cli_fail_nomem(&err);
    exit(cli_report(&err));
}

char *cli_copy_text(const char *text, size_t len) {
    char *copy = cli_grow(NULL, len + 1, 1);
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}
