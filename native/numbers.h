// The numbers that stand for things in calls of the shim. Each list is written once, in the order of the managed enumeration of the same
// name; moga_numbers gives all of them as text, and the managed side refuses a shim whose text is not its own.
#pragma once

#include <cstdint>

#define MOGA_ACTIVATIONS(X) X(Gelu) X(Silu) X(Relu) X(Sigmoid) X(LeakyRelu) X(HardSwish) X(HardSigmoid)
#define MOGA_ARITHMETIC(X) X(Add) X(Subtract) X(Multiply) X(Divide)
#define MOGA_REDUCTIONS(X) X(Sum) X(Mean) X(LargestMagnitude)
#define MOGA_COLLECTIVES(X) X(Sum) X(Mean) X(Max) X(Min)
#define MOGA_AXES(X) X(Height) X(Width)
#define MOGA_INTERPOLATIONS(X) X(Nearest) X(Bilinear)
#define MOGA_TYPES(X) X(Float32) X(Float64) X(Float16) X(BFloat16) X(UInt8) X(Int8) X(Int16) X(Int32) X(Int64) X(Bool)
#define MOGA_STATUSES(X) X(Ok) X(Failed) X(OutOfMemory)

namespace moga {

#define MOGA_MEMBER(name) name,
enum class Activation : int32_t { MOGA_ACTIVATIONS(MOGA_MEMBER) };
enum class Arithmetic : int32_t { MOGA_ARITHMETIC(MOGA_MEMBER) };
enum class Reduction : int32_t { MOGA_REDUCTIONS(MOGA_MEMBER) };
enum class Collective : int32_t { MOGA_COLLECTIVES(MOGA_MEMBER) };
enum class Axis : int32_t { MOGA_AXES(MOGA_MEMBER) };
enum class Interpolation : int32_t { MOGA_INTERPOLATIONS(MOGA_MEMBER) };
enum class Type : int32_t { MOGA_TYPES(MOGA_MEMBER) };
enum Status : int32_t { MOGA_STATUSES(MOGA_MEMBER) };
#undef MOGA_MEMBER

// Instead of a type, device or layout: as it is, or none.
constexpr int32_t keep_type = -1;
constexpr int32_t keep_layout = -1;
constexpr int32_t keep_device = -2;
constexpr int32_t cpu = -1;
constexpr int32_t no_precision = -1;

}  // namespace moga
