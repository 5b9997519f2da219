// Gradient averaging by c10d::Reducer, the engine of DistributedDataParallel.
#include "distributed.h"

#ifdef MOGA_C10D
#include <torch/csrc/distributed/c10d/reducer.hpp>
#endif

#include <algorithm>
#include <type_traits>

using namespace moga;

namespace moga {

#ifdef MOGA_C10D
struct Reducer {
    std::shared_ptr<c10d::Reducer> buckets;
};

namespace {

// Its constructor has grown over the versions.
template <class R, class... Arguments>
std::shared_ptr<R> make(Arguments... arguments) {
    if constexpr (std::is_constructible_v<R, Arguments...>) return std::make_shared<R>(arguments...);
    else if constexpr (std::is_constructible_v<R, Arguments..., bool>) return std::make_shared<R>(arguments..., false);
    else return std::make_shared<R>(arguments..., false, false);
}

}  // namespace
#else
struct Reducer;
#endif

}  // namespace moga

// Parameters are the same list on all ranks; a bucket holds some of them, in the order in which gradients become ready.
MOGA_API int32_t
moga_reducer_create(Group* group, const Handle* parameters, int64_t count, int64_t bucket_bytes, int32_t find_unused, Reducer** result) {
    return guarded([&] {
#ifdef MOGA_C10D
        const std::vector<at::Tensor> tensors = list(parameters, count);
        const std::vector<bool> sparse(count, false);
        const int64_t first_bytes = std::min<int64_t>(c10d::kDefaultFirstBucketBytes, bucket_bytes);
        c10d::verify_params_across_processes(ref(group).processes, tensors, {});
        auto [indices, limits] =
            c10d::compute_bucket_assignment_by_size(tensors, {static_cast<size_t>(first_bytes), static_cast<size_t>(bucket_bytes)}, sparse);
        std::reverse(indices.begin(), indices.end());
        std::reverse(limits.begin(), limits.end());
        *result = new Reducer{make<c10d::Reducer>(
            tensors, indices, limits, ref(group).processes, sparse, bucket_bytes, find_unused != 0, false,
            std::unordered_map<size_t, std::string>(), first_bytes)};
#else
        (void)group, (void)parameters, (void)count, (void)bucket_bytes, (void)find_unused, (void)result;
        without_c10d();
#endif
    });
}

MOGA_API void moga_reducer_free(Reducer* reducer) {
#ifdef MOGA_C10D
    try {
        delete reducer;
    } catch (...) {
        // Its destructor may throw; there is nobody to tell.
    }
#else
    (void)reducer;
#endif
}

// The backward pass that follows averages gradients over all ranks; without it they stay where they are, for accumulation.
// Outputs are what it starts from: with find_unused, parameters that they do not depend on count as done.
MOGA_API int32_t moga_reducer_prepare(Reducer* reducer, const Handle* outputs, int64_t count, int32_t find_unused) {
    return guarded([&] {
#ifdef MOGA_C10D
        if (reducer == nullptr) throw std::invalid_argument("a reducer handle is null");
        reducer->buckets->prepare_for_forward();
        reducer->buckets->rebuild_buckets();
        reducer->buckets->prepare_for_backward(find_unused ? list(outputs, count) : std::vector<at::Tensor>());
#else
        (void)reducer, (void)outputs, (void)count, (void)find_unused;
        without_c10d();
#endif
    });
}
