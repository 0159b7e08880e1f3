"""TensorFlow's messages for `tensorflow-serving-api` without the 600 MB of TensorFlow.

The package's modules import `tensorflow.core.…_pb2`. TensorBoard carries a copy of those messages in another namespace;
here they are given their own names back. The few that it hasn't are written out. `tensorflow.make_tensor_proto` and
`tensorflow.make_ndarray` are TensorFlow's too, by way of TensorBoard.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

ROOTS = ("tensor", "meta_graph", "config")
IN_FRAMEWORK = {
    "allocation_description", "api_def", "attr_value", "cost_graph", "full_type", "function", "graph",
    "graph_debug_info", "node_def", "op_def", "resource_handle", "step_stats", "summary", "tensor_description",
    "tensor", "tensor_shape", "types", "variable", "versions",
}  # fmt: skip

Field = descriptor_pb2.FieldDescriptorProto


def install() -> None:
    """Make `tensorflow.core` importable as far as `tensorflow_serving.apis` needs it."""
    if "tensorflow" in sys.modules:
        return
    done: set[str] = set()
    for root in ROOTS:
        _take(importlib.import_module(f"tensorboard.compat.proto.{root}_pb2").DESCRIPTOR, done)
    for file in (_features(), _error_codes(), _named_tensor()):
        _add(file)
    # In TensorFlow the codes come from another file, which generated code looks for in here.
    codes = sys.modules["tensorflow.core.protobuf.error_codes_pb2"]
    codes.xla_dot_tsl_dot_protobuf_dot_error__codes__pb2 = codes  # type: ignore[attr-defined]
    package = sys.modules["tensorflow"]
    package.make_tensor_proto = make_tensor_proto  # type: ignore[attr-defined]
    package.make_ndarray = make_ndarray  # type: ignore[attr-defined]


def make_tensor_proto(values: Any, **options: Any) -> Any:
    """Give TensorFlow's `make_tensor_proto`, in TensorFlow's own message."""
    made = importlib.import_module("tensorboard.util.tensor_util").make_tensor_proto(values, **options)
    messages = sys.modules["tensorflow.core.framework.tensor_pb2"]
    return messages.TensorProto.FromString(made.SerializeToString())  # type: ignore[attr-defined]


def make_ndarray(tensor: Any) -> Any:
    """Give TensorFlow's `make_ndarray`."""
    messages = importlib.import_module("tensorboard.compat.proto.tensor_pb2")
    copy = messages.TensorProto.FromString(tensor.SerializeToString())
    return importlib.import_module("tensorboard.util.tensor_util").make_ndarray(copy)


def _take(file: Any, done: set[str]) -> None:
    """Add a file of TensorBoard's, after those that it needs, under TensorFlow's names."""
    if file.name in done or not file.name.startswith("tensorboard/"):
        return
    done.add(file.name)
    for needed in file.dependencies:
        _take(needed, done)
    copy = descriptor_pb2.FileDescriptorProto()
    file.CopyToProto(copy)
    copy.name = _renamed(copy.name)
    copy.package = copy.package.replace("tensorboard", "tensorflow", 1)
    for index, needed in enumerate(copy.dependency):
        copy.dependency[index] = _renamed(needed)
    for message in copy.message_type:
        _retype(message)
    _add(copy)


def _renamed(name: str) -> str:
    if not name.startswith("tensorboard/"):
        return name
    stem = name.rsplit("/", 1)[1]
    folder = "framework" if stem.removesuffix(".proto") in IN_FRAMEWORK else "protobuf"
    return f"tensorflow/core/{folder}/{stem}"


def _retype(message: descriptor_pb2.DescriptorProto) -> None:
    for field in message.field:
        if field.type_name:
            field.type_name = field.type_name.replace(".tensorboard.", ".tensorflow.", 1)
    for inner in message.nested_type:
        _retype(inner)


