// Batch norm with the statistics of all ranks' batches: what one process would compute on all images together.
#include "distributed.h"

#ifdef MOGA_C10D
#include <torch/csrc/autograd/custom_function.h>
#endif

using namespace moga;

#ifdef MOGA_C10D

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using Processes = c10::intrusive_ptr<c10d::ProcessGroup>;

// A number per channel against (N, C, H, W).
at::Tensor wide(const at::Tensor& channels, const at::Tensor& x) {
    return channels.to(x.scalar_type()).view({1, -1, 1, 1});
}

// No part of the gradients.
struct Running {
    at::Tensor mean, variance;
};

struct SyncBatchNorm : torch::autograd::Function<SyncBatchNorm> {
    static at::Tensor forward(
        AutogradContext* context, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const Running& running,
        double momentum, double epsilon, const Processes& processes) {
        // Half precision holds no sums.
        const at::Tensor input = x.scalar_type() == at::kHalf || x.scalar_type() == at::kBFloat16 ? x.to(at::kFloat) : x;
        const int64_t channels = input.size(1);
        const double mine = static_cast<double>(input.numel() / channels);
        auto [variance, mean] = at::var_mean(input, {0, 2, 3}, /*unbiased=*/false);
        at::Tensor count = at::full({1}, mine, input.options().dtype(at::kDouble));
        const at::Tensor all = gather(processes, at::cat({mean.to(at::kDouble), variance.to(at::kDouble), count}));
        // Means and variances of parts give those of the whole.
        const at::Tensor means = all.narrow(1, 0, channels), variances = all.narrow(1, channels, channels),
                         counts = all.narrow(1, 2 * channels, 1);
        const at::Tensor total = counts.sum();
        mean = (means * counts).sum(0) / total;
        variance = ((variances + (means - mean).square()) * counts).sum(0) / total;
        if (running.mean.defined()) {
            const at::Tensor unbiased = variance * (total / (total - 1));
            running.mean.mul_(1 - momentum).add_(mean.to(running.mean.scalar_type()), momentum);
            running.variance.mul_(1 - momentum).add_(unbiased.to(running.variance.scalar_type()), momentum);
        }
        mean = mean.to(input.scalar_type());
        variance = variance.to(input.scalar_type());
        // With given statistics the library's own kernel does the rest in one pass.
        at::Tensor y = at::batch_norm(input, weight, bias, mean, variance, /*training=*/false, 0, epsilon, /*cudnn_enabled=*/false);
        context->save_for_backward({x, weight, mean, (variance + epsilon).rsqrt(), total});
        context->saved_data["processes"] = c10::IValue::make_capsule(processes);
        return y.to(x.scalar_type());
    }

    // As of y = (x - m) s w + b with m and s functions of all x: two sums per channel over all ranks. The gradients of weight and
    // bias are this rank's share; they are added up with those of the other parameters.
    static variable_list backward(AutogradContext* context, variable_list gradients) {
        const variable_list saved = context->get_saved_variables();
        const auto processes = c10::static_intrusive_pointer_cast<c10d::ProcessGroup>(context->saved_data["processes"].toCapsule());
        const at::Tensor &weight = saved[1], &mean = saved[2], &inverse = saved[3];
        const at::Tensor x = saved[0].to(mean.scalar_type()), dy = gradients[0].to(mean.scalar_type());
        const at::Tensor centred = x - wide(mean, x);
        at::Tensor sum_dy = dy.sum({0, 2, 3}), sum_product = (dy * centred).sum({0, 2, 3});
        at::Tensor dx, dweight, dbias;
        if (context->needs_input_grad(1)) dweight = (sum_product * inverse).to(weight.scalar_type());
        if (context->needs_input_grad(2)) dbias = sum_dy.to(weight.scalar_type());
        at::Tensor sums = at::cat({sum_dy.to(at::kDouble), sum_product.to(at::kDouble)});
        sum(processes, sums);
        sums.div_(saved[4]);
        const int64_t channels = x.size(1);
        const at::Tensor scale = inverse * weight.to(inverse.scalar_type());
        const at::Tensor slope = sums.narrow(0, channels, channels) * inverse.to(at::kDouble).square();
        dx = dy - wide(sums.narrow(0, 0, channels), x);
        dx.sub_(centred * wide(slope, x)).mul_(wide(scale, x));
        return {dx.to(saved[0].scalar_type()), dweight, dbias, {}, {}, {}, {}};
    }
};

}  // namespace

#endif

// Batch norm of the batches of all ranks, whose sizes may differ. Running statistics may be null.
MOGA_API int32_t moga_sync_batch_norm(
    Group* group, Handle x, Handle weight, Handle bias, Handle running_mean, Handle running_var, double momentum, double epsilon,
    Handle* result) {
    return guarded([&] {
#ifdef MOGA_C10D
        const auto optional = [](Handle handle) { return handle == nullptr ? at::Tensor() : *handle; };
        const Running running{optional(running_mean), optional(running_var)};
        *result =
            own(SyncBatchNorm::apply(moga::ref(x), moga::ref(weight), moga::ref(bias), running, momentum, epsilon, ref(group).processes));
#else
        (void)group, (void)x, (void)weight, (void)bias, (void)running_mean, (void)running_var, (void)momentum, (void)epsilon, (void)result;
        without_c10d();
#endif
    });
}
