"""Times training steps of the official PyTorch networks in eager mode: forward, loss, backward, and AdamW (classifiers) or Adam (video). The peer of moga bench --train.

Usage: python3 pytorch_train.py OFFICIAL MODEL SHAPE CLASSES THREADS DEVICE AMP
OFFICIAL is models/moganet.py of Westlake-AI/MogaNet with MODEL the name of a size, or its folder video_prediction with MODEL the options of a SimVP in JSON;
SHAPE is the input's (16x10x1x64x64). Needs torch; the timm functions that the files import are stood in for, so translators made of timm's blocks are left out.
Prints the version of torch, then answers each line of stdin with the milliseconds of one step.
"""
import contextlib
import importlib
import importlib.util
import json
import os
import sys
import time
import types

import torch


def module(name, **members):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__dict__.update(members)


def classifier(path, arch, shape, classes):
    module("timm.data", IMAGENET_DEFAULT_MEAN=(0.5,) * 3, IMAGENET_DEFAULT_STD=(0.5,) * 3)
    module("timm.models.registry", register_model=lambda f: f)
    spec = importlib.util.spec_from_file_location("moganet", path)
    moganet = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(moganet)
    net = moganet.MogaNet(arch=arch, num_classes=classes)
    flat = [p for n, p in net.named_parameters() if p.ndim <= 1 or n.endswith(".bias")]
    rest = [p for n, p in net.named_parameters() if not (p.ndim <= 1 or n.endswith(".bias"))]
    groups = [{"params": flat, "weight_decay": 0.0}, {"params": rest, "weight_decay": 0.05}]
    return net, torch.optim.AdamW(groups, lr=1e-3), torch.arange(shape[0]) % classes, torch.nn.CrossEntropyLoss(label_smoothing=0.1)


def video(path, options, shape):
    for name, part in {"convnext": "ConvNeXtBlock", "mlp_mixer": "MixerBlock", "swin_transformer": "SwinTransformerBlock", "vision_transformer": "Block"}.items():
        module("timm.models." + name, **{part: torch.nn.Module}, window_partition=None, window_reverse=None)
    for name, folder in {"simvp": "", "simvp.modules": "modules"}.items():  # the packages' own __init__ want data sets and drawing
        module(name, __path__=[os.path.join(path, "simvp", folder)])
    blocks = importlib.import_module("simvp.modules.simvp_modules")
    sys.modules["simvp.modules"].__dict__.update({k: v for k, v in vars(blocks).items() if not k.startswith("__")})
    spec = importlib.util.spec_from_file_location("simvp_model", os.path.join(path, "simvp", "models", "simvp_model.py"))
    model = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(model)
    official = {"hid_s": "hid_S", "hid_t": "hid_T", "n_s": "N_S", "n_t": "N_T", "drop_path_rate": "drop_path", "drop_rate": "drop"}
    net = model.SimVP_Model(**{official.get(k, k): v for k, v in json.loads(options).items()})
    return net, torch.optim.Adam(net.parameters(), lr=1e-3), torch.randn(shape), torch.nn.MSELoss()


path, name, shape, classes, threads, device, amp = sys.argv[1:8]
shape = [int(extent) for extent in shape.split("x")]
module("timm")
module("timm.models")
module("timm.models.layers", trunc_normal_=torch.nn.init.trunc_normal_, DropPath=torch.nn.Identity)
torch.set_num_threads(int(threads))
torch.manual_seed(0)
with contextlib.redirect_stdout(sys.stderr):  # the files speak of what is not installed
    net, optimizer, targets, loss_function = video(path, name, shape) if os.path.isdir(path) else classifier(path, name, shape, int(classes))
net.train().to(device)
inputs = torch.randn(shape)
autocast = {"none": None, "bf16": torch.bfloat16}[amp]
print("PyTorch " + torch.__version__, flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    x, y = inputs.to(device), targets.to(device)
    with torch.autocast(torch.device(device).type, dtype=autocast or torch.bfloat16, enabled=autocast is not None):
        loss = loss_function(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    loss.item()
    print(1000 * (time.perf_counter() - start), flush=True)
