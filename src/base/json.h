/* Reading JSON with yyjson through our allocator, with errors that name file and place. */
#ifndef AP_BASE_JSON_H
#define AP_BASE_JSON_H

#include <accelpipe/status.h>
#include <stddef.h>
#include <yyjson.h>

/* The allocator to give to yyjson's own functions. */
const yyjson_alc *ap__json_alc(void);

/* Parses `text` (borrowed for the call). Nesting has no limit here: the parser does not recurse; who walks
 * the document must bound its own depth.
 * @param what names the text in messages ("config.json"); "": the caller does.
 * @return AP_EFORMAT with the byte offset, AP_ENOMEM. Free with yyjson_doc_free(). */
ap_status ap__json_parse(yyjson_doc **out, const char *text, size_t len, const char *what, ap_error *err);

/* The same with every number as its text (yyjson_get_raw()), for formats whose reference reads them its own
 * way. */
ap_status ap__json_parse_raw_numbers(yyjson_doc **out, const char *text, size_t len, const char *what,
                                     ap_error *err);

/* The same in a text that is lent for as long as the document lives and is changed: its strings lie there. At
 * least AP__JSON_PADDING NULs are behind it, as ap__file_read() leaves them. */
ap_status ap__json_parse_raw_numbers_in_place(yyjson_doc **out, char *text, size_t len, const char *what,
                                              ap_error *err);

#define AP__JSON_PADDING YYJSON_PADDING_SIZE

/* ap__json_parse() of a whole file. @return also AP_ENOTFOUND, AP_EIO, AP_ELIMIT. */
ap_status ap__json_parse_file(yyjson_doc **out, const char *path, size_t max_bytes, ap_error *err);

#endif
