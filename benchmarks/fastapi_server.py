#!/usr/bin/env python3
"""Serve one ONNX model over HTTP with FastAPI, uvicorn and onnxruntime.

    pip install -r benchmarks/requirements-fastapi.txt
    python benchmarks/fastapi_server.py --model /tmp/models/mlp/1/model.onnx --port 9000
"""

from __future__ import annotations

import argparse
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import uvicorn
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel, Field

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
    "FP32": np.float32,
    "FP64": np.float64,
    "BYTES": np.object_,
}
DATATYPES: dict[np.dtype, str] = {np.dtype(dtype): name for name, dtype in DTYPES.items()}


class Tensor(BaseModel):
    """A named tensor as it travels in requests and answers."""

    name: str
    datatype: str
    shape: list[int]
    data: list[Any]


class InferRequest(BaseModel):
    """The body of an inference request."""

    inputs: list[Tensor] = Field(min_length=1)


class InferResponse(BaseModel):
    """The body of an answer."""

    model_name: str
    outputs: list[Tensor]


@dataclass(frozen=True)
class LoadedModel:
    """A session and what is asked of it for every request."""

    name: str
    session: ort.InferenceSession
    output_names: list[str]


def model_name(path: Path) -> str:
    """Name a model after its directory in ``NAME/VERSION/model.onnx``, else its file."""
    return path.parent.parent.name if path.parent.name.isdigit() else path.stem


def load_model(path: Path, threads: int) -> LoadedModel:
    """Load a model with the given number of threads per inference."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return LoadedModel(model_name(path), session, [o.name for o in session.get_outputs()])


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Load the model once per worker process."""
    app.state.model = load_model(
        Path(os.environ["SERVER_MODEL"]).resolve(), int(os.environ["SERVER_THREADS"])
    )
    yield


app = FastAPI(lifespan=lifespan)


def to_array(tensor: Tensor) -> np.ndarray:
    """Convert a request tensor to numpy."""
    try:
        return np.array(tensor.data, dtype=DTYPES[tensor.datatype]).reshape(tensor.shape)
    except KeyError:
        raise HTTPException(400, f"unsupported datatype {tensor.datatype}") from None
    except (ValueError, TypeError, OverflowError) as error:
        raise HTTPException(400, f"input {tensor.name}: {error}") from None


def to_tensor(name: str, array: np.ndarray) -> Tensor:
    """Convert an output to its answer form."""
    return Tensor.model_construct(
        name=name,
        datatype=DATATYPES[array.dtype],
        shape=list(array.shape),
        data=array.ravel().tolist(),
    )


@app.get("/v2/health/ready")
async def ready() -> dict[str, bool]:
    """Tell that the server takes requests."""
    return {"ready": True}


@app.post("/v2/models/{name}/infer")
def infer(name: str, body: InferRequest, request: Request) -> InferResponse:
    """Run the model on the request's inputs."""
    model: LoadedModel = request.app.state.model
    if name != model.name:
        raise HTTPException(404, f"unknown model {name}")
    feeds = {tensor.name: to_array(tensor) for tensor in body.inputs}
    try:
        results = model.session.run(model.output_names, feeds)
    except Exception as error:
        raise HTTPException(400, str(error)) from None
    outputs = [to_tensor(*pair) for pair in zip(model.output_names, results)]
    return InferResponse.model_construct(model_name=name, outputs=outputs)


def main() -> None:
    """Start the workers; inference threads share the cores among them."""
    cores = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description="Serve one ONNX model.")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=cores)
    arguments = parser.parse_args()
    if not arguments.model.is_file():
        parser.error(f"no such file: {arguments.model}")
    os.environ["SERVER_MODEL"] = str(arguments.model.resolve())
    os.environ["SERVER_THREADS"] = str(max(1, cores // arguments.workers))
    uvicorn.run(
        "fastapi_server:app",
        app_dir=str(Path(__file__).resolve().parent),
        host=arguments.host,
        port=arguments.port,
        workers=arguments.workers,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
