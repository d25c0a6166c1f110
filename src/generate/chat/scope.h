/* Which variable a name means.
 * Source: jinja2@3.1.6 idtracking.py, and what compiler.py makes of it. */
#ifndef AP_GENERATE_CHAT_SCOPE_H
#define AP_GENERATE_CHAT_SCOPE_H

#include "generate/chat/ast.h"

/* Fills the slots, loads and functions of the tree. */
ap_status ap__jscope_run(ap__jinja *jinja);

#endif
