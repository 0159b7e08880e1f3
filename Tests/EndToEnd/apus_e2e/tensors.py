"""v2 requests and answers: tensors as JSON and as bytes."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np

from .wire import Response

HEADER_LENGTH = "Inference-Header-Content-Length"

DTYPES: dict[str, Any] = {
    "BOOL": np.bool_,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "FP16": np.float16,
    "BF16": ml_dtypes.bfloat16,
    "FP32": np.float32,
    "FP64": np.float64,
    "BYTES": np.object_,
}

#: The identity fixture of each type.
IDENTITY: dict[str, str] = {
    **{name: f"identity_{name.lower()}" for name in DTYPES},
    "BYTES": "identity_string",
}


def array(datatype: str, shape: Sequence[int], data: Sequence[Any]) -> np.ndarray:
    """Make an array of a v2 type; BYTES elements become bytes."""
    if datatype == "BYTES":
        values = np.empty(len(data), dtype=object)
        for index, element in enumerate(data):
            values[index] = element.encode() if isinstance(element, str) else element
        return values.reshape(shape)
    return np.array(data, dtype=DTYPES[datatype]).reshape(shape)


def raw(values: np.ndarray, datatype: str) -> bytes:
    """Write a tensor as bytes."""
    if datatype == "BYTES":
        return b"".join(struct.pack("<I", len(element)) + element for element in values.ravel())
    return np.ascontiguousarray(values).astype(DTYPES[datatype], copy=False).tobytes()


def from_raw(data: bytes, datatype: str, shape: Sequence[int]) -> np.ndarray:
    """Read a tensor from bytes, all of them."""
    if datatype != "BYTES":
        return np.frombuffer(data, dtype=DTYPES[datatype]).reshape(shape)
    elements = []
    position = 0
    while position < len(data):
        (length,) = struct.unpack_from("<I", data, position)
        elements.append(data[position + 4 : position + 4 + length])
        position += 4 + length
    assert position == len(data)
    return array("BYTES", shape, elements)


def elements(values: np.ndarray, datatype: str) -> list[Any]:
    """List a tensor's elements for JSON."""
    if datatype == "BYTES":
        return [element.decode() for element in values.ravel()]
    if datatype in ("FP16", "BF16", "FP32", "FP64"):
        return [float(element) for element in values.ravel()]
    return values.ravel().tolist()


def same(one: np.ndarray, other: np.ndarray) -> bool:
    """Compare two tensors bit by bit."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    return one.tolist() == other.tolist() if one.dtype == object else one.tobytes() == other.tobytes()


@dataclass(frozen=True)
class Input:
    """An input tensor and how to send it."""

    name: str
    datatype: str
    values: np.ndarray
    is_binary: bool = False


@dataclass(frozen=True)
class Output:
    """An output tensor that came."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: np.ndarray
    is_binary: bool
    entry: dict[str, Any]


@dataclass(frozen=True)
class Request:
    """A v2 inference request."""

    inputs: Sequence[Input]
    outputs: Sequence[dict[str, Any]] | None = None
    id: str | None = None
    parameters: dict[str, Any] | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Give the JSON part."""
        document: dict[str, Any] = dict(self.extra)
        if self.id is not None:
            document["id"] = self.id
        if self.parameters is not None:
            document["parameters"] = self.parameters
        document["inputs"] = [entry(tensor) for tensor in self.inputs]
        if self.outputs is not None:
            document["outputs"] = list(self.outputs)
        return document

    def encode(self) -> tuple[bytes, dict[str, str]]:
        """Give the body and the header fields that belong to it."""
        head = json.dumps(self.document()).encode()
        parts = [raw(tensor.values, tensor.datatype) for tensor in self.inputs if tensor.is_binary]
        if not any(tensor.is_binary for tensor in self.inputs):
            return head, {"Content-Type": "application/json"}
        return head + b"".join(parts), {"Content-Type": "application/octet-stream", HEADER_LENGTH: str(len(head))}


def entry(tensor: Input) -> dict[str, Any]:
    """Describe one input in JSON, with its data unless it goes as bytes."""
    described: dict[str, Any] = {
        "name": tensor.name,
        "shape": list(tensor.values.shape),
        "datatype": tensor.datatype,
    }
    if tensor.is_binary:
        described["parameters"] = {"binary_data_size": len(raw(tensor.values, tensor.datatype))}
    else:
        described["data"] = elements(tensor.values, tensor.datatype)
    return described


def json_input(name: str, datatype: str, shape: Sequence[int], data: Iterable[Any]) -> dict[str, Any]:
    """Describe an input as it stands, right or wrong."""
    return {"name": name, "datatype": datatype, "shape": list(shape), "data": list(data)}


@dataclass(frozen=True)
class Answer:
    """A v2 inference answer."""

    document: dict[str, Any]
    outputs: dict[str, Output]

    @staticmethod
    def parse(response: Response) -> Answer:
        """Read an answer and check its form."""
        assert response.status == 200, response
        return Answer.read(response.body, response.header(HEADER_LENGTH), response.header("content-type"))

    @staticmethod
    def read(body: bytes, header_length: str | None, content_type: str | None) -> Answer:
        """Read a body, its JSON and what follows it, to the last byte."""
        length = len(body) if header_length is None else int(header_length)
        document = json.loads(body[:length])
        position = length
        outputs: dict[str, Output] = {}
        for item in document["outputs"]:
            shape = tuple(item["shape"])
            size = item.get("parameters", {}).get("binary_data_size")
            if size is None:
                values = array(item["datatype"], shape, item["data"])
            else:
                assert "data" not in item, item
                values = from_raw(body[position : position + size], item["datatype"], shape)
                position += size
            assert item["name"] not in outputs, f"output '{item['name']}' came twice"
            outputs[item["name"]] = Output(item["name"], item["datatype"], shape, values, size is not None, item)
        assert position == len(body), f"{len(body) - position} bytes behind the last tensor"
        expected_type = "application/octet-stream" if header_length is not None else "application/json"
        assert content_type == expected_type, content_type
        return Answer(document, outputs)
