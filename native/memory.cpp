// Large blocks on the CPU. A training step frees and takes the same ones again and again; glibc gives them back to the kernel, which fills
// them with zeros page by page each time. Blocks of a megabyte and more are kept here instead, on huge pages where the kernel allows;
// smaller ones are left to libtorch's own allocator.
#include "common.h"

#if defined(__linux__)

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <unordered_map>

namespace moga {

namespace {

constexpr size_t least = size_t{1} << 20, huge = size_t{2} << 20, slack = size_t{256} << 20;

struct Block {
    void* mapping;
    size_t length;  // of the mapping
    char* start;    // at a huge page where there is one
    size_t size;
};

// Blocks that have been freed are taken again by whoever asks for their size or at most an eighth less. All together never exceed what was
// in use at most by more than an eighth and 256 MiB.
class Blocks {
public:
    // Null where the system has no more.
    void* take(size_t wanted) {
        const std::lock_guard<std::mutex> lock(mutex_);
        const size_t step = std::max<size_t>(4096, size_t{1} << (60 - __builtin_clzll(wanted))), size = (wanted + step - 1) / step * step;
        auto found = free_.upper_bound(size);
        // The one freed last of just this size, which is likeliest to be in a cache; or else a slightly larger one.
        if (found != free_.begin() && std::prev(found)->first == size) --found;
        Block* block = nullptr;
        if (found != free_.end() && found->first <= size + size / 8) {
            block = found->second;
            free_.erase(found);
        } else {
            while (!free_.empty() && mapped_ + size > most_ + most_ / 8 + slack) unmap(std::prev(free_.end()));
            block = map(size);
            while (block == nullptr && !free_.empty()) {
                unmap(std::prev(free_.end()));
                block = map(size);
            }
        }

        if (block == nullptr) return nullptr;
        most_ = std::max(most_, used_ += block->size);
        taken_.emplace(block->start, block);
        return block->start;
    }

    // Whether the block was one of these.
    bool give(void* start) {
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto found = taken_.find(start);
        if (found == taken_.end()) return false;
        used_ -= found->second->size;
        free_.emplace(found->second->size, found->second);
        taken_.erase(found);
        return true;
    }

private:
    Block* map(size_t size) {
        const size_t length = size >= 2 * huge ? size + huge : size;
        void* mapping = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (mapping == MAP_FAILED) return nullptr;
        char* start = static_cast<char*>(mapping);
        if (length > size) {
            start += (huge - reinterpret_cast<uintptr_t>(start) % huge) % huge;
            madvise(start, size, MADV_HUGEPAGE);
        }

        mapped_ += size;
        return new Block{mapping, length, start, size};
    }

    void unmap(std::multimap<size_t, Block*>::iterator at) {
        munmap(at->second->mapping, at->second->length);
        mapped_ -= at->second->size;
        delete at->second;
        free_.erase(at);
    }

    std::mutex mutex_;
    std::multimap<size_t, Block*> free_;
    std::unordered_map<void*, Block*> taken_;
    size_t used_ = 0, most_ = 0, mapped_ = 0;
};

// Neither is ever destroyed: tensors may outlive whatever has an end.
Blocks& blocks() {
    static Blocks* const all = new Blocks;
    return *all;
}

c10::Allocator* rest = nullptr;

// libtorch 2.3 made allocate a function that changes its object and asked for copy_data; functions without "override" serve both.
struct LargeBlocks final : c10::Allocator {
    c10::DataPtr allocate(size_t size) const { return of_size(size); }
    c10::DataPtr allocate(size_t size) { return of_size(size); }
    void copy_data(void* to, const void* from, size_t count) const { std::memcpy(to, from, count); }
    c10::DeleterFnPtr raw_deleter() const override { return free; }

private:
    static c10::DataPtr of_size(size_t size) {
        void* const start = size < least ? nullptr : blocks().take(size);
        // libtorch's own allocator also says what is to be said where there is no memory.
        return start == nullptr ? rest->allocate(size) : c10::DataPtr{start, start, free, at::Device(at::kCPU)};
    }

    static void free(void* start) {
        if (start != nullptr && !blocks().give(start)) rest->raw_deleter()(start);
    }
};

[[maybe_unused]] const bool installed = [] {
    rest = c10::GetDefaultCPUAllocator();
    c10::SetCPUAllocator(new LargeBlocks, /*priority=*/1);
    return true;
}();

}  // namespace

}  // namespace moga

#endif
