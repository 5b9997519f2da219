// The channel decomposition of MogaNet's aggregation block, y = h + s (h - GELU(w . h + b)) with one product for each pixel, and its
// gradients, each in one pass over memory instead of eight and seventeen.
//
// Layout: pixels of C elements next to each other, C a multiple of 16. Tile: 16 pixels, whose products become one vector for GELU; then 32
// channels by the tile's pixels, with the sums over pixels of ds and dw in four registers. The tile is read twice, the second time from the
// first-level cache (C up to 768 floats). Tail rule: the last tile has fewer pixels; its unused lanes hold zeros. Cost per vector: 3
// instructions forward, 8 back.
#pragma once

#include <type_traits>

#include "activation_kernels.h"

namespace moga::kernels {

namespace {

constexpr int64_t tile = 16;

// Calls body.operator()<Count>(c) for pairs of vectors and, last, a single one.
template <class Body>
inline void each_sixteen(int64_t channels, Body&& body) {
    int64_t c = 0;
    for (; c + 32 <= channels; c += 32) body(std::integral_constant<int, 2>{}, c);
    if (c < channels) body(std::integral_constant<int, 1>{}, c);
}

// sum over c of a_c b_c, in an order of its own.
template <class Element>
inline float dot(const Element* a, const float* b, int64_t channels) {
    Floats sums[2] = {};
    each_sixteen(channels, [&](auto count, int64_t c) {
        using R = Run<16, count()>;
        Floats x[count()], y[count()];
        R::load(a + c, x);
        R::load(b + c, y);
        for (int i = 0; i < count(); i++) sums[i] += x[i] * y[i];
    });
    const Floats sum = sums[0] + sums[1];
    float halves[8];
    for (int i = 0; i < 8; i++) halves[i] = sum[i] + sum[i + 8];
    for (int i = 0; i < 4; i++) halves[i] += halves[i + 4];
    return halves[0] + halves[2] + (halves[1] + halves[3]);
}

template <class Element>
void decompose(const Element* h, int64_t pixels, int64_t channels, const float* w, float b, const float* s, float* products, Element* y) {
    for (int64_t first = 0; first < pixels; first += tile) {
        const int64_t pixel_count = pixels - first < tile ? pixels - first : tile;
        float z[tile] = {}, g[tile];
        for (int64_t p = 0; p < pixel_count; p++) products[first + p] = z[p] = dot(h + (first + p) * channels, w, channels) + b;
        Simd::store(g, Gelu::value(Simd::load(z)));
        for (int64_t p = 0; p < pixel_count; p++) {
            const Element* from = h + (first + p) * channels;
            Element* to = y + (first + p) * channels;
            each_sixteen(channels, [&](auto count, int64_t c) {
                using R = Run<16, count()>;
                Floats x[count()], scale[count()];
                R::load(from + c, x);
                R::load(s + c, scale);
                for (int i = 0; i < count(); i++) x[i] += scale[i] * (x[i] - g[p]);
                R::store(to + c, x);
            });
        }
    }
}

template <class Element>
void decompose_gradient(
    const Element* h, const Element* dy, const float* products, int64_t pixels, int64_t channels, const float* w, const float* s,
    Element* dh, float* ds, float* dw, float* db) {
    for (int64_t first = 0; first < pixels; first += tile) {
        const int64_t pixel_count = pixels - first < tile ? pixels - first : tile;
        float z[tile] = {}, t[tile] = {}, g[tile], dz[tile];
        for (int64_t p = 0; p < pixel_count; p++) {
            z[p] = products[first + p];
            t[p] = dot(dy + (first + p) * channels, s, channels);
        }
        Simd::store(g, Gelu::value(Simd::load(z)));
        Simd::store(dz, -Simd::load(t) * Gelu::slope(Simd::load(z)));
        for (int64_t p = 0; p < pixel_count; p++) *db += dz[p];
        each_sixteen(channels, [&](auto count, int64_t c) {
            using R = Run<16, count()>;
            Floats scale[count()], weight[count()], of_scale[count()], of_weight[count()], x[count()], seed[count()];
            R::load(s + c, scale);
            R::load(w + c, weight);
            R::load(ds + c, of_scale);
            R::load(dw + c, of_weight);
            for (int64_t p = 0; p < pixel_count; p++) {
                const int64_t at = (first + p) * channels + c;
                R::load(h + at, x);
                R::load(dy + at, seed);
                for (int i = 0; i < count(); i++) {
                    of_scale[i] += seed[i] * (x[i] - g[p]);
                    of_weight[i] += x[i] * dz[p];
                    seed[i] += seed[i] * scale[i] + weight[i] * dz[p];
                }
                R::store(dh + at, seed);
            }
            R::store(ds + c, of_scale);
            R::store(dw + c, of_weight);
        });
    }
}

}  // namespace

}  // namespace moga::kernels
