#!/usr/bin/env python3
"""Train the example models and export them to ONNX in a Triton-style layout.

Writes six models to ``examples/models/<name>/1/model.onnx``, an ensemble of three
of them, and for each requests with their expected answers to
``examples/requests/<name>.json``; a picture goes to ``examples/pictures``.
Every seed is fixed, so a second run with the same package versions gives the
same files.

    pip install -r examples/requirements.txt
    python examples/make_models.py
"""

from __future__ import annotations

import argparse
import json
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

SEED = 7
OPSET = {"": 17, "ai.onnx.ml": 3}

TICKETS: dict[str, list[str]] = {
    "billing": [
        "I was charged twice for my subscription this month",
        "Please send me the invoice for March",
        "The refund has not arrived on my credit card yet",
        "Why did the price of my plan go up",
        "My card was declined but the money is gone from my bank",
        "I need a VAT number on the invoice",
        "Can I pay yearly instead of monthly",
        "There is an unknown charge of 49 dollars on my statement",
        "The discount code was not applied to my payment",
        "How do I update the credit card you charge",
        "You billed me after I cancelled the subscription",
        "The amount on the receipt does not match my order",
        "I would like a refund for the unused months",
        "Which currency will the invoice be in",
        "Our accounting department needs a receipt for the payment",
        "The payment page says my bank rejected the transaction",
        "I was billed for five seats but we only use three",
        "Please change the billing address on our invoices",
        "Is tax included in the monthly price",
        "When is the next payment due",
    ],
    "technical": [
        "The app crashes when I open the settings page",
        "The export to CSV fails with error 500",
        "Pages load very slowly since the last update",
        "The server returns a timeout on every upload",
        "Search gives no results although the files exist",
        "The desktop client freezes while syncing files",
        "Notifications do not show up on my phone",
        "I get a blank screen after the update",
        "The API answers with error 503 every few minutes",
        "Images are broken in the report export",
        "The video call drops after ten seconds",
        "The installer stops with a missing library error",
        "Dark mode makes the text unreadable in the editor",
        "Uploading a large file always fails at 99 percent",
        "The calendar shows events in the wrong time zone",
        "The app does not start on Windows after the upgrade",
        "Webhooks are delivered twice to our server",
        "Printing a report cuts off the last column",
        "The browser extension crashes on every page",
        "Sync between phone and desktop is broken",
    ],
    "account": [
        "I forgot my password and cannot log in",
        "How can I change the email address of my profile",
        "Please delete my account and all my personal data",
        "I no longer have the phone for two factor login",
        "My account is locked after too many login attempts",
        "I want to add a new user to our team",
        "The password reset email never arrives",
        "How do I change my user name",
        "Can you transfer ownership of the team to my colleague",
        "I cannot sign in with my Google account",
        "Someone else seems to have logged in to my profile",
        "Please merge my two accounts into one",
        "How do I remove a former employee from our team",
        "The verification code for login is always rejected",
        "I want to change the language of my profile",
        "Please give my colleague admin permission",
        "My invitation to join the team has expired",
        "How do I turn on two factor authentication",
        "I signed up with the wrong email address",
        "Reactivate my account please, it was deleted by mistake",
    ],
}

UNSEEN_TICKETS: list[tuple[str, list[str]]] = [
    ("single_row", ["I was charged twice, please refund the second payment"]),
    (
        "several_rows",
        [
            "The app crashes with an error after the update",
            "I forgot my password, please reset my login",
            "The invoice shows the wrong price",
            "UPLOADING FILES FAILS WITH A TIMEOUT!",
        ],
    ),
    (
        "real_sample",
        [
            "Hi, since yesterday I cannot log in any more. The reset email for my password "
            "does not arrive and now my account is locked. Can you help? Thanks, Zoë"
        ],
    ),
    ("no_known_words", ["¿Qué?"]),
]

DIGITS_CONFIG = """\
name: "digits"
platform: "onnxruntime_onnx"
max_batch_size: 64
input [
  {
    name: "pixels"
    data_type: TYPE_FP32
    dims: [ 64 ]
  }
]
output [
  {
    name: "label"
    data_type: TYPE_INT64
    dims: [ 1 ]
    reshape: { shape: [ ] }
  },
  {
    name: "probabilities"
    data_type: TYPE_FP32
    dims: [ 10 ]
  }
]
"""


