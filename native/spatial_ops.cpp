// Pooling, permutations of pixels, channels and frames, circular convolutions and Fourier transforms.
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include "common.h"
#include "layouts.h"

using namespace moga;

namespace {

// A kernel or an embedding that is stored for one size, for another: linear, corners aligned.
at::Tensor resized(const at::Tensor& x, int64_t height, int64_t width) {
    return x.size(2) == height && x.size(3) == width ? x : at::upsample_bilinear2d(x, {height, width}, /*align_corners=*/true);
}

// The same along the axis that the stored numbers have.
at::Tensor resized_along(const at::Tensor& x, int32_t axis, const at::Tensor& map) {
    return static_cast<Axis>(axis) == Axis::Height ? resized(x, map.size(2), 1) : resized(x, 1, map.size(3));
}

// Pixels of C r r elements as blocks of r r pixels of C, or back; from and to are channels last, (H, W) the extents before.
template <class Element>
void shuffle_into(const Element* from, int64_t images, int64_t height, int64_t width, int64_t channels, int64_t r, bool back, Element* to) {
    at::parallel_for(0, images * height, 1, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; row++)
            for (int64_t x = 0; x < width; x++)
                for (int64_t i = 0; i < r; i++)
                    for (int64_t j = 0; j < r; j++) {
                        const int64_t together = (row * width + x) * channels * r * r + i * r + j,
                                      apart = ((row * r + i) * width * r + x * r + j) * channels;
                        if (back)
                            for (int64_t c = 0; c < channels; c++) to[together + c * r * r] = from[apart + c];
                        else
                            for (int64_t c = 0; c < channels; c++) to[apart + c] = from[together + c * r * r];
                    }
    });
}

// libtorch's pixel shuffle gives maps that are not channels last, whatever it is given.
struct Shuffle : torch::autograd::Function<Shuffle> {
    static at::Tensor shuffled(const at::Tensor& x, int64_t r, bool back) {
        const int64_t images = x.size(0), height = back ? x.size(2) / r : x.size(2), width = back ? x.size(3) / r : x.size(3),
                      channels = back ? x.size(1) : x.size(1) / (r * r);
        const at::Tensor y = back ? at::empty({images, channels * r * r, height, width}, x.options(), at::MemoryFormat::ChannelsLast)
                                  : at::empty({images, channels, height * r, width * r}, x.options(), at::MemoryFormat::ChannelsLast);
        const auto of = [&](auto element) {
            using Element = decltype(element);
            shuffle_into(
                static_cast<const Element*>(x.data_ptr()), images, height, width, channels, r, back, static_cast<Element*>(y.data_ptr()));
        };
        if (x.element_size() == 2)
            of(uint16_t{});
        else
            of(uint32_t{});
        return y;
    }

    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, int64_t r) {
        context->saved_data["r"] = r;
        return shuffled(x, r, false);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
        return {shuffled(gradients[0].contiguous(at::MemoryFormat::ChannelsLast), context->saved_data["r"].toInt(), true), {}};
    }
};

bool can_shuffle(const at::Tensor& x) {
    return x.device().is_cpu() && is_channels_last(x) && (x.element_size() == 2 || x.element_size() == 4) && x.numel() > 0;
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
    return guarded([&] { *result = own(can_shuffle(ref(x)) ? Shuffle::apply(*x, factor) : at::pixel_shuffle(*x, factor)); });
}

// (N, C, H, W) to (N, 4 C, H / 2, W / 2), the pixels (0, 0), (1, 0), (0, 1), (1, 1) of each block one after the other.
MOGA_API int32_t moga_patch_merge(Handle x, Handle* result) {
    return guarded([&] {
        const at::Tensor map = rows(ref(x));
        const int64_t images = map.size(0), height = map.size(1) / 2, width = map.size(2) / 2, channels = map.size(3);
        *result = own(unrows(
            map.view({images, height, 2, width, 2, channels}).permute({0, 1, 3, 4, 2, 5}).reshape({images, height, width, 4 * channels})));
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
        const int64_t dimension = static_cast<Axis>(axis) == Axis::Height ? 2 : 3;
        const at::Tensor around = at::cat({map, map.narrow(dimension, 0, map.size(dimension) - 1)}, dimension);
        *result = own(at::conv2d(
            around, cast(resized_along(ref(weight), axis, map), precision), cast(bias, precision), at::IntArrayRef{1, 1},
            at::IntArrayRef{0, 0}, at::IntArrayRef{1, 1}, map.size(1)));
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

// (N, T, C, H, W) to (N T, C, H, W), channels last or as they stand. Frames of one channel are both at once; their strides then say which.
MOGA_API int32_t moga_clip_to_frames(Handle x, int32_t channels_last, Handle* result) {
    return guarded([&] {
        const at::Tensor frames = ref(x).flatten(0, 1);
        if (channels_last == 0)
            *result = own(frames);
        else if (frames.size(1) == 1)
            *result = own(frames.contiguous().as_strided(frames.sizes(), {frames.size(2) * frames.size(3), 1, frames.size(3), 1}));
        else
            *result = own(frames.contiguous(at::MemoryFormat::ChannelsLast));
    });
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

// (N, C, H, W) to (N, C H W), whatever the layout in memory.
MOGA_API int32_t moga_flatten(Handle x, Handle* result) {
    return guarded([&] { *result = own(ref(x).flatten(1)); });
}
