// The closed op set of a graph: convolutions, norms, activations. "precision" is the element type that autocast gives convolutions and
// matrix products (the number of its Type), or no_precision.
#include "activations.h"
#include "common.h"
#include "decompose.h"
#include "depthwise.h"
#include "layouts.h"
#include "norms.h"
#include "steps.h"

using namespace moga;

namespace {

// The gradient of libtorch 1.13's GELU on the CPU is wrong where x is contiguous and what comes back is not, so that is made contiguous
// before.
at::Tensor gelu_of(const at::Tensor& x) {
    at::Tensor y = at::gelu(x);
    if (y.requires_grad()) y.register_hook([](const at::Tensor& gradient) { return gradient.contiguous(); });
    return y;
}

at::Tensor activate(int32_t kind, const at::Tensor& x) {
    switch (static_cast<Activation>(kind)) {
        case Activation::Gelu: return activations::fits(x) ? activations::gelu(x) : gelu_of(x);
        case Activation::Silu: return activations::fits(x) ? activations::silu(x) : at::silu(x);
        case Activation::Relu: return at::relu(x);
        case Activation::Sigmoid: return at::sigmoid(x);
        case Activation::LeakyRelu: return at::leaky_relu(x, 0.2);
        case Activation::HardSwish: return at::hardswish(x);
        case Activation::HardSigmoid: return at::hardsigmoid(x);
        default: throw std::invalid_argument("unknown activation");
    }
}

// Over (N, C) or over the channels of each pixel of a map, whose pixels become rows: libtorch adds the bias within the product for matrices
// only.
at::Tensor linear_of(const at::Tensor& x, const at::Tensor& weight, const Optional<at::Tensor>& bias) {
    if (x.dim() == 2) return at::linear(x, weight, bias);
    const at::Tensor y = at::linear(rows(x).reshape({-1, x.size(1)}), weight, bias);
    return unrows(y.view({x.size(0), x.size(2), x.size(3), y.size(1)}));
}

// What drop path multiplies each image of x by, or dropout each image's map: kept with probability 1 - rate and divided by it (timm's
// drop_path with scale_by_keep).
at::Tensor kept(const at::Tensor& x, double rate, at::Generator& generator, bool each_map = false) {
    std::vector<int64_t> extents(x.dim(), 1);
    extents[0] = x.size(0);
    if (each_map) extents[1] = x.size(1);
    return at::empty(extents, x.options()).bernoulli_(1 - rate, generator).div_(1 - rate);
}

// The input has the type of the precision; the parameters get it here.
at::Tensor convolve(
    const at::Tensor& x, const at::Tensor& weight, const Optional<at::Tensor>& bias, int64_t stride, int64_t padding, int64_t dilation,
    int64_t groups, int32_t precision) {
    // Our own kernels take float32 weights as they are, so their gradients are not rounded.
    if (depthwise::fits(x, weight, stride, groups)) return depthwise::convolve(x, weight, bias.value_or(at::Tensor()), padding, dilation);
    const at::Tensor kernel = cast(weight, precision);
    const Optional<at::Tensor> shift = bias ? Optional<at::Tensor>(cast(*bias, precision)) : Optional<at::Tensor>();
    // oneDNN's gradient for a single output channel is wrong on the CPU in bfloat16 with channels last (seen in libtorch 1.13).
    const bool product = x.is_cpu() && is_low(x) && kernel.size(0) == 1 && kernel.numel() == x.size(1) && stride == 1 && padding == 0;
    if (product) return linear_of(x, kernel.view({1, -1}), shift);
    return at::conv2d(x, kernel, shift, {stride, stride}, {padding, padding}, {dilation, dilation}, groups);
}

}  // namespace

MOGA_API int32_t moga_conv2d(
    Handle x, Handle weight, Handle bias, int64_t stride, int64_t padding, int64_t dilation, int64_t groups, int32_t precision,
    Handle* result) {
    return guarded(
        [&] { *result = own(convolve(cast(ref(x), precision), ref(weight), maybe(bias), stride, padding, dilation, groups, precision)); });
}

// h + scale (h - GELU(weight * h + bias)), weight being (1, C, 1, 1).
MOGA_API int32_t moga_decompose(Handle h, Handle weight, Handle bias, Handle scale, int32_t precision, Handle* result) {
    return guarded([&] {
        const at::Tensor x = cast(ref(h), precision);
        // A float32 map under autocast stays one: only what the convolution reads of it is rounded.
        if (x.is_same(*h) && decomposition::fits(x, ref(weight), ref(scale))) {
            *result = own(decomposition::decompose(x, ref(weight), ref(bias), ref(scale)));
            return;
        }
        const at::Tensor common = convolve(x, ref(weight), maybe(bias), 1, 0, 1, 1, precision);
        const at::Tensor rest = ref(h) - in_layout(common, [](const at::Tensor& y, int64_t) { return activate(0, y); });
        *result = own(ref(h) + rest * scale->view({1, -1, 1, 1}));
    });
}

