/* Finds attention over a cache, as exporters of PyTorch's scaled_dot_product_attention() write it, operator
 * by operator, and puts ONNX's Attention (opset 23) in its place. */
#ifndef ORT_ATTENTION_H
#define ORT_ATTENTION_H

#include "graph.h"

/* @param is_exact  only where results stay bit by bit the same. That is so where factors are constants, which
 * the runtime multiplies beforehand too; where they are computed from a shape, roundings differ.
 * @return how many were replaced; the graph is to be thrown away when it is odd afterwards. */
size_t attention_fuse(graph *g, bool is_exact);

#endif
