#!/usr/bin/env python3
"""Write the tiny ONNX models of the engine tests and their expected outputs.

Models go to ``models/`` beside this script, the outputs that onnxruntime gives
for fixed inputs go to ``expected.json``. Inputs that make a loadable model fail
at run time go to ``failing.json``.

    pip install -r Tests/Fixtures/requirements.txt
    python Tests/Fixtures/make_fixtures.py
"""

from __future__ import annotations

import base64
import ctypes
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

ROOT = Path(__file__).resolve().parent
MODELS = ROOT / "models"
IR_VERSION = 9
OPSET = 17

Shape = Sequence[int | str]
Tensors = dict[str, np.ndarray]

ELEMENT_TYPES: dict[str, int] = {
    "bool": TensorProto.BOOL,
    "uint8": TensorProto.UINT8,
    "uint16": TensorProto.UINT16,
    "uint32": TensorProto.UINT32,
    "uint64": TensorProto.UINT64,
    "int8": TensorProto.INT8,
    "int16": TensorProto.INT16,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "fp16": TensorProto.FLOAT16,
    "bf16": TensorProto.BFLOAT16,
    "fp32": TensorProto.FLOAT,
    "fp64": TensorProto.DOUBLE,
    "string": TensorProto.STRING,
}

V2_NAMES: dict[str, str] = {
    "bool": "BOOL",
    "uint8": "UINT8",
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "float16": "FP16",
    "bfloat16": "BF16",
    "float32": "FP32",
    "float64": "FP64",
    "object": "BYTES",
}


def value(name: str, element_type: int, shape: Shape) -> onnx.ValueInfoProto:
    """Describe one graph input or output."""
    return helper.make_tensor_value_info(name, element_type, list(shape))


def fp32(name: str, shape: Shape) -> onnx.ValueInfoProto:
    """Describe one FP32 graph input or output."""
    return value(name, TensorProto.FLOAT, shape)


def int64(name: str, shape: Shape) -> onnx.ValueInfoProto:
    """Describe one INT64 graph input or output."""
    return value(name, TensorProto.INT64, shape)


def constant(name: str, data: Any, dtype: Any = np.float32) -> onnx.TensorProto:
    """Make an initializer."""
    return numpy_helper.from_array(np.asarray(data, dtype=dtype), name)


def model(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    initializers: Sequence[onnx.TensorProto] = (),
) -> onnx.ModelProto:
    """Wrap nodes into a model of this script's IR and opset version."""
    graph = helper.make_graph(nodes, "fixture", inputs, outputs, list(initializers))
    return helper.make_model(
        graph,
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name="make_fixtures",
    )


def identity(element_type: int) -> onnx.ModelProto:
    """Pass a two-dimensional tensor through."""
    return model(
        [helper.make_node("Identity", ["x"], ["y"])],
        [value("x", element_type, ["N", "M"])],
        [value("y", element_type, ["N", "M"])],
    )


def scalar() -> onnx.ModelProto:
    """Double a tensor without dimensions."""
    return model(
        [helper.make_node("Mul", ["x", "two"], ["y"])],
        [fp32("x", [])],
        [fp32("y", [])],
        [constant("two", 2.0)],
    )


