"""Times training steps of the official PyTorch networks in eager mode: forward, loss, backward, and AdamW (classifiers) or Adam (video).
The peer of moga bench --train.

Usage: python3 pytorch_train.py OFFICIAL MODEL SHAPE CLASSES THREADS DEVICE AMP
OFFICIAL is models/moganet.py of Westlake-AI/MogaNet with MODEL the name of a size, or its folder video_prediction with MODEL the options of
a SimVP in JSON; SHAPE is the input's (16x10x1x64x64). Needs torch. Prints the version of torch, then answers each line of stdin with the
milliseconds of one step.
"""
import os
import sys
import time

import torch

import official

path, name, shape, classes, threads, device, amp = sys.argv[1:8]
shape, classes = [int(extent) for extent in shape.split("x")], int(classes)
torch.set_num_threads(int(threads))
net = official.network(path, name, classes)
net.train().to(device)
if os.path.isdir(path):
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    targets, loss_function = torch.randn(shape), torch.nn.MSELoss()
else:
    flat = [p for n, p in net.named_parameters() if p.ndim <= 1 or n.endswith(".bias")]
    rest = [p for n, p in net.named_parameters() if not (p.ndim <= 1 or n.endswith(".bias"))]
    optimizer = torch.optim.AdamW([{"params": flat, "weight_decay": 0.0}, {"params": rest, "weight_decay": 0.05}], lr=1e-3)
    targets, loss_function = torch.arange(shape[0]) % classes, torch.nn.CrossEntropyLoss(label_smoothing=0.1)
inputs = torch.randn(shape)
autocast = {"none": None, "bf16": torch.bfloat16}[amp]
print(f"PyTorch {torch.__version__} in eager mode", flush=True)
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
