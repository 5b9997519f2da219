// Depthwise convolutions with stride 1 on channels-last maps, which libtorch's own kernels compute at a small share of the machine's rate when
// maps are small and kernels dilated.
//
// Layout: pixels of C floats next to each other; steps between pixels, rows and images are the caller's, so slices of channels are read in place.
// Taps are (k k, C). Tile: one pixel by up to 64 channels in four vectors of 16 floats (four zmm; smaller machines take what the compiler makes of
// them). Each tap costs two loads and one multiply-add per vector; taps outside of the map are skipped, which for 7x7 with dilation 3 on a 4x4 map leaves 4
// of 49. Tail rule: channels beyond a multiple of 16 go by 4, the last ones alone.
// The gradient of the weights runs over the pixels of a row for each tap, with the tap's sums in registers. Images are shared out in a fixed number of
// parts that are added in order, so any number of threads gives the same bits.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace moga::depthwise {

struct Map {
    const float* data;
    int64_t image, row, pixel;  // steps in floats
    int64_t height, width;
};

struct Window {
    int64_t kernel, dilation, padding;
};

struct Kernels {
    // Row y of image n of the result (pixels of `channels` floats without gaps); bias may be null.
    void (*row)(const Map& x, const float* taps, const float* bias, const Window& window, int64_t channels, int64_t n, int64_t y, float* result, int64_t result_width);
    // Adds to sums (k k, channels) what row y of image n of the result's gradient says about the taps.
    void (*row_of_taps)(const Map& x, const Map& gradient, const Window& window, int64_t channels, int64_t n, int64_t y, float* sums);
};

const Kernels& baseline();
#if defined(__x86_64__)
const Kernels& avx2();
const Kernels& avx512();
#endif

#ifdef MOGA_DEPTHWISE_SET

namespace {

template <int Width>
struct Vector {
    typedef float Type __attribute__((vector_size(Width * sizeof(float))));
    static Type load(const float* from) {
        Type value;
        std::memcpy(&value, from, sizeof value);
        return value;
    }
    static void store(float* to, Type value) { std::memcpy(to, &value, sizeof value); }
};

template <>
struct Vector<1> {
    typedef float Type;
    static Type load(const float* from) { return *from; }
    static void store(float* to, Type value) { *to = value; }
};

inline int64_t first_tap(int64_t at, const Window& w) { return at >= w.padding ? 0 : (w.padding - at + w.dilation - 1) / w.dilation; }

inline int64_t end_of_taps(int64_t at, int64_t side, const Window& w) {
    const int64_t last = side - 1 - at + w.padding;
    return last < 0 ? 0 : std::min(w.kernel, last / w.dilation + 1);
}

// Calls body(width, count, channel) for runs of count vectors of a width that together cover all channels.
template <class Body>
inline void each_run(int64_t channels, Body&& body) {
    int64_t c = 0;
    for (; channels - c >= 64; c += 64) body.template operator()<16, 4>(c);
    switch ((channels - c) / 16) {
        case 3: body.template operator()<16, 3>(c); c += 48; break;
        case 2: body.template operator()<16, 2>(c); c += 32; break;
        case 1: body.template operator()<16, 1>(c); c += 16; break;
        default: break;
    }
    switch ((channels - c) / 4) {
        case 3: body.template operator()<4, 3>(c); c += 12; break;
        case 2: body.template operator()<4, 2>(c); c += 8; break;
        case 1: body.template operator()<4, 1>(c); c += 4; break;
        default: break;
    }
    for (; c < channels; c++) body.template operator()<1, 1>(c);
}

struct RowBody {
    const Map& x;
    const float *taps, *bias;
    const Window& w;
    int64_t channels, n, y, result_width;
    float* result;

    template <int Width, int Count>
    void operator()(int64_t c) const {
        using V = Vector<Width>;
        const int64_t top = first_tap(y, w), bottom = end_of_taps(y, x.height, w);
        for (int64_t px = 0; px < result_width; px++) {
            const int64_t left = first_tap(px, w), right = end_of_taps(px, x.width, w);
            typename V::Type sum[Count];
            for (int i = 0; i < Count; i++) sum[i] = bias == nullptr ? typename V::Type{} : V::load(bias + c + i * Width);
            for (int64_t ky = top; ky < bottom; ky++) {
                const float* from = x.data + n * x.image + (y - w.padding + ky * w.dilation) * x.row + (px - w.padding + left * w.dilation) * x.pixel + c;
                const float* tap = taps + (ky * w.kernel + left) * channels + c;
                for (int64_t kx = left; kx < right; kx++) {
                    for (int i = 0; i < Count; i++) sum[i] += V::load(from + i * Width) * V::load(tap + i * Width);
                    from += w.dilation * x.pixel;
                    tap += channels;
                }
            }
            for (int i = 0; i < Count; i++) V::store(result + px * channels + c + i * Width, sum[i]);
        }
    }
};

struct TapsBody {
    const Map &x, &gradient;
    const Window& w;
    int64_t channels, n, y;
    float* sums;

    template <int Width, int Count>
    void operator()(int64_t c) const {
        using V = Vector<Width>;
        const int64_t top = first_tap(y, w), bottom = end_of_taps(y, x.height, w);
        const float* row = gradient.data + n * gradient.image + y * gradient.row + c;
        for (int64_t ky = top; ky < bottom; ky++) {
            const float* source = x.data + n * x.image + (y - w.padding + ky * w.dilation) * x.row + c;
            for (int64_t kx = 0; kx < w.kernel; kx++) {
                // Result pixel px meets map pixel px + shift.
                const int64_t shift = kx * w.dilation - w.padding, begin = std::max<int64_t>(0, -shift), end = std::min(gradient.width, x.width - shift);
                if (begin >= end) continue;
                float* to = sums + (ky * w.kernel + kx) * channels + c;
                typename V::Type sum[Count];
                for (int i = 0; i < Count; i++) sum[i] = V::load(to + i * Width);
                const float *a = row + begin * gradient.pixel, *b = source + (begin + shift) * x.pixel;
                for (int64_t px = begin; px < end; px++, a += gradient.pixel, b += x.pixel)
                    for (int i = 0; i < Count; i++) sum[i] += V::load(a + i * Width) * V::load(b + i * Width);
                for (int i = 0; i < Count; i++) V::store(to + i * Width, sum[i]);
            }
        }
    }
};

void row(const Map& x, const float* taps, const float* bias, const Window& w, int64_t channels, int64_t n, int64_t y, float* result, int64_t result_width) {
    each_run(channels, RowBody{x, taps, bias, w, channels, n, y, result_width, result});
}

void row_of_taps(const Map& x, const Map& gradient, const Window& w, int64_t channels, int64_t n, int64_t y, float* sums) {
    each_run(channels, TapsBody{x, gradient, w, channels, n, y, sums});
}

}  // namespace

const Kernels& MOGA_DEPTHWISE_SET() {
    static const Kernels kernels{row, row_of_taps};
    return kernels;
}

#endif

}  // namespace moga::depthwise
