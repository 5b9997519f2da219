// Vectors of 16 or 4 floats (or a float) that are loaded from floats or bfloat16 and stored to them; the compiler makes of them what the
// flags of the including file allow.
#pragma once

#include <cstdint>
#include <cstring>

#ifdef __AVX512F__
#include <immintrin.h>
#endif

#include "kernels.h"

namespace moga::kernels {

// Each including file has its own, for its own instruction set.
namespace {

template <int Width>
struct Lanes;

template <>
struct Lanes<16> {
    typedef float Type __attribute__((vector_size(64)));
    typedef uint32_t Bits __attribute__((vector_size(64)));
    typedef uint16_t Halves __attribute__((vector_size(32)));
#ifdef __AVX512F__  // one instruction each, of which GCC 12 makes five
    static Bits widen(Halves x) { return (Bits)_mm512_cvtepu16_epi32((__m256i)x); }
    static Halves narrow(Bits x) { return (Halves)_mm512_cvtepi32_epi16((__m512i)x); }
#else
    static Bits widen(Halves x) { return __builtin_convertvector(x, Bits); }
    static Halves narrow(Bits x) { return __builtin_convertvector(x, Halves); }
#endif
};

template <>
struct Lanes<4> {
    typedef float Type __attribute__((vector_size(16)));
    typedef uint32_t Bits __attribute__((vector_size(16)));
    typedef uint16_t Halves __attribute__((vector_size(8)));
    static Bits widen(Halves x) { return __builtin_convertvector(x, Bits); }
    static Halves narrow(Bits x) { return __builtin_convertvector(x, Halves); }
};

template <int Width>
struct Vector {
    typedef typename Lanes<Width>::Type Type;
    typedef typename Lanes<Width>::Bits Bits;
    typedef typename Lanes<Width>::Halves Halves;

    static Type load(const float* from) {
        Type value;
        std::memcpy(&value, from, sizeof value);
        return value;
    }

    static void store(float* to, Type value) { std::memcpy(to, &value, sizeof value); }

    static Type load(const BFloat16* from) {
        Halves halves;
        std::memcpy(&halves, from, sizeof halves);
        return (Type)(Lanes<Width>::widen(halves) << 16);
    }

    static void store(BFloat16* to, Type value) {
        const Halves halves = Lanes<Width>::narrow(rounded(value) >> 16);
        std::memcpy(to, &halves, sizeof halves);
    }

    // To nearest, ties to even, in the upper half.
    static Bits rounded(Type value) {
        const Bits bits = (Bits)value;
        return value == value ? bits + (0x7fff + (bits >> 16 & 1)) : Bits{} + 0x7fc00000u;
    }
};

template <>
struct Vector<1> {
    typedef float Type;
    static Type load(const float* from) { return *from; }
    static void store(float* to, Type value) { *to = value; }

    static Type load(const BFloat16* from) {
        const uint32_t bits = (uint32_t)from->bits << 16;
        Type value;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }

    static void store(BFloat16* to, Type value) {
        uint32_t bits;
        std::memcpy(&bits, &value, sizeof bits);
        to->bits = value == value ? (bits + (0x7fff + (bits >> 16 & 1))) >> 16 : 0x7fc0;
    }
};

// Count vectors of elements that stand next to each other. Two vectors of 16 bfloat16 are read at once and stand in the vectors as the
// elements of even and of odd places, which takes a shift and a mask where their own order takes shuffles; what meets them has to stand in
// the same order ("arranged").
template <int Width, int Count>
struct Run {
    using V = Vector<Width>;
    using Type = typename V::Type;

    static void load(const float* from, Type (&values)[Count]) {
        for (int i = 0; i < Count; i++) values[i] = V::load(from + i * Width);
    }

    static void store(float* to, const Type (&values)[Count]) {
        for (int i = 0; i < Count; i++) V::store(to + i * Width, values[i]);
    }

    static void load(const BFloat16* from, Type (&values)[Count]) {
        if constexpr (Width == 16) {
            for (int i = 0; i + 1 < Count; i += 2) {
                typename V::Bits pair;
                std::memcpy(&pair, from + i * Width, sizeof pair);
                values[i] = (Type)(pair << 16);
                values[i + 1] = (Type)(pair & 0xffff0000u);
            }
            if constexpr (Count % 2 == 1) values[Count - 1] = V::load(from + (Count - 1) * Width);
        } else {
            for (int i = 0; i < Count; i++) values[i] = V::load(from + i * Width);
        }
    }

    static void store(BFloat16* to, const Type (&values)[Count]) {
        if constexpr (Width == 16) {
            for (int i = 0; i + 1 < Count; i += 2) {
                const typename V::Bits pair = V::rounded(values[i]) >> 16 | (V::rounded(values[i + 1]) & 0xffff0000u);
                std::memcpy(to + i * Width, &pair, sizeof pair);
            }
            if constexpr (Count % 2 == 1) V::store(to + (Count - 1) * Width, values[Count - 1]);
        } else {
            for (int i = 0; i < Count; i++) V::store(to + i * Width, values[i]);
        }
    }
};

}  // namespace

}  // namespace moga::kernels
