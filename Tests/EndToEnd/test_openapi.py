"""The server's description: valid in every format, with examples that work, and nothing undocumented behind it."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from openapi_spec_validator import OpenAPIV2SpecValidator, OpenAPIV30SpecValidator, OpenAPIV31SpecValidator
from swagger_spec_validator.validator20 import validate_spec

from apus_e2e.repository import Repository
from apus_e2e.scale import IS_LONG, SEED
from apus_e2e.server import Server

VALIDATORS = {
    "openapi3.1": OpenAPIV31SpecValidator,
    "openapi3.0": OpenAPIV30SpecValidator,
    "swagger2": OpenAPIV2SpecValidator,
}


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a server with models of every kind of input answers."""
    folder = tmp_path_factory.mktemp("described")
    repository = Repository(folder / "models").sample("iris").sample("tickets").sample("digits")
    for name in ("identity_bool", "identity_int64", "identity_uint8", "identity_fp16", "scalar", "optional_default"):
        repository.onnx(name)
    repository.onnx("ruled", "identity_fp32").file(
        "ruled/apus.yaml", "validation:\n  x: {preset: numeric, min: 7, max: 8}\n"
    )
    server = Server(repository.root, folder / "server").wait_until_ready()
    yield f"http://{server.address[0]}:{server.address[1]}"
    try:
        assert server.stop() == 0
    finally:
        server.kill()


def get(url: str) -> Any:
    """Fetch JSON."""
    answer = requests.get(url, timeout=15)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("name", VALIDATORS)
def test_each_format_is_valid(described: str, name: str) -> None:
    """The format's own validator accepts the server's description and each model's."""
    models = get(f"{described}/v2/models")["models"]
    for path in ["/openapi.json", *(f"/v2/models/{model}/openapi.json" for model in models)]:
        document = get(f"{described}{path}?format={name}")
        VALIDATORS[name](document).validate()
        if name == "swagger2":
            validate_spec(document)


def test_other_formats_are_refused(described: str) -> None:
    """An unknown format is named with those that there are."""
    answer = requests.get(f"{described}/openapi.json?format=raml", timeout=15)
    assert answer.status_code == 400
    assert "openapi3.1, openapi3.0, swagger2" in answer.json()["error"]


def test_examples_work(described: str) -> None:
    """Each example is answered, in the typed paths of all models."""
    paths = get(f"{described}/openapi.json")["paths"]
    asked = 0
    for path, operations in paths.items():
        content = operations.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json", {})
        if "example" in content:
            answer = requests.post(described + path, json=content["example"], timeout=15)
            assert answer.status_code == 200, (path, content["example"], answer.text)
            asked += 1
    assert asked == 2 * len(get(f"{described}/v2/models")["models"])


def test_page(described: str) -> None:
    """The page loads nothing from elsewhere, and its policy lets it load nothing but its own style."""
    answer = requests.get(f"{described}/docs", timeout=15)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "<script" not in answer.text
    assert not re.findall(r"(?:src|href)=\"(?!/)", answer.text)
    assert "iris" in answer.text


def test_nothing_is_undocumented(described: str, tmp_path: Path) -> None:
    """Schemathesis finds no failure of the server's and no answer that the description doesn't have."""
    done = subprocess.run(
        [
            Path(sys.executable).parent / "schemathesis",
            "run",
            f"{described}/openapi.json",
            "--checks=not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
            f"--max-examples={100 if IS_LONG else 6}",
            f"--seed={SEED}",
            "--phases=examples,fuzzing",
            "--workers=1",
            "--no-color",
        ],
        capture_output=True,
        cwd=tmp_path,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
