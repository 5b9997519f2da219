// What every file of the shim uses: handles, errors, lists. A handle is an at::Tensor on the heap; whoever receives one
// owns it and gives it back with moga_tensor_free. No exception leaves a moga_ function: it returns a Status, and
// moga_last_error has the message.
#pragma once

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <torch/version.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "numbers.h"

#define MOGA_API extern "C" __attribute__((visibility("default")))

namespace moga {

using Handle = at::Tensor*;

// libtorch had an optional of its own before it took the standard's.
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
template <class T> using Optional = std::optional<T>;
#else
template <class T> using Optional = c10::optional<T>;
#endif

// Keeps a message for moga_last_error of this thread and says which status it is.
Status fail(const std::string& message, bool out_of_memory = false) noexcept;

// OpenMP's number of threads belongs to the calling thread; this brings a thread to the number last asked for.
void apply_threads();

// Hands a tensor to the caller and counts it.
Handle own(at::Tensor tensor);

// The tensor of a handle; throws for null.
inline at::Tensor& ref(Handle handle) {
    if (handle == nullptr) throw std::invalid_argument("a tensor handle is null");
    return *handle;
}

// The tensor of a handle, or none for null.
inline Optional<at::Tensor> maybe(Handle handle) {
    return handle == nullptr ? Optional<at::Tensor>() : Optional<at::Tensor>(*handle);
}

inline std::vector<at::Tensor> list(const Handle* handles, int64_t count) {
    std::vector<at::Tensor> tensors;
    tensors.reserve(count);
    for (int64_t i = 0; i < count; i++) tensors.push_back(ref(handles[i]));
    return tensors;
}

// A device written as "cpu" or the number of a CUDA device.
inline at::Device device_of(int32_t device) {
    return device == cpu ? at::Device(at::kCPU) : at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(device));
}

template <class Body>
int32_t guarded(Body&& body) noexcept {
    try {
        apply_threads();
        body();
        return Ok;
    } catch (const c10::OutOfMemoryError& e) {
        return fail(e.what_without_backtrace(), true);
    } catch (const c10::Error& e) {
        return fail(e.what_without_backtrace());
    } catch (const std::bad_alloc&) {
        return fail("the allocation failed", true);
    } catch (const std::exception& e) {
        return fail(e.what());
    } catch (...) {
        return fail("libtorch threw something that is no exception");
    }
}

}  // namespace moga
