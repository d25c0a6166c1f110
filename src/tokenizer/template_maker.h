/* A TemplateProcessing that is made here rather than read: the pieces around the texts, one by one. */
#ifndef AP_TOKENIZER_TEMPLATE_MAKER_H
#define AP_TOKENIZER_TEMPLATE_MAKER_H

#include "tokenizer/component.h"

/* The template as it grows. */
typedef struct ap__template_maker {
    const struct ap__tokenizer *tokenizer;
    ap__loader *loader; /* Where the processor lives, and for messages. */
    yyjson_mut_doc *doc;
    yyjson_mut_val *processor, *single, *pair, *specials;
    bool is_out_of_memory;
} ap__template_maker;

/* An empty template; ap__template_clear() it, also after a failure.   @return AP_ENOMEM */
ap_status ap__template_begin(ap__template_maker *out, const struct ap__tokenizer *tokenizer,
                             ap__loader *loader);

/* Appends "A" or "B" to `single` or `pair`. */
void ap__template_put_sequence(ap__template_maker *m, yyjson_mut_val *list, const char *id, unsigned type_id);

/* Appends a token with its id; the unknown token when it has none.   @return AP_EFORMAT when there is none.
 */
ap_status ap__template_put_token(ap__template_maker *m, yyjson_mut_val *list, const char *token,
                                 unsigned type_id);

/* The same of a token whose id is known. */
void ap__template_put_id(ap__template_maker *m, yyjson_mut_val *list, const char *name, uint32_t id,
                         unsigned type_id);

/* The processor; it lives in the loader's arena.   @return AP_ENOMEM */
ap_status ap__template_finish(ap__template_maker *m, ap__processor *out);

void ap__template_clear(ap__template_maker *m);

#endif
