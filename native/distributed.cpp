// Collectives over c10d's process groups: gloo on the CPU, NCCL on CUDA.
#include "distributed.h"

#ifdef MOGA_C10D
#include <torch/csrc/distributed/c10d/comm.hpp>
#endif
#ifdef MOGA_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#endif
#ifdef MOGA_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

using namespace moga;

namespace moga {

struct Store;

#ifdef MOGA_C10D

using Processes = c10::intrusive_ptr<c10d::ProcessGroup>;

c10::intrusive_ptr<c10d::Store> keys_of(const Store* store);

namespace {

// Since PyTorch 2 a process group is a shell around backends; before, it was the backend.
template <class Backend>
Processes wrapped(
    const c10::intrusive_ptr<c10d::Store>& keys, const c10::intrusive_ptr<Backend>& backend, at::DeviceType device, bool gloo) {
#if TORCH_VERSION_MAJOR >= 2
    using Type = c10d::ProcessGroup::BackendType;
    const Type type = gloo ? Type::GLOO : Type::NCCL;
#if TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 6
    auto group = c10::make_intrusive<c10d::ProcessGroup>(keys, backend->getRank(), backend->getSize());
    group->setDefaultBackend(type);
#else
    auto group = c10::make_intrusive<c10d::ProcessGroup>(
        keys, backend->getRank(), backend->getSize(), c10d::ProcessGroup::Options::create(gloo ? "gloo" : "nccl"));
#endif
    group->setBackend(device, type, c10::static_intrusive_pointer_cast<c10d::Backend>(backend));
    return group;
#else
    (void)keys, (void)device, (void)gloo;
    return backend;
#endif
}

#ifdef MOGA_GLOO
Processes over_gloo(
    const c10::intrusive_ptr<c10d::Store>& keys, int rank, int size, std::chrono::milliseconds timeout, const std::string& interface,
    const std::string& address) {
    auto options = c10d::ProcessGroupGloo::Options::create(timeout);
    options->threads = 2;
    options->devices.push_back(
        interface.empty() ? c10d::ProcessGroupGloo::createDeviceForHostname(address)
                          : c10d::ProcessGroupGloo::createDeviceForInterface(interface));
    return wrapped(keys, c10::make_intrusive<c10d::ProcessGroupGloo>(keys, rank, size, options), at::kCPU, true);
}
#endif

#ifdef MOGA_NCCL
Processes over_nccl(const c10::intrusive_ptr<c10d::Store>& keys, int rank, int size, std::chrono::milliseconds timeout) {
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = timeout;
    return wrapped(keys, c10::make_intrusive<c10d::ProcessGroupNCCL>(keys, rank, size, options), at::kCUDA, false);
}
#endif

void reduce(const Processes& processes, at::Tensor& tensor, c10d::ReduceOp::RedOpType op) {
    c10d::AllreduceOptions options;
    options.reduceOp = op;
    std::vector<at::Tensor> tensors{tensor};
    processes->allreduce(tensors, options)->wait();
}

}  // namespace

void sum(const Processes& processes, at::Tensor& tensor) { reduce(processes, tensor, c10d::ReduceOp::SUM); }

at::Tensor gather(const Processes& processes, const at::Tensor& mine) {
    std::vector<at::Tensor> input{mine.contiguous()};
    std::vector<std::vector<at::Tensor>> output(1);
    for (int i = 0; i < processes->getSize(); i++) output[0].push_back(at::empty_like(input[0]));
    processes->allgather(output, input)->wait();
    return at::stack(output[0]);
}

#endif

}  // namespace moga

// Whether this shim can use gloo (1) and NCCL (2).
MOGA_API int32_t moga_group_backends() {
    int32_t backends = 0;
#ifdef MOGA_GLOO
    backends |= 1;
#endif
#ifdef MOGA_NCCL
    backends |= 2;
#endif
    return backends;
}

