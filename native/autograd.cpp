// Gradients: who has them, computing, scaling, clipping.
#include "common.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/variable.h>

#include <cmath>

using namespace moga;

namespace {

// The gradients that exist among parameters.
std::vector<at::Tensor> gradients(const Handle* parameters, int64_t count) {
    std::vector<at::Tensor> found;
    for (int64_t i = 0; i < count; i++)
        if (ref(parameters[i]).grad().defined()) found.push_back(ref(parameters[i]).grad());
    return found;
}

// One number per gradient, on the first one's device; ord 2 or infinity.
at::Tensor norms(const std::vector<at::Tensor>& found, double ord) {
    std::vector<at::Tensor> each;
    if (ord == 2) {
        each = at::_foreach_norm(found, 2);
    } else {
        for (const at::Tensor& gradient : found) each.push_back(gradient.numel() == 0 ? gradient.sum() : gradient.abs().max());
    }
    for (at::Tensor& norm : each) norm = norm.to(each[0].device(), at::kFloat);
    return at::stack(each);
}

}  // namespace

MOGA_API int32_t moga_set_grad_enabled(int32_t enabled, int32_t* before) {
    return guarded([&] {
        *before = c10::GradMode::is_enabled();
        c10::GradMode::set_enabled(enabled != 0);
    });
}

MOGA_API int32_t moga_set_requires_grad(Handle handle, int32_t required) {
    return guarded([&] { ref(handle).requires_grad_(required != 0); });
}

MOGA_API int32_t moga_requires_grad(Handle handle, int32_t* required) {
    return guarded([&] { *required = ref(handle).requires_grad(); });
}

MOGA_API int32_t moga_detach(Handle handle, Handle* result) {
    return guarded([&] { *result = own(ref(handle).detach()); });
}

// Null when there is none.
MOGA_API int32_t moga_grad(Handle handle, Handle* result) {
    return guarded([&] {
        const at::Tensor& gradient = ref(handle).grad();
        *result = gradient.defined() ? own(gradient) : nullptr;
    });
}

// Adds the gradients of some tensors with respect to all leaves into those leaves. A null gradient stands for 1.
MOGA_API int32_t moga_backward(const Handle* tensors, const Handle* seeds, int64_t count, int32_t keep_graph) {
    return guarded([&] {
        torch::autograd::variable_list roots = list(tensors, count), gradients;
        for (int64_t i = 0; i < count; i++) gradients.push_back(seeds == nullptr || seeds[i] == nullptr ? at::Tensor() : *seeds[i]);
        torch::autograd::backward(roots, gradients, keep_graph != 0);
    });
}

// Frees the gradients, or sets those that exist to zero.
MOGA_API int32_t moga_zero_grad(const Handle* parameters, int64_t count, int32_t keep_memory) {
    return guarded([&] {
        at::NoGradGuard guard;
        for (int64_t i = 0; i < count; i++) {
            at::Tensor& gradient = ref(parameters[i]).mutable_grad();
            if (!gradient.defined()) continue;
            if (keep_memory) gradient.detach_().zero_();
            else gradient.reset();
        }
    });
}

// The 2-norm of all gradients together. Gradients are multiplied by limit / (norm + 1e-6) where that is below 1; a limit
// below 0 only measures. As torch.nn.utils.clip_grad_norm_.
MOGA_API int32_t moga_clip_grad_norm(const Handle* parameters, int64_t count, double limit, double* norm) {
    return guarded([&] {
        at::NoGradGuard guard;
        const std::vector<at::Tensor> found = gradients(parameters, count);
        *norm = 0;
        if (found.empty()) return;
        const float total = norms(found, 2).norm().item<float>();
        *norm = total;
        const float share = static_cast<float>(limit) / (total + 1e-6f);
        if (limit >= 0 && !(share >= 1)) at::_foreach_mul_(found, share);
    });
}

MOGA_API int32_t moga_clip_grad_value(const Handle* parameters, int64_t count, double limit) {
    return guarded([&] {
        at::NoGradGuard guard;
        for (at::Tensor& gradient : gradients(parameters, count)) gradient.clamp_(-limit, limit);
    });
}

// Multiplies the gradients and says whether all of them are finite afterwards.
MOGA_API int32_t moga_scale_grad(const Handle* parameters, int64_t count, double factor, int32_t* finite) {
    return guarded([&] {
        at::NoGradGuard guard;
        const std::vector<at::Tensor> found = gradients(parameters, count);
        *finite = 1;
        if (found.empty()) return;
        if (factor != 1) at::_foreach_mul_(found, factor);
        *finite = at::isfinite(norms(found, INFINITY)).all().item().toBool();
    });
}
