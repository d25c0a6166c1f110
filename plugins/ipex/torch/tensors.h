// Elements of an ONNX model as tensors of torch, on the mapped file wherever its layout allows.
#pragma once

#include "onnx/model.h"

#include <accelpipe/tensor.h>
#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>

namespace ipex {

// Our dtype and ONNX's as torch's. Throws Failure for a type torch has not.
at::ScalarType type_from(ap_dtype dtype);
at::ScalarType type_from_onnx(int type, std::string_view what);
ap_dtype dtype_from_onnx(int type); // AP_DTYPE_NONE: not a type of ours.
ap_dtype dtype_from(at::ScalarType type);

// A file, bytes of the caller, or bytes that were taken, in memory; shared by all tensors on it.
class Bytes {
  public:
    static std::shared_ptr<Bytes> map(const std::string &path);
    static std::shared_ptr<Bytes> borrow(const void *ptr, size_t len);
    static std::shared_ptr<Bytes> take(void *ptr, size_t len, void (*free)(void *));
    ~Bytes();
    Bytes(const Bytes &) = delete;
    Bytes &operator=(const Bytes &) = delete;
    std::string_view view() const { return {static_cast<const char *>(ptr), len}; }

  private:
    Bytes(void *p, size_t n, bool mapped, void (*f)(void *)) : ptr(p), len(n), is_mapped(mapped), free(f) {}
    void *ptr;
    size_t len;
    bool is_mapped;
    void (*free)(void *); // NULL: the caller's, or mapped.
};

// Reads tensors: those in the model's own bytes, and those in files beside it.
class TensorReader {
  public:
    // `folder` holds external data; "" when there is none. `blobs`: the folder where the model's own file
    // really is.
    TensorReader(std::shared_ptr<Bytes> model, std::string folder, std::string blobs)
        : model_bytes(std::move(model)), external_folder(std::move(folder)), blob_folder(std::move(blobs)) {}

    // Elements of four bits are read into bytes.
    at::Tensor read(const onnx::Tensor &tensor);

  private:
    at::Tensor read_as(const onnx::Tensor &tensor, at::ScalarType type);
    std::shared_ptr<Bytes> external_file(std::string_view location, std::string_view name);

    std::shared_ptr<Bytes> model_bytes;
    std::string external_folder, blob_folder;
    std::map<std::string, std::shared_ptr<Bytes>, std::less<>> files;
};

// Whether its elements have four bits each.
bool has_halves(const onnx::Tensor &tensor);

// The folder of a path; "." when it has none.
std::string folder_of(const std::string &path);

// With all links followed; "" when there is no such file.
std::string real_path(const std::string &path);

} // namespace ipex
