// Losses, computed in float32 whatever autocast did before; each is a mean and a scalar.
#include "common.h"
#include "layouts.h"

using namespace moga;

// logits (N, C), targets int64 (N).
MOGA_API int32_t moga_cross_entropy(Handle logits, Handle targets, double smoothing, Handle* result) {
    return guarded([&] {
        *result = own(at::cross_entropy_loss(
            wide(ref(logits)), ref(targets), Optional<at::Tensor>(), at::Reduction::Mean, /*ignore_index=*/-100, smoothing));
    });
}

// logits (N, C, h, w), targets int64 (N, H, W), in whose size the logits are brought (bilinear, by the outer corners). The mean over all
// pixels; those that are ignored count as 0.
MOGA_API int32_t moga_pixel_cross_entropy(Handle logits, Handle targets, int64_t ignored, Handle* result) {
    return guarded([&] {
        const at::Tensor& t = ref(targets);
        if (t.dim() != 3) throw std::invalid_argument("the targets are not (N, H, W)");
        at::Tensor x = wide(ref(logits));
        if (x.size(2) != t.size(1) || x.size(3) != t.size(2)) 
            x = at::upsample_bilinear2d(x, {t.size(1), t.size(2)}, /*align_corners=*/false);
        const at::Tensor sum = at::nll_loss2d(at::log_softmax(x, 1), t, Optional<at::Tensor>(), at::Reduction::Sum, ignored);
        *result = own(sum.div(static_cast<double>(t.numel())));
    });
}

// logits (N, C), targets (N, C) as shares that add up to 1.
MOGA_API int32_t moga_soft_cross_entropy(Handle logits, Handle targets, Handle* result) {
    return guarded([&] {
        const at::Tensor x = wide(ref(logits));
        if (x.sizes() != ref(targets).sizes()) throw std::invalid_argument("logits and soft targets have different shapes");
        *result = own((ref(targets).to(x.scalar_type()).neg() * at::log_softmax(x, -1)).sum(-1).mean());
    });
}

// logits (N, C), targets int64 (N) or shares (N, C). With a threshold (not below 0) targets become 1 above it and 0 else.
MOGA_API int32_t moga_binary_cross_entropy(Handle logits, Handle targets, double smoothing, double threshold, Handle* result) {
    return guarded([&] {
        const at::Tensor x = wide(ref(logits));
        at::Tensor t = ref(targets);
        if (t.dim() == 1) {
            const double off = smoothing / x.size(1);
            t = at::full_like(x, off).scatter_(1, t.to(at::kLong).view({-1, 1}), 1 - smoothing + off);
        }
        if (x.sizes() != t.sizes()) throw std::invalid_argument("logits and targets have different shapes");
        t = threshold < 0 ? t.to(x.scalar_type()) : t.gt(threshold).to(x.scalar_type());
        *result = own(at::binary_cross_entropy_with_logits(x, t));
    });
}

MOGA_API int32_t moga_mean_squared_error(Handle x, Handle target, Handle* result) {
    return guarded([&] {
        if (ref(x).sizes() != ref(target).sizes()) throw std::invalid_argument("prediction and target have different shapes");
        const at::Tensor prediction = wide(ref(x));
        *result = own(at::mse_loss(prediction, ref(target).to(prediction.scalar_type())));
    });
}
