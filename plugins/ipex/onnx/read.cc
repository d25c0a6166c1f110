// Reading ONNX's protobuf (varint, tag, length), with every length checked against what is there.
#include "onnx/failure.h"
#include "onnx/model.h"

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

enum Wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

// -- protobuf -----------------------------------------------------------------------------------------------

struct Field {
    uint32_t number;
    Wire wire;
    uint64_t integer; // Of WIRE_VARINT; the bits of the fixed types.
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
    explicit Reader(std::string_view bytes) : at(bytes.data()), end(bytes.data() + bytes.size()) {}

    bool at_end() const { return at == end; }

    // The next field; false at the end.
    bool next(Field &out) {
        if (at_end()) return false;
        uint64_t tag = varint();
        out = Field{static_cast<uint32_t>(tag >> 3), static_cast<Wire>(tag & 7), 0, {}};
        switch (out.wire) {
        case WIRE_VARINT:
            out.integer = varint();
            break;
        case WIRE_FIXED64:
            memcpy(&out.integer, take(8), 8);
            break;
        case WIRE_FIXED32:
            memcpy(&out.integer, take(4), 4);
            break;
        case WIRE_BYTES: {
            uint64_t len = varint();
            const char *start = take(len);
            out.bytes = {start, static_cast<size_t>(len)};
            break;
        }
        default:
            broken();
        }
        return true;
    }

    uint64_t varint() {
        uint64_t value = 0;
        for (unsigned shift = 0; shift < 64 && at < end; shift += 7) {
            unsigned char byte = static_cast<unsigned char>(*at++);
            value |= static_cast<uint64_t>(byte & 0x7F) << shift;
            if (!(byte & 0x80)) return value;
        }
        broken();
    }

    const char *take(uint64_t len) {
        if (len > static_cast<uint64_t>(end - at)) broken();
        const char *start = at;
        at += len;
        return start;
    }

  private:
    [[noreturn]] static void broken() { fail(AP_EFORMAT, "not an ONNX model, or a damaged one"); }

    const char *at, *end;
};

// A repeated number comes one by one, or packed into bytes.
void read_integers(std::vector<int64_t> &out, const Field &field) {
    if (field.wire != WIRE_BYTES) {
        out.push_back(static_cast<int64_t>(field.integer));
        return;
    }
    for (Reader packed(field.bytes); !packed.at_end();) out.push_back(static_cast<int64_t>(packed.varint()));
}

template <typename Number, typename To> void read_numbers(std::vector<To> &out, const Field &field) {
    if (field.wire != WIRE_BYTES) {
        out.push_back(static_cast<To>(field.wire == WIRE_FIXED64 ? field.as_double() : field.as_float()));
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
        if (f.number == 1) key = f.bytes;
        if (f.number == 2) value = f.bytes;
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
        case 1:
            read_integers(out.dims, f);
            break;
        case 2:
            out.type = static_cast<int>(f.integer);
            break;
        case 4:
            read_numbers<float>(out.numbers, f);
            break;
        case 5:
        case 7:
        case 11:
            read_integers(out.integers, f);
            break;
        case 8:
            out.name = f.bytes;
            break;
        case 9:
            out.raw = f.bytes;
            out.has_raw = true;
            break;
        case 10:
            read_numbers<double>(out.numbers, f);
            break;
        case 13:
            read_entry(out, f.bytes);
            break;
        case 14:
            out.is_external = f.integer == 1;
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
        case 1:
            out.name = f.bytes;
            break;
        case 2:
            out.number = f.as_float();
            break;
        case 3:
            out.integer = static_cast<int64_t>(f.integer);
            break;
        case 4:
            out.text = f.bytes;
            break;
        case 5:
            out.tensor = read_tensor(f.bytes);
            out.has_tensor = true;
            break;
        case 6:
            out.graph = std::make_shared<Graph>(read_graph(f.bytes, depth + 1));
            break;
        case 7:
            read_numbers<float>(out.numbers, f);
            break;
        case 8:
            read_integers(out.integers, f);
            break;
        }
    return out;
}

Node read_node(std::string_view bytes, int depth) {
    Node out;
    Reader reader(bytes);
    for (Field f; reader.next(f);) switch (f.number) {
        case 1:
            out.inputs.push_back(f.bytes);
            break;
        case 2:
            out.outputs.push_back(f.bytes);
            break;
        case 3:
            out.name = f.bytes;
            break;
        case 4:
            out.op = f.bytes;
            break;
        case 5:
            out.attributes.push_back(read_attribute(f.bytes, depth));
            break;
        case 7:
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
        if (f.number != 1) continue;
        int64_t extent = -1;
        Reader dimension(f.bytes);
        for (Field d; dimension.next(d);)
            if (d.number == 1) extent = static_cast<int64_t>(d.integer);
        out.shape.push_back(extent < 0 ? -1 : extent);
    }
    if (out.shape.size() > MAX_RANK) fail(AP_EFORMAT, "a value of the model has rank %zu", out.shape.size());
}

void read_tensor_type(Value &out, std::string_view bytes) {
    Reader reader(bytes);
    for (Field f; reader.next(f);) {
        if (f.number == 1) out.type = static_cast<int>(f.integer);
        if (f.number == 2 && f.wire == WIRE_BYTES) read_shape(out, f.bytes);
    }
}

Value read_value(std::string_view bytes) {
    Value out;
    Reader reader(bytes);
    for (Field f; reader.next(f);) {
        if (f.number == 1) out.name = f.bytes;
        if (f.number != 2) continue;
        Reader type(f.bytes);
        for (Field t; type.next(t);)
            if (t.number == 1 && t.wire == WIRE_BYTES) read_tensor_type(out, t.bytes);
    }
    return out;
}

Graph read_graph(std::string_view bytes, int depth) {
    if (depth > MAX_DEPTH) fail(AP_EFORMAT, "the model's graphs are nested more than %d deep", MAX_DEPTH);
    Graph out;
    Reader reader(bytes);
    for (Field f; reader.next(f);) switch (f.number) {
        case 1:
            out.nodes.push_back(read_node(f.bytes, depth));
            break;
        case 5:
            out.initializers.push_back(read_tensor(f.bytes));
            break;
        case 11:
            out.inputs.push_back(read_value(f.bytes));
            break;
        case 12:
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
        if (f.number == 1) domain = f.bytes;
        if (f.number == 2) version = static_cast<int64_t>(f.integer);
    }
    if (domain.empty() || domain == "ai.onnx") out.opset = version;
}

} // namespace

Model read_model(std::string_view bytes) {
    Model out;
    bool has_graph = false;
    Reader reader(bytes);
    for (Field f; reader.next(f);) {
        if (f.number == 7 && f.wire == WIRE_BYTES) {
            out.graph = read_graph(f.bytes, 0);
            has_graph = true;
        }
        if (f.number == 8 && f.wire == WIRE_BYTES) read_opset(out, f.bytes);
    }
    if (!has_graph || out.graph.outputs.empty()) fail(AP_EFORMAT, "not an ONNX model: it has no graph");
    return out;
}

} // namespace ipex::onnx
