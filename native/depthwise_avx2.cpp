// The kernels for one instruction set; CMakeLists.txt sets the compiler flags.
#define MOGA_DEPTHWISE_SET avx2
#include "depthwise_kernels.h"
