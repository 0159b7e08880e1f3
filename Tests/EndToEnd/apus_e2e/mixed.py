"""A repository where half of the models are bad, and half are good in every way that is allowed."""

from __future__ import annotations

import shutil
from pathlib import Path

from .paths import FIXTURES
from .repository import Repository

FP32_IO = """
input [ { name: "x" data_type: TYPE_FP32 dims: [ -1, 4 ] } ]
output [ { name: "y" data_type: TYPE_FP32 dims: [ -1, 4 ] } ]
"""

#: Name and a word that the reason must have, for models that can't be served.
BAD: dict[str, str] = {
    "corrupt": "",
    "unknown_op": "NoSuchOp",
    "empty": "empty",
    "only_sequence": "tensor",
    "escaping_data": "outside",
    "bad_pbtxt": "3:",
    "unknown_field": "max_batch_sise",
    "double_field": "max_batch_size",
    "name_mismatch": "other_name",
    "wrong_dims": "x",
    "wrong_type": "x",
    "wrong_input": "nothing",
    "negative_batch": "max_batch_size",
    "unknown_backend": "tensorrt",
    "pytorch": "ONNX",
    "savedmodel": "ONNX",
    "nothing_inside": "model.onnx",
    "no_version": "version",
    "zero_version": "version",
    "folder_without_file": "model.onnx",
    "missing_version": "9",
    "absolute_link": "",
    "climbing_link": "",
    "delay_without_number": "execute_delay_ms",
    "bad name!": "name",
    "naïve": "name",
    "..hidden": "",
}


def add_bad_models(repository: Repository, outside: Path) -> None:
    """Everything that can be wrong with a folder."""
    for name in ("corrupt", "unknown_op", "empty", "only_sequence"):
        repository.onnx(name)
    repository.onnx("escaping_data", "external_data")
    repository.file("escaping_data/outside.bin", b"\0" * 16)
    repository.onnx("bad_pbtxt", "two_batch", config='name: "bad_pbtxt"\nmax_batch_size: 0\ninput [ { name: }\n')
    repository.onnx("unknown_field", "two_batch", config="max_batch_sise: 4\n")
    repository.onnx("double_field", "two_batch", config="max_batch_size: 0\nmax_batch_size: 0\n")
    repository.onnx("name_mismatch", "two_batch", config='name: "other_name"\n')
    repository.onnx("wrong_dims", "two_batch", config=FP32_IO.replace("-1, 4", "-1, 5"))
    repository.onnx("wrong_type", "two_batch", config=FP32_IO.replace("TYPE_FP32", "TYPE_INT32"))
    repository.onnx("wrong_input", "two_batch", config=FP32_IO.replace('"x"', '"nothing"'))
    repository.onnx("negative_batch", "two_batch", config="max_batch_size: -1\n")
    repository.onnx("unknown_backend", "two_batch", config='backend: "tensorrt"\n')
    repository.file("pytorch/1/model.pt", b"x").file("savedmodel/1/model.savedmodel/saved_model.pb", b"x")
    (repository.root / "nothing_inside" / "1").mkdir(parents=True)
    repository.file("no_version/latest/model.onnx", b"x")
    repository.file("zero_version/0/model.onnx", b"x").file("zero_version/01/model.onnx", b"x")
    (repository.root / "folder_without_file" / "1" / "model.onnx").mkdir(parents=True)
    repository.onnx("missing_version", "two_batch", config="version_policy { specific { versions: [ 9 ] } }\n")
    shutil.copy(FIXTURES / "models" / "two_batch.onnx", outside)
    for name, target in (("absolute_link", outside), ("climbing_link", Path("../../..") / outside.name)):
        (repository.root / name / "1").mkdir(parents=True)
        (repository.root / name / "1" / "model.onnx").symlink_to(target)
    repository.builtin("delay_without_number", kind="delay")
    for name in ("bad name!", "naïve", "..hidden"):
        repository.onnx(name, "two_batch")


def add_good_models(repository: Repository) -> None:
    """Every layout and version policy; odd versions double and add one, even ones give back."""
    repository.sample("iris").onnx("zipmap")
    for version, fixture in ((1, "two_batch"), (2, "identity_fp32"), (10, "two_batch")):
        repository.onnx("highest", fixture, version)
        repository.onnx("every", fixture, version, "version_policy: { all { } }\n")
        repository.onnx("chosen", fixture, version, "version_policy: { specific { versions: [ 1, 2 ] } }\n")
        repository.onnx("two_latest", fixture, version, "version_policy { latest { num_versions: 2 } }\n")
    repository.onnx("broken_latest", "two_batch", 1).onnx("broken_latest", "corrupt", 2)
    repository.onnx("bare", "two_batch", version=None)
    repository.onnx("other_file", "two_batch", config='default_model_filename: "net.onnx"\n')
    (repository.root / "other_file" / "1" / "model.onnx").rename(repository.root / "other_file" / "1" / "net.onnx")
    (repository.root / "in_a_folder" / "1" / "model.onnx").mkdir(parents=True)
    shutil.copy(
        FIXTURES / "models" / "two_batch.onnx", repository.root / "in_a_folder" / "1" / "model.onnx" / "model.onnx"
    )
    repository.onnx("linked_target", "two_batch")
    (repository.root / "linked" / "1").mkdir(parents=True)
    (repository.root / "linked" / "1" / "model.onnx").symlink_to("../../linked_target/1/model.onnx")
    repository.onnx("batching", "two_batch", config=FP32_IO.replace("-1, ", "") + "max_batch_size: 3\n")
    repository.onnx("scheduled", "two_batch", config="dynamic_batching { max_queue_delay_microseconds: 100 preserve_ordering: true }\ninstance_group { kind: KIND_CPU rate_limiter { resources { name: \"R\" count: 1 } } }\n")
    repository.onnx("1", "two_batch").onnx("a.b-c_d", "two_batch").onnx("stats", "two_batch").onnx(
        "versions", "two_batch"
    )
    repository.file("README.md", "not a model").file(".git/config", "x").file("lost+found/x", "x")
