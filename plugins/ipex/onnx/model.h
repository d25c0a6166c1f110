// An ONNX model as it is in its file. Texts and elements are borrowed from the bytes it was read from.
//
// Source: onnx@1.17 onnx/onnx.proto (field numbers and enumerators).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ipex::onnx {

// TensorProto.DataType.
enum ElementType : int {
    FLOAT = 1,
    UINT8 = 2,
    INT8 = 3,
    UINT16 = 4,
    INT16 = 5,
    INT32 = 6,
    INT64 = 7,
    STRING = 8,
    BOOL = 9,
    FLOAT16 = 10,
    DOUBLE = 11,
    UINT32 = 12,
    UINT64 = 13,
    BFLOAT16 = 16,
    UINT4 = 21,
    INT4 = 22,
};

// A tensor with its elements: in raw_data, in the file that `location` names, or one by one in the field of
// its type.
struct Tensor {
    std::string_view name;
    int type = 0;
    std::vector<int64_t> dims;
    std::string_view raw;
    bool has_raw = false;
    std::vector<int64_t> integers; // int32_data, int64_data, uint64_data
    std::vector<double> numbers;   // float_data, double_data
    bool is_external = false;
    std::string_view location;
    uint64_t offset = 0, length = 0;
    bool has_length = false;
};

struct Graph;

struct Attribute {
    std::string_view name;
    float number = 0;
    int64_t integer = 0;
    std::string_view text;
    bool has_tensor = false;
    Tensor tensor;
    std::shared_ptr<Graph> graph;
    std::vector<float> numbers;
    std::vector<int64_t> integers;
};

struct Node {
    std::string_view name, op, domain;
    std::vector<std::string_view> inputs, outputs;
    std::vector<Attribute> attributes;
};

// An input or output.
struct Value {
    std::string_view name;
    int type = 0; // 0: not a tensor.
    bool has_shape = false;
    std::vector<int64_t> shape; // -1: any.
};

struct Graph {
    std::vector<Node> nodes;
    std::vector<Tensor> initializers;
    std::vector<Value> inputs, outputs;
};

struct Model {
    int64_t opset = 0; // Of the default domain.
    Graph graph;
};

// Throws Failure: AP_EFORMAT for bytes that are no model.
Model read_model(std::string_view bytes);

} // namespace ipex::onnx
