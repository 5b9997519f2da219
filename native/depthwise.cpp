#include "depthwise.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include "depthwise_kernels.h"

namespace moga::depthwise {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Into how many parts the images are shared out for the gradient of the weights, whatever the number of threads.
constexpr int64_t parts = 16;

// The best set that this machine has and that is allowed: 1 baseline, 2 AVX2, 3 AVX-512.
int32_t allowed = 3;

const Kernels& kernels() {
#if defined(__x86_64__)
    static const int32_t best = __builtin_cpu_supports("avx512f") ? 3 : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 2 : 1;
    const int32_t set = std::min(best, allowed);
    if (set > 1) return set == 3 ? avx512() : avx2();
#endif
    return baseline();
}

bool is_channels_last(const at::Tensor& x) { return x.dim() == 4 && x.stride(1) == 1 && x.size(1) > 1; }

Map map_of(const at::Tensor& x) { return {x.data_ptr<float>(), x.stride(0), x.stride(2), x.stride(3), x.size(2), x.size(3)}; }

// (C, 1, k, k) to (k k, C).
at::Tensor taps_of(const at::Tensor& weight) { return weight.reshape({weight.size(0), -1}).t().contiguous(); }

// The convolution itself; also that of the gradient, with the taps turned round.
at::Tensor filter(const at::Tensor& x, const at::Tensor& taps, const at::Tensor& bias, const Window& window, int64_t height, int64_t width) {
    const int64_t images = x.size(0), channels = x.size(1);
    at::Tensor y = at::empty({images, channels, height, width}, x.options(), at::MemoryFormat::ChannelsLast);
    const Map map = map_of(x);
    const float *tap = taps.data_ptr<float>(), *shift = bias.defined() ? bias.data_ptr<float>() : nullptr;
    float* to = y.data_ptr<float>();
    at::parallel_for(0, images * height, 1, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; row++)
            kernels().row(map, tap, shift, window, channels, row / height, row % height, to + row * width * channels, width);
    });
    return y;
}

struct Depthwise : torch::autograd::Function<Depthwise> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, int64_t padding, int64_t dilation) {
        const Window window{weight.size(2), dilation, padding};
        const int64_t less = dilation * (window.kernel - 1) - 2 * padding;
        context->save_for_backward({x, weight});
        context->saved_data["padding"] = padding;
        context->saved_data["dilation"] = dilation;
        context->saved_data["of_x"] = x.requires_grad();
        context->saved_data["of_bias"] = bias.requires_grad();
        return filter(x, taps_of(weight), bias.contiguous(), window, x.size(2) - less, x.size(3) - less);
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor &x = saved[0], &weight = saved[1];
        const at::Tensor dy = is_channels_last(gradients[0]) ? gradients[0] : gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
        const Window window{weight.size(2), context->saved_data["dilation"].toInt(), context->saved_data["padding"].toInt()};
        at::Tensor dx, dbias;
        if (context->saved_data["of_x"].toBool()) {
            const Window turned{window.kernel, window.dilation, window.dilation * (window.kernel - 1) - window.padding};
            dx = filter(dy, taps_of(weight).flip(0), {}, turned, x.size(2), x.size(3));
        }
        if (context->saved_data["of_bias"].toBool()) dbias = dy.sum({0, 2, 3});
        return {dx, of_weight(x, dy, weight, window), dbias, {}, {}};
    }

    static at::Tensor of_weight(const at::Tensor& x, const at::Tensor& dy, const at::Tensor& weight, const Window& window) {
        const int64_t images = x.size(0), channels = x.size(1), height = dy.size(2);
        at::Tensor sums = at::zeros({parts, window.kernel * window.kernel, channels}, x.options());
        const Map map = map_of(x), gradient = map_of(dy);
        float* to = sums.data_ptr<float>();
        const int64_t size = window.kernel * window.kernel * channels;
        at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
            for (int64_t part = begin; part < end; part++)
                for (int64_t n = images * part / parts; n < images * (part + 1) / parts; n++)
                    for (int64_t y = 0; y < height; y++) kernels().row_of_taps(map, gradient, window, channels, n, y, to + part * size);
        });
        return sums.sum(0).t().contiguous().view(weight.sizes());
    }
};

}  // namespace

bool fits(const at::Tensor& x, const at::Tensor& weight, int64_t stride, int64_t groups) {
    return x.device().is_cpu() && x.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat && stride == 1 && is_channels_last(x) &&
        !x.is_contiguous() && groups == x.size(1) && weight.size(0) == groups && weight.size(1) == 1 && weight.size(2) == weight.size(3) && x.size(0) > 0;
}

void limit(int32_t set) { allowed = set; }

at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, int64_t padding, int64_t dilation) {
    // An autograd function takes no undefined tensor.
    return Depthwise::apply(x, weight, bias.defined() ? bias : at::zeros({weight.size(0)}, weight.options()), padding, dilation);
}

}  // namespace moga::depthwise

// For tests: the best instruction set that may be used from now on.
MOGA_API int32_t moga_depthwise_limit(int32_t set) {
    return moga::guarded([&] { moga::depthwise::limit(set); });
}
