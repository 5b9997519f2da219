#include "activations.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include "dispatch.h"

namespace moga::activations {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// How many elements a thread takes at least.
constexpr int64_t grain = 16384;

struct Gelu {
    static constexpr auto value = [](const auto& set) { return set.gelu; };
    static constexpr auto gradient = [](const auto& set) { return set.gelu_gradient; };
};

struct Silu {
    static constexpr auto value = [](const auto& set) { return set.silu; };
    static constexpr auto gradient = [](const auto& set) { return set.silu_gradient; };
};

template <class Choice>
struct PointWise : torch::autograd::Function<PointWise<Choice>> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& x) {
        context->save_for_backward({x});
        at::Tensor y = at::empty_like(x);
        kernels::with_kernels(x, [&](auto element, const auto& set) {
            using Element = decltype(element);
            const Element* from = kernels::data_of<Element>(x);
            Element* to = kernels::data_of<Element>(y);
            at::parallel_for(
                0, x.numel(), grain, [&](int64_t begin, int64_t end) { Choice::value(set)(from + begin, end - begin, to + begin); });
        });
        return y;
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        const at::Tensor x = context->get_saved_variables()[0];
        at::Tensor dy = gradients[0], dx = at::empty_like(x);
        if (dy.scalar_type() != x.scalar_type() || dy.strides() != dx.strides()) dy = at::empty_like(x).copy_(dy);
        kernels::with_kernels(x, [&](auto element, const auto& set) {
            using Element = decltype(element);
            const Element *from = kernels::data_of<Element>(x), *seed = kernels::data_of<Element>(dy);
            Element* to = kernels::data_of<Element>(dx);
            at::parallel_for(0, x.numel(), grain, [&](int64_t begin, int64_t end) {
                Choice::gradient(set)(from + begin, seed + begin, end - begin, to + begin);
            });
        });
        return {dx};
    }
};

}  // namespace

bool fits(const at::Tensor& x) { return kernels::takes(x) && x.is_non_overlapping_and_dense() && x.numel() > 0; }

at::Tensor gelu(const at::Tensor& x) { return PointWise<Gelu>::apply(x); }

at::Tensor silu(const at::Tensor& x) { return PointWise<Silu>::apply(x); }

}  // namespace moga::activations
