// Depthwise convolutions with stride 1 on channels-last maps, which libtorch's own kernels compute at a small share of the machine's rate
// when maps are small and kernels dilated.
//
// Layout: pixels of C elements, float or bfloat16, next to each other; steps between pixels, rows and images are the caller's, so slices of
// channels are read in place. Taps are (k k, C), floats, as all sums are, arranged for bfloat16 (vectors.h). Tile: one pixel by up to 64
// channels in four vectors of 16 floats (four zmm; smaller machines take what the compiler makes of them). Each tap costs two loads and one
// multiply-add per vector; taps outside of the map are skipped, which for 7x7 with dilation 3 on a 4x4 map leaves 4 of 49. Tail rule:
// channels beyond a multiple of 16 go by 4, the last ones alone. The gradient of weights and bias runs over the pixels of a row, with the
// sums of a row of taps (3, 5 or 7, elsewhere of one tap) in registers. Images are shared out in a fixed number of parts that are added in
// order, so any number of threads gives the same bits.
#pragma once

#include <algorithm>
#include <type_traits>

#include "kernels.h"
#include "vectors.h"

namespace moga::kernels {

namespace {

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

// The pixels of a row of `width` results all of whose taps lie within the map's row.
struct Inner {
    int64_t begin, end;

    Inner(int64_t map_width, int64_t width, const Window& w)
        : begin(std::min(w.padding, width)), end(std::max(begin, std::min(width, map_width + w.padding - (w.kernel - 1) * w.dilation))) {}
};

// Kernel: k, or 0 for one that is not known beforehand.
template <int Kernel, class Element>
struct RowBody {
    const Map<Element>& x;
    const float *taps, *bias;
    const Window& w;
    int64_t channels, n, y, result_width;
    Element* result;

    // Everything that the loops need stands in locals: the compiler must think that stores change what lies behind references.
    template <int Width, int Count>
    void operator()(int64_t c) const {
        using R = Run<Width, Count>;
        const Window window = w;
        const int64_t kernel = Kernel > 0 ? Kernel : window.kernel, top = first_tap(y, window), bottom = end_of_taps(y, x.height, window),
                      map_width = x.width;
        const int64_t row_step = window.dilation * x.row, step = window.dilation * x.pixel, pixel_step = x.pixel, stride = channels,
                      width = result_width;
        const Element* const map = x.data + n * x.image + (y - window.padding + top * window.dilation) * x.row + c;
        const float *const first = taps + top * kernel * stride + c, *const shift = bias == nullptr ? nullptr : bias + c;
        Element* const to = result + c;
        const auto pixel = [=](int64_t px, int64_t left, int64_t right) __attribute__((always_inline)) {
            typename R::Type sum[Count] = {}, values[Count], weights[Count];
            if (shift != nullptr) R::load(shift, sum);
            const Element* row = map + (px - window.padding) * pixel_step + left * step;
            const float* row_of_taps = first + left * stride;
            for (int64_t ky = top; ky < bottom; ky++, row += row_step, row_of_taps += kernel * stride) {
                const Element* from = row;
                const float* tap = row_of_taps;
                for (int64_t kx = left; kx < right; kx++, from += step, tap += stride) {
                    R::load(from, values);
                    R::load(tap, weights);
                    for (int i = 0; i < Count; i++) sum[i] += values[i] * weights[i];
                }
            }
            R::store(to + px * stride, sum);
        };
        const Inner inner(map_width, width, window);
        for (int64_t px = 0; px < inner.begin; px++) pixel(px, first_tap(px, window), end_of_taps(px, map_width, window));
        for (int64_t px = inner.begin; px < inner.end; px++) pixel(px, 0, kernel);
        for (int64_t px = inner.end; px < width; px++) pixel(px, first_tap(px, window), end_of_taps(px, map_width, window));
    }
};

template <int Kernel, class Element>
struct TapsBody {
    const Map<Element>&x, &gradient;
    const Window& w;
    int64_t channels, n, y;
    float* sums;

