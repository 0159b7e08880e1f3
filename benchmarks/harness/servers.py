"""The servers that are compared, each on a free port."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from . import paths
from .processes import Server, free_port


def apus(models: Path | str, name: str = "apus", flags: Sequence[str] = ()) -> Server:
    """Apus with its defaults, or with more flags."""
    port = free_port()
    command = [str(paths.APUS), "serve", "--models", str(models), "--host", "127.0.0.1", *flags]
    return Server(name, [*command, "--http-port", str(port), "--grpc-port", "off", "--metrics-port", "0"], port)


def echo() -> Server:
    """A bare SwiftNIO server that sends bodies back."""
    port = free_port()
    return Server("echo", [str(paths.PEERS), "echo", "--port", str(port)], port)


def fastapi(model: str) -> Server:
    """FastAPI, uvicorn and onnxruntime, with a worker for each core."""
    port = free_port()
    command = [str(paths.FASTAPI_PYTHON), str(paths.FASTAPI_SERVER), "--model", str(paths.model_file(model))]
    return Server(f"fastapi-{model}", [*command, "--port", str(port)], port)
