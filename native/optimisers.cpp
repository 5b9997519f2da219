// One call per step over all parameters. Parameters without a gradient are left alone and their step is not counted, as
// PyTorch does. lr and weight_decay have one entry per parameter, so groups need no calls of their own.
#include "common.h"

#include <cmath>

using namespace moga;

namespace {

// The parameters that have gradients, with what belongs to them.
struct Active {
    std::vector<int64_t> index;
    std::vector<at::Tensor> parameters, gradients;

    Active(const Handle* handles, int64_t count) {
        for (int64_t i = 0; i < count; i++) {
            at::Tensor& parameter = ref(handles[i]);
            if (!parameter.grad().defined()) continue;
            index.push_back(i);
            parameters.push_back(parameter);
            gradients.push_back(parameter.grad());
        }
    }

    // What is stepped together: on a CPU one parameter at a time, which stays in the cache from one operation to the next.
    std::vector<Active> parts() const {
        if (index.empty()) return {};
        if (!parameters[0].is_cpu()) return {*this};
        std::vector<Active> single(index.size());
        for (size_t k = 0; k < index.size(); k++) {
            single[k].index = {index[k]};
            single[k].parameters = {parameters[k]};
            single[k].gradients = {gradients[k]};
        }
        return single;
    }

    Active() = default;

    std::vector<at::Tensor> pick(const Handle* handles) const {
        std::vector<at::Tensor> picked;
        for (int64_t i : index) picked.push_back(ref(handles[i]));
        return picked;
    }

    template <class Value>
    std::vector<at::Scalar> scalars(Value value) const {
        std::vector<at::Scalar> values;
        for (int64_t i : index) values.emplace_back(static_cast<double>(value(i)));
        return values;
    }

    // gradient + weight decay * parameter, without changing the gradients that belong to the caller.
    void add_decay(const double* weight_decay) {
        bool any = false;
        for (int64_t i : index) any = any || weight_decay[i] != 0;
        if (!any) return;
        std::vector<at::Tensor> decay = at::_foreach_mul(parameters, scalars([&](int64_t i) { return weight_decay[i]; }));
        at::_foreach_add_(decay, gradients);
        gradients = decay;
    }
};

}  // namespace

// Adam's moments after one more gradient: the first ones, and the square roots of the second ones without their bias, plus epsilon.
static std::pair<std::vector<at::Tensor>, std::vector<at::Tensor>> advance_moments(
    Active& active, const Handle* first, const Handle* second, int64_t* steps, double beta1, double beta2, double epsilon) {
    std::vector<at::Tensor> m = active.pick(first), v = active.pick(second);
    at::_foreach_mul_(m, beta1);
    at::_foreach_add_(m, active.gradients, 1 - beta1);
    at::_foreach_mul_(v, beta2);
    at::_foreach_addcmul_(v, active.gradients, active.gradients, 1 - beta2);
    for (int64_t i : active.index) steps[i]++;
    std::vector<at::Tensor> denominators = at::_foreach_sqrt(v);
    at::_foreach_div_(denominators, active.scalars([&](int64_t i) { return std::sqrt(1 - std::pow(beta2, steps[i])); }));
    at::_foreach_add_(denominators, epsilon);
    return {std::move(m), std::move(denominators)};
}

// torch.optim.AdamW (decoupled) or Adam.
MOGA_API int32_t moga_adam_step(
    const Handle* handles, const Handle* first, const Handle* second, int64_t* steps, int64_t count,
    const double* lr, const double* weight_decay, double beta1, double beta2, double epsilon, int32_t decoupled) {
    return guarded([&] {
        at::NoGradGuard guard;
        std::vector<Active> parts = Active(handles, count).parts();
        for (Active& active : parts) {
            if (decoupled) at::_foreach_mul_(active.parameters, active.scalars([&](int64_t i) { return 1 - lr[i] * weight_decay[i]; }));
            else active.add_decay(weight_decay);
            const auto [m, denominators] = advance_moments(active, first, second, steps, beta1, beta2, epsilon);
            at::_foreach_addcdiv_(
                active.parameters, m, denominators, active.scalars([&](int64_t i) { return -lr[i] / (1 - std::pow(beta1, steps[i])); }));
        }
    });
}

