// The order in which a graph's nodes can be computed.
#pragma once

#include "onnx/model.h"

namespace ipex::onnx {

// Each node behind those whose results it takes, also inside of its own graphs. ONNX asks for that order, and
// yet some tools write another; nodes that are in order stay where they are. Throws AP_EFORMAT where there is
// a circle.
std::vector<const Node *> in_order(const Graph &graph);

} // namespace ipex::onnx
