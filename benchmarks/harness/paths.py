"""Where things lie in the checkout, once scripts/bench has set them up."""

from __future__ import annotations

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
BUILD = CHECKOUT / ".build"
APUS = BUILD / "release" / "apus"
PEERS = BUILD / "release" / "apus-bench-peers"
ENGINES = CHECKOUT / ".engines"
FASTAPI_PYTHON = BUILD / "venv-fastapi" / "bin" / "python"
FASTAPI_SERVER = CHECKOUT / "benchmarks" / "fastapi_server.py"
WRK_SCRIPT = Path(__file__).resolve().parent / "post.lua"
MODELS = BUILD / "bench-models"
IRIS_ALONE = BUILD / "bench-iris"
MANY_MODELS = BUILD / "bench-many"
IRIS_REQUESTS = CHECKOUT / "examples" / "requests" / "iris.json"
VARIANTS = BUILD / "bench-variants"
LOGS = BUILD / "bench-logs"


def model_file(name: str) -> Path:
    """The file of one of the models that are measured."""
    return MODELS / name / "1" / "model.onnx"