def many() -> onnx.ModelProto:
    """Take five inputs of different types and give four outputs."""
    nodes = [
        helper.make_node("Cast", ["b"], ["b_fp32"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["a", "b_fp32"], ["sum"]),
        helper.make_node("Not", ["c"], ["not_c"]),
        helper.make_node("Identity", ["d"], ["text"]),
        helper.make_node("Add", ["e", "e"], ["doubled"]),
    ]
    inputs = [
        fp32("a", ["N", 2]),
        int64("b", ["N", 2]),
        value("c", TensorProto.BOOL, ["N"]),
        value("d", TensorProto.STRING, ["N"]),
        value("e", TensorProto.DOUBLE, [1]),
    ]
    outputs = [
        fp32("sum", ["N", 2]),
        value("not_c", TensorProto.BOOL, ["N"]),
        value("text", TensorProto.STRING, ["N"]),
        value("doubled", TensorProto.DOUBLE, [1]),
    ]
    return model(nodes, inputs, outputs)


def optional_default() -> onnx.ModelProto:
    """Multiply by an input that has an initializer as its default."""
    return model(
        [helper.make_node("Mul", ["x", "scale"], ["y"])],
        [fp32("x", ["N"]), fp32("scale", [1])],
        [fp32("y", ["N"])],
        [constant("scale", [3.0])],
    )


def zipmap() -> onnx.ModelProto:
    """Convert a classifier whose probabilities are a sequence of maps."""
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    x, y = load_iris(return_X_y=True)
    classifier = LogisticRegression(max_iter=1000).fit(x, y)
    converted = convert_sklearn(
        classifier,
        name="fixture",
        initial_types=[("x", FloatTensorType([None, 4]))],
        options={id(classifier): {"zipmap": True}},
        target_opset={"": OPSET, "ai.onnx.ml": 3},
    )
    opsets = sorted((opset.domain, opset.version) for opset in converted.opset_import)
    del converted.opset_import[:]
    converted.opset_import.extend(helper.make_opsetid(*opset) for opset in opsets)
    return converted


def only_sequence() -> onnx.ModelProto:
    """Give a sequence of tensors as the only output."""
    return model(
        [helper.make_node("SequenceConstruct", ["x", "x"], ["y"])],
        [fp32("x", ["N"])],
        [helper.make_tensor_sequence_value_info("y", TensorProto.FLOAT, ["N"])],
    )


def unknown_op() -> onnx.ModelProto:
    """Use an operator that does not exist."""
    return model(
        [helper.make_node("NoSuchOp", ["x"], ["y"])], [fp32("x", ["N"])], [fp32("y", ["N"])]
    )


def gather() -> onnx.ModelProto:
    """Look up four constants; an index out of range fails at run time."""
    return model(
        [helper.make_node("Gather", ["data", "idx"], ["y"])],
        [int64("idx", ["N"])],
        [fp32("y", ["N"])],
        [constant("data", [10.0, 20.0, 30.0, 40.0])],
    )


def matmul_fixed() -> onnx.ModelProto:
    """Multiply a matrix of fixed shape."""
    return model(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        [fp32("x", [2, 3])],
        [fp32("y", [2, 2])],
        [constant("w", [[1, 2], [3, 4], [5, 6]])],
    )


def reduce_empty() -> onnx.ModelProto:
    """Put a tensor beside itself; no rows are fine too."""
    return model(
        [helper.make_node("Concat", ["x", "x"], ["y"], axis=1)],
        [fp32("x", ["N", 4])],
        [fp32("y", ["N", 8])],
    )


def loop() -> onnx.ModelProto:
    """Count up to the input with a Loop node."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go_on"], ["go_on_next"]),
            helper.make_node("Add", ["total", "one"], ["total_next"]),
        ],
        "body",
        [int64("step", []), value("go_on", TensorProto.BOOL, []), int64("total", [])],
        [value("go_on_next", TensorProto.BOOL, []), int64("total_next", [])],
    )
    return model(
        [helper.make_node("Loop", ["n", "yes", "zero"], ["count"], body=body)],
        [int64("n", [])],
        [int64("count", [])],
        [
            constant("yes", True, np.bool_),
            constant("zero", 0, np.int64),
            constant("one", 1, np.int64),
        ],
    )


def external_data(location: str) -> onnx.ModelProto:
    """Add four floats that are stored in another file."""
    bias = TensorProto(
        name="bias",
        data_type=TensorProto.FLOAT,
        dims=[4],
        data_location=TensorProto.EXTERNAL,
    )
    for key, text in (("location", location), ("offset", "0"), ("length", "16")):
        bias.external_data.add(key=key, value=text)
    return model(
        [helper.make_node("Add", ["x", "bias"], ["y"])],
        [fp32("x", ["N", 4])],
        [fp32("y", ["N", 4])],
        [bias],
    )


def two_batch() -> onnx.ModelProto:
    """Compute 2x + 1 row by row."""
    return model(
        [
            helper.make_node("Mul", ["x", "two"], ["doubled"]),
            helper.make_node("Add", ["doubled", "one"], ["y"]),
        ],
        [fp32("x", ["N", 4])],
        [fp32("y", ["N", 4])],
        [constant("two", 2.0), constant("one", 1.0)],
    )


def picky() -> onnx.ModelProto:
    """Compute 2x row by row; a run with a row that has an element of a million or more fails."""
    return model(
        [
            helper.make_node("ReduceMax", ["x"], ["largest"], axes=[1], keepdims=1),
            helper.make_node("Div", ["largest", "million"], ["millions"]),
            helper.make_node("Cast", ["millions"], ["index"], to=TensorProto.INT64),
            helper.make_node("Gather", ["table", "index"], ["nothing"]),
            helper.make_node("Add", ["x", "x"], ["doubled"]),
            helper.make_node("Add", ["doubled", "nothing"], ["y"]),
        ],
        [fp32("x", ["N", 4])],
        [fp32("y", ["N", 4])],
        [constant("million", 1e6), constant("table", [0.0])],
    )


def zero_output() -> onnx.ModelProto:
    """Give the positions of non-zero values, possibly none."""
    return model(
        [helper.make_node("NonZero", ["x"], ["y"])], [fp32("x", ["N"])], [int64("y", [1, "K"])]
    )


def running_sum() -> onnx.ModelProto:
    """Add each row to the sum that came along; the new sum is answer and state."""
    return model(
        [
            helper.make_node("Add", ["x", "sum_in"], ["total"]),
            helper.make_node("Identity", ["total"], ["sum_out"]),
        ],
        [fp32("x", ["N", 1]), fp32("sum_in", ["N", 1])],
        [fp32("total", ["N", 1]), fp32("sum_out", ["N", 1])],
    )


RNN_WEIGHTS = {
    "w": np.array([[0.5, -0.25, 0.125, 1.0], [0.25, 0.5, -1.0, 0.0], [1.0, 0.75, 0.5, -0.5]], np.float32),
    "u": np.array(
        [[0.5, 0.0, 0.25, 0.0], [0.0, -0.5, 0.0, 0.25], [0.25, 0.0, 0.5, 0.0], [0.0, 0.25, 0.0, -0.5]], np.float32
    ),
    "v": np.array([[1.0], [-1.0], [0.5], [0.25]], np.float32),
}


def rnn_step() -> onnx.ModelProto:
    """Take one step of a recurrent network: h = tanh(x w + h u), y = h v."""
    return model(
        [
            helper.make_node("MatMul", ["x", "w"], ["xw"]),
            helper.make_node("MatMul", ["h_in", "u"], ["hu"]),
            helper.make_node("Add", ["xw", "hu"], ["sum"]),
            helper.make_node("Tanh", ["sum"], ["h_out"]),
            helper.make_node("MatMul", ["h_out", "v"], ["y"]),
        ],
        [fp32("x", ["N", 3]), fp32("h_in", ["N", 4])],
        [fp32("y", ["N", 1]), fp32("h_out", ["N", 4])],
        [constant(name, weights) for name, weights in RNN_WEIGHTS.items()],
    )


def echo(inputs: dict[str, int]) -> onnx.ModelProto:
    """Give each input back as an output, named after it with `_seen` behind."""
    return model(
        [helper.make_node("Identity", [name], [f"{name}_seen"]) for name in inputs],
        [value(name, element_type, ["N", 1]) for name, element_type in inputs.items()],
        [value(f"{name}_seen", element_type, ["N", 1]) for name, element_type in inputs.items()],
    )


def sequence_echo() -> onnx.ModelProto:
    """Show what a server tells a model about a sequence, each in another type."""
    return echo(
        {
            "x": TensorProto.INT32,
            "START": TensorProto.FLOAT,
            "READY": TensorProto.INT32,
            "END": TensorProto.BOOL,
            "CORRID": TensorProto.UINT64,
        }
    )


def sequence_text() -> onnx.ModelProto:
    """Show the id of a sequence as text."""
    return echo({"x": TensorProto.INT32, "CORRID": TensorProto.STRING})


BUILDERS: dict[str, Callable[[], onnx.ModelProto]] = {
    **{
        f"identity_{name}": (lambda code=code: identity(code))
        for name, code in ELEMENT_TYPES.items()
    },
    "scalar": scalar,
    "many": many,
    "optional_default": optional_default,
    "zipmap": zipmap,
    "only_sequence": only_sequence,
    "unknown_op": unknown_op,
    "gather": gather,
    "matmul_fixed": matmul_fixed,
    "reduce_empty": reduce_empty,
    "loop": loop,
    "external_data": lambda: external_data("../outside.bin"),
    "external_ok": lambda: external_data("external_ok.bin"),
    "two_batch": two_batch,
    "picky": picky,
    "zero_output": zero_output,
    "running_sum": running_sum,
    "rnn_step": rnn_step,
    "sequence_echo": sequence_echo,
    "sequence_text": sequence_text,
}

NOT_LOADABLE = ["unknown_op", "corrupt", "empty", "external_data"]


def strings(rows: Any) -> np.ndarray:
    """Make a string tensor."""
    return np.array(rows, dtype=object)


def integer_cases(dtype: Any) -> list[Tensors]:
    """Cover the ends of an integer type's range."""
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    return [
        {"x": np.array([[low, 0, 1], [2, high - 1, high]], dtype=dtype)},
        {"x": np.array([[high]], dtype=dtype)},
    ]


def float_cases(dtype: Any) -> list[Tensors]:
    """Cover exact, rounded, tiny and large values of a float type."""
    info = ml_dtypes.finfo(dtype)
    return [
        {"x": np.array([[0.0, -0.0, 1.0], [-2.5, 0.1, 3.140625]], dtype=dtype)},
        {"x": np.array([[info.max, info.min, info.smallest_normal]], dtype=dtype)},
    ]


def cases() -> dict[str, list[Tensors]]:
    """List the inputs that expected outputs are computed for."""
    f = np.float32
    return {
        "identity_bool": [
            {"x": np.array([[True, False, True], [False, False, True]])},
            {"x": np.array([[True]])},
        ],
        **{
            f"identity_{np.dtype(dtype).name}": integer_cases(dtype)
            for dtype in (
                np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int16, np.int32, np.int64
            )
        },
        "identity_fp16": float_cases(np.float16),
        "identity_bf16": float_cases(ml_dtypes.bfloat16),
        "identity_fp32": float_cases(np.float32),
        "identity_fp64": float_cases(np.float64),
        "identity_string": [
            {"x": strings([["hello", ""], ["Zoë 🐝", "tab\t\"quote\"\nline"]])},
            {"x": strings([["long " * 200]])},
        ],
        "scalar": [{"x": np.array(1.5, dtype=f)}, {"x": np.array(-4, dtype=f)}],
        "many": [
            {
                "a": np.array([[0.5, 1.5], [2.5, 3.5], [4.5, 5.5]], dtype=f),
                "b": np.array([[1, 2], [3, 4], [5, 6]], dtype=np.int64),
                "c": np.array([True, False, True]),
                "d": strings(["one", "two", ""]),
                "e": np.array([0.1], dtype=np.float64),
            },
            {
                "a": np.array([[-1.25, 0]], dtype=f),
                "b": np.array([[-1, 1000]], dtype=np.int64),
                "c": np.array([False]),
                "d": strings(["ü"]),
                "e": np.array([-1e300], dtype=np.float64),
            },
        ],
        "optional_default": [
            {"x": np.array([1, 2, 3], dtype=f)},
            {"x": np.array([1, 2, 3], dtype=f), "scale": np.array([10], dtype=f)},
        ],
        "zipmap": [
            {"x": np.array([[5.1, 3.5, 1.4, 0.2]], dtype=f)},
            {"x": np.array([[6.0, 2.9, 4.5, 1.5], [6.3, 3.3, 6.0, 2.5]], dtype=f)},
        ],
        "only_sequence": [{"x": np.array([1, 2], dtype=f)}],
        "gather": [
            {"idx": np.array([3, 0, 0, 2], dtype=np.int64)},
            {"idx": np.array([-1], dtype=np.int64)},
        ],
        "matmul_fixed": [{"x": np.array([[1, 2, 3], [-1, 0.5, 0]], dtype=f)}],
        "reduce_empty": [
            {"x": np.zeros((0, 4), dtype=f)},
            {"x": np.arange(8, dtype=f).reshape(2, 4)},
        ],
        "loop": [{"n": np.array(5, dtype=np.int64)}, {"n": np.array(0, dtype=np.int64)}],
        "external_ok": [{"x": np.array([[1, 2, 3, 4]], dtype=f)}],
        "two_batch": [
            {"x": np.array([[0, 1, 2, 3]], dtype=f)},
            {"x": np.array([[0, 1, 2, 3], [-1, -2, -3, -4], [0.5, 0.25, 100, 1e6]], dtype=f)},
        ],
        "zero_output": [
            {"x": np.array([0, 5, 0, -1], dtype=f)},
            {"x": np.zeros(3, dtype=f)},
        ],
        "running_sum": [{"x": np.array([[1], [2]], dtype=f), "sum_in": np.array([[0.5], [-4]], dtype=f)}],
        "rnn_step": [{"x": np.ones((2, 3), dtype=f), "h_in": np.array([[0] * 4, [0.5] * 4], dtype=f)}],
        "sequence_echo": [
            {
                "x": np.array([[7]], dtype=np.int32),
                "START": np.array([[1]], dtype=f),
                "READY": np.array([[1]], dtype=np.int32),
                "END": np.array([[False]]),
                "CORRID": np.array([[2**64 - 1]], dtype=np.uint64),
            }
        ],
        "picky": [{"x": np.array([[1, 2, 3, 4], [0, 0.5, -1, 999999]], dtype=f)}],
        "sequence_text": [{"x": np.array([[7]], dtype=np.int32), "CORRID": strings([["a b"]])}],
    }


def failing_cases() -> dict[str, list[Tensors]]:
    """List inputs that are well formed but make a model fail at run time."""
    return {
        "gather": [
            {"idx": np.array([4], dtype=np.int64)},
            {"idx": np.array([0, -5], dtype=np.int64)},
        ],
        "picky": [{"x": np.array([[1, 2, 3, 4], [1, 2, 3, 3e6]], dtype=np.float32)}],
    }


def to_ort(array: np.ndarray) -> ort.OrtValue:
    """Make an onnxruntime value, BF16 included."""
    if array.dtype == ml_dtypes.bfloat16:
        return ort.OrtValue.ortvalue_from_numpy_with_onnx_type(
            array.view(np.uint16), TensorProto.BFLOAT16
        )
    return ort.OrtValue.ortvalue_from_numpy(array)


def bf16_from_ort(output: ort.OrtValue) -> np.ndarray:
    """Copy a BF16 tensor out of an onnxruntime value."""
    shape = tuple(output.shape())
    raw = ctypes.string_at(output.data_ptr(), 2 * math.prod(shape))
    return np.frombuffer(raw, dtype=ml_dtypes.bfloat16).reshape(shape)


def run(session: ort.InferenceSession, inputs: Tensors) -> Tensors:
    """Run a session and return its tensor outputs, in the model's order."""
    names = [o.name for o in session.get_outputs() if o.type.startswith("tensor(")]
    if not names:
        session.run(None, inputs)
        return {}
    if all(array.dtype != ml_dtypes.bfloat16 for array in inputs.values()):
        return dict(zip(names, session.run(names, inputs)))
    values = session.run_with_ort_values(names, {k: to_ort(v) for k, v in inputs.items()})
    return {name: bf16_from_ort(output) for name, output in zip(names, values)}


def elements(array: np.ndarray) -> list[Any]:
    """List a tensor's elements for JSON, floats with their shortest spelling."""
    if array.dtype == np.float32:
        return [float(str(element)) for element in array.ravel()]
    if array.dtype in (np.float16, ml_dtypes.bfloat16):
        return [float(element) for element in array.ravel()]
    return array.ravel().tolist()


def tensor(name: str, array: np.ndarray) -> dict[str, Any]:
    """Write a tensor as the v2 inference protocol does, with flat data."""
    entry = {
        "name": name,
        "datatype": V2_NAMES[array.dtype.name],
        "shape": list(array.shape),
        "data": elements(array),
    }
    if array.dtype in (np.float16, ml_dtypes.bfloat16):
        entry["raw_base64"] = base64.b64encode(array.tobytes()).decode("ascii")
    return entry


def write_models() -> None:
    """Write all models and the data files that two of them refer to."""
    MODELS.mkdir(parents=True, exist_ok=True)
    for name, build in BUILDERS.items():
        (MODELS / f"{name}.onnx").write_bytes(build().SerializeToString(deterministic=True))
    whole = (MODELS / "two_batch.onnx").read_bytes()
    (MODELS / "corrupt.onnx").write_bytes(whole[: len(whole) // 2])
    (MODELS / "empty.onnx").write_bytes(b"")
    data = np.array([10, 20, 30, 40], dtype="<f4").tobytes()
    (MODELS / "external_ok.bin").write_bytes(data)
    (ROOT / "outside.bin").write_bytes(data)


def open_session(name: str) -> ort.InferenceSession:
    """Load a fixture with onnxruntime."""
    return ort.InferenceSession(MODELS / f"{name}.onnx", providers=["CPUExecutionProvider"])


def write_entries(path: Path, entries: list[dict[str, Any]]) -> None:
    """Write a JSON list with one entry per line."""
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def expected_entries() -> list[dict[str, Any]]:
    """Compute the outputs of all cases."""
    entries = []
    for name, inputs_list in cases().items():
        session = open_session(name)
        for inputs in inputs_list:
            outputs = run(session, inputs)
            entries.append(
                {
                    "model": name,
                    "inputs": [tensor(key, array) for key, array in inputs.items()],
                    "outputs": [tensor(key, array) for key, array in outputs.items()],
                }
            )
    return entries


def failing_entries() -> list[dict[str, Any]]:
    """Check that the failing cases fail, and list their inputs."""
    entries = []
    for name, inputs_list in failing_cases().items():
        session = open_session(name)
        for inputs in inputs_list:
            try:
                run(session, inputs)
            except Exception as error:
                print(f"{name}: fails as meant: {first_line(error)}")
            else:
                raise SystemExit(f"{name}: did not fail")
            entries.append(
                {"model": name, "inputs": [tensor(key, array) for key, array in inputs.items()]}
            )
    return entries


def first_line(error: Exception) -> str:
    """Shorten an onnxruntime message for the terminal."""
    return str(error).strip().splitlines()[0][:160]


def check_not_loadable() -> None:
    """Check that onnxruntime refuses the models made to be refused."""
    for name in NOT_LOADABLE:
        try:
            open_session(name)
        except Exception as error:
            print(f"{name}: refused as meant: {first_line(error)}")
        else:
            print(f"{name}: onnxruntime LOADS it")


def main() -> None:
    """Write models and expectations, and check them with onnxruntime."""
    ort.set_default_logger_severity(4)
    write_models()
    missing = set(BUILDERS) - set(cases()) - set(NOT_LOADABLE)
    if missing:
        raise SystemExit(f"no cases for {sorted(missing)}")
    write_entries(ROOT / "expected.json", expected_entries())
    write_entries(ROOT / "failing.json", failing_entries())
    check_not_loadable()


if __name__ == "__main__":
    main()
