// c10d, PyTorch's engine for several processes, as the shim sees it. A shim that was built without it (no headers of gloo)
// has the same functions; they say so.
#pragma once

#include "common.h"

#if defined(MOGA_GLOO) || defined(MOGA_NCCL)
#define MOGA_C10D 1
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#endif

namespace moga {

#ifdef MOGA_C10D

// The processes that train together. Collectives are called by all of them in the same order.
struct Group {
    c10::intrusive_ptr<c10d::ProcessGroup> processes;
    at::Device device;
};

inline Group& ref(Group* group) {
    if (group == nullptr) throw std::invalid_argument("a process group handle is null");
    return *group;
}

// The values of all ranks one after another, (ranks, ...).
at::Tensor gather(const c10::intrusive_ptr<c10d::ProcessGroup>& processes, const at::Tensor& mine);

// The sum over all ranks, in place.
void sum(const c10::intrusive_ptr<c10d::ProcessGroup>& processes, at::Tensor& tensor);

#else

struct Group;

#endif

[[noreturn]] inline void without_c10d() {
    throw std::runtime_error(
        "the shim over libtorch was built without c10d: the headers of gloo were missing (libgloo-dev); install them and build it again");
}

}  // namespace moga
