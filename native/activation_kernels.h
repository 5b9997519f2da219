// GELU (exact) and SiLU with their gradients, in one pass over memory.
//
// exp: 2^y with y = x log2 e; adding 1.5 * 2^23 rounds y to an integer n that then stands in the low mantissa bits, and a polynomial of
// degree 5 (relative error 8e-8) gives 2^(y - n). GELU: Phi(x) = 1/2 + x P(x^2) / Q(x^2) for |x| to 5.2, as in the managed engine; the
// gradient is Phi(x) + x exp(-x^2 / 2) / sqrt(2 pi). Layout: elements one after another, whatever they mean. Tile: 32 elements in two
// vectors, at most 16 live. Tail rule: the last elements go through the same vectors by way of a copy, so any cut gives the same bits. Cost
// per vector: GELU 18 instructions and its gradient 32, SiLU 15 and its gradient 20, with one division each: memory is the bound.
#pragma once

#include "kernels.h"
#include "vectors.h"

namespace moga::kernels {

namespace {

using Simd = Vector<16>;
using Floats = Simd::Type;

// What is no number stays so.
#ifdef __AVX512F__  // of whose instructions GCC 12 takes two
inline Floats at_least(Floats x, float bound) { return (Floats)_mm512_max_ps((__m512)(Floats{} + bound), (__m512)x); }
inline Floats at_most(Floats x, float bound) { return (Floats)_mm512_min_ps((__m512)(Floats{} + bound), (__m512)x); }
#else
inline Floats at_least(Floats x, float bound) { return x < bound ? Floats{} + bound : x; }
inline Floats at_most(Floats x, float bound) { return x > bound ? Floats{} + bound : x; }
#endif

// e^x for x up to 87.3; below -87.3 it stays.
inline Floats exp_of(Floats x) {
    constexpr float log2e = 1.44269504f, shifter = 12582912.f;
    x = at_least(x, -87.3f);
    const Floats shifted = x * log2e + shifter;
    const Floats f = x * log2e + (shifter - shifted);
    Floats p = 0.00132764713f * f + 0.00967554096f;
    p = p * f + 0.0555071309f;
    p = p * f + 0.240221202f;
    p = p * f + 0.693146944f;
    p = p * f + 1.00000012f;
    return (Floats)((Simd::Bits)p + ((Simd::Bits)shifted << 23));
}

// The normal distribution's function, for |x| up to 5.2.
inline Floats phi_of(Floats x) {
    const Floats t = x * x;
    Floats p = 2.40390747e-8f * t + 6.46256103e-6f, q = 1.24298492e-6f * t + 7.31663022e-5f;
    p = p * t + 1.65151956e-4f;
    q = q * t + 1.86339836e-3f;
    p = p * t + 4.65755584e-3f;
    q = q * t + 2.83899922e-2f;
    p = p * t + 3.33572328e-2f;
    q = q * t + 0.250279486f;
    p = p * t + 0.398942143f;
    q = q * t + 1.f;
    return x * p / q + 0.5f;
}

inline Floats sigmoid_of(Floats x) { return 1.f / (1.f + exp_of(at_most(-x, 87.3f))); }

struct Gelu {
    // Far out on the left Phi is rounding noise, which x would amplify.
    static Floats value(Floats x) {
        const Floats factor = at_least(x, -5.2f);
        return factor * phi_of(at_most(factor, 5.2f));
    }

    // Beyond 13 the density is nothing, and must stay so when x is the largest of floats.
    static Floats slope(Floats x) {
        const Floats near = at_most(at_least(x, -13.f), 13.f);
        return phi_of(at_most(at_least(x, -5.2f), 5.2f)) + near * 0.398942280f * exp_of(-0.5f * near * near);
    }
};

struct Silu {
    static Floats value(Floats x) {
        const Floats factor = at_least(x, -87.3f);
        return factor * sigmoid_of(factor);
    }

    static Floats slope(Floats x) {
        const Floats factor = at_most(at_least(x, -87.3f), 87.3f), s = sigmoid_of(factor);
        return s * (1.f + factor * (1.f - s));
    }
};

// Calls body(in, out) with arrays of pointers to 32 elements each time.
template <class Element, size_t Inputs, size_t Outputs, class Body>
inline void each_pair(int64_t count, const Element* const (&in)[Inputs], Element* const (&out)[Outputs], Body&& body) {
    const Element* from[Inputs];
    Element* to[Outputs];
    int64_t i = 0;
    for (; i + 32 <= count; i += 32) {
        for (size_t k = 0; k < Inputs; k++) from[k] = in[k] + i;
        for (size_t k = 0; k < Outputs; k++) to[k] = out[k] + i;
        body(from, to);
    }
    if (i == count) return;
    Element copies[Inputs + Outputs][32] = {};
    for (size_t k = 0; k < Inputs; k++) from[k] = static_cast<Element*>(std::memcpy(copies[k], in[k] + i, (count - i) * sizeof(Element)));
    for (size_t k = 0; k < Outputs; k++) to[k] = copies[Inputs + k];
    body(from, to);
    for (size_t k = 0; k < Outputs; k++) std::memcpy(out[k] + i, to[k], (count - i) * sizeof(Element));
}

template <class Function, class Element>
void apply(const Element* x, int64_t count, Element* y) {
    each_pair(count, {x}, {y}, [](const auto& in, const auto& out) {
        Floats values[2];
        Run<16, 2>::load(in[0], values);
        for (Floats& value : values) value = Function::value(value);
        Run<16, 2>::store(out[0], values);
    });
}

template <class Function, class Element>
void apply_gradient(const Element* x, const Element* dy, int64_t count, Element* dx) {
    each_pair(count, {x, dy}, {dx}, [](const auto& in, const auto& out) {
        Floats values[2], seeds[2];
        Run<16, 2>::load(in[0], values);
        Run<16, 2>::load(in[1], seeds);
        for (int i = 0; i < 2; i++) seeds[i] *= Function::slope(values[i]);
        Run<16, 2>::store(out[0], seeds);
    });
}

}  // namespace

}  // namespace moga::kernels
