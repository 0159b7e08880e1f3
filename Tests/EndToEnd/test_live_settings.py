"""Trace and log settings, as Triton's client asks for them and changes them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from apus_e2e.server import Server
from apus_e2e.wire import Client

SERVER_FLAGS = ("--control-on-inference-ports",)

TRACES = {
    "trace_file": "",
    "trace_level": ["OFF"],
    "trace_rate": "1000",
    "trace_count": "-1",
    "log_frequency": "0",
    "trace_mode": "triton",
}


@pytest.fixture
def remote(server: Server) -> Iterator[triton.InferenceServerClient]:
    """A client of the module's server."""
    opened = triton.InferenceServerClient(server.url)
    yield opened
    opened.close()


def test_trace_settings(remote: triton.InferenceServerClient) -> None:
    """A model's own count before the server's until they are cleared."""
    assert remote.get_trace_settings() == TRACES
    changed = remote.update_trace_settings(settings={"trace_level": ["TIMESTAMPS"], "trace_rate": "5"})
    assert changed == TRACES | {"trace_level": ["TIMESTAMPS"], "trace_rate": "5"}
    own = remote.update_trace_settings(model_name="iris", settings={"trace_rate": "7", "trace_count": "3"})
    assert own == changed | {"trace_rate": "7", "trace_count": "3"}
    assert remote.get_trace_settings("iris") == own
    assert remote.get_trace_settings("digits") == changed
    cleared = remote.update_trace_settings(model_name="iris", settings={"trace_rate": None, "trace_count": None})
    assert cleared == changed
    assert remote.update_trace_settings(settings={"trace_level": None, "trace_rate": None}) == TRACES


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({"trace_file": "/tmp/x"}, "501"),
        ({"trace_level": ["LOUD"]}, "400"),
        ({"trace_level": ["OFF", "TENSORS"]}, "400"),
        ({"trace_rate": "-1"}, "400"),
        ({"trace_count": "-2"}, "400"),
        ({"trace_rate": {}}, "400"),
        ({"nothing": "1"}, "400"),
    ],
)
def test_wrong_trace_settings(remote: triton.InferenceServerClient, settings: dict, status: str) -> None:
    """Named and refused, all of them or none."""
    with pytest.raises(InferenceServerException) as caught:
        remote.update_trace_settings(settings={"log_frequency": "9"} | settings)
    assert caught.value.status() == status
    assert remote.get_trace_settings() == TRACES


def test_trace_settings_of_an_unknown_model(remote: triton.InferenceServerClient) -> None:
    """404, and nothing is kept."""
    with pytest.raises(InferenceServerException, match="unknown model: 'nobody' is not found"):
        remote.update_trace_settings(model_name="nobody", settings={"trace_rate": "1"})
    with pytest.raises(InferenceServerException, match="unknown model: 'nobody' is not found"):
        remote.get_trace_settings("nobody")


def test_log_settings(server: Server, remote: triton.InferenceServerClient) -> None:
    """They act at once: what is switched off isn't logged."""
    before = remote.get_log_settings()
    assert before == {
        "log_file": "",
        "log_info": True,
        "log_warning": True,
        "log_error": True,
        "log_verbose_level": 0,
        "log_format": "default",
    }
    changed = remote.update_log_settings({"log_info": False, "log_verbose_level": 1, "log_format": "ISO8601"})
    assert changed == before | {"log_info": False, "log_verbose_level": 1, "log_format": "ISO8601"}
    assert remote.get_log_settings() == changed
    assert remote.update_log_settings({"log_info": True, "log_verbose_level": 0, "log_format": "default"}) == before


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({"log_file": "/tmp/x"}, 501),
        ({"log_info": "yes"}, 400),
        ({"log_verbose_level": -1}, 400),
        ({"log_verbose_level": 1.5}, 400),
        ({"log_format": "json"}, 400),
        ({"log_warnings": True}, 400),
    ],
)
def test_wrong_log_settings(client: Client, settings: dict, status: int) -> None:
    """Named and refused, all of them or none."""
    before = client.get("/v2/logging").json()
    response = client.post_json("/v2/logging", {"log_error": False} | settings)
    assert response.status == status, response
    assert response.error
    assert client.get("/v2/logging").json() == before


def test_nothing_changes_nothing(client: Client) -> None:
    """An empty body, an empty object and null answer what there is."""
    for body in (b"", b"{}", b'{"log_file": null, "log_info": null}'):
        response = client.post("/v2/logging", body)
        assert response.status == 200, response
        assert response.json()["log_info"] is True
    assert client.post("/v2/trace/setting").json() == TRACES
