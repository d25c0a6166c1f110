/* The table of element types. */
#include <accelpipe/tensor.h>
#include <string.h>

typedef struct dtype_row {
    int number;
    size_t size_bytes;
    const char *name;
} dtype_row;

static const dtype_row DTYPE_ROWS[] = {
#define ROW(name, number, size, text) {number, size, text},
    AP_DTYPE_MAP(ROW)
#undef ROW
};

enum { N_DTYPES = sizeof DTYPE_ROWS / sizeof *DTYPE_ROWS };

static const dtype_row *row_of(ap_dtype dtype) {
    for (size_t i = 0; i < N_DTYPES; i++)
        if (DTYPE_ROWS[i].number == (int)dtype) return &DTYPE_ROWS[i];
    return NULL;
}

size_t ap_dtype_size(ap_dtype dtype) {
    const dtype_row *row = row_of(dtype);
    return row ? row->size_bytes : 0;
}

const char *ap_dtype_name(ap_dtype dtype) {
    const dtype_row *row = row_of(dtype);
    return row ? row->name : "none";
}

ap_dtype ap_dtype_from_name(const char *name) {
    for (size_t i = 0; name && i < N_DTYPES; i++)
        if (strcmp(DTYPE_ROWS[i].name, name) == 0) return (ap_dtype)DTYPE_ROWS[i].number;
    return AP_DTYPE_NONE;
}
