"""Trains the official PyTorch MogaNet-XT on Fashion-MNIST with the recipe of `moga train --preset fashion-mnist`: the peer of
docs/results/fashion-mnist.md.

Usage: python3 pytorch_fashion.py OFFICIAL_MOGANET_PY EPOCHS BATCH LEARNING_RATE WARMUP_EPOCHS THREADS SEED
OFFICIAL_MOGANET_PY is models/moganet.py of Westlake-AI/MogaNet; needs torch, numpy, Pillow and Debian's dataset-fashion-mnist.
LEARNING_RATE is that of an update. Prints a JSON line for each epoch: loss, top-1 on the 10,000 test images in percent, seconds of
training.
"""
import gzip
import importlib.util
import json
import math
import sys
import time
import types

import numpy as np
import torch
from PIL import Image

FOLDER = "/usr/share/datasets/fashion-mnist/"


class DropPath(torch.nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        keep = torch.empty(x.shape[0], 1, 1, 1).bernoulli_(1 - self.p)
        return x * keep / (1 - self.p)


def module(name, **members):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__dict__.update(members)


def read(name, skip):
    with gzip.open(FOLDER + name) as file:
        return np.frombuffer(file.read()[skip:], np.uint8)


def enlarged(name):
    images = read(name, 16).reshape(-1, 28, 28)
    return torch.from_numpy(np.stack([np.asarray(Image.fromarray(image).resize((64, 64), Image.BICUBIC)) for image in images]))


def network_input(images):
    return ((images.float() / 255 - 0.2860) / 0.3530)[:, None].repeat(1, 3, 1, 1)


def augmented(images):
    images = torch.where(torch.rand(len(images), 1, 1) < 0.5, images.flip(2), images)
    padded = torch.nn.functional.pad(images, (6, 6, 6, 6))
    shifts = torch.randint(0, 13, (len(images), 2)).tolist()
    return torch.stack([padded[i, y : y + 64, x : x + 64] for i, (y, x) in enumerate(shifts)])


path = sys.argv[1]
(epochs, batch), (rate, warmup), (threads, seed) = map(int, sys.argv[2:4]), map(float, sys.argv[4:6]), map(int, sys.argv[6:8])
module("timm")
module("timm.data", IMAGENET_DEFAULT_MEAN=(0.5,) * 3, IMAGENET_DEFAULT_STD=(0.5,) * 3)
module("timm.models")
module("timm.models.layers", trunc_normal_=torch.nn.init.trunc_normal_, DropPath=DropPath)
module("timm.models.registry", register_model=lambda f: f)
spec = importlib.util.spec_from_file_location("moganet", path)
moganet = importlib.util.module_from_spec(spec)
spec.loader.exec_module(moganet)

torch.set_num_threads(threads)
torch.manual_seed(seed)
train_x, train_y = enlarged("train-images-idx3-ubyte.gz"), torch.from_numpy(read("train-labels-idx1-ubyte.gz", 8).astype(np.int64))
test_x, test_y = enlarged("t10k-images-idx3-ubyte.gz"), torch.from_numpy(read("t10k-labels-idx1-ubyte.gz", 8).astype(np.int64))
net = moganet.MogaNet(arch="xtiny", num_classes=10, drop_path_rate=0.05)
flat = [p for n, p in net.named_parameters() if p.ndim <= 1 or n.endswith(".bias")]
rest = [p for n, p in net.named_parameters() if not (p.ndim <= 1 or n.endswith(".bias"))]
optimizer = torch.optim.AdamW([{"params": flat, "weight_decay": 0.0}, {"params": rest, "weight_decay": 0.05}])
loss_function = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
updates = len(train_x) // batch
for epoch in range(epochs):
    start, total = time.time(), 0.0
    net.train()
    order = torch.randperm(len(train_x))
    for update in range(updates):
        at = epoch * updates + update
        if at < warmup * updates:
            now = rate * at / (warmup * updates)
        else:
            now = 1e-6 + (rate - 1e-6) / 2 * (1 + math.cos(math.pi * at / (epochs * updates)))
        for group in optimizer.param_groups:
            group["lr"] = now
        chosen = order[update * batch : (update + 1) * batch]
        loss = loss_function(net(network_input(augmented(train_x[chosen]))), train_y[chosen])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        total += loss.item()
    seconds = time.time() - start
    net.eval()
    with torch.no_grad():
        starts = range(0, len(test_x), 500)
        right = sum((net(network_input(test_x[i : i + 500])).argmax(1) == test_y[i : i + 500]).sum().item() for i in starts)
    print(json.dumps({"epoch": epoch, "loss": total / updates, "top1": 100 * right / len(test_x), "seconds": seconds}), flush=True)
