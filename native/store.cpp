// The store by which processes find each other: a TCPStore, served by one of them.
#include "distributed.h"

#ifdef MOGA_C10D
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#endif

#include <algorithm>
#include <cstring>
#include <utility>

using namespace moga;

namespace moga {

#ifdef MOGA_C10D

// Where libtorch logs by glog (Debian), and where by itself: the least level that is written. Absent ones are null.
extern "C" int moga_glog_level __asm__("_ZN3fLI17FLAGS_minloglevelE") __attribute__((weak));
extern "C" int moga_c10_level __asm__("_ZN3c1021FLAGS_caffe2_log_levelE") __attribute__((weak));

// c10d writes to stderr what it throws as well; our caller says it once.
class Quiet {
public:
    Quiet() { swap(); }
    ~Quiet() { swap(); }
    Quiet(const Quiet&) = delete;

private:
    int glog_ = 3, c10_ = 3;

    void swap() {
        if (&moga_glog_level != nullptr) std::swap(moga_glog_level, glog_);
        if (&moga_c10_level != nullptr) std::swap(moga_c10_level, c10_);
    }
};

struct Store {
    c10::intrusive_ptr<c10d::Store> keys;
    int32_t port;
};

c10::intrusive_ptr<c10d::Store> keys_of(const Store* store) { return store->keys; }

static c10d::Store& ref(Store* store) {
    if (store == nullptr) throw std::invalid_argument("a store handle is null");
    return *store->keys;
}
#else
struct Store;
#endif

}  // namespace moga

// Connects, and serves if asked to. Port 0 takes any that is free. All keys get the prefix, if there is one.
MOGA_API int32_t
moga_store_create(const char* host, int32_t port, int32_t serve, int64_t timeout_ms, const char* prefix, Store** result, int32_t* taken) {
    return guarded([&] {
#ifdef MOGA_C10D
        const Quiet quiet;
        c10d::TCPStoreOptions options;
        options.port = static_cast<uint16_t>(port);
        options.isServer = serve != 0;
        // Who is missing can be said only by those who count themselves.
        options.waitWorkers = false;
        options.timeout = std::chrono::milliseconds(timeout_ms);
        auto tcp = c10::make_intrusive<c10d::TCPStore>(std::string(host), options);
        *taken = tcp->getPort();
        c10::intrusive_ptr<c10d::Store> keys = tcp;
        if (*prefix != 0) keys = c10::make_intrusive<c10d::PrefixStore>(std::string(prefix), keys);
        *result = new Store{keys, *taken};
#else
        (void)host, (void)port, (void)serve, (void)timeout_ms, (void)prefix, (void)result, (void)taken;
        without_c10d();
#endif
    });
}

MOGA_API void moga_store_free(Store* store) {
#ifdef MOGA_C10D
    delete store;
#else
    (void)store;
#endif
}

// Adds to a counter, which begins at 0, and gives its value.
MOGA_API int32_t moga_store_add(Store* store, const char* key, int64_t delta, int64_t* value) {
    return guarded([&] {
#ifdef MOGA_C10D
        *value = ref(store).add(key, delta);
#else
        (void)store, (void)key, (void)delta, (void)value;
        without_c10d();
#endif
    });
}

MOGA_API int32_t moga_store_set(Store* store, const char* key, const char* text) {
    return guarded([&] {
#ifdef MOGA_C10D
        ref(store).set(key, std::vector<uint8_t>(text, text + std::strlen(text)));
#else
        (void)store, (void)key, (void)text;
        without_c10d();
#endif
    });
}

// Copies the beginning of a text; its whole length, or -1 when there is no such key.
MOGA_API int32_t moga_store_get(Store* store, const char* key, uint8_t* buffer, int64_t capacity, int64_t* length) {
    return guarded([&] {
#ifdef MOGA_C10D
        *length = -1;
        if (!ref(store).check({key})) return;
        const std::vector<uint8_t> value = ref(store).get(key);
        *length = static_cast<int64_t>(value.size());
        std::memcpy(buffer, value.data(), std::min<size_t>(value.size(), capacity));
#else
        (void)store, (void)key, (void)buffer, (void)capacity, (void)length;
        without_c10d();
#endif
    });
}
