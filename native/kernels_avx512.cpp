#define MOGA_KERNEL_SET avx512
#include "kernel_set.h"
