/* Writes protobuf: a graph anew, mostly by copying fields of an old one. */
#ifndef OV_WRITER_H
#define OV_WRITER_H

#include <accelpipe/sys/backend_plugin.h>

/* Begins as zeros with `err`; after a failure it takes nothing more. Its memory is the plugin host's. */
typedef struct ovp_writer {
    char *ptr;
    size_t len, capacity;
    ap_status status;
    ap_error *err;
} ovp_writer;

void ovp_write(ovp_writer *w, const void *bytes, size_t n);

/* Makes what was written since `start` a field. */
void ovp_write_close(ovp_writer *w, size_t start, uint32_t number);

/* A field with these bytes. */
void ovp_write_field(ovp_writer *w, uint32_t number, const void *bytes, size_t n);

#endif
