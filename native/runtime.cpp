// Errors, version, devices, threads, counters.
#include "common.h"

#include <ATen/Parallel.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <atomic>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace moga {

namespace {
thread_local std::string last_error;
thread_local int applied_threads = 0;
std::atomic<int> wanted_threads{0};
std::atomic<int64_t> live_tensors{0};
}  // namespace

Status fail(const std::string& message, bool out_of_memory) noexcept {
    // The CPU allocator has no exception type of its own.
    out_of_memory = out_of_memory || message.find("DefaultCPUAllocator") != std::string::npos;
    try {
        last_error = message;
    } catch (...) {
        last_error.clear();
    }
    return out_of_memory ? OutOfMemory : Failed;
}

void apply_threads() {
    const int wanted = wanted_threads.load(std::memory_order_relaxed);
    if (wanted == applied_threads) return;
    at::set_num_threads(wanted);
    applied_threads = wanted;
}

Handle own(at::Tensor tensor) {
    Handle handle = new at::Tensor(std::move(tensor));
    live_tensors.fetch_add(1, std::memory_order_relaxed);
    return handle;
}

}  // namespace moga

using namespace moga;

#ifdef __GLIBC__
namespace {
// What memory.cpp leaves to glibc, and libraries below libtorch take for themselves, stays in the heap as well: glibc would map large
// blocks anew and give them back at once (the managed heap is not glibc's).
[[maybe_unused]] const bool keeps_large_blocks =
    mallopt(M_MMAP_MAX, 0) == 1 && mallopt(M_TRIM_THRESHOLD, -1) == 1 && mallopt(M_TOP_PAD, 64 << 20) == 1;
}  // namespace
#endif

// Raised whenever a function's arguments change; the managed side refuses a shim of another number.
MOGA_API int32_t moga_interface_version() { return 6; }

// All numbers that calls use, a line for each list; see numbers.h.
MOGA_API const char* moga_numbers() {
#define MOGA_NAME(name) " " #name
#define MOGA_VALUE(name) #name " " + std::to_string(name) + "\n"
    static const std::string text = std::string("Activation" MOGA_ACTIVATIONS(MOGA_NAME) "\n") +
                                    "Arithmetic" MOGA_ARITHMETIC(MOGA_NAME) "\n"
                                    "Reduction" MOGA_REDUCTIONS(MOGA_NAME) "\n"
                                    "Collective" MOGA_COLLECTIVES(MOGA_NAME) "\n"
                                    "Axis" MOGA_AXES(MOGA_NAME) "\n"
                                    "Interpolation" MOGA_INTERPOLATIONS(MOGA_NAME) "\n"
                                    "Type" MOGA_TYPES(MOGA_NAME) "\n"
                                    "Status" MOGA_STATUSES(MOGA_NAME) "\n" +
                                    MOGA_VALUE(keep_type) + MOGA_VALUE(keep_layout) + MOGA_VALUE(keep_device) + MOGA_VALUE(cpu) +
                                    MOGA_VALUE(no_precision);
    return text.c_str();
#undef MOGA_NAME
#undef MOGA_VALUE
}

MOGA_API const char* moga_last_error() { return last_error.c_str(); }

MOGA_API const char* moga_torch_version() { return TORCH_VERSION; }

MOGA_API int32_t moga_cuda_count(int32_t* count) {
    return guarded([&] { *count = at::hasCUDA() ? static_cast<int32_t>(c10::impl::VirtualGuardImpl(at::kCUDA).deviceCount()) : 0; });
}

MOGA_API int32_t moga_get_threads(int32_t* count) {
    return guarded([&] { *count = at::get_num_threads(); });
}

MOGA_API int32_t moga_set_threads(int32_t count) {
    return guarded([&] {
        if (count < 1) throw std::invalid_argument("the number of threads is at least 1");
        wanted_threads.store(count);
        apply_threads();
    });
}

// Tensors that were handed out and not yet given back.
MOGA_API int64_t moga_live_tensors() { return live_tensors.load(); }

MOGA_API void moga_tensor_free(Handle handle) {
    if (handle == nullptr) return;
    delete handle;
    live_tensors.fetch_sub(1, std::memory_order_relaxed);
}

// Whether matrix products and convolutions on CUDA may use TF32, and whether cuDNN may try its algorithms out first.
MOGA_API int32_t moga_set_cuda_speed(int32_t allow_tf32, int32_t benchmark) {
    return guarded([&] {
        at::globalContext().setAllowTF32CuBLAS(allow_tf32 != 0);
        at::globalContext().setAllowTF32CuDNN(allow_tf32 != 0);
        at::globalContext().setBenchmarkCuDNN(benchmark != 0);
    });
}
