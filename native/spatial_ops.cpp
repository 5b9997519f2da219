// Pooling, permutations of pixels, channels and frames, circular convolutions and Fourier transforms.
#include "common.h"
#include "layouts.h"

using namespace moga;

namespace {

// A kernel or an embedding that is stored for one size, for another: linear, corners aligned.
at::Tensor resized(const at::Tensor& x, int64_t height, int64_t width) {
    return x.size(2) == height && x.size(3) == width ? x : at::upsample_bilinear2d(x, {height, width}, /*align_corners=*/true);
}

// The same along the axis that the stored numbers have: 0 height, 1 width.
at::Tensor resized_along(const at::Tensor& x, int32_t axis, const at::Tensor& map) {
    return axis == 0 ? resized(x, map.size(2), 1) : resized(x, 1, map.size(3));
}

}  // namespace

// Pixels outside of the map do not count.
MOGA_API int32_t moga_average_pool(Handle x, int64_t kernel, Handle* result) {
    return guarded([&] {
        *result = own(at::avg_pool2d(
            ref(x), {kernel, kernel}, {1, 1}, {kernel / 2, kernel / 2}, /*ceil_mode=*/false, /*count_include_pad=*/false));
    });
}

MOGA_API int32_t moga_pixel_shuffle(Handle x, int64_t factor, Handle* result) {
    return guarded([&] { *result = own(at::pixel_shuffle(ref(x), factor)); });
}

// (N, C, H, W) to (N, 4 C, H / 2, W / 2), the pixels (0, 0), (1, 0), (0, 1), (1, 1) of each block one after the other.
MOGA_API int32_t moga_patch_merge(Handle x, Handle* result) {
    return guarded([&] {
        const at::Tensor map = rows(ref(x));
        const int64_t images = map.size(0), height = map.size(1) / 2, width = map.size(2) / 2, channels = map.size(3);
        *result = own(unrows(map.view({images, height, 2, width, 2, channels}).permute({0, 1, 3, 4, 2, 5}).reshape({images, height, width, 4 * channels})));
    });
}

MOGA_API int32_t moga_channel_shuffle(Handle x, int64_t groups, Handle* result) {
    return guarded([&] {
        const at::Tensor& map = ref(x);
        *result = own(in_layout(map, [&](const at::Tensor& y, int64_t channels) {
            return y.unflatten(channels, {groups, map.size(1) / groups}).transpose(channels, channels + 1).flatten(channels, channels + 1);
        }));
    });
}

// Weight (C, 1, size, 1) or (C, 1, 1, size), for another size than the map's resized; bias may be null.
MOGA_API int32_t moga_circular_conv(Handle x, Handle weight, Handle bias, int32_t axis, int32_t precision, Handle* result) {
    return guarded([&] {
        const at::Tensor map = cast(ref(x), precision);
        const int64_t dimension = 2 + axis;
        const at::Tensor around = at::cat({map, map.narrow(dimension, 0, map.size(dimension) - 1)}, dimension);
        *result = own(at::conv2d(
            around, cast(resized_along(ref(weight), axis, map), precision), cast(bias, precision), at::IntArrayRef{1, 1}, at::IntArrayRef{0, 0},
            at::IntArrayRef{1, 1}, map.size(1)));
    });
}

// Embedding (1, C, size, 1) or (1, C, 1, size), for another size than the map's resized.
MOGA_API int32_t moga_position_embedding(Handle x, Handle embedding, int32_t axis, Handle* result) {
    return guarded([&] { *result = own(ref(x).add(resized_along(ref(embedding), axis, ref(x)))); });
}

// (N, C, H, W) to (N, 2 C, H, W / 2 + 1), real parts first. Autocast computes it in float32.
MOGA_API int32_t moga_real_fft(Handle x, Handle* result) {
    return guarded([&] {
        const at::Tensor spectrum = at::fft_rfft2(wide(ref(x)), at::OptionalIntArrayRef(), {-2, -1}, "ortho");
        *result = own(at::cat({at::real(spectrum), at::imag(spectrum)}, 1));
    });
}

// The map says how many rows and columns there are.
MOGA_API int32_t moga_inverse_real_fft(Handle x, Handle map, Handle* result) {
    return guarded([&] {
        const std::vector<at::Tensor> parts = wide(ref(x)).chunk(2, 1);
        const std::vector<int64_t> size{ref(map).size(2), ref(map).size(3)};
        *result = own(at::fft_irfft2(at::complex(parts[0], parts[1]), at::OptionalIntArrayRef(size), {-2, -1}, "ortho"));
    });
}

// A spectrum (N, 2 C, H, W) times a filter (C, h, w, 2), which is resized.
MOGA_API int32_t moga_spectral_filter(Handle x, Handle filter, Handle* result) {
    return guarded([&] {
        const at::Tensor spectrum = wide(ref(x));
        const std::vector<at::Tensor> parts = spectrum.chunk(2, 1);
        const at::Tensor weight = resized(ref(filter).permute({3, 0, 1, 2}), spectrum.size(2), spectrum.size(3));
        const at::Tensor real = weight.select(0, 0), imaginary = weight.select(0, 1);
        *result = own(at::cat({parts[0].mul(real).sub(parts[1].mul(imaginary)), parts[0].mul(imaginary).add(parts[1].mul(real))}, 1));
    });
}

// (N, T, C, H, W) to (N T, C, H, W).
MOGA_API int32_t moga_clip_to_frames(Handle x, Handle* result) {
    return guarded([&] { *result = own(ref(x).flatten(0, 1)); });
}

// (N frames, C, H, W) to (N, frames, C, H, W).
MOGA_API int32_t moga_frames_to_clip(Handle x, int64_t frames, Handle* result) {
    return guarded([&] { *result = own(ref(x).unflatten(0, {-1, frames})); });
}

// (N frames, C, H, W) to (N, frames C, H, W).
MOGA_API int32_t moga_frames_to_channels(Handle x, int64_t frames, Handle* result) {
    return guarded([&] {
        *result = own(in_layout(ref(x), [&](const at::Tensor& y, int64_t channels) {
            return y.unflatten(0, {-1, frames}).movedim(1, channels).flatten(channels, channels + 1);
        }));
    });
}

// (N, frames C, H, W) to (N frames, C, H, W).
MOGA_API int32_t moga_channels_to_frames(Handle x, int64_t frames, Handle* result) {
    return guarded([&] {
        *result = own(in_layout(ref(x), [&](const at::Tensor& y, int64_t channels) {
            return y.unflatten(channels, {frames, -1}).movedim(channels, 1).flatten(0, 1);
        }));
    });
}
