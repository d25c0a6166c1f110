/* Memory of the front end. It is a program, so running out of memory ends it, with a message. What comes from
 * a line of --jsonl input is not allocated here: there a failure is that line's. */
#ifndef CLI_MEMORY_H
#define CLI_MEMORY_H

#include <stddef.h>

/* As realloc() for `count` items; ends the program when there is no memory. */
void *cli_grow(void *ptr, size_t count, size_t item_bytes);

/* A copy with a NUL behind it. */
char *cli_copy_text(const char *text, size_t len);

#endif
