// Memory that asks for huge pages: synapses are read at random places of gigabytes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#if defined(__linux__)
#include <sys/mman.h>
#endif
#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace neurosim {

// The owner of a block. Not std::unique_ptr, as <memory> alone doubles what a kernel takes to compile.
class Bytes {
  public:
    Bytes() = default;
    explicit Bytes(std::byte* block) : block_(block) {}
    Bytes(Bytes&& other) noexcept : block_(other.block_) { other.block_ = nullptr; }
    Bytes& operator=(Bytes&& other) noexcept {
        std::byte* mine = block_;
        block_ = other.block_;
        other.block_ = mine;
        return *this;
    }
    ~Bytes() { std::free(block_); }

    std::byte* get() const { return block_; }
    explicit operator bool() const { return block_ != nullptr; }

  private:
    std::byte* block_ = nullptr;
};

// Uninitialised, at least 64-byte aligned; large blocks are aligned and advised for huge pages.
inline Bytes allocate(size_t size) {
    constexpr size_t huge = size_t(1) << 21;
    const size_t alignment = size >= 2 * huge ? huge : 64;
    const size_t rounded = (size + alignment - 1) / alignment * alignment;
    void* p = std::aligned_alloc(alignment, rounded ? rounded : alignment);
    if (!p) throw std::bad_alloc();
#if defined(__linux__)
    if (alignment == huge) madvise(p, rounded, MADV_HUGEPAGE);
#endif
    return Bytes(static_cast<std::byte*>(p));
}

// Let the system have what was freed; building leaves tens of MB.
inline void give_back_memory() {
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}

// A bump allocator for a thread's state: zeroed, freed at once.
class Arena {
  public:
    template <class T>
    T* take(int64_t n) {
        const size_t size = (static_cast<size_t>(n) * sizeof(T) + 63) / 64 * 64;
        if (used_ + size > capacity_) throw std::bad_alloc();
        T* p = reinterpret_cast<T*>(block_.get() + used_);
        used_ += size;
        return p;
    }
    void reserve(size_t size) {
        block_ = allocate(size);
        std::memset(block_.get(), 0, size);
        capacity_ = size;
        used_ = 0;
    }

    int64_t size() const { return static_cast<int64_t>(capacity_); }

  private:
    Bytes block_;
    size_t capacity_ = 0, used_ = 0;
};

}  // namespace neurosim
