"""The official PyTorch networks: models/moganet.py of Westlake-AI/MogaNet, and SimVP of its folder video_prediction.

The timm functions that the files import are stood in for, so translators made of timm's blocks are left out.
"""
import contextlib
import importlib
import importlib.util
import json
import os
import sys
import types

import torch


def module(name, **members):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__dict__.update(members)


def classifier(path, arch, classes):
    module("timm.data", IMAGENET_DEFAULT_MEAN=(0.5,) * 3, IMAGENET_DEFAULT_STD=(0.5,) * 3)
    module("timm.models.registry", register_model=lambda f: f)
    spec = importlib.util.spec_from_file_location("moganet", path)
    moganet = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(moganet)
    return moganet.MogaNet(arch=arch, num_classes=classes)


def video(path, options):
    for name, part in {"convnext": "ConvNeXtBlock", "mlp_mixer": "MixerBlock", "swin_transformer": "SwinTransformerBlock",
        "vision_transformer": "Block"}.items():
        module("timm.models." + name, **{part: torch.nn.Module}, window_partition=None, window_reverse=None)
    for name, folder in {"simvp": "", "simvp.modules": "modules"}.items():  # the packages' own __init__ want data sets and drawing
        module(name, __path__=[os.path.join(path, "simvp", folder)])
    blocks = importlib.import_module("simvp.modules.simvp_modules")
    sys.modules["simvp.modules"].__dict__.update({k: v for k, v in vars(blocks).items() if not k.startswith("__")})
    spec = importlib.util.spec_from_file_location("simvp_model", os.path.join(path, "simvp", "models", "simvp_model.py"))
    model = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(model)
    official = {"hid_s": "hid_S", "hid_t": "hid_T", "n_s": "N_S", "n_t": "N_T", "drop_path_rate": "drop_path", "drop_rate": "drop"}
    return model.SimVP_Model(**{official.get(k, k): v for k, v in json.loads(options).items()})


def network(path, model, classes):
    """MODEL is the name of a size, or for a folder the options of a SimVP in JSON."""
    module("timm")
    module("timm.models")
    module("timm.models.layers", trunc_normal_=torch.nn.init.trunc_normal_, DropPath=torch.nn.Identity)
    torch.manual_seed(0)
    with contextlib.redirect_stdout(sys.stderr):  # the files speak of what is not installed
        return video(path, model) if os.path.isdir(path) else classifier(path, model, classes)