DIGITS_PIPELINE = """\
# A picture comes in, words come out: three models that answer as one.
ensemble:
  max_batch_size: 64
  steps:
    - model: digits_picture
      inputs: { picture: picture }
      outputs: { pixels: pixels }
    - model: digits
      inputs: { pixels: pixels }
      outputs: { probabilities: probabilities }
    - model: digits_words
      inputs: { probabilities: probabilities }
      outputs: { word: word, confidence: confidence }
# So that it takes JPEG and PNG files, too.
image: {}
"""

DIGITS_SETTINGS = """\
# JPEG and PNG files of any size become 8 by 8 grey values from 0 to 16.
image: { width: 8, height: 8, scale: 16/255 }
"""

WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@dataclass(frozen=True)
class Example:
    """One exported model and the inputs its stored requests are made of."""

    name: str
    model: onnx.ModelProto
    cases: list[tuple[str, np.ndarray]]
    config: str | None = None


def sort_opsets(model: onnx.ModelProto) -> None:
    """Put the opset imports, which the converter leaves in random order, in a fixed one."""
    opsets = sorted((opset.domain, opset.version) for opset in model.opset_import)
    del model.opset_import[:]
    model.opset_import.extend(onnx.helper.make_opsetid(*opset) for opset in opsets)


def export(
    estimator: Any,
    input_name: str,
    input_type: Any,
    outputs: list[tuple[str, Any]],
    options: dict[Any, Any] | None = None,
) -> onnx.ModelProto:
    """Convert a fitted scikit-learn estimator to ONNX with the given names."""
    model = convert_sklearn(
        estimator,
        name="model",
        initial_types=[(input_name, input_type)],
        final_types=outputs,
        options=options,
        target_opset=OPSET,
    )
    sort_opsets(model)
    onnx.checker.check_model(model)
    return model


def classifier_outputs(classes: int, label_type: Any) -> list[tuple[str, Any]]:
    """Name and type the two outputs of a classifier."""
    return [
        ("label", label_type([None])),
        ("probabilities", FloatTensorType([None, classes])),
    ]


