#include "norms.h"

#include <torch/csrc/autograd/custom_function.h>

#include <vector>

#include "dispatch.h"

namespace moga::norms {

namespace {

using namespace moga::kernels;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

GroupNorm norm_of(const at::Tensor& weight, const at::Tensor& bias, int64_t groups, double epsilon, bool silu) {
    return {groups, data_of<float>(weight), data_of<float>(bias), static_cast<float>(epsilon), silu};
}

struct Norm : torch::autograd::Function<Norm> {
    static at::Tensor forward(
        AutogradContext* context, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, int64_t groups, double epsilon,
        bool silu, bool low) {
        const int64_t images = x.size(0), channels = x.size(1), pixels = x.size(2) * x.size(3), image = pixels * channels;
        const at::Tensor w = weight.contiguous(), b = bias.contiguous(), statistics = at::empty({2, images, groups}, w.options());
        const at::Tensor y = at::empty_like(x, x.options().dtype(low ? x.scalar_type() : at::kFloat));
        const GroupNorm norm = norm_of(w, b, groups, epsilon, silu);
        float *means = data_of<float>(statistics), *rstds = means + images * groups;
        with_kernels(x, [&](auto element, const auto& set) {
            using Element = decltype(element);
            at::parallel_for(0, images, 1, [&](int64_t begin, int64_t end) {
                std::vector<float> scratch(5 * channels);
                for (int64_t n = begin; n < end; n++) {
                    const Element* from = data_of<Element>(x) + n * image;
                    if (low)
                        set.group_norm_low(
                            from, pixels, channels, norm, means + n * groups, rstds + n * groups, scratch.data(),
                            data_of<Element>(y) + n * image);
                    else
                        set.group_norm(
                            from, pixels, channels, norm, means + n * groups, rstds + n * groups, scratch.data(),
                            data_of<float>(y) + n * image);
                }
            });
        });
        context->save_for_backward({x, w, b, statistics});
        context->saved_data["groups"] = groups;
        context->saved_data["epsilon"] = epsilon;
        context->saved_data["silu"] = silu;
        context->saved_data["low"] = low;
        return y;
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor &x = saved[0], &weight = saved[1], &bias = saved[2], &statistics = saved[3];
        const bool low = context->saved_data["low"].toBool();
        const int64_t groups = context->saved_data["groups"].toInt();
        const GroupNorm norm =
            norm_of(weight, bias, groups, context->saved_data["epsilon"].toDouble(), context->saved_data["silu"].toBool());
        const int64_t images = x.size(0), channels = x.size(1), pixels = x.size(2) * x.size(3), image = pixels * channels;
        const at::Tensor seed = gradients[0].to(low ? x.scalar_type() : at::kFloat).contiguous(at::MemoryFormat::ChannelsLast),
                         dx = at::empty_like(x);
        const float *means = data_of<float>(statistics), *rstds = means + images * groups;
        at::Tensor sums;
        with_kernels(x, [&](auto element, const auto& set) {
            using Element = decltype(element);
            sums = sum_over_images(images, {2, channels}, weight.options(), [&](int64_t n, float* sum) {
                std::vector<float> scratch(5 * channels);
                const Element* from = data_of<Element>(x) + n * image;
                Element* to = data_of<Element>(dx) + n * image;
                const float *mean = means + n * groups, *rstd = rstds + n * groups;
                if (low)
                    set.group_norm_low_gradient(
                        from, data_of<Element>(seed) + n * image, pixels, channels, norm, mean, rstd, scratch.data(), to, sum,
                        sum + channels);
                else
                    set.group_norm_gradient(
                        from, data_of<float>(seed) + n * image, pixels, channels, norm, mean, rstd, scratch.data(), to, sum,
                        sum + channels);
            });
        });
        return {dx, sums[1], sums[0], {}, {}, {}, {}};
    }
};

}  // namespace

bool can_group_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    return is_map(x) && weight.scalar_type() == at::kFloat && bias.scalar_type() == at::kFloat;
}

at::Tensor group_norm(
    const at::Tensor& x, int64_t groups, const at::Tensor& weight, const at::Tensor& bias, double epsilon, bool silu, bool low) {
    return Norm::apply(x, weight, bias, groups, epsilon, silu, low);
}

}  // namespace moga::norms
