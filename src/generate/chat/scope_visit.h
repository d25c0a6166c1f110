/* Visiting what is below a node, for scope.c. Source: jinja2@3.1.6 nodes.py (Node.iter_child_nodes). */
#ifndef AP_GENERATE_CHAT_SCOPE_VISIT_H
#define AP_GENERATE_CHAT_SCOPE_VISIT_H

#include "generate/chat/ast.h"

typedef struct ap__jbinder ap__jbinder; /* Passed on as it is, like `context`. */

typedef ap_status ap__jvisit_fn(ap__jbinder *b, void *context, ap__jnode *node);

/* The first visit that fails ends it. Nodes that are NULL are not there. */
ap_status ap__jvisit_list(ap__jbinder *b, void *context, const ap__jnodes *nodes, ap__jvisit_fn *visit);
ap_status ap__jvisit_all(ap__jbinder *b, void *context, ap__jnode *const *nodes, size_t n,
                         ap__jvisit_fn *visit);

/* The nodes right below one, in Jinja's order. */
ap_status ap__jvisit_children(ap__jbinder *b, void *context, ap__jnode *node, ap__jvisit_fn *visit);

/* The same of an AP__JN_IF. */
ap_status ap__jvisit_if(ap__jbinder *b, void *context, ap__jnode *node, ap__jvisit_fn *visit);

#endif
