// Group norm of one image with or without SiLU after it, and its gradients: y = f(a_c x + b_c), where a_c and b_c come of the mean and the
// variance of the channel's group.
//
// Layout: pixels of C elements next to each other, C a multiple of 16; groups of any size, for the sums are taken channel by channel and
// added up for each group. Tile: 32 channels by all pixels, two pixels at a time, with up to eight sums in registers. Three passes forward
// (mean, squares of the differences from it, result) and two back (the sums of the seeds and of their products with the normalised input,
// then the gradient), of which all but the first find a map of 64 x 64 x 64 bfloat16 in the second-level cache. Tail rule: a last run of 16
// channels, a last single pixel. Cost per vector and pass: 3 to 8 instructions, with SiLU 20 more for the result and for each pass back,
// which count most.
#pragma once

#include <cmath>

#include "decompose_kernels.h"

namespace moga::kernels {

namespace {

// Sums over the pixels for each channel: term(at, c, terms) gives what 16 channels from c on of the pixel at "at" add to each of the rows.
template <int Sums, class Term>
inline void sum_over_pixels(int64_t pixels, int64_t channels, float* const (&sums)[Sums], Term&& term) {
    each_sixteen(channels, [&](auto count, int64_t c) {
        Floats parts[2][Sums][count()] = {};
        const auto add = [&](int64_t p, Floats(&part)[Sums][count()]) {
            for (int i = 0; i < count(); i++) {
                Floats terms[Sums];
                term(p * channels + c + 16 * i, c + 16 * i, terms);
                for (int s = 0; s < Sums; s++) part[s][i] += terms[s];
            }
        };
        int64_t p = 0;
        for (; p + 2 <= pixels; p += 2) {
            add(p, parts[0]);
            add(p + 1, parts[1]);
        }
        if (p < pixels) add(p, parts[0]);
        for (int s = 0; s < Sums; s++)
            for (int i = 0; i < count(); i++) Simd::store(sums[s] + c + 16 * i, parts[0][s][i] + parts[1][s][i]);
    });
}

// Gives each channel of a group the value that a function has for the group.
template <class Function>
inline void each_group(int64_t channels, int64_t groups, float* values, Function&& function) {
    const int64_t size = channels / groups;
    for (int64_t g = 0; g < groups; g++) {
        const float value = function(g, g * size, (g + 1) * size);
        for (int64_t c = g * size; c < (g + 1) * size; c++) values[c] = value;
    }
}

// The scale and the shift of each channel.
inline void coefficients(int64_t channels, const GroupNorm& norm, const float* means, const float* rstds, float* scale, float* shift) {
    const int64_t size = channels / norm.groups;
    for (int64_t c = 0; c < channels; c++) {
        scale[c] = rstds[c / size] * norm.weight[c];
        shift[c] = norm.bias[c] - means[c / size] * scale[c];
    }
}

template <bool Activated, class Element, class Result>
inline void normalise(const Element* x, int64_t pixels, int64_t channels, const float* scale, const float* shift, Result* y) {
    for (int64_t p = 0; p < pixels; p++)
        for (int64_t c = 0; c < channels; c += 16) {
            const Floats z = Simd::load(x + p * channels + c) * Simd::load(scale + c) + Simd::load(shift + c);
            Simd::store(y + p * channels + c, Activated ? Silu::value(z) : z);
        }
}

template <class Element, class Result>
void group_norm(
    const Element* x, int64_t pixels, int64_t channels, const GroupNorm& norm, float* means, float* rstds, float* scratch, Result* y) {
    float *mean = scratch, *sum = scratch + channels, *scale = scratch + 2 * channels, *shift = scratch + 3 * channels;
    const int64_t size = channels / norm.groups;
    const auto total = [&](int64_t first, int64_t end) {
        double value = 0;
        for (int64_t c = first; c < end; c++) value += sum[c];
        return value / ((double)pixels * size);
    };
    sum_over_pixels<1>(pixels, channels, {sum}, [&](int64_t at, int64_t, Floats(&terms)[1]) { terms[0] = Simd::load(x + at); });
    each_group(channels, norm.groups, mean, [&](int64_t g, int64_t first, int64_t end) { return means[g] = (float)total(first, end); });
    sum_over_pixels<1>(pixels, channels, {sum}, [&](int64_t at, int64_t c, Floats(&terms)[1]) {
        const Floats off = Simd::load(x + at) - Simd::load(mean + c);
        terms[0] = off * off;
    });
    for (int64_t g = 0; g < norm.groups; g++) rstds[g] = (float)(1 / std::sqrt(total(g * size, (g + 1) * size) + norm.epsilon));
    coefficients(channels, norm, means, rstds, scale, shift);
    if (norm.silu)
        normalise<true>(x, pixels, channels, scale, shift, y);
    else
        normalise<false>(x, pixels, channels, scale, shift, y);
}

template <bool Activated, class Element, class Seed>
inline void group_norm_gradient_of(
    const Element* x, const Seed* dy, int64_t pixels, int64_t channels, const GroupNorm& norm, const float* means, const float* rstds,
    float* scratch, Element* dx, float* dbias, float* dweight) {
    float *scale = scratch, *shift = scratch + channels, *mean = scratch + 2 * channels, *seeds = scratch + 3 * channels,
          *products = scratch + 4 * channels;
    const auto seed_of = [&](int64_t at, int64_t c) {
        const Floats seed = Simd::load(dy + at);
        return Activated ? seed * Silu::slope(Simd::load(x + at) * Simd::load(scale + c) + Simd::load(shift + c)) : seed;
    };
    const auto off = [&](int64_t at, int64_t c) { return Simd::load(x + at) - Simd::load(mean + c); };
    coefficients(channels, norm, means, rstds, scale, shift);
    each_group(channels, norm.groups, mean, [&](int64_t g, int64_t, int64_t) { return means[g]; });
    sum_over_pixels<2>(pixels, channels, {seeds, products}, [&](int64_t at, int64_t c, Floats(&terms)[2]) {
        terms[0] = seed_of(at, c);
        terms[1] = terms[0] * off(at, c);
    });
    for (int64_t c = 0; c < channels; c++) {
        dbias[c] += seeds[c];
        dweight[c] += products[c] * rstds[c / (channels / norm.groups)];
    }
    // What the mean and the deviation, which depend on every element of the group, give back to each: a constant and a multiple of its
    // distance from the mean.
    const auto share = [&](float* sums, int power) {
        each_group(channels, norm.groups, sums, [&](int64_t g, int64_t first, int64_t end) {
            double value = 0;
            for (int64_t c = first; c < end; c++) value += (double)norm.weight[c] * sums[c];
            return (float)(value * std::pow((double)rstds[g], power) / ((double)pixels * (end - first)));
        });
    };
    share(seeds, 1);
    share(products, 3);
    for (int64_t p = 0; p < pixels; p++)
        for (int64_t c = 0; c < channels; c += 16) {
            const int64_t at = p * channels + c;
            Simd::store(dx + at, seed_of(at, c) * Simd::load(scale + c) - Simd::load(seeds + c) - off(at, c) * Simd::load(products + c));
        }
}

template <class Element, class Seed>
void group_norm_gradient(
    const Element* x, const Seed* dy, int64_t pixels, int64_t channels, const GroupNorm& norm, const float* means, const float* rstds,
    float* scratch, Element* dx, float* dbias, float* dweight) {
    if (norm.silu)
        group_norm_gradient_of<true>(x, dy, pixels, channels, norm, means, rstds, scratch, dx, dbias, dweight);
    else
        group_norm_gradient_of<false>(x, dy, pixels, channels, norm, means, rstds, scratch, dx, dbias, dweight);
}

}  // namespace

}  // namespace moga::kernels