// y + scale (y - its mean over each image's pixels).
MOGA_API int32_t moga_decompose_image(Handle y, Handle scale, Handle* result) {
    return guarded([&] {
        const at::Tensor& x = ref(y);
        *result =
            own(steps::can_decompose(x, ref(scale)) ? steps::decompose(x, *scale)
                                                    : x + (x - x.mean({2, 3}, /*keepdim=*/true)) * scale->view({1, -1, 1, 1}));
    });
}

// SiLU(a) SiLU(b).
MOGA_API int32_t moga_gate(Handle a, Handle b, Handle* result) {
    return guarded([&] {
        const auto silu = [](const at::Tensor& x) { return in_layout(x, [](const at::Tensor& y, int64_t) { return activate(1, y); }); };
        *result = own(steps::can_gate(ref(a), ref(b)) ? steps::gate(*a, *b) : silu(*a) * silu(*b));
    });
}

// x + drop_path(scale y); nothing is drawn where the rate is 0.
MOGA_API int32_t moga_add_branch(Handle x, Handle y, Handle scale, double rate, at::Generator* generator, Handle* result) {
    return guarded([&] {
        const at::Tensor &stream = ref(x), &branch = ref(y);
        if (steps::can_add_branch(stream, branch, ref(scale))) {
            *result = own(steps::add_branch(stream, branch, *scale, rate == 0 ? at::Tensor() : kept(stream, rate, *generator)));
            return;
        }
        const at::Tensor scaled = branch.mul(scale->view({1, -1, 1, 1}));
        *result = own(stream + (rate == 0 ? scaled : scaled.mul(kept(scaled, rate, *generator))));
    });
}

MOGA_API int32_t moga_linear(Handle x, Handle weight, Handle bias, int32_t precision, Handle* result) {
    return guarded([&] { *result = own(linear_of(cast(ref(x), precision), cast(ref(weight), precision), cast(bias, precision))); });
}

// Without running statistics those of the batch are used and nothing is updated.
MOGA_API int32_t moga_batch_norm(
    Handle x, Handle weight, Handle bias, Handle running_mean, Handle running_var, int32_t training, double momentum, double epsilon,
    Handle* result) {
    return guarded([&] {
        *result = own(at::batch_norm(
            ref(x), maybe(weight), maybe(bias), maybe(running_mean), maybe(running_var), training != 0, momentum, epsilon,
            /*cudnn_enabled=*/true));
    });
}

// With SiLU after it or not. Autocast computes them in float32; "low" says that nothing is lost if the result is rounded to the type of x.
MOGA_API int32_t
moga_group_norm(Handle x, int64_t groups, Handle weight, Handle bias, double epsilon, int32_t silu, int32_t low, Handle* result) {
    return guarded([&] {
        if (norms::can_group_norm(ref(x), ref(weight), ref(bias))) {
            *result = own(norms::group_norm(*x, groups, *weight, *bias, epsilon, silu != 0, low != 0));
            return;
        }
        const at::Tensor y = at::group_norm(wide(*x), groups, *weight, *bias, epsilon);
        *result = own(silu == 0 ? y : in_layout(y, [](const at::Tensor& z, int64_t) { return activate(1, z); }));
    });
}

// Kinds are numbered as the managed enumeration is. Some of libtorch's functions are several times slower where the channels lie last,
// unless they are shown the memory's own order.
MOGA_API int32_t moga_activation(int32_t kind, Handle x, Handle* result) {
    return guarded([&] { *result = own(in_layout(ref(x), [&](const at::Tensor& y, int64_t) { return activate(kind, y); })); });
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
MOGA_API int32_t moga_dropout(Handle x, double rate, int32_t whole_maps, at::Generator* generator, Handle* result) {
    return guarded([&] {
        const at::Tensor& input = ref(x);
        const at::Tensor mask = whole_maps != 0 ? kept(input, rate, *generator, true)
                                                : at::empty_like(input).bernoulli_(1 - rate, *generator).div_(1 - rate);
        *result = own(input.mul(mask));
    });
}

MOGA_API int32_t moga_drop_path(Handle x, double rate, at::Generator* generator, Handle* result) {
    return guarded([&] {
        const at::Tensor& input = ref(x);
        *result = own(input.mul(kept(input, rate, *generator)));
    });
}
