// The channel decomposition of MogaNet's aggregation block, y = h + s (h - GELU(w . h + b)) with one product for each pixel, and its gradients, each in one
// pass over memory instead of eight and seventeen.
//
// Layout: pixels of C elements next to each other, C a multiple of 16. Tile: 16 pixels, whose products become one vector for GELU; then 16 channels by
// the tile's pixels, with the sums over pixels of ds and dw in two registers. The tile is read twice, the second time from the first-level cache (C up to
// 768 floats). Tail rule: the last tile has fewer pixels; its unused lanes hold zeros. Cost per vector: 3 instructions forward, 8 back.
#pragma once

#include "activation_kernels.h"

namespace moga::kernels {

namespace {

constexpr int64_t tile = 16;

// sum over c of a_c b_c, in an order of its own.
template <class Element>
inline float dot(const Element* a, const float* b, int64_t channels) {
    Floats sums[2] = {};
    int64_t c = 0;
    for (; c + 32 <= channels; c += 32) {
        sums[0] += Simd::load(a + c) * Simd::load(b + c);
        sums[1] += Simd::load(a + c + 16) * Simd::load(b + c + 16);
    }
    if (c < channels) sums[0] += Simd::load(a + c) * Simd::load(b + c);
    const Floats sum = sums[0] + sums[1];
    float halves[8];
    for (int i = 0; i < 8; i++) halves[i] = sum[i] + sum[i + 8];
    for (int i = 0; i < 4; i++) halves[i] += halves[i + 4];
    return halves[0] + halves[2] + (halves[1] + halves[3]);
}

template <class Element>
void decompose(const Element* h, int64_t pixels, int64_t channels, const float* w, float b, const float* s, float* products, Element* y) {
    for (int64_t first = 0; first < pixels; first += tile) {
        const int64_t count = pixels - first < tile ? pixels - first : tile;
        float z[tile] = {}, g[tile];
        for (int64_t p = 0; p < count; p++) products[first + p] = z[p] = dot(h + (first + p) * channels, w, channels) + b;
        Simd::store(g, Gelu::value(Simd::load(z)));
        for (int64_t p = 0; p < count; p++) {
            const Element* from = h + (first + p) * channels;
            Element* to = y + (first + p) * channels;
            for (int64_t c = 0; c < channels; c += 16) {
                const Floats x = Simd::load(from + c);
                Simd::store(to + c, x + Simd::load(s + c) * (x - g[p]));
            }
        }
    }
}

template <class Element>
void decompose_gradient(
    const Element* h, const Element* dy, const float* products, int64_t pixels, int64_t channels, const float* w, const float* s, Element* dh, float* ds, float* dw, float* db) {
    for (int64_t first = 0; first < pixels; first += tile) {
        const int64_t count = pixels - first < tile ? pixels - first : tile;
        float z[tile] = {}, t[tile] = {}, g[tile], dz[tile];
        for (int64_t p = 0; p < count; p++) {
            z[p] = products[first + p];
            t[p] = dot(dy + (first + p) * channels, s, channels);
        }
        Simd::store(g, Gelu::value(Simd::load(z)));
        Simd::store(dz, -Simd::load(t) * Gelu::slope(Simd::load(z)));
        for (int64_t p = 0; p < count; p++) *db += dz[p];
        for (int64_t c = 0; c < channels; c += 16) {
            const Floats scale = Simd::load(s + c) + 1.f, weight = Simd::load(w + c);
            Floats of_scale = Simd::load(ds + c), of_weight = Simd::load(dw + c);
            for (int64_t p = 0; p < count; p++) {
                const int64_t at = (first + p) * channels + c;
                const Floats x = Simd::load(h + at), seed = Simd::load(dy + at);
                of_scale += seed * (x - g[p]);
                of_weight += x * dz[p];
                Simd::store(dh + at, seed * scale + weight * dz[p]);
            }
            Simd::store(ds + c, of_scale);
            Simd::store(dw + c, of_weight);
        }
    }
}

}  // namespace

}  // namespace moga::kernels
