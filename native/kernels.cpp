#include "kernels.h"

#include <algorithm>

#include "common.h"

namespace moga::kernels {

namespace {

int32_t allowed = 3;

}  // namespace

const Kernels& best() {
#if defined(__x86_64__)
    static const int32_t known = __builtin_cpu_supports("avx512f")                                 ? 3
                                 : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 2
                                                                                                   : 1;
    const int32_t set = std::min(known, allowed);
    if (set > 1) return set == 3 ? avx512() : avx2();
#endif
    return baseline();
}

void limit(int32_t set) { allowed = set; }

}  // namespace moga::kernels

// For tests: the best instruction set that may be used from now on.
MOGA_API int32_t moga_kernels_limit(int32_t set) {
    return moga::guarded([&] { moga::kernels::limit(set); });
}
