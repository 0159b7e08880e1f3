#!/usr/bin/env python3
"""Write the benchmark models in a Triton-style layout.

    pip install -r benchmarks/requirements.txt
    python benchmarks/make_models.py --out /tmp/models

``mlp`` is a 784-512-512-10 perceptron, ``resnet50`` has the architecture of
ResNet-50 (v1.5, batch normalisation folded into the convolutions) and
``image_passthrough`` takes an image and does almost nothing with it. Weights
are random with a fixed seed: the answers mean nothing, the work is real.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SEED = 50
IR_VERSION = 9
OPSET = 17
RESNET50_BLOCKS = (3, 4, 6, 3)
RESIDUAL_GAIN = 0.2


class GraphBuilder:
    """Collects the nodes and weights of a feed-forward graph."""

    def __init__(self, seed: int) -> None:
        """Start an empty graph with its own random generator."""
        self.rng = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def node(
        self, op_type: str, inputs: Sequence[str], output: str = "", **attributes: Any
    ) -> str:
        """Append a node and return the name of its output."""
        output = output or f"{op_type.lower()}_{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(op_type, list(inputs), [output], name=output, **attributes)
        )
        return output

    def weight(self, data: np.ndarray) -> str:
        """Append an initializer and return its name."""
        name = f"weight_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(data, name))
        return name

    def he_normal(self, shape: tuple[int, ...], fan_in: int, gain: float = 1.0) -> str:
        """Append a He-initialised weight."""
        scale = np.float32(gain * np.sqrt(2.0 / fan_in))
        return self.weight(self.rng.standard_normal(shape, dtype=np.float32) * scale)

    def bias(self, size: int) -> str:
        """Append a small random bias."""
        return self.weight(self.rng.standard_normal(size, dtype=np.float32) * np.float32(0.01))

    def dense(self, x: str, inputs: int, outputs: int, output: str = "") -> str:
        """Append a fully connected layer."""
        weight = self.he_normal((inputs, outputs), inputs)
        return self.node("Gemm", [x, weight, self.bias(outputs)], output)

    def conv(
        self, x: str, inputs: int, outputs: int, kernel: int, stride: int = 1, gain: float = 1.0
    ) -> str:
        """Append a square convolution with bias that keeps the size at stride 1."""
        fan_in = inputs * kernel * kernel
        weight = self.he_normal((outputs, inputs, kernel, kernel), fan_in, gain)
        return self.node(
            "Conv",
            [x, weight, self.bias(outputs)],
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[kernel // 2] * 4,
        )

    def relu(self, x: str) -> str:
        """Append a rectifier."""
        return self.node("Relu", [x])

    def build(self, name: str, input_shape: list, output_shape: list) -> onnx.ModelProto:
        """Wrap the graph from ``input`` to ``output`` into a checked model."""
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, input_shape)],
            [helper.make_tensor_value_info("output", TensorProto.FLOAT, output_shape)],
            self.weights,
        )
        model = helper.make_model(
            graph,
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
            producer_name="make_models",
        )
        onnx.checker.check_model(model)
        return model


def mlp() -> onnx.ModelProto:
    """Build a 784-512-512-10 perceptron with softmax."""
    g = GraphBuilder(SEED)
    x = g.relu(g.dense("input", 784, 512))
    x = g.relu(g.dense(x, 512, 512))
    x = g.dense(x, 512, 10)
    g.node("Softmax", [x], "output", axis=-1)
    return g.build("mlp", ["batch", 784], ["batch", 10])


def bottleneck(g: GraphBuilder, x: str, inputs: int, width: int, stride: int) -> str:
    """Append one ResNet bottleneck block of output width ``4 * width``."""
    outputs = 4 * width
    y = g.relu(g.conv(x, inputs, width, 1))
    y = g.relu(g.conv(y, width, width, 3, stride))
    y = g.conv(y, width, outputs, 1, gain=RESIDUAL_GAIN)
    shortcut = x
    if stride != 1 or inputs != outputs:
        shortcut = g.conv(x, inputs, outputs, 1, stride, gain=np.sqrt(0.5))
    return g.relu(g.node("Add", [y, shortcut]))


def resnet50() -> onnx.ModelProto:
    """Build a network of ResNet-50's architecture that ends in 1000 logits."""
    g = GraphBuilder(SEED)
    x = g.relu(g.conv("input", 3, 64, 7, stride=2))
    x = g.node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    channels = 64
    for stage, blocks in enumerate(RESNET50_BLOCKS):
        width = 64 << stage
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            x = bottleneck(g, x, channels, width, stride)
            channels = 4 * width
    x = g.node("Flatten", [g.node("GlobalAveragePool", [x])])
    g.dense(x, channels, 1000, "output")
    return g.build("resnet50", ["batch", 3, 224, 224], ["batch", 1000])


def image_passthrough() -> onnx.ModelProto:
    """Build a model that takes images and gives the mean of each."""
    g = GraphBuilder(SEED)
    g.node("ReduceMean", ["input"], "output", axes=[1, 2, 3], keepdims=0)
    return g.build("image_passthrough", ["batch", 3, 224, 224], ["batch"])


MODELS: dict[str, Callable[[], onnx.ModelProto]] = {
    "mlp": mlp,
    "resnet50": resnet50,
    "image_passthrough": image_passthrough,
}


def main() -> None:
    """Write the models named on the command line, or all of them."""
    parser = argparse.ArgumentParser(description="Write the benchmark models.")
    parser.add_argument("--out", type=Path, required=True, help="repository directory to write")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MODELS)}")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(MODELS)
    if unknown:
        parser.error(f"unknown model: {', '.join(sorted(unknown))}")
    for name in arguments.names or MODELS:
        path = arguments.out / name / "1" / "model.onnx"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(MODELS[name]().SerializeToString(deterministic=True))
        print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
