#include "roi_align.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

#include "layouts.h"

namespace moga::regions {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr float longest_side = 1 << 20;

// What each pixel of a map's side gives to each bin of a region: weights of the pixels first..end of each. Bilinear samples are separable,
// also where they lie outside and count as 0, so that a bin's mean is a sum of products of two such weights.
struct Side {
    std::vector<int64_t> first, end, offset;
    std::vector<double> weights;

    double weight(int64_t bin, int64_t pixel) const { return weights[offset[bin] + pixel - first[bin]]; }
};

struct Region {
    int64_t level, image;
    Side down, across;
};

// Samples are counted and placed in single precision, in the steps of the official code: that decides how many there are and which lie
// outside. This file is compiled without fused multiply-adds, which would round differently.
Side side_of(float low, float high, float scale, int64_t bins, int64_t pixels) {
    const float start = low * scale - 0.5f, bin = (high * scale - 0.5f - start) / bins, length = high - low;
    const int64_t samples = length > 0 && length <= longest_side ? static_cast<int64_t>(std::ceil(bin)) : 0;
    Side side;
    for (int64_t b = 0; b < bins; b++) {
        int64_t first = pixels, end = pixels;
        std::vector<double> weights;
        for (int64_t i = 0; i < samples; i++) {
            float place = start + b * bin + (i + 0.5f) * bin / samples;
            if (!(place >= -1 && place <= pixels)) continue;
            place = std::max(place, 0.f);
            const int64_t below = std::min(static_cast<int64_t>(place), pixels - 1), above = std::min(below + 1, pixels - 1);
            const double share = above == below ? 0 : place - below;
            if (first == end) first = end = below;
            if (below < first) {
                weights.insert(weights.begin(), first - below, 0);
                first = below;
            }
            end = std::max(end, above + 1);
            weights.resize(end - first);
            weights[below - first] += (1 - share) / samples;
            weights[above - first] += share / samples;
        }
        side.first.push_back(first);
        side.end.push_back(end);
        side.offset.push_back(side.weights.size());
        side.weights.insert(side.weights.end(), weights.begin(), weights.end());
    }
    return side;
}

std::vector<Region> regions_of(at::TensorList maps, const at::Tensor& rows, const Options& options) {
    const at::Tensor given = rows.detach().to(at::kCPU, at::kFloat).contiguous();
    const int64_t count = given.size(0), images = maps[0].size(0), levels = maps.size();
    const float* row = static_cast<const float*>(given.data_ptr());
    std::vector<Region> regions;
    regions.reserve(count);
    for (int64_t r = 0; r < count; r++, row += 5) {
        if (!(row[0] >= 0 && row[0] < images))
            throw std::invalid_argument(
                "region " + std::to_string(r) + " lies on image " + std::to_string(row[0]) + "; there are " + std::to_string(images) +
                ", counted from 0");
        // floor(log2(place)), limited, without a logarithm.
        const float place = std::sqrt((row[3] - row[1]) * (row[4] - row[2])) / static_cast<float>(options.finest_scale) + 1e-6f;
        int64_t level = 0;
        while (level < levels - 1 && place >= static_cast<float>(int64_t{2} << level)) level++;
        const float scale = 1.f / (options.stride << level);
        regions.push_back(
            {level, static_cast<int64_t>(row[0]), side_of(row[2], row[4], scale, options.size, maps[level].size(2)),
             side_of(row[1], row[3], scale, options.size, maps[level].size(3))});
    }
    return regions;
}

// Calls body(bin's place in the result, pixel's place in its map, weight) for all pixels of all bins of a region.
template <class Body>
void each_pixel(const Region& region, int64_t r, int64_t size, const at::Tensor& map, Body&& body) {
    const int64_t height = map.size(2), width = map.size(3);
    for (int64_t bin = 0; bin < size * size; bin++) {
        const int64_t y = bin / size, x = bin % size;
        for (int64_t v = region.down.first[y]; v < region.down.end[y]; v++)
            for (int64_t u = region.across.first[x]; u < region.across.end[x]; u++)
                body(
                    r * size * size + bin, (region.image * height + v) * width + u,
                    region.down.weight(y, v) * region.across.weight(x, u));
    }
}

float* data_of(const at::Tensor& x) { return static_cast<float*>(x.data_ptr()); }

// Float32 on the CPU, channels last. Forward a thread takes whole regions, back it takes some channels of all: pixels that regions share
// are added up in the same order for any number of threads.
struct Align : torch::autograd::Function<Align> {
    static at::Tensor forward(
        AutogradContext* context, at::TensorList maps, const at::Tensor& rows, int64_t size, int64_t stride, double finest_scale) {
        context->save_for_backward({rows});
        context->saved_data["size"] = size;
        context->saved_data["stride"] = stride;
        context->saved_data["finest_scale"] = finest_scale;
        std::vector<int64_t> shapes;
        for (const at::Tensor& map : maps) shapes.insert(shapes.end(), map.sizes().begin(), map.sizes().end());
        context->saved_data["shapes"] = shapes;
        const std::vector<Region> regions = regions_of(maps, rows, {size, stride, finest_scale});
        std::vector<at::Tensor> last;
        for (const at::Tensor& map : maps) last.push_back(map.contiguous(at::MemoryFormat::ChannelsLast));
        const int64_t count = regions.size(), channels = maps[0].size(1);
        const at::Tensor result = at::zeros({count, size, size, channels}, maps[0].options());
        at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
            for (int64_t r = begin; r < end; r++) {
                const at::Tensor& map = last[regions[r].level];
                const float* from = data_of(map);
                float* to = data_of(result);
                each_pixel(regions[r], r, size, map, [&](int64_t bin, int64_t pixel, double weight) {
                    const float* x = from + pixel * channels;
                    float *y = to + bin * channels, w = static_cast<float>(weight);
                    for (int64_t c = 0; c < channels; c++) y[c] += w * x[c];
                });
            }
        });
        return unrows(result);
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        constexpr int64_t part = 32;
        const at::Tensor rows = context->get_saved_variables()[0];
        const int64_t size = context->saved_data["size"].toInt(), stride = context->saved_data["stride"].toInt();
        const std::vector<int64_t> shapes = context->saved_data["shapes"].toIntVector();
        const at::Tensor seed = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
        std::vector<at::Tensor> maps;
        for (size_t i = 0; i < shapes.size(); i += 4)
            maps.push_back(unrows(at::zeros({shapes[i], shapes[i + 2], shapes[i + 3], shapes[i + 1]}, seed.options())));
        const std::vector<Region> regions = regions_of(maps, rows, {size, stride, context->saved_data["finest_scale"].toDouble()});
        const int64_t count = regions.size(), channels = maps[0].size(1);
        at::parallel_for(0, (channels + part - 1) / part, 1, [&](int64_t begin, int64_t end) {
            for (int64_t p = begin; p < end; p++)
                for (int64_t r = 0; r < count; r++) {
                    const at::Tensor& map = maps[regions[r].level];
                    const int64_t first = p * part, some = std::min(part, channels - first);
                    const float* from = data_of(seed) + first;
                    float* to = data_of(map) + first;
                    each_pixel(regions[r], r, size, map, [&](int64_t bin, int64_t pixel, double weight) {
                        const float *y = from + bin * channels, w = static_cast<float>(weight);
                        float* x = to + pixel * channels;
                        for (int64_t c = 0; c < some; c++) x[c] += w * y[c];
                    });
                }
        });
        variable_list result(maps.begin(), maps.end());
        result.resize(maps.size() + 4);
        return result;
    }
};