// torch.optim.SGD. A parameter's first step sets its momentum to the gradient.
MOGA_API int32_t moga_sgd_step(
    const Handle* handles, const Handle* momenta, int64_t* steps, int64_t count,
    const double* lr, const double* weight_decay, double momentum, double dampening, int32_t nesterov) {
    return guarded([&] {
        at::NoGradGuard guard;
        Active active(handles, count);
        if (active.index.empty()) return;
        active.add_decay(weight_decay);
        std::vector<at::Tensor> direction = active.gradients;
        if (momentum != 0) {
            const std::vector<at::Tensor> buffers = active.pick(momenta);
            for (size_t k = 0; k < buffers.size(); k++) {
                if (steps[active.index[k]] == 0) buffers[k].copy_(active.gradients[k]);
                else buffers[k].mul_(momentum).add_(active.gradients[k], 1 - dampening);
            }
            direction = nesterov ? at::_foreach_add(active.gradients, buffers, momentum) : buffers;
        }
        for (int64_t i : active.index) steps[i]++;
        at::_foreach_add_(active.parameters, at::_foreach_mul(direction, active.scalars([&](int64_t i) { return -lr[i]; })));
    });
}

// timm 0.6's Lamb: the gradients together have at most the norm max_norm, and a decayed parameter's step is as long as the parameter.
MOGA_API int32_t moga_lamb_step(
    const Handle* handles, const Handle* first, const Handle* second, int64_t* steps, int64_t count,
    const double* lr, const double* weight_decay, double beta1, double beta2, double epsilon, double max_norm) {
    return guarded([&] {
        at::NoGradGuard guard;
        Active active(handles, count);
        if (active.index.empty()) return;
        const double norm = at::stack(at::_foreach_norm(active.gradients)).norm().item<double>();
        if (norm > max_norm) active.gradients = at::_foreach_div(active.gradients, norm / max_norm);
        const auto [m, denominators] = advance_moments(active, first, second, steps, beta1, beta2, epsilon);
        std::vector<at::Tensor> updates = at::_foreach_div(m, active.scalars([&](int64_t i) { return 1 - std::pow(beta1, steps[i]); }));
        at::_foreach_div_(updates, denominators);
        at::_foreach_add_(updates, at::_foreach_mul(active.parameters, active.scalars([&](int64_t i) { return weight_decay[i]; })));
        for (size_t k = 0; k < updates.size(); k++) {
            if (weight_decay[active.index[k]] == 0) continue;
            const at::Tensor weight = active.parameters[k].norm(), step = updates[k].norm();
            updates[k].mul_(at::where((weight > 0).logical_and(step > 0), weight / step, at::ones_like(weight)));
        }
        at::_foreach_add_(active.parameters, at::_foreach_mul(updates, active.scalars([&](int64_t i) { return -lr[i]; })));
    });
}

// average = decay * average + (1 - decay) * source; integers are copied. With decay 0 everything is copied.
MOGA_API int32_t moga_average(const Handle* averages, const Handle* sources, int64_t count, double decay) {
    return guarded([&] {
        at::NoGradGuard guard;
        std::vector<at::Tensor> targets, values;
        for (int64_t i = 0; i < count; i++) {
            if (ref(averages[i]).sizes() != ref(sources[i]).sizes())
                throw std::invalid_argument("an average and its source have different shapes");
            if (decay == 0 || !ref(averages[i]).is_floating_point()) {
                ref(averages[i]).copy_(ref(sources[i]), /*non_blocking=*/true);
            } else {
                targets.push_back(ref(averages[i]));
                values.push_back(ref(sources[i]));
            }
        }
        if (targets.empty()) return;
        at::_foreach_mul_(targets, decay);
        at::_foreach_add_(targets, values, 1 - decay);
    });
}
