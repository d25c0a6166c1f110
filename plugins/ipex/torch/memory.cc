// Memory of what runs compute, kept from run to run.
//
// torch takes each tensor from malloc(). glibc gives large blocks back to the system when they are freed, and
// the kernel has to clear the pages of the next: up to a seventh of the CPU time of a batch of 32 x 128
// tokens, more or less by what happens to lie behind them. Here they come from chunks that stay.
//
// Blocks that are free are joined with their neighbours, and the smallest that fits is taken. Source: Knuth,
// TAOCP volume 1, section 2.5, best fit and boundary tags.
#include "torch/memory.h"

#include <c10/core/Allocator.h>

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <mutex>

namespace ipex {

namespace {

constexpr size_t ALIGNMENT = 64;                // Of torch's own allocator.
constexpr size_t SMALL_MAX = size_t{32} << 10;  // malloc() keeps what is smaller.
constexpr size_t CHUNK_SIZE = size_t{64} << 20; // Of addresses: pages come when they are written to.
constexpr size_t IDLE_MAX = size_t{512} << 20;  // Of chunks that nothing lies in.

// In front of each block, and the block behind it.
struct alignas(ALIGNMENT) Block {
    size_t size;            // With this.
    Block *before, *behind; // In the chunk; nullptr at its ends.
    Block *previous, *next; // In the list of free ones.
    bool is_free;
};

// In front of the blocks of a chunk.
struct alignas(ALIGNMENT) Chunk {
    size_t size; // With this.
    Chunk *previous, *next;
};

static_assert(sizeof(Block) == ALIGNMENT && sizeof(Chunk) == ALIGNMENT, "blocks keep the alignment");

template <typename T> void link(T *&list, T *item) {
    item->previous = nullptr;
    item->next = list;
    if (list) list->previous = item;
    list = item;
}

template <typename T> void unlink(T *&list, T *item) {
    (item->previous ? item->previous->next : list) = item->next;
    if (item->next) item->next->previous = item->previous;
}

Chunk *chunk_of(Block *whole) { return reinterpret_cast<Chunk *>(whole) - 1; }
bool is_whole(const Block *block) { return !block->before && !block->behind; }

class Pool {
  public:
    void *take(size_t n); // nullptr: there is no memory.
    bool give(void *ptr); // false: it is not of the pool.
    void trim();

  private:
    Block *find(size_t size) const;
    Block *add_chunk(size_t size);
    void remove_chunk(Block *whole);
    void split(Block *block, size_t size);
    Block *join(Block *block);
    bool has(const void *ptr) const;

