// Norms over channels, attention and windows. A map (N, C, H, W) is turned to (N, H, W, C), which is a view, so that products and norms
// over channels run along the last dimension; turned back, the result has its channels last in memory.
#include "common.h"
#include "layouts.h"

using namespace moga;

namespace {

// (N, C, H, W) to (N, heads, H W, C / heads).
at::Tensor heads_of(const at::Tensor& x, int64_t heads) {
    return rows(x).reshape({x.size(0), x.size(2) * x.size(3), heads, x.size(1) / heads}).transpose(1, 2);
}

// (N, H, W, C) to (N windows, window, window, C).
at::Tensor windows_of(const at::Tensor& x, int64_t window) {
    const int64_t channels = x.size(3);
    return x.reshape({x.size(0), x.size(1) / window, window, x.size(2) / window, window, channels})
        .permute({0, 1, 3, 2, 4, 5})
        .reshape({-1, window, window, channels});
}

// Which of the three parts of a rolled map's side each place belongs to.
at::Tensor regions(int64_t side, int64_t window, int64_t shift, const at::Tensor& like) {
    const at::Tensor places = at::arange(side, like.options().dtype(at::kLong));
    return places.ge(side - window).to(at::kLong).add_(places.ge(side - shift).to(at::kLong));
}

}  // namespace

// Over the channels of (N, C) or of each pixel of a map. Autocast computes it in float32.
MOGA_API int32_t moga_layer_norm(Handle x, Handle weight, Handle bias, double epsilon, Handle* result) {
    return guarded([&] {
        const at::Tensor input = wide(ref(x));
        const bool map = input.dim() == 4;
        const at::Tensor y = at::layer_norm(map ? rows(input) : input, {input.size(1)}, maybe(weight), maybe(bias), epsilon);
        *result = own(map ? unrows(y) : y);
    });
}

// Over the last dimension. Autocast computes it in float32.
MOGA_API int32_t moga_softmax_rows(Handle x, Handle* result) {
    return guarded([&] { *result = own(at::softmax(wide(ref(x)), -1)); });
}

MOGA_API int32_t moga_query_key_product(Handle query, Handle key, int64_t heads, double scale, int32_t precision, Handle* result) {
    return guarded([&] {
        const at::Tensor q = heads_of(cast(ref(query), precision), heads), k = heads_of(cast(ref(key), precision), heads);
        *result = own(at::matmul(scale == 1 ? q : q.mul(scale), k.transpose(2, 3)));
    });
}

MOGA_API int32_t moga_attention_output(Handle probabilities, Handle value, int64_t heads, int32_t precision, Handle* result) {
    return guarded([&] {
        const at::Tensor& v = ref(value);
        const at::Tensor y = at::matmul(cast(ref(probabilities), precision), heads_of(cast(v, precision), heads));
        *result = own(unrows(y.transpose(1, 2).reshape({v.size(0), v.size(2), v.size(3), v.size(1)})));
    });
}

// table ((2 window - 1)^2, heads).
MOGA_API int32_t moga_relative_position_bias(Handle scores, Handle table, int64_t window, Handle* result) {
    return guarded([&] {
        const at::Tensor places = at::arange(window * window, ref(table).options().dtype(at::kLong));
        const at::Tensor y = places.div(window, "floor"), x = places.remainder(window);
        const at::Tensor row = y.unsqueeze(1).sub(y).add_(window - 1).mul_(2 * window - 1).add_(x.unsqueeze(1).sub(x)).add_(window - 1);
        const at::Tensor bias = ref(table).index_select(0, row.view(-1)).view({window * window, window * window, -1}).permute({2, 0, 1});
        *result = own(ref(scores).add(bias));
    });
}

MOGA_API int32_t moga_window_partition(Handle x, int64_t window, int64_t shift, Handle* result) {
    return guarded([&] {
        at::Tensor map = rows(ref(x));
        if (shift != 0) map = map.roll({-shift, -shift}, {1, 2});
        *result = own(unrows(windows_of(map, window)));
    });
}

// The map says how many rows and columns there are.
MOGA_API int32_t moga_window_merge(Handle windows, Handle map, int64_t window, int64_t shift, Handle* result) {
    return guarded([&] {
        const at::Tensor x = rows(ref(windows));
        const int64_t images = ref(map).size(0), height = ref(map).size(2), width = ref(map).size(3);
        at::Tensor y = x.reshape({images, height / window, width / window, window, window, x.size(3)})
                           .permute({0, 1, 3, 2, 4, 5})
                           .reshape({images, height, width, x.size(3)});
        if (shift != 0) y = y.roll({shift, shift}, {1, 2});
        *result = own(unrows(y));
    });
}

// Adds "masked" to the scores (N windows, heads, T, T) of pixels from different sides of the seam of a map that was rolled by shift.
MOGA_API int32_t moga_window_mask(Handle scores, Handle map, int64_t window, int64_t shift, double masked, Handle* result) {
    return guarded([&] {
        const at::Tensor& x = ref(scores);
        const int64_t images = ref(map).size(0), height = ref(map).size(2), width = ref(map).size(3), tokens = window * window;
        const at::Tensor region = regions(height, window, shift, x).unsqueeze(1).mul(3).add(regions(width, window, shift, x));
        const at::Tensor pixels = windows_of(region.view({1, height, width, 1}), window).view({1, -1, 1, tokens});
        const at::Tensor mask = pixels.unsqueeze(4).ne(pixels.unsqueeze(3)).to(x.scalar_type()).mul_(masked);
        *result = own(x.reshape({images, -1, x.size(1), tokens, tokens}).add(mask).view(x.sizes()));
    });
}

// (N, C, H, W) to (N, H W, C, 1).
MOGA_API int32_t moga_tokens_to_channels(Handle x, Handle* result) {
    return guarded([&] { *result = own(ref(x).flatten(2).transpose(1, 2).unsqueeze(3)); });
}

// (N, H W, C, 1) to (N, C, H, W), with the rows and columns of a map.
MOGA_API int32_t moga_channels_to_tokens(Handle x, Handle map, Handle* result) {
    return guarded([&] {
        *result = own(ref(x).squeeze(3).transpose(1, 2).reshape({ref(x).size(0), ref(x).size(2), ref(map).size(2), ref(map).size(3)}));
    });
}
