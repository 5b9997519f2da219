#define MOGA_KERNEL_SET baseline
#include "kernel_set.h"
