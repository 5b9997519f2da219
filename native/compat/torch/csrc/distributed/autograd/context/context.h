// Debian's libtorch-dev has c10d's reducer.hpp but not this header, which that one includes. It needs two names of it and never
// looks inside: the type of a callback and a shared pointer to a class. Used only where libtorch has no header of its own.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>

namespace torch::distributed::autograd {

class DistAutogradContext {
public:
    using GradCallback = std::function<bool(at::Tensor&)>;
};

using ContextPtr = std::shared_ptr<DistAutogradContext>;

}  // namespace torch::distributed::autograd
