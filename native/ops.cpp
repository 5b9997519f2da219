// The closed op set of a graph. "precision" is the element type that autocast gives convolutions and matrix products
// (2 float16, 3 bfloat16), or -1 for none.
#include "common.h"
#include "depthwise.h"

using namespace moga;

namespace {

at::Tensor cast(const at::Tensor& x, int32_t precision) {
    if (precision < 0) return x;
    const at::ScalarType type = precision == 2 ? at::kHalf : at::kBFloat16;
    return x.scalar_type() == type ? x : x.to(type);
}

Optional<at::Tensor> cast(Handle handle, int32_t precision) {
    if (handle == nullptr) return {};
    return cast(*handle, precision);
}

bool is_low(const at::Tensor& x) { return x.scalar_type() == at::kHalf || x.scalar_type() == at::kBFloat16; }

}  // namespace

MOGA_API int32_t moga_conv2d(
    Handle x, Handle weight, Handle bias, int64_t stride, int64_t padding, int64_t dilation, int64_t groups, int32_t precision, Handle* result) {
    return guarded([&] {
        const at::Tensor input = cast(ref(x), precision), kernel = cast(ref(weight), precision);
        const Optional<at::Tensor> shift = cast(bias, precision);
        *result = own(
            depthwise::fits(input, kernel, stride, groups)
                ? depthwise::convolve(input, kernel, shift.value_or(at::Tensor()), padding, dilation)
                : at::conv2d(input, kernel, shift, {stride, stride}, {padding, padding}, {dilation, dilation}, groups));
    });
}

MOGA_API int32_t moga_linear(Handle x, Handle weight, Handle bias, int32_t precision, Handle* result) {
    return guarded([&] { *result = own(at::linear(cast(ref(x), precision), cast(ref(weight), precision), cast(bias, precision))); });
}

// Without running statistics those of the batch are used and nothing is updated.
MOGA_API int32_t moga_batch_norm(
    Handle x, Handle weight, Handle bias, Handle running_mean, Handle running_var, int32_t training, double momentum, double epsilon, Handle* result) {
    return guarded([&] {
        *result = own(at::batch_norm(
            ref(x), maybe(weight), maybe(bias), maybe(running_mean), maybe(running_var), training != 0, momentum, epsilon, /*cudnn_enabled=*/true));
    });
}

// Autocast computes it in float32.
MOGA_API int32_t moga_group_norm(Handle x, int64_t groups, Handle weight, Handle bias, double epsilon, Handle* result) {
    return guarded([&] {
        const at::Tensor& input = ref(x);
        *result = own(at::group_norm(is_low(input) ? input.to(at::kFloat) : input, groups, maybe(weight), maybe(bias), epsilon));
    });
}

MOGA_API int32_t moga_activation(int32_t kind, Handle x, Handle* result) {
    return guarded([&] {
        // libtorch 1.13 computes point-wise functions of a channels-last map several times slower than of the same numbers seen as (N, H, W, C).
        const at::Tensor& input = ref(x);
        const bool last = input.dim() == 4 && !input.is_contiguous() && input.is_contiguous(at::MemoryFormat::ChannelsLast);
        const at::Tensor seen = last ? input.permute({0, 2, 3, 1}) : input;
        at::Tensor y;
        switch (kind) {
            case 0: y = at::gelu(seen); break;
            case 1: y = at::silu(seen); break;
            case 2: y = at::relu(seen); break;
            default: throw std::invalid_argument("unknown activation");
        }
        *result = own(last ? y.permute({0, 3, 1, 2}) : y);
    });
}

MOGA_API int32_t moga_spatial_mean(Handle x, int32_t keep_dimensions, Handle* result) {
    return guarded([&] { *result = own(ref(x).mean({2, 3}, keep_dimensions != 0)); });
}

MOGA_API int32_t moga_channel_affine(Handle x, Handle scale, Handle shift, Handle* result) {
    return guarded([&] {
        at::Tensor y = ref(x);
        if (scale != nullptr) y = y.mul(scale->view({1, -1, 1, 1}));
        if (shift != nullptr) y = y.add(shift->view({1, -1, 1, 1}));
        *result = own(y);
    });
}

// Each element is kept with probability 1 - rate and divided by it.
MOGA_API int32_t moga_dropout(Handle x, double rate, at::Generator* generator, Handle* result) {
    return guarded([&] {
        const at::Tensor& input = ref(x);
        at::Tensor mask = at::empty_like(input).bernoulli_(1 - rate, *generator).div_(1 - rate);
        *result = own(input.mul(mask));
    });
}

// Each image is kept with probability 1 - rate and divided by it (timm's drop_path with scale_by_keep).
MOGA_API int32_t moga_drop_path(Handle x, double rate, at::Generator* generator, Handle* result) {
    return guarded([&] {
        const at::Tensor& input = ref(x);
        std::vector<int64_t> extents(input.dim(), 1);
        extents[0] = input.size(0);
        at::Tensor mask = at::empty(extents, input.options()).bernoulli_(1 - rate, *generator).div_(1 - rate);
        *result = own(input.mul(mask));
    });
}
