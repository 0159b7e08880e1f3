"""System shared memory by Triton's client, and regions that are not what they should be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tritonclient.http as triton
import tritonclient.utils.shared_memory as shm
from tritonclient.utils import InferenceServerException, serialize_byte_tensor

from apus_e2e.repository import Repository
from apus_e2e.server import Launch, Server
from apus_e2e.wire import Client, eventually

COUNT = 1000
SIZE = COUNT * 4
FOLDER = Path("/dev/shm")


@pytest.fixture
def shared(launch: Launch, tmp_path: Path) -> Iterator[tuple[Server, triton.InferenceServerClient]]:
    """A server that allows it, and what it is to give back."""
    repository = Repository(tmp_path / "models").builtin("echo").builtin("texts", datatype="TYPE_STRING")
    repository.builtin("slow", "delay", 400)
    server = launch("--control-on-inference-ports", "--allow-client-shm", models=repository.root)
    remote = triton.InferenceServerClient(server.url)
    yield server, remote
    remote.unregister_system_shared_memory()
    remote.close()


@pytest.fixture
def region(request: pytest.FixtureRequest) -> Iterator[tuple[object, str]]:
    """Memory for one input and one output, one behind the other."""
    key = f"/apuse2e_{os.getpid()}"
    handle = shm.create_shared_memory_region("data", key, 2 * SIZE)
    yield handle, key
    shm.destroy_shared_memory_region(handle)


def echo(offset: int = 0, size: int = SIZE, output: tuple[int, int] = (SIZE, SIZE)) -> tuple[list, list]:
    """Make the input and the output of a request."""
    given = triton.InferInput("IN", [COUNT], "FP32")
    given.set_shared_memory("data", size, offset)
    wanted = triton.InferRequestedOutput("OUT")
    wanted.set_shared_memory("data", output[1], output[0])
    return [given], [wanted]


def test_there_and_back(shared: tuple, region: tuple) -> None:
    """Input and output in one region; status and registration in Triton's words."""
    _, remote = shared
    handle, key = region
    assert "system_shared_memory" in remote.get_server_metadata()["extensions"]
    assert remote.get_system_shared_memory_status() == []
    remote.register_system_shared_memory("data", key, 2 * SIZE)
    status = [{"name": "data", "key": key, "offset": 0, "byte_size": 2 * SIZE}]
    assert remote.get_system_shared_memory_status() == status
    assert remote.get_system_shared_memory_status("data") == status
    with pytest.raises(InferenceServerException, match="already in manager") as caught:
        remote.register_system_shared_memory("data", key, SIZE)
    assert caught.value.status() == "400"
    for number in range(3):
        values = np.arange(COUNT, dtype=np.float32) * number
        shm.set_shared_memory_region(handle, [values])
        inputs, outputs = echo()
        result = remote.infer("echo", inputs, outputs=outputs)
        assert "data" not in result.get_output("OUT")
        assert result.get_output("OUT")["shape"] == [COUNT]
        got = shm.get_contents_as_numpy(handle, np.float32, [COUNT], offset=SIZE)
        assert np.array_equal(got, values)
    remote.unregister_system_shared_memory("data")
    assert remote.get_system_shared_memory_status() == []
    with pytest.raises(InferenceServerException, match="Unable to find shared memory region: 'data'") as caught:
        remote.infer("echo", *echo()[:1])
    assert caught.value.status() == "404"


def test_texts(shared: tuple, region: tuple) -> None:
    """BYTES lie in memory as they do on the wire."""
    _, remote = shared
    handle, key = region
    remote.register_system_shared_memory("data", key, 2 * SIZE)
    values = np.array([b"one", b"", "zwölf".encode()], dtype=object)
    shm.set_shared_memory_region(handle, [serialize_byte_tensor(values)])
    given = triton.InferInput("IN", [3], "BYTES")
    given.set_shared_memory("data", sum(4 + len(value) for value in values))
    assert remote.infer("texts", [given]).as_numpy("OUT").tolist() == values.tolist()


