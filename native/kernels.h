// The shim's own kernels, built once for each instruction set (kernels_*.cpp).
#pragma once

#include <cstdint>

namespace moga::kernels {

// The upper half of a float.
struct BFloat16 {
    uint16_t bits;
};

template <class Element>
struct Map {
    const Element* data;
    int64_t image, row, pixel;  // steps in elements
    int64_t height, width;
};

struct Window {
    int64_t kernel, dilation, padding;
};

struct GroupNorm {
    int64_t groups;
    const float *weight, *bias;  // one for each channel
    float epsilon;
    bool silu;  // after it
};

// Parameters and their sums, one for each channel, are "arranged" for bfloat16: of each 32 channels those of even places come first.
// Channels beyond a multiple of 32 stand as they are, and so do all for floats.
template <class Element>
struct KernelsOf {
    // Row y of image n of a depthwise convolution (pixels of `channels` elements without gaps); bias may be null.
    void (*row)(
        const Map<Element>& x, const float* taps, const float* bias, const Window& window, int64_t channels, int64_t n, int64_t y,
        Element* result, int64_t result_width);
    // Adds to sums (k k + 1, channels) what row y of image n of the result's gradient says about the taps and, last, the bias.
    void (*row_of_taps)(
        const Map<Element>& x, const Map<Element>& gradient, const Window& window, int64_t channels, int64_t n, int64_t y, float* sums);
    // count elements of a point-wise function and of its gradient; any cut into runs gives the same bits.
    void (*gelu)(const Element* x, int64_t count, Element* y);
    void (*gelu_gradient)(const Element* x, const Element* dy, int64_t count, Element* dx);
    void (*silu)(const Element* x, int64_t count, Element* y);
    void (*silu_gradient)(const Element* x, const Element* dy, int64_t count, Element* dx);
    // y = h + s (h - GELU(w . h + b)) for each pixel; keeps the products w . h + b. The number of channels is a multiple of 16.
    void (*decompose)(
        const Element* h, int64_t pixels, int64_t channels, const float* w, float b, const float* s, float* products, Element* y);
    // Its gradients; adds to ds, dw and db.
    void (*decompose_gradient)(
        const Element* h, const Element* dy, const float* products, int64_t pixels, int64_t channels, const float* w, const float* s,
        Element* dh, float* ds, float* dw, float* db);
    // y + s (y - mean over the pixels) for one image; keeps the means, as arranged as s. Its gradients; adds to ds.
    void (*decompose_image)(const Element* y, int64_t pixels, int64_t channels, const float* s, float* means, Element* result);
    void (*decompose_image_gradient)(
        const Element* y, const Element* dresult, int64_t pixels, int64_t channels, const float* s, const float* means, Element* dy,
        float* ds);
    // SiLU(a) SiLU(b), and its gradients.
    void (*gate)(const Element* a, const Element* b, int64_t count, Element* y);
    void (*gate_gradient)(const Element* a, const Element* b, const Element* dy, int64_t count, Element* da, Element* db);
    // x + keep s y, and what it gives y and s (not arranged); adds to ds.
    void (*add_branch)(const float* x, const Element* y, int64_t pixels, int64_t channels, const float* s, float keep, float* result);
    void (*add_branch_gradient)(
        const float* dresult, const Element* y, int64_t pixels, int64_t channels, const float* s, float keep, Element* dy, float* ds);
    // Group norm of one image, to floats or to its own type; keeps each group's mean and reciprocal deviation. Its gradients; adds to dbias
    // and dweight (none of it arranged). Scratch for 5 numbers a channel.
    void (*group_norm)(
        const Element* x, int64_t pixels, int64_t channels, const GroupNorm& norm, float* means, float* rstds, float* scratch, float* y);
    void (*group_norm_low)(
        const Element* x, int64_t pixels, int64_t channels, const GroupNorm& norm, float* means, float* rstds, float* scratch, Element* y);
    void (*group_norm_gradient)(
        const Element* x, const float* dy, int64_t pixels, int64_t channels, const GroupNorm& norm, const float* means, const float* rstds,
        float* scratch, Element* dx, float* dbias, float* dweight);
    void (*group_norm_low_gradient)(
        const Element* x, const Element* dy, int64_t pixels, int64_t channels, const GroupNorm& norm, const float* means,
        const float* rstds, float* scratch, Element* dx, float* dbias, float* dweight);
};

struct Kernels {
    KernelsOf<float> single;
    KernelsOf<BFloat16> brain;
};

const Kernels& baseline();
#if defined(__x86_64__)
const Kernels& avx2();
const Kernels& avx512();
#endif

// The set for this machine.
const Kernels& best();

// The best instruction set to use: 1 baseline, 2 AVX2, 3 AVX-512.
void limit(int32_t set);

}  // namespace moga::kernels