// Any type on any device: for each map the product of a sparse matrix (bins, pixels), made on the CPU, and its pixels.
at::Tensor compose(at::TensorList maps, const at::Tensor& rows, const Options& options) {
    const std::vector<Region> regions = regions_of(maps, rows, options);
    const int64_t count = regions.size(), bins = count * options.size * options.size;
    at::Tensor sum;
    for (size_t level = 0; level < maps.size(); level++) {
        const at::Tensor& map = maps[level];
        std::vector<int64_t> of_bin, of_pixel;
        std::vector<double> weights;
        for (int64_t r = 0; r < count; r++)
            if (regions[r].level == static_cast<int64_t>(level))
                each_pixel(regions[r], r, options.size, map, [&](int64_t bin, int64_t pixel, double weight) {
                    of_bin.push_back(bin);
                    of_pixel.push_back(pixel);
                    weights.push_back(weight);
                });
        of_bin.insert(of_bin.end(), of_pixel.begin(), of_pixel.end());
        const int64_t pixels = map.size(0) * map.size(2) * map.size(3), nonzero = weights.size();
        const at::Tensor matrix = at::sparse_coo_tensor(
            at::tensor(of_bin, at::kLong).reshape({2, nonzero}).to(map.device()), at::tensor(weights, at::kDouble).to(map.options()),
            {bins, pixels});
        const at::Tensor part = at::_sparse_mm(matrix, moga::rows(map).reshape({pixels, map.size(1)}));
        sum = sum.defined() ? sum + part : part;
    }
    return unrows(sum.reshape({count, options.size, options.size, maps[0].size(1)}));
}

}  // namespace

at::Tensor align(at::TensorList maps, const at::Tensor& regions, const Options& options) {
    const bool is_plain = std::all_of(
        maps.begin(), maps.end(), [](const at::Tensor& map) { return map.is_cpu() && map.scalar_type() == at::kFloat; });
    const at::Tensor result = is_plain
        ? Align::apply(maps, regions, options.size, options.stride, options.finest_scale)
        : compose(maps, regions, options);
    return is_channels_last(maps[0]) ? result : result.contiguous();
}

}  // namespace moga::regions
