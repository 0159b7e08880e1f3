#!/usr/bin/env python3
"""Write a repository of many tiny, distinct models: m0000, m0001, ...

    pip install -r benchmarks/requirements.txt
    python benchmarks/make_many_models.py --out /tmp/many --count 1500

Each computes ``y = x @ w + b`` with ``x`` FP32 [N, 4] and ``y`` FP32 [N, 2],
and weights of its own.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

IR_VERSION = 9
OPSET = 17


def tiny_model(index: int) -> onnx.ModelProto:
    """Build the linear model whose weights are drawn with seed ``index``."""
    rng = np.random.default_rng(index)
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "w"], ["product"], name="product"),
            helper.make_node("Add", ["product", "b"], ["y"], name="y"),
        ],
        f"m{index:04d}",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 2])],
        [
            numpy_helper.from_array(rng.standard_normal((4, 2), dtype=np.float32), "w"),
            numpy_helper.from_array(rng.standard_normal(2, dtype=np.float32), "b"),
        ],
        doc_string=f"Linear model {index}: y = x @ w + b.",
    )
    return helper.make_model(
        graph,
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name="make_many_models",
    )


def main() -> None:
    """Write as many models as the command line asks for."""
    parser = argparse.ArgumentParser(description="Write many tiny models.")
    parser.add_argument("--out", type=Path, required=True, help="repository directory to write")
    parser.add_argument("--count", type=int, default=1500)
    arguments = parser.parse_args()
    for index in range(arguments.count):
        path = arguments.out / f"m{index:04d}" / "1" / "model.onnx"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tiny_model(index).SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
