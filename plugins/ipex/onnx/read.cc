// Reading ONNX's messages into the structures of model.h; what is not protobuf is thrown.
#include "onnx/failure.h"
#include "onnx/model.h"
#include "wire/onnx.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace ipex {

void fail(ap_status status, const char *fmt, ...) {
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    throw Failure(status, text);
}

} // namespace ipex

namespace ipex::onnx {

namespace {

// Graphs nest through the bodies of If and Loop.
constexpr int MAX_DEPTH = 16;
constexpr size_t MAX_RANK = 64;

// -- protobuf -----------------------------------------------------------------------------------------------

struct Field {
    uint32_t number;
    unsigned wire;
    uint64_t integer;
    std::string_view bytes;

    float as_float() const {
        uint32_t bits = static_cast<uint32_t>(integer);
        float value;
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    double as_double() const {
        double value;
        memcpy(&value, &integer, sizeof value);
        return value;
    }
};

class Reader {
  public:
    explicit Reader(std::string_view bytes) : reader(onnx_reader_of({bytes.data(), bytes.size()})) {}

    bool at_end() const { return reader.at == reader.end; }

    // The next field; false at the end.
    bool next(Field &out) {
        onnx_field field;
        if (onnx_read_field(&field, &reader)) {
            out = Field{field.number, field.wire, field.integer, {field.bytes.ptr, field.bytes.len}};
            return true;
        }
        check();
        return false;
    }

    uint64_t varint() {
        uint64_t value = onnx_read_varint(&reader);
        check();
        return value;
    }

    const unsigned char *take(uint64_t len) {
        const unsigned char *start = onnx_read_bytes(&reader, len);
        check();
        return start;
    }

  private:
    void check() const {
        if (reader.is_broken) fail(AP_EFORMAT, "not an ONNX model, or a damaged one");
    }

