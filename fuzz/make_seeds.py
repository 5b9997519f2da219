#!/usr/bin/python3
"""Writes the first inputs of every target into fuzz/corpus (named seed-*). Needs python3-torch 1.13 and nothing else."""
import io
import json
import os
import struct
import tarfile
import zipfile
import zlib
from collections import OrderedDict

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, "..", "tests", "fixtures")


def put(target, name, data):
    folder = os.path.join(HERE, "corpus", target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "seed-" + name), "wb") as file:
        file.write(data)


def fixture(*parts):
    with open(os.path.join(FIXTURES, *parts), "rb") as file:
        return file.read()


def saved(value, **options):
    stream = io.BytesIO()
    torch.save(value, stream, **options)
    return stream.getvalue()


def packed(records, method=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in records:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return stream.getvalue()


def records(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(info.filename, archive.read(info)) for info in archive.infolist()]


def pickle_of(data):
    return next(content for name, content in records(data) if name.endswith("data.pkl"))


def checkpoints():
    weights = torch.arange(16, dtype=torch.float32)
    values = {
        "plain": OrderedDict(a=weights.view(4, 4), b=weights[2:6], c=torch.arange(8)),
        "nested": {
            "state_dict": {"module.w": weights.view(2, 8).t()}, "epoch": 3, "args": ["x", ("y", 1.5, None, True)],
            "big": 1 << 70, "b": b"\x01\x02",
        },
        "types": {
            "h": weights.repeat(2).half(), "d": weights[:8].double(),
            "u": torch.zeros(64, dtype=torch.uint8), "f": torch.zeros(64, dtype=torch.bool),
        },
        "model": {"model_ema": {"w": weights}, "model": {"w": weights}},
        "set": {"w": torch.nn.Parameter(weights), "s": {1, 2}, "o": OrderedDict(a=1), "l": [[], {}, ()]},
    }
    for name, value in values.items():
        for protocol in (2, 4):
            if protocol == 4 and name not in ("plain", "nested"):
                continue
            data = saved(value, pickle_protocol=protocol)
            put("pickle", f"{name}-{protocol}", pickle_of(data))
        # Storages are named by their addresses, so these differ from run to run.
        put("pytorch-legacy", name, saved(value, _use_new_zipfile_serialization=False))
    put("pytorch-zip", "plain", packed(records(saved({"w": weights}))))
    put("pytorch-zip", "deflated", packed(records(saved({"w": weights, "n": 1})), zipfile.ZIP_DEFLATED))
    put("pytorch-zip", "numpy", fixture("checkpoints", "f4_numpy_scalar.pth"))
    put("pickle", "numpy", pickle_of(fixture("checkpoints", "f4_numpy_scalar.pth")))
    put("pytorch-legacy", "tricky", fixture("checkpoints", "f2_tricky_legacy.pth"))
    hostile = [
        "build_setstate", "obj_opcode", "inst_opcode", "getattr_chain", "billion_laughs", "self_reference", "long_string_claim",
        "stack_global_eval_protocol4",
    ]
    for name in hostile:
        put("pickle", name, pickle_of(fixture("checkpoints", "hostile", name + ".pth")))


def zips():
    put("zip", "stored", packed([("a/b", b"hello"), ("c", b"")]))
    put("zip", "deflated", packed([("a/b", b"hello" * 20), ("ä", b"x" * 99)], zipfile.ZIP_DEFLATED))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        with archive.open(zipfile.ZipInfo("large"), "w", force_zip64=True) as record:
            record.write(b"12345678")
    put("zip", "zip64", stream.getvalue())

    class Pipe(io.RawIOBase):  # what cannot be sought gets descriptors behind its data
        def __init__(self):
            self.data = b""

        def writable(self):
            return True

        def write(self, data):
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("described"), b"abcabcabcabc", zipfile.ZIP_DEFLATED)
    put("zip", "descriptor", pipe.data)


