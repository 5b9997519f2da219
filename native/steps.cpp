#include "steps.h"

#include <torch/csrc/autograd/custom_function.h>

#include "dispatch.h"

namespace moga::steps {

namespace {

using namespace moga::kernels;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Least number of elements for a thread.
constexpr int64_t grain = 16384;

at::Tensor like(const at::Tensor& gradient, const at::Tensor& x) {
    return gradient.to(x.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
}

struct Decompose : torch::autograd::Function<Decompose> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& y, const at::Tensor& scale) {
        const int64_t images = y.size(0), channels = y.size(1), pixels = y.size(2) * y.size(3), image = pixels * channels;
        const at::Tensor s = arranged(scale.reshape({1, -1}), y), means = at::empty({images, channels}, s.options()),
                         result = at::empty_like(y);
        with_kernels(y, [&](auto element, const auto& set) {
            using Element = decltype(element);
            at::parallel_for(0, images, 1, [&](int64_t begin, int64_t end) {
                for (int64_t n = begin; n < end; n++)
                    set.decompose_image(
                        data_of<Element>(y) + n * image, pixels, channels, data_of<float>(s), data_of<float>(means) + n * channels,
                        data_of<Element>(result) + n * image);
            });
        });
        context->save_for_backward({y, scale, means});
        return result;
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor &y = saved[0], &scale = saved[1], &means = saved[2];
        const int64_t images = y.size(0), channels = y.size(1), pixels = y.size(2) * y.size(3), image = pixels * channels;
        const at::Tensor s = arranged(scale.reshape({1, -1}), y), seed = like(gradients[0], y), dy = at::empty_like(y);
        at::Tensor ds;
        with_kernels(y, [&](auto element, const auto& set) {
            using Element = decltype(element);
            ds = sum_over_images(images, {channels}, s.options(), [&](int64_t n, float* sum) {
                set.decompose_image_gradient(
                    data_of<Element>(y) + n * image, data_of<Element>(seed) + n * image, pixels, channels, data_of<float>(s),
                    data_of<float>(means) + n * channels, data_of<Element>(dy) + n * image, sum);
            });
        });
        return {dy, arranged(ds.view({1, -1}), y, /*back=*/true).view(scale.sizes())};
    }
};

struct Gate : torch::autograd::Function<Gate> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& a, const at::Tensor& b) {
        context->save_for_backward({a, b});
        const at::Tensor y = at::empty_like(a);
        with_kernels(a, [&](auto element, const auto& set) {
            using Element = decltype(element);
            at::parallel_for(0, a.numel(), grain, [&](int64_t begin, int64_t end) {
                set.gate(data_of<Element>(a) + begin, data_of<Element>(b) + begin, end - begin, data_of<Element>(y) + begin);
            });
        });
        return y;
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor &a = saved[0], &b = saved[1], seed = like(gradients[0], a), da = at::empty_like(a), db = at::empty_like(b);
        with_kernels(a, [&](auto element, const auto& set) {
            using Element = decltype(element);
            at::parallel_for(0, a.numel(), grain, [&](int64_t begin, int64_t end) {
                set.gate_gradient(
                    data_of<Element>(a) + begin, data_of<Element>(b) + begin, data_of<Element>(seed) + begin, end - begin,
                    data_of<Element>(da) + begin, data_of<Element>(db) + begin);
            });
        });
        return {da, db};
    }
};

struct AddBranch : torch::autograd::Function<AddBranch> {
    static at::Tensor forward(
        AutogradContext* context, const at::Tensor& x, const at::Tensor& y, const at::Tensor& scale, const at::Tensor& keep) {
        const int64_t images = y.size(0), channels = y.size(1), pixels = y.size(2) * y.size(3), image = pixels * channels;
        context->save_for_backward({y, scale, keep});
        const at::Tensor s = scale.contiguous(), result = at::empty_like(x);
        with_kernels(y, [&](auto element, const auto& set) {
            using Element = decltype(element);
            at::parallel_for(0, images, 1, [&](int64_t begin, int64_t end) {
                for (int64_t n = begin; n < end; n++)
                    set.add_branch(
                        data_of<float>(x) + n * image, data_of<Element>(y) + n * image, pixels, channels, data_of<float>(s),
                        data_of<float>(keep)[n], data_of<float>(result) + n * image);
            });
        });
        return result;
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor &y = saved[0], &scale = saved[1], &keep = saved[2];
        const int64_t images = y.size(0), channels = y.size(1), pixels = y.size(2) * y.size(3), image = pixels * channels;
        const at::Tensor s = scale.contiguous(), seed = gradients[0].contiguous(at::MemoryFormat::ChannelsLast), dy = at::empty_like(y);
        at::Tensor ds;
        with_kernels(y, [&](auto element, const auto& set) {
            using Element = decltype(element);
            ds = sum_over_images(images, {channels}, s.options(), [&](int64_t n, float* sum) {
                set.add_branch_gradient(
                    data_of<float>(seed) + n * image, data_of<Element>(y) + n * image, pixels, channels, data_of<float>(s),
                    data_of<float>(keep)[n], data_of<Element>(dy) + n * image, sum);
            });
        });
        return {seed, dy, ds.view(scale.sizes()), {}};
    }
};

}  // namespace

bool can_decompose(const at::Tensor& y, const at::Tensor& scale) { return is_map(y) && scale.scalar_type() == at::kFloat; }

at::Tensor decompose(const at::Tensor& y, const at::Tensor& scale) { return Decompose::apply(y, scale); }

bool can_gate(const at::Tensor& a, const at::Tensor& b) {
    return is_map(a) && is_map(b) && a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes();
}

at::Tensor gate(const at::Tensor& a, const at::Tensor& b) { return Gate::apply(a, b); }

bool can_add_branch(const at::Tensor& x, const at::Tensor& y, const at::Tensor& scale) {
    return is_map(x) && is_map(y) && x.scalar_type() == at::kFloat && scale.scalar_type() == at::kFloat && x.sizes() == y.sizes();
}

at::Tensor add_branch(const at::Tensor& x, const at::Tensor& y, const at::Tensor& scale, const at::Tensor& keep) {
    return AddBranch::apply(x, y, scale, keep.defined() ? keep : at::ones({y.size(0)}, scale.options()));
}

}  // namespace moga::steps