    std::mutex lock; // Guards all of this and the headers; taken with no other lock.
    Chunk *chunks = nullptr;
    Block *free_blocks = nullptr;
    size_t idle_bytes = 0; // Of blocks that are whole and free.
};

Block *Pool::find(size_t size) const {
    Block *best = nullptr;
    for (Block *b = free_blocks; b; b = b->next)
        if (b->size >= size && (!best || b->size < best->size)) best = b;
    return best;
}

// The one free block of a new chunk, not in the list yet.
Block *Pool::add_chunk(size_t size) {
    const size_t all = std::max(size + sizeof(Chunk), CHUNK_SIZE);
    void *memory = mmap(nullptr, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
    auto *chunk = static_cast<Chunk *>(memory);
    chunk->size = all;
    link(chunks, chunk);
    auto *block = reinterpret_cast<Block *>(chunk + 1);
    *block = {all - sizeof(Chunk), nullptr, nullptr, nullptr, nullptr, false};
    return block;
}

void Pool::remove_chunk(Block *whole) {
    Chunk *chunk = chunk_of(whole);
    unlink(chunks, chunk);
    munmap(chunk, chunk->size);
}

// What is left of a block becomes one of its own, if it is of use.
void Pool::split(Block *block, size_t size) {
    if (block->size - size < SMALL_MAX) return;
    auto *rest = reinterpret_cast<Block *>(reinterpret_cast<char *>(block) + size);
    *rest = {block->size - size, block, block->behind, nullptr, nullptr, true};
    if (rest->behind) rest->behind->before = rest;
    block->behind = rest;
    block->size = size;
    link(free_blocks, rest);
}

void *Pool::take(size_t n) {
    if (n > SIZE_MAX / 2) return nullptr;
    const size_t size = (n + sizeof(Block) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    std::lock_guard<std::mutex> guard(lock);
    Block *block = find(size);
    if (block) {
        unlink(free_blocks, block);
        if (is_whole(block)) idle_bytes -= block->size;
    } else if (!(block = add_chunk(size))) {
        return nullptr;
    }
    block->is_free = false;
    split(block, size);
    return block + 1;
}

// The block takes the one behind it in.
void absorb(Block *block) {
    const Block *behind = block->behind;
    block->size += behind->size;
    block->behind = behind->behind;
    if (block->behind) block->behind->before = block;
}

// A block that becomes free, with those beside it that are.
Block *Pool::join(Block *block) {
    if (block->behind && block->behind->is_free) {
        unlink(free_blocks, block->behind);
        absorb(block);
    }
    if (block->before && block->before->is_free) {
        block = block->before;
        unlink(free_blocks, block);
        absorb(block);
    }
    return block;
}

bool Pool::has(const void *ptr) const {
    const auto address = reinterpret_cast<uintptr_t>(ptr);
    for (const Chunk *c = chunks; c; c = c->next)
        if (address - reinterpret_cast<uintptr_t>(c) < c->size) return true;
    return false;
}

bool Pool::give(void *ptr) {
    std::lock_guard<std::mutex> guard(lock);
    if (!has(ptr)) return false;
    Block *block = join(static_cast<Block *>(ptr) - 1);
    if (is_whole(block) && idle_bytes + block->size > IDLE_MAX) {
        remove_chunk(block);
        return true;
    }
    if (is_whole(block)) idle_bytes += block->size;
    block->is_free = true;
    link(free_blocks, block);
    return true;
}

void Pool::trim() {
    std::lock_guard<std::mutex> guard(lock);
    for (Block *block = free_blocks, *next; block; block = next) {
        next = block->next;
        if (!is_whole(block)) continue;
        unlink(free_blocks, block);
        idle_bytes -= block->size;
        remove_chunk(block);
    }
}

// -- torch's side -------------------------------------------------------------------------------------------

// Never destroyed: tensors may outlive everything.
Pool &pool() {
    static auto *const only = new Pool;
    return *only;
}

c10::Allocator *before_pool; // torch's own, or whoever's.
thread_local bool is_running;

void release(void *ptr) {
    if (ptr && !pool().give(ptr)) before_pool->raw_deallocate(ptr);
}

struct PoolAllocator final : c10::Allocator {
    c10::DataPtr allocate(size_t n) override {
        void *ptr = is_running && n >= SMALL_MAX ? pool().take(n) : nullptr;
        // It says how it fails, too.
        if (!ptr) return before_pool->allocate(n);
        return {ptr, ptr, release, c10::Device(c10::DeviceType::CPU)};
    }
    // Of both kinds of memory.
    c10::DeleterFnPtr raw_deleter() const override { return release; }
    void copy_data(void *to, const void *from, size_t n) const override { default_copy_data(to, from, n); }
};

} // namespace

void install_pool() {
    static PoolAllocator allocator;
    static const bool is_done = [] {
        before_pool = c10::GetAllocator(c10::DeviceType::CPU);
        // An allocator that whoever put there with a higher priority stays.
        c10::SetAllocator(c10::DeviceType::CPU, &allocator);
        return true;
    }();
    (void)is_done;
}

void trim_pool() { pool().trim(); }

PoolScope::PoolScope() { is_running = true; }
PoolScope::~PoolScope() { is_running = false; }

} // namespace ipex
