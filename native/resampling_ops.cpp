// Resizing, windows and grids of pixels, transposed convolutions, regions.
#include "common.h"
#include "layouts.h"
#include "roi_align.h"

using namespace moga;

namespace {

// Autocast's rule for the CPU: means of pixels are taken in float32. CUDA has them in every type.
at::Tensor summable(const at::Tensor& x) { return x.is_cpu() ? wide(x) : x; }

}  // namespace

// To the rows and columns of another map, or of the map itself for null, times a factor.
MOGA_API int32_t moga_resize(Handle x, Handle like, int64_t factor, int32_t method, int32_t align_corners, Handle* result) {
    return guarded([&] {
        const at::Tensor& size = like == nullptr ? ref(x) : ref(like);
        const int64_t sides[] = {size.size(2) * factor, size.size(3) * factor};
        const bool nearest = static_cast<Interpolation>(method) == Interpolation::Nearest;
        *result = own(nearest ? at::upsample_nearest2d(ref(x), sides)
                              : at::upsample_bilinear2d(summable(ref(x)), sides, align_corners != 0));
    });
}

// Pixels outside of the map do not count.
MOGA_API int32_t moga_max_pool(Handle x, int64_t kernel, int64_t stride, int64_t padding, Handle* result) {
    return guarded([&] { *result = own(at::max_pool2d(ref(x), {kernel, kernel}, {stride, stride}, {padding, padding})); });
}

MOGA_API int32_t moga_adaptive_average_pool(Handle x, int64_t size, Handle* result) {
    return guarded([&] { *result = own(at::adaptive_avg_pool2d(summable(ref(x)), {size, size})); });
}

namespace {

// A transposed convolution as a plain one over the pixels set apart. On a CPU libtorch multiplies matrices by the system's BLAS for the
// former, many times as slowly, and in bfloat16 (1.13) its gradient takes the weights for those of a plain convolution.
at::Tensor spread_conv(const at::Tensor& x, const at::Tensor& weight, const Optional<at::Tensor>& bias, int64_t stride, int64_t padding) {
    at::Tensor apart = x;
    if (stride > 1) {
        apart = at::zeros({x.size(0), x.size(1), (x.size(2) - 1) * stride + 1, (x.size(3) - 1) * stride + 1}, x.options());
        if (is_channels_last(x)) apart = apart.contiguous(at::MemoryFormat::ChannelsLast);
        apart.slice(2, 0, apart.size(2), stride).slice(3, 0, apart.size(3), stride).copy_(x);
    }
    const int64_t edge = weight.size(2) - 1 - padding;
    return at::conv2d(apart, weight.flip({2, 3}).transpose(0, 1), bias, 1, edge);
}

} // namespace

MOGA_API int32_t moga_conv_transpose2d(
    Handle x, Handle weight, Handle bias, int64_t stride, int64_t padding, int32_t precision, Handle* result) {
    return guarded([&] {
        const at::Tensor input = cast(ref(x), precision), filter = cast(ref(weight), precision);
        const Optional<at::Tensor> added = cast(bias, precision);
        *result = own(
            input.is_cpu() && padding < filter.size(2)
                ? spread_conv(input, filter, added, stride, padding)
                : at::conv_transpose2d(input, filter, added, {stride, stride}, {padding, padding}));
    });
}

// The maps first, then the regions. As in torchvision, autocast computes it in float32.
MOGA_API int32_t moga_roi_align(
    const Handle* inputs, int64_t count, int64_t size, int64_t stride, double finest_scale, Handle* result) {
    return guarded([&] {
        std::vector<at::Tensor> maps = list(inputs, count - 1);
        for (at::Tensor& map : maps) map = wide(map);
        *result = own(regions::align(maps, ref(inputs[count - 1]), {size, stride, finest_scale}));
    });
}