    onnx_reader reader;
};

// A repeated number comes one by one, or packed into bytes.
void read_integers(std::vector<int64_t> &out, const Field &field) {
    if (field.wire != ONNX_WIRE_BYTES) {
        out.push_back(static_cast<int64_t>(field.integer));
        return;
    }
    for (Reader packed(field.bytes); !packed.at_end();) out.push_back(static_cast<int64_t>(packed.varint()));
}

template <typename Number, typename To> void read_numbers(std::vector<To> &out, const Field &field) {
    if (field.wire != ONNX_WIRE_BYTES) {
        out.push_back(
            static_cast<To>(field.wire == ONNX_WIRE_FIXED64 ? field.as_double() : field.as_float()));
        return;
    }
    for (Reader packed(field.bytes); !packed.at_end();) {
        Number value;
        memcpy(&value, packed.take(sizeof value), sizeof value);
        out.push_back(static_cast<To>(value));
    }
}

// -- ONNX ---------------------------------------------------------------------------------------------------

uint64_t decimal(std::string_view text) {
    uint64_t value = 0;
    for (char c : text) {
        if (c < '0' || c > '9' || value > (UINT64_MAX - 9) / 10)
            fail(AP_EFORMAT, "the model's external data has \"%.*s\" for a number",
                 static_cast<int>(text.size() < 32 ? text.size() : 32), text.data());
        value = value * 10 + static_cast<uint64_t>(c - '0');
    }
    return value;
}

void read_entry(Tensor &out, std::string_view bytes) {
    std::string_view key, value;
    Reader reader(bytes);
    for (Field f; reader.next(f);) {
        if (f.number == ONNX_ENTRY_KEY) key = f.bytes;
        if (f.number == ONNX_ENTRY_VALUE) value = f.bytes;
    }
    if (key == "location") out.location = value;
    if (key == "offset") out.offset = decimal(value);
    if (key == "length") {
        out.length = decimal(value);
        out.has_length = true;
    }
}

Tensor read_tensor(std::string_view bytes) {
    Tensor out;
    Reader reader(bytes);
    for (Field f; reader.next(f);) switch (f.number) {
        case ONNX_TENSOR_DIMS:
            read_integers(out.dims, f);
            break;
        case ONNX_TENSOR_DATA_TYPE:
            out.type = static_cast<int>(f.integer);
            break;
        case ONNX_TENSOR_FLOAT_DATA:
            read_numbers<float>(out.numbers, f);
            break;
        case ONNX_TENSOR_INT32_DATA:
        case ONNX_TENSOR_INT64_DATA:
        case ONNX_TENSOR_UINT64_DATA:
            read_integers(out.integers, f);
            break;
        case ONNX_TENSOR_NAME:
            out.name = f.bytes;
            break;
        case ONNX_TENSOR_RAW_DATA:
            out.raw = f.bytes;
            out.has_raw = true;
            break;
        case ONNX_TENSOR_DOUBLE_DATA:
            read_numbers<double>(out.numbers, f);
            break;
        case ONNX_TENSOR_EXTERNAL_DATA:
            read_entry(out, f.bytes);
            break;
        case ONNX_TENSOR_DATA_LOCATION:
            out.is_external = f.integer == ONNX_TENSOR_EXTERNAL;
            break;
        }
    if (out.dims.size() > MAX_RANK) fail(AP_EFORMAT, "a tensor of the model has rank %zu", out.dims.size());
    return out;
}

Graph read_graph(std::string_view bytes, int depth);

Attribute read_attribute(std::string_view bytes, int depth) {
    Attribute out;
    Reader reader(bytes);
    for (Field f; reader.next(f);) switch (f.number) {
        case ONNX_ATTRIBUTE_NAME:
            out.name = f.bytes;
            break;
        case ONNX_ATTRIBUTE_FLOAT:
            out.number = f.as_float();
            break;
        case ONNX_ATTRIBUTE_INT:
            out.integer = static_cast<int64_t>(f.integer);
            break;
        case ONNX_ATTRIBUTE_STRING:
            out.text = f.bytes;
            break;
        case ONNX_ATTRIBUTE_TENSOR:
            out.tensor = read_tensor(f.bytes);
            out.has_tensor = true;
            break;
        case ONNX_ATTRIBUTE_GRAPH:
            out.graph = std::make_shared<Graph>(read_graph(f.bytes, depth + 1));
            break;
        case ONNX_ATTRIBUTE_FLOATS:
            read_numbers<float>(out.numbers, f);
            break;
        case ONNX_ATTRIBUTE_INTS:
            read_integers(out.integers, f);
            break;
        }
    return out;
}

Node read_node(std::string_view bytes, int depth) {
    Node out;
    Reader reader(bytes);
    for (Field f; reader.next(f);) switch (f.number) {
        case ONNX_NODE_INPUT:
            out.inputs.push_back(f.bytes);
            break;
        case ONNX_NODE_OUTPUT:
            out.outputs.push_back(f.bytes);
            break;
        case ONNX_NODE_NAME:
            out.name = f.bytes;
            break;
        case ONNX_NODE_OP_TYPE:
            out.op = f.bytes;
            break;
        case ONNX_NODE_ATTRIBUTE:
            out.attributes.push_back(read_attribute(f.bytes, depth));
            break;
        case ONNX_NODE_DOMAIN:
            out.domain = f.bytes;
            break;
        }
    return out;
}

// TensorShapeProto: one message for each extent, which is a number, a name, or nothing.
void read_shape(Value &out, std::string_view bytes) {
    Reader reader(bytes);
    out.has_shape = true;
    for (Field f; reader.next(f);) {
        if (f.number != ONNX_SHAPE_DIM) continue;
        int64_t extent = -1;
        Reader dimension(f.bytes);
        for (Field d; dimension.next(d);)
            if (d.number == ONNX_DIM_VALUE) extent = static_cast<int64_t>(d.integer);
        out.shape.push_back(extent < 0 ? -1 : extent);
    }
    if (out.shape.size() > MAX_RANK) fail(AP_EFORMAT, "a value of the model has rank %zu", out.shape.size());
}

void read_tensor_type(Value &out, std::string_view bytes) {
    Reader reader(bytes);
    for (Field f; reader.next(f);) {
        if (f.number == ONNX_TENSOR_TYPE_ELEMENT) out.type = static_cast<int>(f.integer);
        if (f.number == ONNX_TENSOR_TYPE_SHAPE && f.wire == ONNX_WIRE_BYTES) read_shape(out, f.bytes);
    }
}

Value read_value(std::string_view bytes) {
    Value out;
    Reader reader(bytes);
    for (Field f; reader.next(f);) {
        if (f.number == ONNX_VALUE_NAME) out.name = f.bytes;
        if (f.number != ONNX_VALUE_TYPE) continue;
        Reader type(f.bytes);
        for (Field t; type.next(t);)
            if (t.number == ONNX_TYPE_TENSOR_TYPE && t.wire == ONNX_WIRE_BYTES)
                read_tensor_type(out, t.bytes);
    }
    return out;
}

Graph read_graph(std::string_view bytes, int depth) {
    if (depth > MAX_DEPTH) fail(AP_EFORMAT, "the model's graphs are nested more than %d deep", MAX_DEPTH);
    Graph out;
    Reader reader(bytes);
    for (Field f; reader.next(f);) switch (f.number) {
        case ONNX_GRAPH_NODE:
            out.nodes.push_back(read_node(f.bytes, depth));
            break;
        case ONNX_GRAPH_INITIALIZER:
            out.initializers.push_back(read_tensor(f.bytes));
            break;
        case ONNX_GRAPH_INPUT:
            out.inputs.push_back(read_value(f.bytes));
            break;
        case ONNX_GRAPH_OUTPUT:
            out.outputs.push_back(read_value(f.bytes));
            break;
        }
    return out;
}

void read_opset(Model &out, std::string_view bytes) {
    std::string_view domain;
    int64_t version = 0;
    Reader reader(bytes);
    for (Field f; reader.next(f);) {
        if (f.number == ONNX_OPSET_DOMAIN) domain = f.bytes;
        if (f.number == ONNX_OPSET_VERSION) version = static_cast<int64_t>(f.integer);
    }
    if (domain.empty() || domain == "ai.onnx") out.opset = version;
}

} // namespace

Model read_model(std::string_view bytes) {
    Model out;
    bool has_graph = false;
    Reader reader(bytes);
    for (Field f; reader.next(f);) {
        if (f.number == ONNX_MODEL_GRAPH && f.wire == ONNX_WIRE_BYTES) {
            out.graph = read_graph(f.bytes, 0);
            has_graph = true;
        }
        if (f.number == ONNX_MODEL_OPSET_IMPORT && f.wire == ONNX_WIRE_BYTES) read_opset(out, f.bytes);
    }
    if (!has_graph || out.graph.outputs.empty()) fail(AP_EFORMAT, "not an ONNX model: it has no graph");
    return out;
}

} // namespace ipex::onnx