    template <int Width, int Count>
    void operator()(int64_t c) const {
        using R = Run<Width, Count>;
        const int64_t kernel = Kernel > 0 ? Kernel : w.kernel, top = first_tap(y, w), bottom = end_of_taps(y, x.height, w);
        const Element* row = gradient.data + n * gradient.image + y * gradient.row + c;
        const Inner inner(x.width, gradient.width, w);
        add<Width, Count>(sums + kernel * kernel * channels + c, [&](auto& sum) {
            typename R::Type seed[Count];
            for (int64_t px = 0; px < gradient.width; px++) {
                R::load(row + px * gradient.pixel, seed);
                for (int i = 0; i < Count; i++) sum[i] += seed[i];
            }
        });
        for (int64_t ky = top; ky < bottom; ky++) {
            const Element* source = x.data + n * x.image + (y - w.padding + ky * w.dilation) * x.row + c;
            float* to = sums + ky * kernel * channels + c;
            for (int64_t kx = 0; kx < kernel; kx++) {
                // Result pixel px meets map pixel px + shift.
                const int64_t shift = kx * w.dilation - w.padding, begin = std::max<int64_t>(0, -shift),
                              end = std::min(gradient.width, x.width - shift);
                const int64_t first = Kernel > 0 ? std::min(inner.begin, end) : end, second = Kernel > 0 ? std::max(inner.end, begin) : end;
                if (begin >= first && second >= end) continue;
                add<Width, Count>(to + kx * channels, [&](auto& sum) {
                    products<Width, Count>(row, source, begin, first, shift, sum);
                    products<Width, Count>(row, source, second, end, shift, sum);
                });
            }
            if constexpr (Kernel > 0) {
                // All taps of the row at once, with each gradient loaded once; at most 24 sums fit in registers.
                constexpr int group = Kernel * Count > 24 ? Count / 2 : Count;
                for (int64_t i = 0; i < Count && inner.begin < inner.end; i += group)
                    all_taps<Width, group>(row + i * Width, source + i * Width, inner, to + i * Width);
            }
        }
    }

    template <int Width, int Count, class Body>
    [[gnu::always_inline]] static void add(float* to, Body&& body) {
        typename Vector<Width>::Type sum[Count];
        Run<Width, Count>::load(to, sum);
        body(sum);
        Run<Width, Count>::store(to, sum);
    }

    template <int Width, int Count>
    [[gnu::always_inline]] void products(
        const Element* row, const Element* source, int64_t begin, int64_t end, int64_t shift,
        typename Vector<Width>::Type (&sum)[Count]) const {
        typename Vector<Width>::Type seed[Count], values[Count];
        for (int64_t px = begin; px < end; px++) {
            Run<Width, Count>::load(row + px * gradient.pixel, seed);
            Run<Width, Count>::load(source + (px + shift) * x.pixel, values);
            for (int i = 0; i < Count; i++) sum[i] += seed[i] * values[i];
        }
    }

    template <int Width, int Count>
    void all_taps(const Element* row, const Element* source, const Inner& inner, float* to) const {
        using R = Run<Width, Count>;
        typename R::Type sum[Kernel][Count], seed[Count], values[Count];
        for (int kx = 0; kx < Kernel; kx++) R::load(to + kx * channels, sum[kx]);
        for (int64_t px = inner.begin; px < inner.end; px++) {
            R::load(row + px * gradient.pixel, seed);
            const Element* from = source + (px - w.padding) * x.pixel;
            for (int kx = 0; kx < Kernel; kx++, from += w.dilation * x.pixel) {
                R::load(from, values);
                for (int i = 0; i < Count; i++) sum[kx][i] += seed[i] * values[i];
            }
        }
        for (int kx = 0; kx < Kernel; kx++) R::store(to + kx * channels, sum[kx]);
    }
};

// Calls body(k) with the kernel's side as a constant where it is one of the usual ones.
template <class Body>
inline void with_kernel(const Window& w, Body&& body) {
    switch (w.kernel) {
        case 3: return body(std::integral_constant<int, 3>{});
        case 5: return body(std::integral_constant<int, 5>{});
        case 7: return body(std::integral_constant<int, 7>{});
        default: return body(std::integral_constant<int, 0>{});
    }
}

template <class Element>
void row(
    const Map<Element>& x, const float* taps, const float* bias, const Window& w, int64_t channels, int64_t n, int64_t y, Element* result,
    int64_t result_width) {
    with_kernel(w, [&](auto kernel) {
        each_run(channels, RowBody<kernel(), Element>{x, taps, bias, w, channels, n, y, result_width, result});
    });
}

template <class Element>
void row_of_taps(
    const Map<Element>& x, const Map<Element>& gradient, const Window& w, int64_t channels, int64_t n, int64_t y, float* sums) {
    with_kernel(w, [&](auto kernel) { each_run(channels, TapsBody<kernel(), Element>{x, gradient, w, channels, n, y, sums}); });
}

}  // namespace

}  // namespace moga::kernels
