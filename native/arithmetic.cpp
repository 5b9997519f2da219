// Element-wise arithmetic and reductions that are not ops of a graph.
#include "common.h"

using namespace moga;

MOGA_API int32_t moga_binary(int32_t kind, Handle a, Handle b, Handle* result) {
    return guarded([&] {
        switch (static_cast<Arithmetic>(kind)) {
            case Arithmetic::Add: *result = own(at::add(ref(a), ref(b))); break;
            case Arithmetic::Subtract: *result = own(at::sub(ref(a), ref(b))); break;
            case Arithmetic::Multiply: *result = own(at::mul(ref(a), ref(b))); break;
            case Arithmetic::Divide: *result = own(at::div(ref(a), ref(b))); break;
            default: throw std::invalid_argument("unknown function of two arguments");
        }
    });
}

// x * factor + addend.
MOGA_API int32_t moga_affine(Handle x, double factor, double addend, Handle* result) {
    return guarded([&] {
        at::Tensor y = ref(x);
        y = factor == 1 && addend != 0 ? y.add(addend) : addend == 0 ? y.mul(factor) : y.mul(factor).add_(addend);
        *result = own(y);
    });
}

// Over all elements; see Reduction.
MOGA_API int32_t moga_reduce(int32_t kind, Handle x, Handle* result) {
    return guarded([&] {
        switch (static_cast<Reduction>(kind)) {
            case Reduction::Sum: *result = own(ref(x).sum()); break;
            case Reduction::Mean: *result = own(ref(x).mean()); break;
            case Reduction::LargestMagnitude: *result = own(ref(x).abs().max()); break;
            default: throw std::invalid_argument("unknown reduction");
        }
    });
}

MOGA_API int32_t moga_softmax(Handle x, int64_t dimension, Handle* result) {
    return guarded([&] { *result = own(at::softmax(ref(x), dimension)); });
}

// The places of the k largest elements of each row, largest first: (N, C) to int64 (N, k).
MOGA_API int32_t moga_top_k(Handle x, int64_t k, Handle* result) {
    return guarded([&] { *result = own(std::get<1>(at::topk(ref(x), k, /*dim=*/1))); });
}

// The value of a tensor with one element; waits for a device.
MOGA_API int32_t moga_item(Handle x, double* value) {
    return guarded([&] { *value = ref(x).item().toDouble(); });
}

// Whether no element is an infinity or no number; waits for a device.
MOGA_API int32_t moga_all_finite(Handle x, int32_t* result) {
    return guarded([&] { *result = at::isfinite(ref(x)).all().item().toBool(); });
}