def test_bounds(shared: tuple, region: tuple) -> None:
    """Each use is checked, numbers that overflow too; nothing of it is a fault of the server's."""
    server, remote = shared
    _, key = region
    for offset, size in ((0, 2 * SIZE + 1), (SIZE, SIZE + 1), (2**64 - 1, 2), (2**63, 2**63), (0, 0)):
        with pytest.raises(InferenceServerException, match="failed to register") as caught:
            remote.register_system_shared_memory("data", key, size, offset)
        assert caught.value.status() == "400"
    remote.register_system_shared_memory("data", key, 2 * SIZE)
    for given in (
        {"offset": SIZE + 1},
        {"offset": 2**64 - SIZE},
        {"offset": 2**63},
        {"size": 2 * SIZE + 1},
        {"output": (SIZE + 1, SIZE)},
        {"output": (0, 2**64 - 1)},
    ):
        inputs, outputs = echo(**given)
        with pytest.raises(InferenceServerException, match="Invalid offset") as caught:
            remote.infer("echo", inputs, outputs=outputs)
        assert caught.value.status() == "400"
    inputs, outputs = echo(output=(SIZE, SIZE - 1))
    with pytest.raises(InferenceServerException, match=f"{SIZE - 1} bytes.*at least {SIZE} bytes"):
        remote.infer("echo", inputs, outputs=outputs)
    inputs, _ = echo(size=SIZE - 4)
    with pytest.raises(InferenceServerException, match=f"Expected {SIZE}, got {SIZE - 4}"):
        remote.infer("echo", inputs)
    inputs, outputs = echo()
    remote.infer("echo", inputs, outputs=outputs)
    assert server.is_alive


def test_a_region_that_shrinks(shared: tuple, region: tuple) -> None:
    """An error that says so, and no signal; a write doesn't make it longer again."""
    server, remote = shared
    _, key = region
    path = FOLDER / key[1:]
    remote.register_system_shared_memory("data", key, 2 * SIZE)
    for length in (SIZE + 4, SIZE - 1, 0):
        os.truncate(path, length)
        inputs, outputs = echo()
        with pytest.raises(InferenceServerException, match="no longer has") as caught:
            remote.infer("echo", inputs, outputs=outputs)
        assert caught.value.status() == "400"
        assert path.stat().st_size == length
    os.truncate(path, 2 * SIZE)
    remote.infer("echo", *echo()[:1])
    # Gone by name, and still there for whoever has it open.
    os.rename(path, str(path) + "x")
    remote.infer("echo", *echo()[:1])
    os.rename(str(path) + "x", path)
    assert server.is_alive


def test_a_region_in_use_is_kept(shared: tuple, region: tuple) -> None:
    """What is unregistered while a request runs takes its output all the same; descriptors come back."""
    server, remote = shared
    handle, key = region
    before = server.descriptor_count
    remote.register_system_shared_memory("data", key, 2 * SIZE)
    shm.set_shared_memory_region(handle, [np.full(COUNT, 7, dtype=np.float32)])
    inputs, outputs = echo()
    plain = triton.InferInput("IN", [1], "FP32")
    plain.set_data_from_numpy(np.zeros(1, dtype=np.float32))
    with triton.InferenceServerClient(server.url, concurrency=2) as other:
        # There is one instance: the one that comes first keeps the other waiting.
        first = other.async_infer("slow", [plain])
        pending = other.async_infer("slow", inputs, outputs=outputs)
        stats = remote.get_inference_statistics
        while not stats("slow")["model_stats"][0]["scheduling"]["pending_count"]:
            pass
        remote.unregister_system_shared_memory("data")
        first.get_result()
        pending.get_result()
    got = shm.get_contents_as_numpy(handle, np.float32, [COUNT], offset=SIZE)
    assert got.tolist() == [7] * COUNT
    assert eventually(lambda: server.descriptor_count <= before + 2)


@pytest.mark.parametrize(
    "key",
    ["", "/", "..", "/..", "/../shm/x", "/a/b", "a b", "/a\0b", "//x", "/etc/passwd", "x" * 256, "/%2e%2e"],
)
def test_keys_that_lead_elsewhere(shared: tuple, key: str) -> None:
    """Refused before anything is opened."""
    server, _ = shared
    with Client(server.address) as client:
        response = client.post_json("/v2/systemsharedmemory/region/r/register", {"key": key, "byte_size": 1})
        assert response.status == 400, response
        assert "its key must be" in response.error


