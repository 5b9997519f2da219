#include "depthwise.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include "dispatch.h"

namespace moga::depthwise {

namespace {

using namespace moga::kernels;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Into how many parts the images are shared out for the gradient of the weights, whatever the number of threads.
constexpr int64_t parts = 16;

bool is_channels_last(const at::Tensor& x) { return x.dim() == 4 && x.stride(1) == 1 && x.size(1) > 1; }

template <class Element>
Map<Element> map_of(const at::Tensor& x) { return {data_of<Element>(x), x.stride(0), x.stride(2), x.stride(3), x.size(2), x.size(3)}; }

// (C, 1, k, k) to (k k, C), arranged for the map.
at::Tensor taps_of(const at::Tensor& weight, const at::Tensor& map) { return arranged(weight.reshape({weight.size(0), -1}).t(), map); }

// The convolution itself; also that of the gradient, with the taps turned round.
at::Tensor filter(
    const at::Tensor& x, const at::Tensor& taps, const at::Tensor& bias, const Window& window, int64_t height, int64_t width) {
    const int64_t images = x.size(0), channels = x.size(1);
    at::Tensor y = at::empty({images, channels, height, width}, x.options(), at::MemoryFormat::ChannelsLast);
    const float *tap = taps.data_ptr<float>(), *shift = bias.defined() ? bias.data_ptr<float>() : nullptr;
    with_kernels(x, [&](auto element, const auto& set) {
        using Element = decltype(element);
        const Map<Element> map = map_of<Element>(x);
        Element* to = data_of<Element>(y);
        at::parallel_for(0, images * height, 1, [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; row++)
                set.row(map, tap, shift, window, channels, row / height, row % height, to + row * width * channels, width);
        });
    });
    return y;
}

struct Depthwise : torch::autograd::Function<Depthwise> {
    static at::Tensor forward(
        AutogradContext* context, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, int64_t padding,
        int64_t dilation) {
        const Window window{weight.size(2), dilation, padding};
        const int64_t less = dilation * (window.kernel - 1) - 2 * padding;
        context->save_for_backward({x, weight});
        context->saved_data["padding"] = padding;
        context->saved_data["dilation"] = dilation;
        context->saved_data["of_x"] = x.requires_grad();
        return filter(x, taps_of(weight, x), arranged(bias.view({1, -1}), x), window, x.size(2) - less, x.size(3) - less);
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor &x = saved[0], &weight = saved[1];
        const at::Tensor given = gradients[0].to(x.scalar_type());
        const at::Tensor dy = is_channels_last(given) ? given : given.contiguous(at::MemoryFormat::ChannelsLast);
        const Window window{weight.size(2), context->saved_data["dilation"].toInt(), context->saved_data["padding"].toInt()};
        const Window turned{window.kernel, window.dilation, window.dilation * (window.kernel - 1) - window.padding};
        const bool of_x = context->saved_data["of_x"].toBool();
        const int64_t images = x.size(0), channels = x.size(1), taps = window.kernel * window.kernel, size = (taps + 1) * channels;
        at::Tensor dx = of_x ? at::empty(x.sizes(), x.options(), at::MemoryFormat::ChannelsLast) : at::Tensor(),
                   sums = at::zeros({parts, size}, x.options().dtype(at::kFloat));
        const at::Tensor turned_taps = taps_of(weight, x).flip(0);
        kernels::with_kernels(x, [&](auto element, const auto& set) {
            using Element = decltype(element);
            const Map<Element> map = map_of<Element>(x), gradient = map_of<Element>(dy);
            // Image by image, so what the first loop has read is still in the cache for the second.
            at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
                for (int64_t part = begin; part < end; part++) {
                    float* sum = data_of<float>(sums) + part * size;
                    for (int64_t n = images * part / parts; n < images * (part + 1) / parts; n++) {
                        Element* to = of_x ? data_of<Element>(dx) + n * map.height * map.width * channels : nullptr;
                        for (int64_t y = 0; of_x && y < map.height; y++)
                            set.row(
                                gradient, data_of<float>(turned_taps), nullptr, turned, channels, n, y, to + y * map.width * channels,
                                map.width);
                        for (int64_t y = 0; y < gradient.height; y++) set.row_of_taps(map, gradient, window, channels, n, y, sum);
                    }
                }
            });
        });
        const at::Tensor sum = arranged(sums.sum(0).view({taps + 1, channels}), x, /*back=*/true);
        return {dx, sum.narrow(0, 0, taps).t().contiguous().view(weight.sizes()), sum.select(0, taps), {}, {}};
    }
};

}  // namespace

bool fits(const at::Tensor& x, const at::Tensor& weight, int64_t stride, int64_t groups) {
    return takes(x) && weight.scalar_type() == at::kFloat && stride == 1 && is_channels_last(x) && !x.is_contiguous() &&
           groups == x.size(1) && weight.size(0) == groups && weight.size(1) == 1 && weight.size(2) == weight.size(3) && x.size(0) > 0;
}

at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, int64_t padding, int64_t dilation) {
    // An autograd function takes no undefined tensor.
    return Depthwise::apply(x, weight, bias.defined() ? bias : at::zeros({weight.size(0)}, weight.options()), padding, dilation);
}

}  // namespace moga::depthwise