def _add(file: descriptor_pb2.FileDescriptorProto) -> None:
    """Register a file, and a module with its messages."""
    pool = descriptor_pool.Default()
    descriptor = pool.AddSerializedFile(file.SerializeToString()) or pool.FindFileByName(file.name)
    name = file.name.removesuffix(".proto").replace("/", ".") + "_pb2"
    module = types.ModuleType(name)
    module.DESCRIPTOR = descriptor  # type: ignore[attr-defined]
    for message in descriptor.message_types_by_name.values():
        setattr(module, message.name, message_factory.GetMessageClass(message))
    for value in (value for enum in descriptor.enum_types_by_name.values() for value in enum.values):
        setattr(module, value.name, value.number)
    parent = sys.modules
    parts = name.split(".")
    for depth in range(1, len(parts)):
        package = ".".join(parts[:depth])
        if package not in parent:
            sys.modules[package] = types.ModuleType(package)
            sys.modules[package].__path__ = []
            if depth > 1:
                setattr(sys.modules[".".join(parts[: depth - 1])], parts[depth - 1], sys.modules[package])
    sys.modules[name] = module
    setattr(sys.modules[".".join(parts[:-1])], parts[-1], module)


def _message(name: str, *fields: tuple[str, int, int, bool, str]) -> descriptor_pb2.DescriptorProto:
    """Describe a message by its fields: name, number, type, whether repeated, the type's name."""
    message = descriptor_pb2.DescriptorProto(name=name)
    for field, number, kind, is_repeated, type_name in fields:
        label = Field.LABEL_REPEATED if is_repeated else Field.LABEL_OPTIONAL
        message.field.add(name=field, number=number, type=kind, label=label, type_name=type_name or None)
    return message


def _features() -> descriptor_pb2.FileDescriptorProto:
    """Give tensorflow/core/example/example.proto, with what is in feature.proto there."""
    file = descriptor_pb2.FileDescriptorProto(
        name="tensorflow/core/example/example.proto", package="tensorflow", syntax="proto3"
    )
    feature = _message(
        "Feature",
        ("bytes_list", 1, Field.TYPE_MESSAGE, False, ".tensorflow.BytesList"),
        ("float_list", 2, Field.TYPE_MESSAGE, False, ".tensorflow.FloatList"),
        ("int64_list", 3, Field.TYPE_MESSAGE, False, ".tensorflow.Int64List"),
    )
    feature.oneof_decl.add(name="kind")
    for field in feature.field:
        field.oneof_index = 0
    entry = _message(
        "FeatureEntry",
        ("key", 1, Field.TYPE_STRING, False, ""),
        ("value", 2, Field.TYPE_MESSAGE, False, ".tensorflow.Feature"),
    )
    entry.options.map_entry = True
    features = _message("Features", ("feature", 1, Field.TYPE_MESSAGE, True, ".tensorflow.Features.FeatureEntry"))
    features.nested_type.append(entry)
    file.message_type.extend(
        [
            _message("BytesList", ("value", 1, Field.TYPE_BYTES, True, "")),
            _message("FloatList", ("value", 1, Field.TYPE_FLOAT, True, "")),
            _message("Int64List", ("value", 1, Field.TYPE_INT64, True, "")),
            feature,
            features,
            _message("Example", ("features", 1, Field.TYPE_MESSAGE, False, ".tensorflow.Features")),
        ]
    )
    return file


def _error_codes() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name="tensorflow/core/protobuf/error_codes.proto", package="tensorflow.error", syntax="proto3"
    )
    codes = file.enum_type.add(name="Code")
    names = (
        "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED "
        "RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS "
        "UNAUTHENTICATED"
    )
    for number, name in enumerate(names.split()):
        codes.value.add(name=name, number=number)
    return file


def _named_tensor() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name="tensorflow/core/protobuf/named_tensor.proto", package="tensorflow", syntax="proto3"
    )
    file.dependency.append("tensorflow/core/framework/tensor.proto")
    file.message_type.append(
        _message(
            "NamedTensorProto",
            ("name", 1, Field.TYPE_STRING, False, ""),
            ("tensor", 2, Field.TYPE_MESSAGE, False, ".tensorflow.TensorProto"),
        )
    )
    return file
