"""Pictures into models: what numpy and Pillow make of them, files that lie, and many at once."""

from __future__ import annotations

import gzip
import random
import socket
import struct
import subprocess
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image

from apus_e2e import paths
from apus_e2e.command import Run
from apus_e2e.examples import EXAMPLES
from apus_e2e.pictures import chunk, encoded, png, prepared, scene
from apus_e2e.repository import Repository
from apus_e2e.scale import IS_LONG, SEED
from apus_e2e.server import Server

MEAN = [123.675, 116.28, 103.53]
STD = [58.395, 57.12, 57.375]
RAW = {"Accept": "application/octet-stream"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the samples of digits, and models that give their input back."""
    folder = tmp_path_factory.mktemp("images")
    repository = Repository(folder / "models").sample("iris")
    for name in ("digits", "digits_picture", "digits_words", "digits_pipeline"):
        repository.sample(name)
    repository.builtin("planes", dims=(3, 24, 32)).file(
        "planes/apus.yaml", f"image: {{mean: {MEAN}, std: {STD}}}\n"
    )
    repository.builtin("caffe", dims=(24, 32, 3)).file(
        "caffe/apus.yaml", "image: {color: bgr, mean: [103.939, 116.779, 123.68]}\n"
    )
    repository.builtin("half", datatype="TYPE_FP16", dims=(-1, 1, -1, -1)).file(
        "half/apus.yaml", "image: {width: 20, height: 30, scale: 1/255}\n"
    )
    repository.builtin("plain", datatype="TYPE_UINT8", dims=(1, 100, 150, 3)).file("plain/apus.yaml", "image: {}\n")
    repository.builtin("signed", datatype="TYPE_INT8", dims=(3, 8, 8)).file("signed/apus.yaml", "image: {mean: 128}\n")
    started = Server(repository.root, folder / "server", ["--max-image-pixels", "4000000"]).wait_until_ready()
    yield started
    try:
        assert started.stop() == 0, started.log_tail()
    finally:
        started.kill()


@pytest.fixture
def url(server: Server) -> str:
    """Where pictures go."""
    return f"http://{server.address[0]}:{server.address[1]}/predict"


def send(url: str, model: str, file: bytes, kind: str = "png", **headers: str) -> requests.Response:
    """Ask a model with a picture."""
    fields = {"Content-Type": f"image/{kind}", **headers}
    return requests.post(f"{url}/{model}", data=file, headers=fields, timeout=60)


def tensor(answer: requests.Response, dtype: str = "<f4") -> np.ndarray:
    """Take the bytes of an answer."""
    assert answer.status_code == 200, answer.text
    return np.frombuffer(answer.content, dtype).astype(np.float64)


SCENES = {
    "small": (40, 30),
    "same": (32, 24),
    "tiny": (1, 1),
    "wide": (300, 7),
    "large": (1200, 900),
}


@pytest.mark.parametrize("size", SCENES)
@pytest.mark.parametrize("kind", ["png", "jpeg", "progressive", "palette", "grey", "transparent"])
def test_tensors_equal_pillows(url: str, size: str, kind: str) -> None:
    """Decoding, size, channels, layout and arithmetic are those that models were trained with."""
    picture = Image.fromarray(scene(*SCENES[size]))
    tolerance = 0.0
    if kind == "jpeg":
        file, tolerance = encoded(picture, "JPEG", quality=85), 2.0
    elif kind == "progressive":
        file, tolerance = encoded(picture, "JPEG", quality=95, progressive=True, subsampling=0), 2.0
    elif kind == "palette":
        file = encoded(picture.quantize(200), "PNG")
    elif kind == "grey":
        file = encoded(picture.convert("L"), "PNG")
    elif kind == "transparent":
        picture.putalpha(100)
        file = encoded(picture, "PNG")
    else:
        file = encoded(picture, "PNG")
    media = "jpeg" if tolerance else "png"
    expected = prepared(file, (32, 24))

    planes = tensor(send(url, "planes", file, media, **RAW)).reshape(3, 24, 32)
    normal = ((expected - MEAN) / STD).transpose(2, 0, 1)
    np.testing.assert_allclose(planes, normal, rtol=1e-5, atol=tolerance / 57 + 1e-5)

    caffe = tensor(send(url, "caffe", file, media, **RAW)).reshape(24, 32, 3)
    reversed_colors = expected[:, :, ::-1] - [103.939, 116.779, 123.68]
    np.testing.assert_allclose(caffe, reversed_colors, rtol=1e-5, atol=tolerance + 1e-4)

    grey = tensor(send(url, "half", file, media, **RAW), "<f2").reshape(30, 20)
    np.testing.assert_allclose(grey, prepared(file, (20, 30), "L")[:, :, 0] / 255, atol=tolerance / 255 + 1e-3)

    plain = tensor(send(url, "plain", file, media, **RAW), "u1").reshape(100, 150, 3)
    np.testing.assert_allclose(plain, prepared(file, (150, 100)), atol=tolerance)

    signed = tensor(send(url, "signed", file, media, **RAW), "i1").reshape(3, 8, 8)
    np.testing.assert_allclose(signed, prepared(file, (8, 8)).transpose(2, 0, 1) - 128, atol=tolerance)


def seven() -> tuple[np.ndarray, list[float]]:
    """The picture of a stored example of the digits, and the probabilities that belong to it."""
    stored = next(example for example in EXAMPLES["digits"] if example.name == "real_sample")
    pixels = np.array(stored.request["inputs"][0]["data"], dtype=np.float64).reshape(8, 8)
    outputs = {output["name"]: output["data"] for output in stored.response["outputs"]}
    return np.round(pixels * 255 / 16).astype(np.uint8), outputs["probabilities"]


def test_real_model(url: str) -> None:
    """A picture of a digit, however large, is recognised as its pixels are."""
    values, probabilities = seven()
    exact = send(url, "digits", encoded(values, "PNG"))
    assert exact.status_code == 200, exact.text
    answer = exact.json()["predictions"]
    np.testing.assert_allclose(answer["probabilities"][0], probabilities, atol=0.02)
    large = Image.fromarray(values).resize((400, 400), Image.Resampling.NEAREST)
    for kind in ("PNG", "JPEG"):
        file = encoded(large.convert("RGB"), kind)
        again = send(url, "digits", file, kind.lower()).json()["predictions"]
        assert again["label"] == answer["label"] == [[7]]
        numbers = prepared(file, (8, 8), "L").reshape(1, 64) * 16 / 255
        by_json = requests.post(f"{url}/digits", json={"data": numbers.tolist()}, timeout=15).json()["predictions"]
        np.testing.assert_allclose(again["probabilities"], by_json["probabilities"], atol=0.01)


def test_ensemble(url: str) -> None:
    """An ensemble takes pictures by an apus.yaml of its own."""
    answer = send(url, "digits_pipeline", encoded(seven()[0], "PNG"))
    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"]["word"] == ["seven"]


def test_curl(url: str, tmp_path: Path) -> None:
    """What the documentation prints works, and what people type first says what is missing."""
    file = paths.EXAMPLES / "pictures" / "seven.png"
    for fields, start in [
        (["-H", "Content-Type: image/png"], '{"predictions":{"label":[[7]],"probabilities":[['),
        ([], '{"error":"the body is a PNG and came with'),
    ]:
        done = subprocess.run(
            ["curl", "-s", *fields, "--data-binary", f"@{file}", f"{url}/digits"],
            capture_output=True,
            check=True,
            text=True,
            timeout=15,
        )
        assert done.stdout.startswith(start), done.stdout


def test_errors_teach(url: str) -> None:
    """Each refusal says what came and what to do."""
    picture = Image.fromarray(scene(40, 30))
    cases = [
        ("iris", encoded(picture, "PNG"), "png", 415, "its apus.yaml has no 'image'"),
        ("planes", encoded(picture, "PNG"), "jpeg", 415, "the body is a PNG"),
        ("planes", encoded(picture, "WEBP"), "webp", 415, "image/webp"),
        ("planes", encoded(picture, "WEBP"), "png", 400, "the body is no PNG file"),
        ("planes", encoded(picture.convert("CMYK"), "JPEG"), "jpeg", 400, "CMYK"),
        ("planes", encoded(scene(2001, 2000), "JPEG"), "jpeg", 413, "max_image_pixels is 4000000"),
        ("planes", b"", "jpeg", 400, "begins with nothing"),
    ]
    for model, file, kind, status, words in cases:
        answer = send(url, model, file, kind)
        assert answer.status_code == status, answer.text
        assert words in answer.json()["error"], answer.text


def rows(width: int, height: int) -> bytes:
    """Compressed rows of black."""
    packer = zlib.compressobj(9)
    row = bytes(width * 3 + 1)
    return b"".join([*(packer.compress(row) for _ in range(height)), packer.flush()])


def bombs() -> dict[str, tuple[str, bytes, set[int]]]:
    """Small files that ask for much; each with the statuses that are right."""
    profile = zlib.compress(bytes(50_000_000), 9)
    black = png((10, 10), rows(10, 10))
    frame = b"\xff\xc2\x00\x11\x08" + struct.pack(">HH", 1999, 1999) + b"\x03\x01\x22\x00\x02\x11\x00\x03\x11\x00"
    scan = b"\xff\xda\x00\x0c\x03\x01\x00\x02\x00\x03\x00\x00\x00\x00" + b"\x00" * 20
    return {
        "pixels": ("png", png((100_000, 100_000), b""), {413}),
        "more pixels than 64 bits": ("png", png((2**32 - 1, 2**32 - 1), b""), {413}),
        "column": ("png", png((1, 3_999_999), rows(1, 1)), {413}),
        "long column": ("png", png((1, 65_535), rows(1, 65_535)), {200}),
        "no pixels": ("png", png((0, 1), b""), {400}),
        "too few rows": ("png", png((1999, 1999), rows(1999, 5)), {400}),
        "too many rows": ("png", png((10, 10), rows(10, 1_000_000)), {200}),
        "colour profile": ("png", black[:33] + chunk(b"iCCP", b"a\0\0" + profile) + black[33:], {200}),
        "text": ("png", black[:33] + chunk(b"zTXt", b"a\0\0" + profile) * 20 + black[33:], {200}),
        "scans": ("jpeg", b"\xff\xd8" + frame + scan * 5000, {400}),
        "nothing behind a header": ("jpeg", b"\xff\xd8" + frame, {400}),
        "segments": ("jpeg", b"\xff\xd8" + b"\xff\xfe\x00\x02" * 1_000_000, {400}),
    }


def test_bombs(server: Server, url: str) -> None:
    """Files that ask for more than they bring are refused, or cost what their pixels cost."""
    send(url, "planes", encoded(scene(1999, 1999), "PNG"))
    before = server.rss_kib
    for name, (kind, file, right) in bombs().items():
        for model in ("planes", "half"):
            answer = send(url, model, file, kind)
            assert answer.status_code in right, f"{name}: {answer.status_code} {answer.text[:300]}"
    assert server.rss_kib < before + (64 << 10)


def test_cut_off_anywhere(url: str) -> None:
    """A file that ends early is refused wherever it ends."""
    for kind, file in [
        ("png", encoded(scene(60, 40), "PNG")),
        ("jpeg", encoded(scene(60, 40), "JPEG")),
        ("jpeg", encoded(scene(60, 40), "JPEG", progressive=True)),
    ]:
        session = requests.Session()
        for length in range(0, len(file) - 20, 20):
            fields = {"Content-Type": f"image/{kind}"}
            answer = session.post(f"{url}/planes", data=file[:length], headers=fields, timeout=60)
            assert answer.status_code == 400, f"{kind}, {length} of {len(file)} bytes: {answer.text[:300]}"


def test_random_damage(server: Server, url: str) -> None:
    """Damaged files are answered or refused; nothing else comes of them."""
    chosen = random.Random(SEED)
    files = [
        ("png", encoded(scene(60, 40), "PNG")),
        ("png", encoded(Image.fromarray(scene(60, 40)).quantize(30), "PNG")),
        ("jpeg", encoded(scene(60, 40), "JPEG")),
        ("jpeg", encoded(scene(60, 40), "JPEG", progressive=True)),
        ("jpeg", encoded(Image.fromarray(scene(60, 40)).convert("CMYK"), "JPEG")),
    ]
    session = requests.Session()
    for _ in range(4000 if IS_LONG else 400):
        kind, file = chosen.choice(files)
        damaged = bytearray(file)
        for _ in range(chosen.choice([1, 1, 2, 10])):
            damaged[chosen.randrange(min(len(file), chosen.choice([100, 10**6])))] = chosen.randrange(256)
        fields = {"Content-Type": f"image/{kind}"}
        answer = session.post(f"{url}/planes", data=bytes(damaged), headers=fields, timeout=60)
        assert answer.status_code in {200, 400, 413, 415}, answer.text
    server.assert_serving()


def test_many_at_once(url: str) -> None:
    """Large and small pictures and plain numbers side by side: each gets its own answer."""
    large = [encoded(scene(1500, 1000, seed), "JPEG") for seed in range(3)]
    small = [encoded(scene(20, 20, seed), "PNG") for seed in range(3)]
    expected = {file: tensor(send(url, "planes", file, kind, **RAW)) for kind, file in _kinds(large, small)}

    def work(seed: int) -> None:
        chosen = random.Random(seed)
        for _ in range(12):
            kind, file = chosen.choice(_kinds(large, small))
            np.testing.assert_array_equal(tensor(send(url, "planes", file, kind, **RAW)), expected[file])
            answer = requests.post(f"{url}/iris", json={"features": [5.0, 3.5, 1.5, 0.25]}, timeout=60)
            assert answer.json()["label"] == 0

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))


def _kinds(large: list[bytes], small: list[bytes]) -> list[tuple[str, bytes]]:
    """Files with their kinds."""
    return [*(("jpeg", file) for file in large), *(("png", file) for file in small)]


def test_deadline(url: str) -> None:
    """A picture that takes longer than its deadline is answered at the deadline."""
    file = encoded(scene(1999, 1999), "PNG")
    for _ in range(3):
        answer = send(url, "planes", file, **{"Apus-Timeout": "1m"})
        assert answer.status_code == 503, answer.text
        assert "Request timeout expired" in answer.json()["error"]


def test_clients_that_go(server: Server) -> None:
    """Whoever hangs up while a picture is decoded leaves nothing behind; the module's end drains the server."""
    file = encoded(scene(1500, 1500), "PNG")
    head = f"POST /predict/planes HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nContent-Length: {len(file)}\r\n\r\n"
    for _ in range(20):
        with socket.create_connection(server.address, timeout=15) as opened:
            opened.sendall(head.encode() + file)
    server.assert_serving()


def test_compressed_body(url: str) -> None:
    """Content-Encoding goes before decoding."""
    file = encoded(scene(400, 300), "PNG")
    answer = send(url, "planes", gzip.compress(file), **RAW, **{"Content-Encoding": "gzip"})
    np.testing.assert_array_equal(tensor(answer), tensor(send(url, "planes", file, **RAW)))


def test_budget(tmp_path: Path) -> None:
    """Pixels are charged before they are decoded: without room for them the answer is 503, and the server goes on."""
    repository = Repository(tmp_path / "models").sample("iris").builtin("planes", dims=(3, 24, 32))
    repository.file("planes/apus.yaml", "image: {}\n")
    server = Server(repository.root, tmp_path / "server", ["--in-flight-bytes", "4MiB"]).wait_until_ready()
    try:
        url = f"http://{server.address[0]}:{server.address[1]}/predict"
        answer = send(url, "planes", png((2000, 2000), rows(2000, 2000)))
        assert answer.status_code == 503, answer.text
        assert answer.json()["code"] == "resource_exhausted"
        assert send(url, "planes", png((500, 500), rows(500, 500))).status_code == 200
    finally:
        server.kill()


def test_check_shows_mistakes(run: Run, tmp_path: Path) -> None:
    """`apus check` names file and key of what can't be."""
    repository = Repository(tmp_path / "models").sample("digits")
    for text, words in [
        ("image: {width: 9, height: 8}", "digits/apus.yaml: image: input 'pixels' has the shape [-1,64]"),
        ("image: {widht: 8}", "did you mean 'width'?"),
    ]:
        repository.file("digits/apus.yaml", text)
        done = run("check", "--models", str(repository.root))
        assert done.returncode != 0
        assert words in done.stdout + done.stderr, done.stdout + done.stderr


def test_description_lists_pictures(server: Server) -> None:
    """OpenAPI says which models take pictures."""
    root = f"http://{server.address[0]}:{server.address[1]}"
    found = requests.get(f"{root}/openapi.json", timeout=15).json()["paths"]
    assert {"image/jpeg", "image/png"} <= set(found["/predict/digits"]["post"]["requestBody"]["content"])
    assert "image/png" not in found["/predict/iris"]["post"]["requestBody"]["content"]
    old = requests.get(f"{root}/openapi.json?format=swagger2", timeout=15).json()["paths"]
    assert {"image/jpeg", "image/png"} <= set(old["/predict/digits"]["post"]["consumes"])


def test_http2(server: Server, url: str) -> None:
    """The same over HTTP/2."""
    file = encoded(scene(800, 600), "JPEG")
    done = subprocess.run(
        [
            *("curl", "-s", "--http2-prior-knowledge", "-H", "Content-Type: image/jpeg"),
            *("-H", "Accept: application/octet-stream", "--data-binary", "@-", f"{url}/planes"),
        ],
        input=file,
        capture_output=True,
        check=True,
        timeout=30,
    )
    np.testing.assert_array_equal(
        np.frombuffer(done.stdout, "<f4"), tensor(send(url, "planes", file, "jpeg", **RAW)).astype(np.float32)
    )
