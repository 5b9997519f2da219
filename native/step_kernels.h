// Three pieces of MogaNet's blocks, each in one pass over memory forward and one back: the decomposition y + s (y - mean of y) of the
// spatial aggregation, the product SiLU(a) SiLU(b) of its gate and context, and a block's residual x + keep s y, with a layer scale and a
// share that drop path keeps.
//
// Layout: pixels of C elements next to each other, C a multiple of 16. The decomposition goes image by image, 32 channels by all pixels,
// twice (the second time from the cache), with the sums over pixels in registers. The residual's stream x is float32 whatever the branch y
// is, so its channels keep their own order. Tail rule: a last run of 16 channels; the product's last elements go by way of a copy. Cost per
// vector: 2 to 8 instructions, the product 30 and its gradient 50: memory is the bound of all but these.
#pragma once

#include "decompose_kernels.h"

namespace moga::kernels {

namespace {

template <class Element>
void decompose_image(const Element* y, int64_t pixels, int64_t channels, const float* s, float* means, Element* result) {
    each_sixteen(channels, [&](auto count, int64_t c) {
        using R = Run<16, count()>;
        Floats x[count()], scale[count()], mean[count()] = {};
        R::load(s + c, scale);
        for (int64_t p = 0; p < pixels; p++) {
            R::load(y + p * channels + c, x);
            for (int i = 0; i < count(); i++) mean[i] += x[i];
        }
        for (int i = 0; i < count(); i++) mean[i] *= 1.f / pixels;
        R::store(means + c, mean);
        for (int64_t p = 0; p < pixels; p++) {
            R::load(y + p * channels + c, x);
            for (int i = 0; i < count(); i++) x[i] += scale[i] * (x[i] - mean[i]);
            R::store(result + p * channels + c, x);
        }
    });
}

template <class Element>
void decompose_image_gradient(
    const Element* y, const Element* dresult, int64_t pixels, int64_t channels, const float* s, const float* means, Element* dy,
    float* ds) {
    each_sixteen(channels, [&](auto count, int64_t c) {
        using R = Run<16, count()>;
        Floats x[count()], seed[count()], scale[count()], mean[count()], of_scale[count()], sum[count()] = {};
        R::load(s + c, scale);
        R::load(means + c, mean);
        R::load(ds + c, of_scale);
        for (int64_t p = 0; p < pixels; p++) {
            R::load(y + p * channels + c, x);
            R::load(dresult + p * channels + c, seed);
            for (int i = 0; i < count(); i++) {
                of_scale[i] += seed[i] * (x[i] - mean[i]);
                sum[i] += seed[i];
            }
        }
        R::store(ds + c, of_scale);
        for (int i = 0; i < count(); i++) sum[i] *= scale[i] * (1.f / pixels);
        for (int64_t p = 0; p < pixels; p++) {
            R::load(dresult + p * channels + c, seed);
            for (int i = 0; i < count(); i++) seed[i] += seed[i] * scale[i] - sum[i];
            R::store(dy + p * channels + c, seed);
        }
    });
}

template <class Element>
void gate(const Element* a, const Element* b, int64_t count, Element* y) {
    each_pair(count, {a, b}, {y}, [](const auto& in, const auto& out) {
        Floats left[2], right[2];
        Run<16, 2>::load(in[0], left);
        Run<16, 2>::load(in[1], right);
        for (int i = 0; i < 2; i++) left[i] = Silu::value(left[i]) * Silu::value(right[i]);
        Run<16, 2>::store(out[0], left);
    });
}

template <class Element>
void gate_gradient(const Element* a, const Element* b, const Element* dy, int64_t count, Element* da, Element* db) {
    each_pair(count, {a, b, dy}, {da, db}, [](const auto& in, const auto& out) {
        Floats left[2], right[2], seed[2];
        Run<16, 2>::load(in[0], left);
        Run<16, 2>::load(in[1], right);
        Run<16, 2>::load(in[2], seed);
        for (int i = 0; i < 2; i++) {
            const Floats of_left = seed[i] * Silu::value(right[i]) * Silu::slope(left[i]);
            right[i] = seed[i] * Silu::value(left[i]) * Silu::slope(right[i]);
            left[i] = of_left;
        }
        Run<16, 2>::store(out[0], left);
        Run<16, 2>::store(out[1], right);
    });
}

template <class Element>
void add_branch(const float* x, const Element* y, int64_t pixels, int64_t channels, const float* s, float keep, float* result) {
    for (int64_t p = 0; p < pixels; p++)
        for (int64_t c = 0; c < channels; c += 16) {
            const int64_t at = p * channels + c;
            Simd::store(result + at, Simd::load(x + at) + Simd::load(s + c) * keep * Simd::load(y + at));
        }
}

template <class Element>
void add_branch_gradient(
    const float* dresult, const Element* y, int64_t pixels, int64_t channels, const float* s, float keep, Element* dy, float* ds) {
    for (int64_t c = 0; c < channels; c += 16) {
        const Floats scale = Simd::load(s + c) * keep;
        Floats sum = {};
        for (int64_t p = 0; p < pixels; p++) {
            const int64_t at = p * channels + c;
            const Floats seed = Simd::load(dresult + at);
            sum += seed * Simd::load(y + at);
            Simd::store(dy + at, seed * scale);
        }
        Simd::store(ds + c, Simd::load(ds + c) + sum * keep);
    }
}

}  // namespace

}  // namespace moga::kernels
