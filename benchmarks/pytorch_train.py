"""Times training steps of the official PyTorch MogaNet in eager mode: forward, loss, backward, AdamW. The peer of moga bench --train.

Usage: python3 pytorch_train.py OFFICIAL_MOGANET_PY ARCH BATCH HEIGHT WIDTH CLASSES THREADS DEVICE AMP
OFFICIAL_MOGANET_PY is models/moganet.py of Westlake-AI/MogaNet; needs torch, and the timm functions that the file imports are stood in for.
Prints the version of torch, then answers each line of stdin with the milliseconds of one step.
"""
import contextlib
import importlib.util
import sys
import time
import types

import torch


def module(name, **members):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__dict__.update(members)


path, arch, batch, height, width, classes, threads, device, amp = sys.argv[1:10]
module("timm")
module("timm.data", IMAGENET_DEFAULT_MEAN=(0.5,) * 3, IMAGENET_DEFAULT_STD=(0.5,) * 3)
module("timm.models")
module("timm.models.layers", trunc_normal_=torch.nn.init.trunc_normal_, DropPath=torch.nn.Identity)
module("timm.models.registry", register_model=lambda f: f)
spec = importlib.util.spec_from_file_location("moganet", path)
moganet = importlib.util.module_from_spec(spec)
with contextlib.redirect_stdout(sys.stderr):  # it speaks of what is not installed
    spec.loader.exec_module(moganet)

torch.set_num_threads(int(threads))
torch.manual_seed(0)
net = moganet.MogaNet(arch=arch, num_classes=int(classes)).train().to(device)
flat = [p for n, p in net.named_parameters() if p.ndim <= 1 or n.endswith(".bias")]
rest = [p for n, p in net.named_parameters() if not (p.ndim <= 1 or n.endswith(".bias"))]
optimizer = torch.optim.AdamW([{"params": flat, "weight_decay": 0.0}, {"params": rest, "weight_decay": 0.05}], lr=1e-3)
inputs = torch.randn(int(batch), 3, int(height), int(width))
labels = torch.arange(int(batch)) % int(classes)
loss_function = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
autocast = {"none": None, "bf16": torch.bfloat16}[amp]
print("PyTorch " + torch.__version__, flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    x, y = inputs.to(device), labels.to(device)
    with torch.autocast(torch.device(device).type, dtype=autocast or torch.bfloat16, enabled=autocast is not None):
        loss = loss_function(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    loss.item()
    print(1000 * (time.perf_counter() - start), flush=True)
