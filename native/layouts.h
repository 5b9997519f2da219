// Channels first or last, and the types that autocast gives.
#pragma once

#include "common.h"

namespace moga {

inline bool is_low(const at::Tensor& x) { return x.scalar_type() == at::kHalf || x.scalar_type() == at::kBFloat16; }

// What autocast computes in float32.
inline at::Tensor wide(const at::Tensor& x) { return is_low(x) ? x.to(at::kFloat) : x; }

// What autocast computes in its type: "precision" is the number of Type::Float16 or Type::BFloat16, or no_precision.
inline at::Tensor cast(const at::Tensor& x, int32_t precision) {
    if (precision == no_precision) return x;
    const at::ScalarType type = precision == static_cast<int32_t>(Type::Float16) ? at::kHalf : at::kBFloat16;
    return x.scalar_type() == type ? x : x.to(type);
}

inline Optional<at::Tensor> cast(Handle handle, int32_t precision) {
    if (handle == nullptr) return {};
    return cast(*handle, precision);
}

// (N, C, H, W) as (N, H, W, C) and back, as views.
inline at::Tensor rows(const at::Tensor& x) { return x.permute({0, 2, 3, 1}); }
inline at::Tensor unrows(const at::Tensor& x) { return x.permute({0, 3, 1, 2}); }

inline bool is_channels_last(const at::Tensor& x) {
    return x.dim() == 4 && !x.is_contiguous() && x.is_contiguous(at::MemoryFormat::ChannelsLast);
}

// A function that is given a map in its own order in memory, (N, C, H, W) or (N, H, W, C), and the number of the dimension of the channels;
// its result keeps that order.
template <class Function>
at::Tensor in_layout(const at::Tensor& x, Function&& function) {
    return is_channels_last(x) ? unrows(function(rows(x), 3)) : function(x, 1);
}

}  // namespace moga
