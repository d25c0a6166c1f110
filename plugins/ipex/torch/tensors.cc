#include "torch/tensors.h"

#include "onnx/failure.h"

#include <ATen/ATen.h>

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ipex {

namespace {

// -- types --------------------------------------------------------------------------------------------------

struct TypeRow {
    int onnx;
    ap_dtype ours;
    at::ScalarType torch;
};

constexpr TypeRow TYPES[] = {
    {onnx::FLOAT, AP_DTYPE_F32, at::kFloat},        {onnx::FLOAT16, AP_DTYPE_F16, at::kHalf},
    {onnx::BFLOAT16, AP_DTYPE_BF16, at::kBFloat16}, {onnx::DOUBLE, AP_DTYPE_F64, at::kDouble},
    {onnx::INT64, AP_DTYPE_I64, at::kLong},         {onnx::INT32, AP_DTYPE_I32, at::kInt},
    {onnx::INT16, AP_DTYPE_I16, at::kShort},        {onnx::INT8, AP_DTYPE_I8, at::kChar},
    {onnx::UINT64, AP_DTYPE_U64, at::kUInt64},      {onnx::UINT32, AP_DTYPE_U32, at::kUInt32},
    {onnx::UINT16, AP_DTYPE_U16, at::kUInt16},      {onnx::UINT8, AP_DTYPE_U8, at::kByte},
    {onnx::BOOL, AP_DTYPE_BOOL, at::kBool},
};

} // namespace

at::ScalarType type_from(ap_dtype dtype) {
    for (const TypeRow &row : TYPES)
        if (row.ours == dtype) return row.torch;
    fail(AP_EINVAL, "dtype %d is not known", static_cast<int>(dtype));
}

at::ScalarType type_from_onnx(int type, std::string_view what) {
    for (const TypeRow &row : TYPES)
        if (row.onnx == type) return row.torch;
    fail(AP_EUNSUPPORTED, "\"%.*s\" has elements of ONNX's type %d, which is not supported",
         static_cast<int>(what.size()), what.data(), type);
}

ap_dtype dtype_from_onnx(int type) {
    for (const TypeRow &row : TYPES)
        if (row.onnx == type) return row.ours;
    return AP_DTYPE_NONE;
}

ap_dtype dtype_from(at::ScalarType type) {
    for (const TypeRow &row : TYPES)
        if (row.torch == type) return row.ours;
    return AP_DTYPE_NONE;
}

// -- bytes --------------------------------------------------------------------------------------------------

std::shared_ptr<Bytes> Bytes::map(const std::string &path) {
    struct stat info;
    int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) fail(errno == ENOENT ? AP_ENOTFOUND : AP_EIO, "%s: %s", path.c_str(), strerror(errno));
    bool is_file = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0;
    size_t len = is_file ? static_cast<size_t>(info.st_size) : 0;
    void *ptr = is_file ? mmap(nullptr, len, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    close(fd);
    if (!is_file) fail(AP_EFORMAT, "%s: empty, or not a file", path.c_str());
    if (ptr == MAP_FAILED) fail(AP_EIO, "%s: cannot be mapped: %s", path.c_str(), strerror(errno));
    return std::shared_ptr<Bytes>(new Bytes(ptr, len, true, nullptr));
}

std::shared_ptr<Bytes> Bytes::borrow(const void *ptr, size_t len) {
    return std::shared_ptr<Bytes>(new Bytes(const_cast<void *>(ptr), len, false, nullptr));
}

std::shared_ptr<Bytes> Bytes::take(void *ptr, size_t len, void (*free)(void *)) {
    return std::shared_ptr<Bytes>(new Bytes(ptr, len, false, free));
}

Bytes::~Bytes() {
    if (is_mapped) munmap(ptr, len);
    if (free) free(ptr);
}

std::string folder_of(const std::string &path) {
    size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// -- external data ------------------------------------------------------------------------------------------

std::string real_path(const std::string &path) {
    char buffer[PATH_MAX];
    return realpath(path.c_str(), buffer) ? buffer : "";
}

static bool leaves_folder(std::string_view location) {
    if (location.empty() || location.front() == '/' || location.find('\0') != std::string_view::npos)
        return true;
    for (size_t at = 0; at <= location.size();) {
        size_t slash = location.find('/', at);
        size_t end = slash == std::string_view::npos ? location.size() : slash;
        if (location.substr(at, end - at) == "..") return true;
        at = end + 1;
    }
    return false;
}

static bool is_below(const std::string &path, const std::string &folder) {
    return path.size() > folder.size() + 1 && path.compare(0, folder.size(), folder) == 0 &&
           path[folder.size()] == '/';
}

// The file must be in the model's folder, also after links are followed. In the Hub's cache the model's own
// file is a link, and its neighbours are links into the same folder of blobs: that one counts too.
std::shared_ptr<Bytes> TensorReader::external_file(std::string_view location, std::string_view name) {
    auto found = files.find(location);
    if (found != files.end()) return found->second;
    const std::string text(location);
    if (external_folder.empty())
        fail(AP_EFORMAT,
             "tensor \"%.*s\" is in the file %s, and the model is in memory with no folder for it",
             static_cast<int>(name.size()), name.data(), text.c_str());
    if (leaves_folder(location))
        fail(AP_EFORMAT, "tensor \"%.*s\" is in %s, outside of the model's folder",
             static_cast<int>(name.size()), name.data(), text.c_str());
    std::string path = external_folder + "/" + text, real = real_path(path);
    if (real.empty()) fail(AP_ENOTFOUND, "%s: no such file; the model keeps its weights in it", path.c_str());
    if (!is_below(real, real_path(external_folder)) &&
        (blob_folder.empty() || folder_of(real) != blob_folder))
        fail(AP_EFORMAT, "%s leads to %s, outside of the model's folder", path.c_str(), real.c_str());
    return files.emplace(text, Bytes::map(real)).first->second;
}

// -- elements -----------------------------------------------------------------------------------------------

static int64_t count_elements(const onnx::Tensor &tensor, size_t element_bytes) {
    int64_t n = 1;
    const int64_t most = INT64_MAX / static_cast<int64_t>(element_bytes);
    for (int64_t extent : tensor.dims) {
        if (extent < 0 || (extent && n > most / extent))
            fail(AP_EFORMAT, "tensor \"%.*s\" has an impossible shape", static_cast<int>(tensor.name.size()),
                 tensor.name.data());
        n *= extent;
    }
    return n;
}

[[noreturn]] static void fail_size(const onnx::Tensor &tensor, size_t has, size_t wanted) {
    fail(AP_EFORMAT, "tensor \"%.*s\" has %zu bytes of elements, its shape needs %zu",
         static_cast<int>(tensor.name.size()), tensor.name.data(), has, wanted);
}

// A tensor on `bytes`, which `owner` keeps; a copy where the elements are not aligned.
static at::Tensor on_bytes(std::string_view bytes, const std::shared_ptr<Bytes> &owner, at::IntArrayRef shape,
                           at::ScalarType type) {
    void *data = const_cast<char *>(bytes.data());
    const at::TensorOptions options = at::TensorOptions().dtype(type);
    if (bytes.empty()) return at::empty(shape, options);
    if (reinterpret_cast<uintptr_t>(data) % c10::elementSize(type) == 0)
        return at::from_blob(
            data, shape, [owner](void *) {}, options);
    at::Tensor copy = at::empty(shape, options);
    memcpy(copy.data_ptr(), data, bytes.size());
    return copy;
}

static at::Tensor from_raw(const onnx::Tensor &tensor, std::string_view bytes,
                           const std::shared_ptr<Bytes> &owner, at::ScalarType type) {
    const size_t wanted =
        static_cast<size_t>(count_elements(tensor, c10::elementSize(type))) * c10::elementSize(type);
    if (bytes.size() != wanted) fail_size(tensor, bytes.size(), wanted);
    return on_bytes(bytes, owner, tensor.dims, type);
}

// Elements one by one. The 16-bit floats come as integers that hold their bits.
static at::Tensor from_fields(const onnx::Tensor &tensor, at::ScalarType type) {
    const size_t n = static_cast<size_t>(count_elements(tensor, sizeof(int64_t)));
    const bool is_number = type == at::kFloat || type == at::kDouble;
    const size_t has = is_number ? tensor.numbers.size() : tensor.integers.size();
    if (has != n) fail_size(tensor, has * c10::elementSize(type), n * c10::elementSize(type));
    at::Tensor out;
    if (is_number) {
        out = at::from_blob(const_cast<double *>(tensor.numbers.data()), tensor.dims, at::kDouble)
                  .to(type, false, true);
    } else {
        at::Tensor integers =
            at::from_blob(const_cast<int64_t *>(tensor.integers.data()), tensor.dims, at::kLong);
        const bool is_bits = type == at::kHalf || type == at::kBFloat16;
        out = integers.to(is_bits ? at::kShort : type, false, true);
        if (is_bits) out = out.view(type);
    }
    return out;
}

// Two elements of four bits in a byte, the lower half first; each becomes a byte of its own.
static at::Tensor from_halves(const onnx::Tensor &tensor, at::Tensor bytes) {
    const int64_t n = count_elements(tensor, 1);
    if (bytes.numel() != n / 2 + n % 2)
        fail_size(tensor, static_cast<size_t>(bytes.numel()), static_cast<size_t>(n / 2 + n % 2));
    at::Tensor out = at::stack({bytes.bitwise_and(15), bytes.bitwise_right_shift(4)}, -1).flatten();
    if (tensor.type == onnx::INT4) out = out.bitwise_xor(8).to(at::kChar).sub_(8);
    return out.narrow(0, 0, n).reshape(tensor.dims);
}

bool has_halves(const onnx::Tensor &tensor) {
    return tensor.type == onnx::UINT4 || tensor.type == onnx::INT4;
}

at::Tensor TensorReader::read(const onnx::Tensor &tensor) {
    if (!has_halves(tensor)) return read_as(tensor, type_from_onnx(tensor.type, tensor.name));
    onnx::Tensor packed = tensor; // Of a row of bytes.
    const int64_t n = count_elements(tensor, 1);
    packed.dims = {n / 2 + n % 2};
    return from_halves(tensor, read_as(packed, at::kByte));
}

at::Tensor TensorReader::read_as(const onnx::Tensor &tensor, at::ScalarType type) {
    if (!tensor.is_external)
        return tensor.has_raw ? from_raw(tensor, tensor.raw, model_bytes, type) : from_fields(tensor, type);
    std::shared_ptr<Bytes> file = external_file(tensor.location, tensor.name);
    std::string_view bytes = file->view();
    const size_t wanted =
        static_cast<size_t>(count_elements(tensor, c10::elementSize(type))) * c10::elementSize(type);
    const uint64_t length = tensor.has_length ? tensor.length : wanted;
    if (tensor.offset > bytes.size() || length > bytes.size() - tensor.offset)
        fail(AP_EFORMAT, "tensor \"%.*s\" is beyond the end of %.*s", static_cast<int>(tensor.name.size()),
             tensor.name.data(), static_cast<int>(tensor.location.size()), tensor.location.data());
    return from_raw(tensor, bytes.substr(tensor.offset, length), file, type);
}

} // namespace ipex