def test_things_that_are_no_memory(shared: tuple, tmp_path: Path) -> None:
    """Links, folders, pipes and what other parts of servers keep there."""
    server, _ = shared
    name = f"apuse2elink_{os.getpid()}"
    secret = tmp_path / "secret"
    secret.write_bytes(b"x" * 100)
    made = [FOLDER / (name + kind) for kind in ("link", "folder", "pipe")]
    made[0].symlink_to(secret)
    made[1].mkdir()
    os.mkfifo(made[2])
    try:
        with Client(server.address) as client:
            for path in (*made, FOLDER / "nothing-of-this-name"):
                body = {"key": f"/{path.name}", "byte_size": 1}
                response = client.post_json("/v2/systemsharedmemory/region/r/register", body)
                assert response.status == 400, response
                assert "Unable to open" in response.error or "failed to register" in response.error
            for key in ("triton_python_backend_shm_region_1", "/apus_worker"):
                body = {"key": key, "byte_size": 1}
                response = client.post_json("/v2/systemsharedmemory/region/r/register", body)
                assert response.status == 400, response
                assert "reserved prefix" in response.error
            for body in ({}, {"key": "x"}, {"byte_size": 1}, {"key": 1, "byte_size": 1}, {"key": "x", "byte_size": -1}):
                response = client.post_json("/v2/systemsharedmemory/region/r/register", body)
                assert response.status == 400, response
    finally:
        made[0].unlink()
        made[1].rmdir()
        made[2].unlink()
    assert server.is_alive


def test_mixtures_that_are_none(shared: tuple, region: tuple) -> None:
    """Two sources of one input, two places of one output, members that are missing."""
    server, remote = shared
    _, key = region
    remote.register_system_shared_memory("data", key, 2 * SIZE)
    there = {"shared_memory_region": "data", "shared_memory_byte_size": SIZE}
    given = {"name": "IN", "shape": [COUNT], "datatype": "FP32", "parameters": there}
    with Client(server.address) as client:
        for parameters in (
            {"shared_memory_region": "data"},
            there | {"binary_data_size": SIZE},
            there | {"shared_memory_region": 1},
            there | {"shared_memory_offset": -1},
            there | {"shared_memory_byte_size": "4"},
        ):
            request = {"inputs": [given | {"parameters": parameters}]}
            assert client.post_json("/v2/models/echo/infer", request).status == 400
        request = {"inputs": [given | {"data": [0] * COUNT}]}
        assert client.post_json("/v2/models/echo/infer", request).status == 400
        for parameters in (there | {"classification": 1}, there | {"binary_data": True}):
            request = {"inputs": [given], "outputs": [{"name": "OUT", "parameters": parameters}]}
            assert client.post_json("/v2/models/echo/infer", request).status == 400
        assert client.post_json("/v2/models/echo/infer", {"inputs": [given]}).status == 200


def test_off_unless_allowed(launch: Launch, tmp_path: Path) -> None:
    """Triton's words and its 501; there are no regions then."""
    repository = Repository(tmp_path / "models").builtin("echo")
    server = launch("--control-on-inference-ports", models=repository.root)
    with triton.InferenceServerClient(server.url) as remote:
        with pytest.raises(InferenceServerException, match="Client shared memory is disabled. Start the") as caught:
            remote.register_system_shared_memory("data", "/x", 4)
        assert caught.value.status() == "501"
        assert remote.get_system_shared_memory_status() == []
        assert remote.get_cuda_shared_memory_status() == []
        assert "system_shared_memory" not in remote.get_server_metadata()["extensions"]
        with pytest.raises(InferenceServerException, match="Unable to find shared memory region"):
            remote.infer("echo", *echo()[:1])
        with pytest.raises(InferenceServerException, match="CUDA shared memory isn't supported"):
            remote.register_cuda_shared_memory("data", b"0" * 64, 0, 4)


def test_keys_may_be_bounded(launch: Launch, tmp_path: Path, region: tuple) -> None:
    """Only keys with a prefix that the operator allows."""
    _, key = region
    repository = Repository(tmp_path / "models").builtin("echo")
    server = launch(
        "--control-on-inference-ports", "--allow-client-shm", "--client-shm-prefix", "team_", models=repository.root
    )
    with triton.InferenceServerClient(server.url) as remote:
        with pytest.raises(InferenceServerException, match="keys must begin with one of team_"):
            remote.register_system_shared_memory("data", key, SIZE)
