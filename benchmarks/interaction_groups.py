"""Low, middle and high orders of `moga explain interactions`, and how models differ, with paired errors.

usage: python3 benchmarks/interaction_groups.py out/state.json BASELINE

J is averaged over the lower two, the upper two and the other measured orders. Models saw the same images, pairs and contexts, so
differences to the model BASELINE (its place on the command line, from 0) are taken image by image: a jackknife over images.
"""

import json
import sys

import numpy as np

state = json.load(open(sys.argv[1]))
baseline = int(sys.argv[2])
names = [name.rsplit(" ", 1)[0] for name in state["settings"]["models"]]
orders = len(state["settings"]["orders"])
groups = [slice(0, 2), slice(2, orders - 2), slice(orders - 2, orders)]

found = {(entry["model"], entry["image"]): np.abs(np.array(entry["interactions"])).mean(1) for entry in state["done"]}
images = sorted({image for _, image in found if all((model, image) in found for model in range(len(names)))})
strength = np.array([[found[model, image] for image in images] for model in range(len(names))])


def shares(of_images):
    mean = of_images.mean(0)
    j = mean / mean.mean()
    return np.array([j[group].mean() for group in groups])


def error(without_one):
    n = len(without_one)
    return np.sqrt((n - 1) / n * ((without_one - without_one.mean(0)) ** 2).sum(0))


value = [shares(strength[model]) for model in range(len(names))]
left = [np.array([shares(np.delete(strength[model], i, 0)) for i in range(len(images))]) for model in range(len(names))]
print(f"{len(images)} images; low, middle, high; then the differences to {names[baseline]}")
for model, name in enumerate(names):
    own = "  ".join(f"{v:.2f} +- {e:.2f}" for v, e in zip(value[model], error(left[model])))
    other = "  ".join(
        f"{v:+.2f} +- {e:.2f}" for v, e in zip(value[model] - value[baseline], error(left[model] - left[baseline]))
    )
    print(f"{name:24} {own}   {other if model != baseline else ''}")