// Joins the others. gloo takes the named network interface, or else that of an own address; NCCL chooses itself.
MOGA_API int32_t moga_group_create(
    const Store* store, int32_t rank, int32_t size, int32_t device, int64_t timeout_ms, const char* interface, const char* address,
    Group** result) {
    return guarded([&] {
#ifdef MOGA_C10D
        const at::Device place = device_of(device);
        const std::chrono::milliseconds timeout(timeout_ms);
        Processes processes;
        if (place.is_cuda()) {
#ifdef MOGA_NCCL
            const c10::DeviceGuard guard(place);
            processes = over_nccl(keys_of(store), rank, size, timeout);
#else
            throw std::runtime_error(
                "several processes on CUDA need NCCL; the shim over libtorch was built without it (a libtorch with NCCL and the headers of "
                "nccl and CUDA are needed)");
#endif
        } else {
#ifdef MOGA_GLOO
            processes = over_gloo(keys_of(store), rank, size, timeout, interface, address);
#else
            without_c10d();
#endif
        }
        *result = new Group{processes, place};
#else
        (void)store, (void)rank, (void)size, (void)device, (void)timeout_ms, (void)interface, (void)address, (void)result;
        without_c10d();
#endif
    });
}

MOGA_API void moga_group_free(Group* group) {
#ifdef MOGA_C10D
    delete group;
#else
    (void)group;
#endif
}

// Makes tensors the same everywhere as on one rank.
MOGA_API int32_t moga_group_broadcast(Group* group, const Handle* tensors, int64_t count, int32_t root) {
    return guarded([&] {
#ifdef MOGA_C10D
        at::NoGradGuard guard;
        if (count > 0) c10d::broadcast_coalesced(ref(group).processes, list(tensors, count), 25 << 20, root);
#else
        (void)group, (void)tensors, (void)count, (void)root;
        without_c10d();
#endif
    });
}

// Replaces each of some tensors of one type by the Collective of its values over all ranks, as one message.
MOGA_API int32_t moga_group_all_reduce(Group* group, const Handle* tensors, int64_t count, int32_t kind) {
    return guarded([&] {
#ifdef MOGA_C10D
        at::NoGradGuard guard;
        if (count == 0) return;
        std::vector<at::Tensor> parts = list(tensors, count), flat;
        for (const at::Tensor& part : parts) {
            if (part.scalar_type() != parts[0].scalar_type())
                throw std::invalid_argument("tensors of several types are not reduced together");
            flat.push_back(part.reshape({-1}));
        }
        const auto wanted = static_cast<Collective>(kind);
        if (wanted == Collective::Mean && !parts[0].is_floating_point()) throw std::invalid_argument("a mean is taken of floating-point numbers only");
        at::Tensor all = at::cat(flat);
        // gloo has no mean.
        reduce(ref(group).processes, all,
            wanted == Collective::Min ? c10d::ReduceOp::MIN : wanted == Collective::Max ? c10d::ReduceOp::MAX : c10d::ReduceOp::SUM);
        if (wanted == Collective::Mean) all.div_(ref(group).processes->getSize());
        int64_t start = 0;
        for (at::Tensor& part : parts) {
            part.copy_(all.narrow(0, start, part.numel()).view(part.sizes()));
            start += part.numel();
        }
#else
        (void)group, (void)tensors, (void)count, (void)kind;
        without_c10d();
#endif
    });
}

// (ranks, ...): the tensors of all ranks, which have the same type and shape.
MOGA_API int32_t moga_group_all_gather(Group* group, Handle tensor, Handle* result) {
    return guarded([&] {
#ifdef MOGA_C10D
        at::NoGradGuard guard;
        *result = own(gather(ref(group).processes, moga::ref(tensor)));
#else
        (void)group, (void)tensor, (void)result;
        without_c10d();
#endif
    });
}

MOGA_API int32_t moga_group_barrier(Group* group) {
    return guarded([&] {
#ifdef MOGA_C10D
        c10d::BarrierOptions options;
        if (ref(group).device.is_cuda()) options.device_ids = {ref(group).device.index()};
        ref(group).processes->barrier(options)->wait();
#else
        (void)group;
        without_c10d();
#endif
    });
}
