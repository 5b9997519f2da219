// Making, reading, copying and describing tensors.
#include "common.h"

#include <cstring>

using namespace moga;

namespace {

at::ScalarType type_of(int32_t code) {
    switch (static_cast<Type>(code)) {
        case Type::Float32: return at::kFloat;
        case Type::Float64: return at::kDouble;
        case Type::Float16: return at::kHalf;
        case Type::BFloat16: return at::kBFloat16;
        case Type::UInt8: return at::kByte;
        case Type::Int64: return at::kLong;
        case Type::Bool: return at::kBool;
        default: throw std::invalid_argument("unknown element type " + std::to_string(code));
    }
}

int32_t code_of(at::ScalarType type) {
    for (Type known : {Type::Float32, Type::Float64, Type::Float16, Type::BFloat16, Type::UInt8, Type::Int64, Type::Bool})
        if (type_of(static_cast<int32_t>(known)) == type) return static_cast<int32_t>(known);
    throw std::invalid_argument(std::string("tensors of type ") + c10::toString(type) + " are not handed out");
}

}  // namespace

// Copies row-major data into a new tensor. For CUDA the data goes through pinned memory, so that the call need not wait.
MOGA_API int32_t
moga_tensor_create(const void* data, int64_t bytes, int32_t type, const int64_t* extents, int32_t rank, int32_t device, Handle* result) {
    return guarded([&] {
        auto options = at::TensorOptions(type_of(type)).pinned_memory(device != cpu);
        at::Tensor tensor = at::empty(at::IntArrayRef(extents, rank), options);
        if (static_cast<int64_t>(tensor.nbytes()) != bytes) throw std::invalid_argument("the data has another length than the shape");
        if (bytes > 0) std::memcpy(tensor.data_ptr(), data, bytes);
        *result = own(device == cpu ? tensor : tensor.to(device_of(device), /*non_blocking=*/true));
    });
}

MOGA_API int32_t moga_tensor_full(double value, int32_t type, const int64_t* extents, int32_t rank, int32_t device, Handle* result) {
    return guarded([&] {
        *result = own(at::full(at::IntArrayRef(extents, rank), value, at::TensorOptions(type_of(type)).device(device_of(device))));
    });
}

// Copies a tensor's elements, row-major, to memory of the caller's; waits for a device.
MOGA_API int32_t moga_tensor_read(Handle handle, void* data, int64_t bytes) {
    return guarded([&] {
        at::Tensor tensor = ref(handle).detach().to(at::kCPU).contiguous();
        if (static_cast<int64_t>(tensor.nbytes()) != bytes) throw std::invalid_argument("the memory has another length than the tensor");
        if (bytes > 0) std::memcpy(data, tensor.data_ptr(), bytes);
    });
}

// At most 16 extents are written; rank says how many there are.
MOGA_API int32_t moga_tensor_describe(Handle handle, int32_t* type, int32_t* device, int32_t* rank, int64_t* extents) {
    return guarded([&] {
        const at::Tensor& tensor = ref(handle);
        if (tensor.dim() > 16) throw std::invalid_argument("a tensor has more than 16 dimensions");
        *type = code_of(tensor.scalar_type());
        *device = tensor.is_cuda() ? tensor.device().index() : cpu;
        *rank = static_cast<int32_t>(tensor.dim());
        for (int64_t i = 0; i < tensor.dim(); i++) extents[i] = tensor.size(i);
    });
}

// Another type (or keep_type), device (or keep_device) or layout (1 channels last, 0 row-major, or keep_layout). A reference to the same
// memory where nothing changes.
MOGA_API int32_t moga_tensor_to(Handle handle, int32_t type, int32_t device, int32_t channels_last, Handle* result) {
    return guarded([&] {
        at::Tensor tensor = ref(handle);
        const at::ScalarType wanted = type == keep_type ? tensor.scalar_type() : type_of(type);
        const at::Device target = device == keep_device ? tensor.device() : device_of(device);
        if (wanted != tensor.scalar_type() || target != tensor.device()) tensor = tensor.to(target, wanted, /*non_blocking=*/true);
        // A copy to the CPU that has not arrived would be read as it is.
        if (channels_last != keep_layout) tensor = tensor.contiguous(channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
        *result = own(tensor);
    });
}

MOGA_API int32_t moga_tensor_is_channels_last(Handle handle, int32_t* result) {
    return guarded([&] { *result = ref(handle).is_contiguous(at::MemoryFormat::ChannelsLast); });
}

MOGA_API int32_t moga_tensor_clone(Handle handle, Handle* result) {
    return guarded([&] { *result = own(ref(handle).clone()); });
}

// A second owner of the same tensor.
MOGA_API int32_t moga_tensor_alias(Handle handle, Handle* result) {
    return guarded([&] { *result = own(ref(handle)); });
}

MOGA_API int32_t moga_tensor_reshape(Handle handle, const int64_t* extents, int32_t rank, Handle* result) {
    return guarded([&] { *result = own(ref(handle).reshape(at::IntArrayRef(extents, rank))); });
}

MOGA_API int32_t moga_tensor_narrow(Handle handle, int64_t dimension, int64_t start, int64_t length, Handle* result) {
    return guarded([&] { *result = own(ref(handle).narrow(dimension, start, length)); });
}

MOGA_API int32_t moga_tensor_flip(Handle handle, int64_t dimension, Handle* result) {
    return guarded([&] { *result = own(ref(handle).flip({dimension})); });
}

MOGA_API int32_t moga_tensor_concat(const Handle* handles, int64_t count, int64_t dimension, Handle* result) {
    return guarded([&] { *result = own(at::cat(list(handles, count), dimension)); });
}

// Rows of the first dimension by number.
MOGA_API int32_t moga_tensor_index_select(Handle handle, Handle indices, Handle* result) {
    return guarded([&] { *result = own(at::index_select(ref(handle), 0, ref(indices))); });
}

// target = source, element by element, converted and broadcast; autograd does not see it.
MOGA_API int32_t moga_tensor_copy(Handle target, Handle source) {
    return guarded([&] {
        at::NoGradGuard guard;
        ref(target).copy_(ref(source), /*non_blocking=*/ref(target).is_cuda());
    });
}

MOGA_API int32_t moga_tensor_fill(Handle target, double value) {
    return guarded([&] {
        at::NoGradGuard guard;
        ref(target).fill_(value);
    });
}

MOGA_API int32_t moga_tensor_increment(Handle target) {
    return guarded([&] {
        at::NoGradGuard guard;
        ref(target).add_(1);
    });
}