def safetensors():
    def file(header, size):
        text = json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + bytes(size)

    put("safetensors", "two", file({"__metadata__": {"format": "pt"}, "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
                                    "b": {"dtype": "BF16", "shape": [], "data_offsets": [24, 26]}}, 26))
    kinds = {"F64": 8, "F16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
    header, at = {}, 0
    for kind, size in kinds.items():
        header[kind.lower()] = {"dtype": kind, "shape": [1, 2], "data_offsets": [at, at + 2 * size]}
        at += 2 * size
    put("safetensors", "types", file(header, at))
    put("safetensors", "empty", file({"e": {"dtype": "F32", "shape": [0, 4], "data_offsets": [0, 0]}}, 0))
    parts = {"a.w": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    put("index", "two", json.dumps({"metadata": {"total_size": 8}, "weight_map": parts}).encode())
    put("index", "bom", b"\xef\xbb\xbf{\"weight_map\": {\"a\": \"x.bin\"}}")


def archives():
    pixel = b"BM" + bytes(8) + bytes([26, 0, 0, 0, 12, 0, 0, 0, 1, 0, 1, 0, 1, 0, 24, 0, 10, 20, 30, 0])

    def tar(members, form, blocks=2):
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
            for name, data in members:
                info = tarfile.TarInfo(name)
                if isinstance(data, str):
                    info.type, info.linkname = tarfile.SYMTYPE, data
                    archive.addfile(info)
                else:
                    info.size = len(data)
                    archive.addfile(info, io.BytesIO(data))
        # Two blocks of zeros end an archive; what fills it up to 10 KiB is left out.
        return stream.getvalue().rstrip(b"\0").ljust(-(-len(stream.getvalue().rstrip(b"\0")) // 512) * 512 + 512 * blocks, b"\0")

    put("tar", "ustar", tar([("a/0.jpg", pixel), ("a/0.cls", b"2\n")], tarfile.USTAR_FORMAT))
    put("tar", "json", tar([("1.png", pixel), ("1.json", b'{"label": 5}'), ("1.seg.png", b"x")], tarfile.USTAR_FORMAT))
    put("tar", "pax", tar([("ä" * 60 + ".jpg", pixel), ("ä" * 60 + ".cls", b"0")], tarfile.PAX_FORMAT))
    put("tar", "gnu", tar([("g" * 110 + ".jpg", pixel), ("g" * 110 + ".cls", b"1")], tarfile.GNU_FORMAT))
    put("tar", "link", tar([("l.jpg", "0.jpg"), ("0.jpg", pixel), ("0.cls", b"0"), ("._0.jpg", b"x")], tarfile.USTAR_FORMAT))
    put("tar", "joined", tar([("0.webp", pixel), ("0.cls", b"0")], tarfile.USTAR_FORMAT) * 2)


def arrays():
    def npy(text, data, version=1):
        text = text.encode("latin1") + b"\n"
        length = struct.pack("<H" if version == 1 else "<I", len(text))
        return b"\x93NUMPY" + bytes([version, 0]) + length + text + data

    put("npy", "bytes", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }", bytes(range(6))))
    put("npy", "floats", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }", struct.pack("<4f", 0, 0.25, 0.5, 1), 2))
    put("npy", "fortran", npy("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3L), }", bytes([0, 1] * 6)))
    put("npy", "scalar", npy('{"shape": (), "fortran_order": False, "descr": "<f8"}', bytes(8), 3))
    put("npy", "half", npy("{'descr': '<f2', 'fortran_order': False, 'shape': (0, 7), }", b""))
    put("npy", "bool", npy("{'descr': '|b1', 'fortran_order': True, 'shape': (2, 2, 2), }", bytes([0, 1] * 4)))


def images():
    for name in ("1.bmp", "4.bmp", "core.bmp", "rle4.bmp", "rle8_jump.bmp", "555.bmp", "565.bmp"):
        put("bmp", name, fixture("imaging", "formats", name))
    mask = b"BM" + struct.pack("<IHHI", 0, 0, 0, 14 + 56) + struct.pack("<IiiHHIIiiII", 56, 1, -2, 1, 32, 3, 0, 0, 0, 0, 0)
    put("bmp", "masks", mask + struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + bytes(range(8)))
    for name in ("animated.gif", "interlaced.gif", "transparent.gif"):
        put("gif", name, fixture("imaging", "formats", name))
    put("gif", "tiny", b"GIF89a" + bytes([1, 0, 1, 0, 0x80, 0, 0, 255, 255, 255, 0, 0, 0]) + b"!\xf9\x04" + bytes([1, 0, 0, 0, 0])
        + b"," + bytes([0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0]) + b";")
    for name in ("min_is_white.tif", "grey16.tif", "lab.tif", "rgba.tif"):
        put("tiff", name, fixture("imaging", "formats", name))

    def tiff(order, tags, data):
        entries = b"".join(struct.pack(order + "HHIHH", tag, 3, 1, value, 0) for tag, value in sorted(tags.items()))
        head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
        return head + struct.pack(order + "H", len(tags)) + entries + bytes(4) + data

    plain = {256: 2, 257: 1, 258: 8, 259: 1, 262: 1, 273: 8 + 2 + 12 * 9 + 4, 277: 1, 278: 1, 279: 2}
    put("tiff", "little", tiff("<", plain, b"\x10\x20"))
    put("tiff", "big", tiff(">", plain, b"\x10\x20"))


def texts():
    preprocess = {"width": 64, "height": 64}
    cards = {
        "moganet": {"name": "m", "family": "moganet", "options": {"arch": "x-tiny", "num_classes": 2}, "labels": ["a", "b"]},
        "sizes": {
            "name": "s",
            "options": {"arch": {"embed_dims": [8, 16, 24, 32], "depths": [1, 1, 2, 1], "ffn_ratios": [8, 8, 4, 4]}, "gate": "once"},
            "aliases": ["t"], "label_set": None, "metrics": {"top1": 76.5},
            "weights": {"url": "https://example.org/w.pth", "sha256": "0" * 64},
        },
        "convnext": {"name": "c", "family": "convnext", "options": {"num_classes": 0}},
        "hornet": {"name": "h", "family": "hornet", "options": {}, "label_set": "imagenet1k"},
        "swin": {"name": "w", "family": "swin", "options": {}},
        "parcnet": {"name": "p", "family": "parcnet", "options": {}},
        "simvp": {
            "name": "v", "family": "simvp", "options": {"in_shape": [10, 1, 64, 64], "hid_s": 16, "model_type": "moga"},
            "clip": {"out_frames": 10, "range": [0, 1]},
        },
    }
    for name, card in cards.items():
        more = {"crop": 0.9, "mode": "squash", "filter": "bicubic", "mean": [0.5], "std": [0.5], "channel_order": "bgr"}
        extra = more if name == "sizes" else {}
        put("card", name, json.dumps({**card, "preprocess": {**preprocess, **extra}}).encode())
    put("recipe", "empty", b"{}")
    put("recipe", "many", json.dumps({
        "name": "r", "task": "classification", "image_size": 64, "mean": [0.5], "epochs": 3, "warmup_epochs": 1, "batch_size": 16,
        "betas": [0.9, 0.99], "optimizer": "lamb", "no_weight_decay": ["scale"], "clip_gradient": 1.0, "schedule": "one_cycle",
        "schedule_unit": "update", "rand_augment": "rand-m9-mstd0.5-inc1", "color_jitter": 0.4, "crop_scale": [0.5, 1],
        "loss": "binary_cross_entropy", "ema_decay": 0.99, "layer_decay": 0.7, "amp": "bf16", "channels_last": True}).encode())
    put("recipe", "lists", b'{"color_jitter": [0.1, 0.2, 0.3, 0.1], "rand_augment": "rand-m5-n3-w0-inc1", // a comment\n'
        b' "mixup": 0, "interpolation": "bilinear",}')


def annotations():
    image = {"id": 1, "width": 8, "height": 6, "file_name": "a.bmp"}
    box = {"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 1, 3.5, 2]}
    category = {"id": 3, "name": "cat", "supercategory": "x"}

    def coco(*objects, **more):
        return json.dumps({"images": [image], "categories": [category], "annotations": list(objects), **more}).encode()

    put("coco", "box", coco({**box, "area": 7, "iscrowd": 0}, info={"year": 2017}, licenses=[]))
    put("coco", "polygon", coco({**box, "segmentation": [[1, 1, 4.5, 1, 4.5, 3], [0, 0, 2, 0, 2, 2, 0, 2]]}))
    put("coco", "runs", coco({**box, "iscrowd": 1, "segmentation": {"size": [6, 8], "counts": [7, 3, 38]}}))
    put("coco", "code", coco({**box, "segmentation": {"size": [6, 8], "counts": "73V1"}}))
    wrong = [{"bbox": [1, 1, -2, 3]}, {"id": 2, "image_id": 9}, {"id": 4}, {"id": 4, "segmentation": "x"}]
    put("coco", "faults", coco(None, *({**box, **more} for more in wrong)))
    put("coco", "nan", coco({**box, "bbox": [1, 1, float("nan"), 3]}))
    put("coco", "large", json.dumps({"images": [{**image, "width": 1 << 20}], "categories": [], "annotations": []}).encode())

    joints = [value for joint in range(17) for value in (joint / 2, 3, joint % 3)]
    person = {**box, "category_id": 1, "area": 9, "iscrowd": 0, "keypoints": joints, "num_keypoints": 11}
    put("coco-pose", "person", json.dumps({"images": [image], "annotations": [person]}).encode())
    put("coco-pose", "nobody", json.dumps({"images": [image, {**image, "id": 2, "file_name": "b.bmp"}], "annotations": []}).encode())
    put("coco-pose", "faults", json.dumps({"images": [image, image], "annotations": [{**person, "keypoints": [1, 2, 3]}, None]}).encode())

    size = "<size><width>8</width><height>6</height><depth>3</depth></size>"
    corners = "<xmin>1</xmin><ymin>2</ymin><xmax>5.5</xmax><ymax>6</ymax>"
    thing = f"<object><name>cat</name><difficult>1</difficult><bndbox>{corners}</bndbox></object>"
    put("voc", "plain", f"<annotation><filename>a.bmp</filename>{size}{thing}</annotation>".encode())
    put("voc", "no-size", f"<?xml version='1.0' encoding='utf-8'?>\n<annotation>\n{thing}\n</annotation>\n".encode())
    put("voc", "wrong-box", f"<annotation>{size}{thing.replace('5.5', '0')}<object/></annotation>".encode())
    put("voc", "entities", f"<!DOCTYPE a [<!ENTITY b '{'x' * 9}'>]><annotation>{size}{thing.replace('cat', '&b;')}</annotation>".encode())
    put("voc", "cut", f"<annotation>{size}<object>".encode())

    put("boxes", "plain", b"file,x1,y1,x2,y2,class\na.bmp,0,0,4,4,cat\na.bmp,1.5,2,8,6,dog\n")
    put("boxes", "quoted", b'class,filename,xmin,ymin,xmax,ymax\r\n"the ""cat"",\nx",a.bmp,0,0,1e0,4\r\n,a.bmp,,,,\r\n')
    put("boxes", "faults", b"file,x1,y1,x2,y2,class\n../a.bmp,0,0,4,4,cat\na.bmp,4,0,nan,4,cat\na.bmp,x\n")
    put("yolo", "plain", b"0 0.5 0.5 0.25 0.25\n1 0.1 0.1 0.2 0.2\n")
    put("yolo", "polygon", b"1 0 0 1 0 1 1 0 0.5\n")
    put("yolo", "faults", b"2 0.5 0.5 0.1 0.1\n0 nan 0.5 0.1 0.1\n0 0.5 0.5 0 0.1\n0 1\n")
    put("yolo-names", "list", b"# a comment\npath: ../x\ntrain: images\nnc: 2\nnames: ['a', \"b\\x41\"]\n")
    put("yolo-names", "map", b"names:\n  0: a\n  1: b c\nmore: {x: [1, {y: 2}]}\n")
    put("yolo-names", "anchors", b"x: &y [1, *y]\nnames:\n- a\n- >-\n  folded\n  text\n")
    put("yolo-names", "deep", b"x: " + b"[" * 70 + b"\n")
    put("yolo-names", "none", b"names: 3\n")
    put("label-numbers", "plain", b"0 a\n7 b c\n9 255\n10 0\n")
    put("label-numbers", "wrong", b"0 a\n300 b\n")
    put("class-list", "plain", b"sky #0000ff\nroad\n\n a tree \n")
    put("class-list", "twice", b"sky\nsky\n")
    put("runs", "plain", bytes([8, 6]) + b"73V1")
    put("runs", "empty", bytes([8, 6]) + b"`1")
    put("runs", "cut", bytes([8, 6]) + b"73V")


def label_maps():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def png(bits, kind, rows, *more, interlace=0):
        header = struct.pack(">IIBBBBB", 4, len(rows), bits, kind, 0, 0, interlace)
        chunks = [chunk(b"IHDR", header), *more, chunk(b"IDAT", zlib.compress(b"".join(rows))), chunk(b"IEND", b"")]
        return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)

    palette = chunk(b"PLTE", bytes(range(12)))
    put("index-png", "palette", png(8, 3, [b"\0\0\1\2\3", b"\2\1\1\1\1"], palette))
    put("index-png", "bits", png(2, 3, [b"\0\x1b", b"\1\x1b"], palette))
    put("index-png", "gray16", png(16, 0, [b"\4" + bytes(range(8))]))
    put("index-png", "color", png(8, 2, [bytes(13)]))
    put("index-png", "cut", png(8, 3, [b"\0\0\1\2\3"], palette)[:60])


for make in (checkpoints, zips, safetensors, archives, arrays, images, texts, annotations, label_maps):
    make()
