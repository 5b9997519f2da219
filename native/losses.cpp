// Losses, computed in float32 whatever autocast did before; each is a scalar, and a mean where nothing else is said.
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

// The sum of absolute differences, which are squared below beta (and joined smoothly).
MOGA_API int32_t moga_smooth_l1(Handle x, Handle target, double beta, Handle* result) {
    return guarded([&] {
        if (ref(x).sizes() != ref(target).sizes()) throw std::invalid_argument("prediction and target have different shapes");
        const at::Tensor prediction = wide(ref(x)), goal = ref(target).to(prediction.scalar_type());
        *result = own(
            beta > 0 ? at::smooth_l1_loss(prediction, goal, at::Reduction::Sum, beta) : at::l1_loss(prediction, goal, at::Reduction::Sum));
    });
}

// logits (N, A * classes, H, W), labels int64 (N, A, H, W): a class, the number of classes for background, -1 for what does not count.
// The sum over all pairs of an anchor and a class.
MOGA_API int32_t moga_focal(Handle logits, Handle labels, double alpha, double gamma, Handle* result) {
    return guarded([&] {
        const at::Tensor& t = ref(labels);
        at::Tensor x = wide(ref(logits));
        if (t.dim() != 4 || x.dim() != 4 || t.size(1) == 0 || x.size(1) % t.size(1) != 0)
            throw std::invalid_argument("logits and labels are not those of the same anchors");
        const int64_t classes = x.size(1) / t.size(1);
        x = x.reshape({t.size(0), t.size(1), classes, t.size(2), t.size(3)});
        const at::Tensor numbers = at::arange(classes, t.options()).view({1, 1, classes, 1, 1});
        const at::Tensor hit = t.unsqueeze(2).eq(numbers).to(x.scalar_type());
        const at::Tensor counts = t.ge(0).to(x.scalar_type()).unsqueeze(2);
        const at::Tensor p = x.sigmoid();
        const at::Tensor miss = (1 - p) * hit + p * (1 - hit);
        const at::Tensor weight = (hit * (2 * alpha - 1) + (1 - alpha)) * miss.pow(gamma) * counts;
        const at::Tensor entropy = at::binary_cross_entropy_with_logits(
            x, hit, Optional<at::Tensor>(), Optional<at::Tensor>(), at::Reduction::None);
        *result = own((entropy * weight).sum());
    });
}

// deltas, boxes and truths (n, 4); where the deltas lead from the boxes is compared with the truths: the sum of 1 - GIoU.
MOGA_API int32_t moga_generalized_iou(Handle deltas, Handle boxes, Handle truths, const double* deviations, double growth, Handle* result) {
    return guarded([&] {
        if (ref(deltas).sizes() != ref(boxes).sizes() || ref(boxes).sizes() != ref(truths).sizes() || ref(boxes).size(-1) != 4)
            throw std::invalid_argument("deltas, boxes and truths are not as many times four numbers");
        const double least = 1e-6;
        const at::Tensor d = wide(ref(deltas));
        const at::Tensor b = ref(boxes).to(d.scalar_type()), t = ref(truths).to(d.scalar_type());
        const auto part = [](const at::Tensor& x, int64_t at) { return x.narrow(-1, at, 2); };
        const at::Tensor scale = at::tensor(at::ArrayRef<double>(deviations, 4), d.options());
        const at::Tensor moved = d * scale;
        const at::Tensor side = part(b, 2) - part(b, 0);
        const at::Tensor center = (part(b, 0) + part(b, 2)) * 0.5 + side * part(moved, 0);
        const at::Tensor half = side * part(moved, 2).clamp(-growth, growth).exp() * 0.5;
        const at::Tensor low = center - half, high = center + half;
        const auto area = [](const at::Tensor& sides) { return sides.select(-1, 0) * sides.select(-1, 1); };
        const at::Tensor common = area((at::min(high, part(t, 2)) - at::max(low, part(t, 0))).clamp_min(0));
        const at::Tensor all = (area(high - low) + area(part(t, 2) - part(t, 0)) - common).clamp_min(least);
        const at::Tensor around = area((at::max(high, part(t, 2)) - at::min(low, part(t, 0))).clamp_min(0)).clamp_min(least);
        *result = own((1 - common / all + (around - all) / around).sum());
    });
}
