#include "decompose.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include "dispatch.h"
#include "layouts.h"

namespace moga::decomposition {

namespace {

using kernels::data_of;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Into how many parts the pixels are shared out for the parameters' gradients, whatever the number of threads; least number of pixels for a
// thread.
constexpr int64_t parts = 16, grain = 64;

struct Decompose : torch::autograd::Function<Decompose> {
    static at::Tensor forward(
        AutogradContext* context, const at::Tensor& h, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& scale) {
        const int64_t channels = h.size(1), pixels = h.numel() / channels;
        const at::Tensor w = kernels::arranged(weight.view({1, -1}), h), s = kernels::arranged(scale.view({1, -1}), h);
        at::Tensor y = at::empty_like(h), products = at::empty({pixels}, w.options());
        const float b = bias.item<float>();
        kernels::with_kernels(h, [&](auto element, const auto& set) {
            using Element = decltype(element);
            const Element* from = data_of<Element>(h);
            Element* to = data_of<Element>(y);
            at::parallel_for(0, pixels, grain, [&](int64_t begin, int64_t end) {
                set.decompose(
                    from + begin * channels, end - begin, channels, data_of<float>(w), b, data_of<float>(s),
                    data_of<float>(products) + begin, to + begin * channels);
            });
        });
        context->save_for_backward({h, weight, scale, products});
        return y;
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor &h = saved[0], &weight = saved[1], &scale = saved[2], &products = saved[3];
        const int64_t channels = h.size(1), pixels = products.numel();
        const at::Tensor w = kernels::arranged(weight.view({1, -1}), h), s = kernels::arranged(scale.view({1, -1}), h);
        const at::Tensor dy = gradients[0].to(h.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
        at::Tensor dh = at::empty_like(h), sums = at::zeros({parts, 2 * channels + 1}, w.options());
        kernels::with_kernels(h, [&](auto element, const auto& set) {
            using Element = decltype(element);
            at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
                for (int64_t part = begin; part < end; part++) {
                    const int64_t first = pixels * part / parts, count = pixels * (part + 1) / parts - first, at = first * channels;
                    float* sum = data_of<float>(sums) + part * (2 * channels + 1);
                    set.decompose_gradient(
                        data_of<Element>(h) + at, data_of<Element>(dy) + at, data_of<float>(products) + first, count, channels,
                        data_of<float>(w), data_of<float>(s), data_of<Element>(dh) + at, sum, sum + channels, sum + 2 * channels);
                }
            });
        });
        const at::Tensor sum = sums.sum(0),
                         of_channels = kernels::arranged(sum.narrow(0, 0, 2 * channels).view({2, channels}), h, /*back=*/true);
        return {
            dh, of_channels.select(0, 1).view(weight.sizes()), sum.narrow(0, 2 * channels, 1),
            of_channels.select(0, 0).view(scale.sizes())};
    }
};

}  // namespace

bool fits(const at::Tensor& h, const at::Tensor& weight, const at::Tensor& scale) {
    return kernels::takes(h) && is_channels_last(h) && h.size(1) % 16 == 0 && h.numel() > 0 && weight.scalar_type() == at::kFloat &&
           scale.scalar_type() == at::kFloat;
}

at::Tensor decompose(const at::Tensor& h, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& scale) {
    return Decompose::apply(h, weight, bias, scale);
}

}  // namespace moga::decomposition