def run(model: onnx.ModelProto, value: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Run a one-input model with onnxruntime and return its named outputs."""
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return list(zip(names, session.run(names, {session.get_inputs()[0].name: value})))


def make_iris() -> Example:
    """Logistic regression on the iris flowers."""
    x, y = load_iris(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=SEED, stratify=y)
    estimator = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    estimator.fit(x_train, y_train)
    print(f"iris: test accuracy {estimator.score(x_test, y_test):.3f}")
    model = export(
        estimator,
        "features",
        FloatTensorType([None, 4]),
        classifier_outputs(3, Int64TensorType),
        options={id(estimator): {"zipmap": False}},
    )
    rows = x_test.astype(np.float32)
    cases = [
        ("single_row", np.array([[5.0, 3.5, 1.5, 0.25]], dtype=np.float32)),
        ("several_rows", rows[:5]),
        ("real_sample", rows[5:6]),
    ]
    check_labels(model, estimator, cases)
    return Example("iris", model, cases)


def make_digits() -> Example:
    """A small multilayer perceptron on 8x8 handwritten digits."""
    x, y = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=SEED, stratify=y)
    estimator = make_pipeline(
        MaxAbsScaler(),
        MLPClassifier(hidden_layer_sizes=(32,), max_iter=1000, random_state=SEED),
    )
    estimator.fit(x_train, y_train)
    print(f"digits: test accuracy {estimator.score(x_test, y_test):.3f}")
    model = export(
        estimator,
        "pixels",
        FloatTensorType([None, 64]),
        classifier_outputs(10, Int64TensorType),
        options={id(estimator): {"zipmap": False}},
    )
    rows = x_test.astype(np.float32)
    cases = [
        ("single_row", np.zeros((1, 64), dtype=np.float32)),
        ("several_rows", rows[:3]),
        ("real_sample", rows[3:4]),
    ]
    check_labels(model, estimator, cases)
    return Example("digits", model, cases, config=DIGITS_CONFIG)


def graph(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    constants: list[onnx.TensorProto],
) -> onnx.ModelProto:
    """Put a model together that nobody trained."""
    model = onnx.helper.make_model(
        onnx.helper.make_graph(nodes, "model", inputs, outputs, constants),
        opset_imports=[onnx.helper.make_opsetid("", OPSET[""])],
        ir_version=8,
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def make_digits_picture() -> Example:
    """Preprocessing for ``digits``: pictures of 8 by 8 bytes to pixels from 0 to 16."""
    model = graph(
        [
            onnx.helper.make_node("Cast", ["picture"], ["bright"], to=onnx.TensorProto.FLOAT),
            onnx.helper.make_node("Mul", ["bright", "factor"], ["scaled"]),
            onnx.helper.make_node("Reshape", ["scaled", "flat"], ["pixels"]),
        ],
        [onnx.helper.make_tensor_value_info("picture", onnx.TensorProto.UINT8, ["rows", 8, 8])],
        [onnx.helper.make_tensor_value_info("pixels", onnx.TensorProto.FLOAT, ["rows", 64])],
        [
            onnx.numpy_helper.from_array(np.array(16 / 255, dtype=np.float32), "factor"),
            onnx.numpy_helper.from_array(np.array([-1, 64], dtype=np.int64), "flat"),
        ],
    )
    return Example("digits_picture", model, digit_pictures())


def make_digits_words() -> Example:
    """Postprocessing for ``digits``: the most probable digit as a word, and how sure that is."""
    model = graph(
        [
            onnx.helper.make_node("ArgMax", ["probabilities"], ["digit"], axis=1, keepdims=0),
            onnx.helper.make_node("Gather", ["words", "digit"], ["word"]),
            onnx.helper.make_node("ReduceMax", ["probabilities"], ["confidence"], axes=[1], keepdims=0),
        ],
        [onnx.helper.make_tensor_value_info("probabilities", onnx.TensorProto.FLOAT, ["rows", 10])],
        [
            onnx.helper.make_tensor_value_info("word", onnx.TensorProto.STRING, ["rows"]),
            onnx.helper.make_tensor_value_info("confidence", onnx.TensorProto.FLOAT, ["rows"]),
        ],
        [onnx.helper.make_tensor("words", onnx.TensorProto.STRING, [10], WORDS)],
    )
    sure = np.eye(10, dtype=np.float32)[[3]]
    cases = [
        ("single_row", sure),
        ("several_rows", np.linspace(0, 1, 30, dtype=np.float32).reshape(3, 10)),
    ]
    return Example("digits_words", model, cases)


def digit_pictures() -> list[tuple[str, np.ndarray]]:
    """The handwritten digits of the cases of ``digits`` as a camera would give them, from 0 to 255."""
    x, y = load_digits(return_X_y=True)
    _, x_test, _, _ = train_test_split(x, y, random_state=SEED, stratify=y)
    pictures = np.rint(x_test * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8)
    return [
        ("single_row", np.zeros((1, 8, 8), dtype=np.uint8)),
        ("several_rows", pictures[:3]),
        ("real_sample", pictures[3:4]),
    ]


def write_pipeline(root: Path, steps: list[Example]) -> None:
    """Write the ensemble of the three digit models, which is all configuration, and its requests.

    The answers expected are those of the models one after the other.
    """
    directory = root / "models" / "digits_pipeline"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "apus.yaml").write_text(DIGITS_PIPELINE, encoding="utf-8")
    entries = []
    for name, picture in digit_pictures():
        (_, pixels), = run(steps[0].model, picture)
        probabilities = dict(run(steps[1].model, pixels))["probabilities"]
        outputs = run(steps[2].model, probabilities)
        entries.append(request_entry(name, "picture", picture, outputs))
    write_entries(entries, root / "requests" / "digits_pipeline.json")


def write_picture(root: Path) -> None:
    """Write one of the digits as a file: 64 by 64 pixels in grey."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    picture = dict(digit_pictures())["real_sample"][0].repeat(8, axis=0).repeat(8, axis=1)
    rows = b"".join(b"\0" + row.tobytes() for row in picture)
    header = struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    path = root / "pictures" / "seven.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)


def make_diabetes() -> Example:
    """Ridge regression of disease progression on the diabetes data."""
    x, y = load_diabetes(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=SEED)
    estimator = Ridge(alpha=0.1).fit(x_train, y_train)
    print(f"diabetes: test R2 {estimator.score(x_test, y_test):.3f}")
    model = export(
        estimator,
        "features",
        FloatTensorType([None, 10]),
        [("progression", FloatTensorType([None, 1]))],
    )
    rows = x_test.astype(np.float32)
    cases = [
        ("single_row", np.zeros((1, 10), dtype=np.float32)),
        ("several_rows", rows[:4]),
        ("real_sample", rows[4:5]),
    ]
    for name, value in cases:
        (_, progression), = run(model, value)
        np.testing.assert_allclose(
            progression.ravel(), estimator.predict(value), rtol=1e-4, err_msg=f"diabetes: {name}"
        )
    return Example("diabetes", model, cases)


def make_tickets() -> Example:
    """Tf-idf and logistic regression on short support tickets."""
    texts = [text for group in TICKETS.values() for text in group]
    labels = [label for label, group in TICKETS.items() for _ in group]
    estimator = Pipeline(
        [
            ("tfidf", TfidfVectorizer(token_pattern="[a-zA-Z0-9]+")),
            ("classifier", LogisticRegression(C=10.0, max_iter=1000)),
        ]
    )
    estimator.fit(texts, labels)
    print(f"tickets: training accuracy {estimator.score(texts, labels):.3f}")
    model = export(
        estimator,
        "text",
        StringTensorType([None, 1]),
        classifier_outputs(3, StringTensorType),
        options={
            id(estimator): {"zipmap": False},
            TfidfVectorizer: {"tokenexp": "[a-zA-Z0-9]+", "locale": "C"},
        },
    )
    cases = [
        (name, np.array(rows, dtype=object).reshape(-1, 1)) for name, rows in UNSEEN_TICKETS
    ]
    check_labels(model, estimator, cases)
    return Example("tickets", model, cases)


def check_labels(
    model: onnx.ModelProto, estimator: Any, cases: list[tuple[str, np.ndarray]]
) -> None:
    """Require the exported classifier to agree with scikit-learn on all cases."""
    for name, value in cases:
        flat = value.ravel() if value.dtype == object else value
        outputs = dict(run(model, value))
        np.testing.assert_array_equal(outputs["label"], estimator.predict(flat), err_msg=name)
        np.testing.assert_allclose(
            outputs["probabilities"], estimator.predict_proba(flat), atol=1e-5, err_msg=name
        )


def datatype(array: np.ndarray) -> str:
    """Name a tensor's element type as the v2 inference protocol does."""
    names = {"float32": "FP32", "int64": "INT64", "uint8": "UINT8", "object": "BYTES"}
    return names[array.dtype.name]


def tensor(name: str, array: np.ndarray) -> dict[str, Any]:
    """Write a tensor as the v2 inference protocol does, with flat data."""
    data = array.ravel().tolist()
    if array.dtype == np.float32:
        data = [float(str(value)) for value in array.ravel()]
    return {"name": name, "shape": list(array.shape), "datatype": datatype(array), "data": data}


def write_requests(example: Example, path: Path) -> None:
    """Store the requests of an example with the answers of onnxruntime."""
    input_name = example.model.graph.input[0].name
    write_entries(
        [
            request_entry(name, input_name, value, run(example.model, value))
            for name, value in example.cases
        ],
        path,
    )


def request_entry(
    name: str, input_name: str, value: np.ndarray, outputs: list[tuple[str, np.ndarray]]
) -> dict[str, Any]:
    """Write a stored request with its answer."""
    return {
        "name": name,
        "request": {"inputs": [tensor(input_name, value)]},
        "response": {"outputs": [tensor(n, v) for n, v in outputs]},
    }


def write_entries(entries: list[dict[str, Any]], path: Path) -> None:
    """Store requests, each on a line of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def write_example(example: Example, root: Path) -> None:
    """Write model, configuration and requests of one example below ``root``."""
    directory = root / "models" / example.name
    version = directory / "1"
    version.mkdir(parents=True, exist_ok=True)
    (version / "model.onnx").write_bytes(example.model.SerializeToString(deterministic=True))
    if example.config is not None:
        (directory / "config.pbtxt").write_text(example.config, encoding="utf-8")
    write_requests(example, root / "requests" / f"{example.name}.json")


def main() -> None:
    """Train, export and store all examples."""
    parser = argparse.ArgumentParser(description="Train and export the example models.")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent)
    root = parser.parse_args().out
    digits = [make_digits_picture(), make_digits(), make_digits_words()]
    for example in (make_iris(), *digits, make_diabetes(), make_tickets()):
        write_example(example, root)
    (root / "models" / "digits" / "apus.yaml").write_text(DIGITS_SETTINGS, encoding="utf-8")
    write_pipeline(root, digits)
    write_picture(root)


if __name__ == "__main__":
    main()
