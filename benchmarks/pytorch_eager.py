"""Times the official PyTorch MogaNet in eager mode: 224x224, batch 1, 2 threads.

Usage: python3 pytorch_eager.py OFFICIAL_MOGANET_PY. Needs torch; the two timm functions that the file imports are stood in for.
"""
import importlib.util
import sys
import time
import types

import torch


def module(name, **members):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__dict__.update(members)


module("timm")
module("timm.data", IMAGENET_DEFAULT_MEAN=(0.5,) * 3, IMAGENET_DEFAULT_STD=(0.5,) * 3)
module("timm.models")
module("timm.models.layers", trunc_normal_=torch.nn.init.trunc_normal_, DropPath=torch.nn.Identity)
module("timm.models.registry", register_model=lambda f: f)
spec = importlib.util.spec_from_file_location("moganet", sys.argv[1])
moganet = importlib.util.module_from_spec(spec)
spec.loader.exec_module(moganet)

torch.set_num_threads(2)
for arch in ("x-tiny", "tiny", "small"):
    net = moganet.MogaNet(arch=arch).eval()
    x = torch.randn(1, 3, 224, 224)
    times = []
    with torch.no_grad():
        for run in range(18):
            start = time.perf_counter()
            net(x)
            if run >= 3:
                times.append(1000 * (time.perf_counter() - start))
    times.sort()
    print(f"{arch}: median {times[7]:.1f} ms, {times[1]:.1f} to {times[-2]:.1f}")
