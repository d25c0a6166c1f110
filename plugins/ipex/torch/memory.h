// Memory of what runs compute.
#pragma once

namespace ipex {

// Puts the pool in front of torch's allocator for CPUs. Once is enough.
void install_pool();

// While it lives, tensors that its thread makes lie in the pool.
struct PoolScope {
    PoolScope();
    ~PoolScope();
    PoolScope(const PoolScope &) = delete;
    PoolScope &operator=(const PoolScope &) = delete;
};

// Gives back to the system what no tensor lies in.
void trim_pool();

} // namespace ipex
