"""Pictures as files: made by Pillow, or by hand where Pillow can't."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def scene(width: int, height: int, seed: int = 0) -> np.ndarray:
    """Smooth colours with some noise: what photographs are like for a codec."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    waves = [np.sin(x / (7 + 5 * c) + c) + np.cos(y / (11 + 3 * c)) for c in range(3)]
    smooth = np.stack(waves, axis=-1) * 60 + 128
    return np.clip(smooth + rng.normal(0, 4, smooth.shape), 0, 255).astype(np.uint8)


def encoded(picture: np.ndarray | Image.Image, kind: str, **options: Any) -> bytes:
    """Write a file of a kind."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    """Make a chunk of a PNG."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(size: tuple[int, int], data: bytes, depth: int = 8, kind: int = 2, interlace: int = 0) -> bytes:
    """Make a PNG of compressed rows, whatever they are."""
    header = struct.pack(">IIBBBBB", *size, depth, kind, 0, 0, interlace)
    return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def prepared(file: bytes, size: tuple[int, int], mode: str = "RGB") -> np.ndarray:
    """Decode and resize as Pillow and torchvision do; rows of pixels of channels."""
    image = Image.open(io.BytesIO(file)).convert(mode).resize(size, Image.Resampling.BILINEAR)
    return np.asarray(image).reshape(size[1], size[0], -1).astype(np.float64)
