"""Small ONNX models, written byte by byte (protobuf wire format, onnx.proto3), so that tests have as many as they want."""

from __future__ import annotations

import struct


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _value_info(name: str, dimension: str) -> bytes:
    shape = _bytes(1, _bytes(2, dimension))  # TensorShapeProto.dim.dim_param
    tensor = _number(1, 1) + _bytes(2, shape)  # TypeProto.Tensor: FLOAT, shape
    return _bytes(1, name) + _bytes(2, _bytes(1, tensor))


def _floats(name: str, values: list[float], dimensions: list[int]) -> bytes:
    sizes = b"".join(_number(1, size) for size in dimensions)
    return sizes + _number(2, 1) + _bytes(8, name) + _bytes(9, struct.pack(f"<{len(values)}f", *values))


def adding(constant: float, padding: int = 0) -> bytes:
    """Make a model that gives `y = x + constant`, with that many bytes of weights that nobody uses."""
    node = _bytes(1, "x") + _bytes(1, "c") + _bytes(2, "y") + _bytes(4, "Add")
    graph = _bytes(1, node) + _bytes(2, "adding") + _bytes(5, _floats("c", [constant], [1]))
    if padding:
        unused = _bytes(1, "c") + _bytes(1, "w") + _bytes(2, "unused") + _bytes(4, "Add")
        graph += _bytes(1, unused)
        weights = _number(1, padding // 4) + _number(2, 1) + _bytes(8, "w") + _bytes(9, bytes(padding // 4 * 4))
        graph += _bytes(5, weights)
    graph += _bytes(11, _value_info("x", "n")) + _bytes(12, _value_info("y", "n"))
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _number(2, 17))
