"""boto3 reads what we wrote, and we read what boto3 wrote; our half is WitnessTests.swift."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Store

MIB = 1 << 20
NAMES = ["m/1/model.onnx", "m/1/a b+c%d&e.bin", "m/1/größe-模型-😀", "m/labels.json", "e/empty"]


def content(name: str, size: int) -> bytes:
    """Bytes that name and size decide; WitnessTests.swift has the same rule."""
    seed = sum(name.encode()) % 251
    block = bytes((seed + index * 7 + (index >> 8)) & 255 for index in range(65_536))
    return (block * (size // 65_536 + 1))[:size]


def size(name: str) -> int:
    """How large an object of this name is: none, some, or in several parts."""
    return 0 if name.startswith("e/") else 6 * MIB + 5 if name.endswith(".onnx") else 1000


def test_boto3_reads_what_we_wrote(store: Store) -> None:
    """All objects are there, none beside them, byte for byte, large ones in parts."""
    done = store.swift_test("WitnessTests.writes")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert store.keys() == sorted(NAMES)
    for name in NAMES:
        found = store.content(name)
        assert hashlib.sha256(found).digest() == hashlib.sha256(content(name, size(name))).digest(), name


def test_we_read_what_boto3_wrote(store: Store) -> None:
    """Our listing, reading and fetching give boto3's objects, and pass over a folder's marker."""
    for name in NAMES:
        store.put(name, content(name, size(name)))
    store.put("m/", b"")
    done = store.swift_test("WitnessTests.reads")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
