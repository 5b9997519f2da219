// Generators of random numbers: independent ones for networks, and libtorch's own of each device.
#include "common.h"

using namespace moga;

namespace {

// libtorch's own generator of a device.
const at::Generator& shared(int32_t device) { return at::globalContext().defaultGenerator(device_of(device)); }

at::Generator& ref(at::Generator* generator) {
    if (generator == nullptr) throw std::invalid_argument("a generator handle is null");
    return *generator;
}

}  // namespace

// A generator of its own, of the device's kind.
MOGA_API int32_t moga_generator_create(int32_t device, uint64_t seed, at::Generator** result) {
    return guarded([&] {
        at::Generator generator = shared(device).clone();
        generator.set_current_seed(seed);
        *result = new at::Generator(std::move(generator));
    });
}

MOGA_API void moga_generator_free(at::Generator* generator) { delete generator; }

// libtorch's own generator of a device: a reference, not a copy.
MOGA_API int32_t moga_generator_shared(int32_t device, at::Generator** result) {
    return guarded([&] { *result = new at::Generator(shared(device)); });
}

MOGA_API int32_t moga_generator_seed(at::Generator* generator, uint64_t seed) {
    return guarded([&] { ref(generator).set_current_seed(seed); });
}

// The state as bytes on the CPU.
MOGA_API int32_t moga_generator_get_state(at::Generator* generator, Handle* result) {
    return guarded([&] { *result = own(ref(generator).get_state()); });
}

MOGA_API int32_t moga_generator_set_state(at::Generator* generator, Handle state) {
    return guarded([&] { ref(generator).set_state(moga::ref(state)); });
}

// Numbers from 0 up to 1, for tests and for masks made outside of a network.
MOGA_API int32_t moga_generator_uniform(at::Generator* generator, Handle target) {
    return guarded([&] {
        at::NoGradGuard guard;
        moga::ref(target).uniform_(0, 1, ref(generator));
    });
}
