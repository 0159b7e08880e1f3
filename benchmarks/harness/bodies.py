"""The requests that are sent: the same tensor once as JSON and once as bytes."""

from __future__ import annotations

import json
import random
import struct
from dataclasses import dataclass
from pathlib import Path

from . import paths

IMAGE_SHAPE = (1, 3, 224, 224)
IMAGE_MODELS = ("resnet50", "image_passthrough")
# What image libraries subtract and divide by, for each channel.
CHANNELS = ((0.485, 0.229), (0.456, 0.224), (0.406, 0.225))
SEED = 20


@dataclass(frozen=True)
class Body:
    """A request's body and what its head must say of it."""

    content: bytes
    content_type: str
    json_length: int | None = None

    def headers(self) -> dict[str, str]:
        """The header fields that belong to the body."""
        headers = {"Content-Type": self.content_type}
        if self.json_length is not None:
            headers["Inference-Header-Content-Length"] = str(self.json_length)
        return headers

    def write(self, path: Path) -> list[str]:
        """Put the body into a file; gives the arguments of post.lua."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.content)
        length = [] if self.json_length is None else [str(self.json_length)]
        return [str(path), self.content_type, *length]


@dataclass(frozen=True)
class Tensor:
    """An FP32 tensor with a name."""

    name: str
    shape: tuple[int, ...]
    values: tuple[float, ...]

    def as_json(self) -> Body:
        """The tensor as numbers, each as short as it can be written."""
        data = ",".join(map(shortest, self.values))
        head = json.dumps({"name": self.name, "shape": self.shape, "datatype": "FP32"}, separators=(",", ":"))
        text = f'{{"inputs":[{head[:-1]},"data":[{data}]}}]}}'
        return Body(text.encode(), "application/json")

    def as_binary(self) -> Body:
        """The tensor as bytes behind a JSON head, asking for bytes back."""
        data = struct.pack(f"<{len(self.values)}f", *self.values)
        tensor = {
            "name": self.name,
            "shape": self.shape,
            "datatype": "FP32",
            "parameters": {"binary_data_size": len(data)},
        }
        request = {"inputs": [tensor], "parameters": {"binary_data_output": True}}
        head = json.dumps(request, separators=(",", ":")).encode()
        return Body(head + data, "application/octet-stream", len(head))


def to_fp32(value: float) -> float:
    """The FP32 number nearest to a value."""
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def shortest(value: float) -> str:
    """Write an FP32 number with as few digits as bring it back."""
    for digits in range(1, 9):
        text = f"{value:.{digits}g}"
        if to_fp32(float(text)) == value:
            return text
    return f"{value:.9g}"


def tensor_for(model: str) -> Tensor:
    """The input for a model: the stored one for iris, made-up pixels with a fixed seed for the others."""
    if model == "iris":
        cases = json.loads(paths.IRIS_REQUESTS.read_text())
        stored = next(case for case in cases if case["name"] == "single_row")["request"]["inputs"][0]
        return Tensor(stored["name"], tuple(stored["shape"]), tuple(stored["data"]))
    source = random.Random(SEED)
    if model in IMAGE_MODELS:
        pixels = IMAGE_SHAPE[2] * IMAGE_SHAPE[3]
        values = [
            (source.randrange(256) / 255 - mean) / deviation for mean, deviation in CHANNELS for _ in range(pixels)
        ]
        return Tensor("input", IMAGE_SHAPE, tuple(map(to_fp32, values)))
    return Tensor("input", (1, 784), tuple(to_fp32(source.randrange(256) / 255) for _ in range(784)))
