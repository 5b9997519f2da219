"""Traces an official PyTorch network into a TorchScript file, for benchmarks/MogaSharp.TorchSharpPeer.

Usage: python3 torchscript.py OFFICIAL MODEL SHAPE CLASSES MODE FILE
OFFICIAL, MODEL, SHAPE and CLASSES as in pytorch_train.py; MODE is eval (frozen) or train. Needs torch.
"""
import sys

import torch

import official

path, name, shape, classes, mode, file = sys.argv[1:7]
net = official.network(path, name, int(classes)).train(mode == "train")
with torch.set_grad_enabled(mode == "train"):
    # A second run of a network in train mode has other running statistics, so the trace is not checked against one.
    traced = torch.jit.trace(net, torch.randn([int(extent) for extent in shape.split("x")]), check_trace=False)
(torch.jit.freeze(traced) if mode == "eval" else traced).save(file)
