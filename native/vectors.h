// Vectors of 16 or 4 floats (or a float) that are loaded from floats or bfloat16 and stored to them; the compiler makes of them what the flags of the
// including file allow.
#pragma once

#include <cstdint>
#include <cstring>

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
    static Bits widen(Halves x) { return __builtin_convertvector(x, Bits); }
    static Halves narrow(Bits x) { return __builtin_convertvector(x, Halves); }
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

    // To nearest, ties to even.
    static void store(BFloat16* to, Type value) {
        const Bits bits = (Bits)value;
        const Bits rounded = value == value ? bits + (0x7fff + (bits >> 16 & 1)) : Bits{} + 0x7fc00000u;
        const Halves halves = Lanes<Width>::narrow(rounded >> 16);
        std::memcpy(to, &halves, sizeof halves);
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

}  // namespace

}  // namespace moga::kernels
