"""Publishing: push, promote, roll back, copy, back up; signed, encrypted, forged; with folders and buckets."""

from __future__ import annotations

import base64
import itertools
import json
import random
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apus_e2e import bucket as buckets
from apus_e2e import onnx
from apus_e2e.bucket import Bucket, BucketServer
from apus_e2e.command import Run, whole
from apus_e2e.paths import binary, environment
from apus_e2e.scale import IS_LONG, SEED
from apus_e2e.server import Launch, Server
from apus_e2e.wire import eventually
from test_bucket import ask
from test_model_updates import states, update


@pytest.fixture(scope="module")
def bucket_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BucketServer]:
    """One server of buckets for the module."""
    with buckets.bucket_server(tmp_path_factory.mktemp("moto")) as server:
        yield server


NUMBERS = itertools.count()


class Store:
    """Where a test publishes: a folder or a bucket."""

    def __init__(self, address: str, environment: dict[str, str], run: Run) -> None:
        self.address = address
        self.environment = environment
        self._run = run

    def apus(self, *arguments: str, fails: bool = False, **variables: str) -> str:
        """Run a command on the store; give what it prints."""
        done = self._run(*arguments, APUS_MODELS=self.address, **self.environment, **variables)
        text = whole(done)
        assert (done.returncode != 0) == fails, text
        return text


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, bucket_server: BucketServer, tmp_path: Path, run: Run) -> Store:
    """A fresh store of each kind."""
    if request.param == "folder":
        (tmp_path / "models").mkdir()
        return Store(str(tmp_path / "models"), {}, run)
    bucket = Bucket(bucket_server, f"published-{next(NUMBERS)}")
    return Store(bucket.address, bucket_server.environment, run)


@pytest.fixture
def serve(launch: Launch, tmp_path: Path) -> Callable[..., Server]:
    """Serves a store, with a cache of this test's own."""

    def start(store: Store, *flags: str, cache: str = "cache", **options: object) -> Server:
        environment = store.environment | options.pop("environment", {})  # type: ignore[operator]
        return launch(
            "--cache",
            str(tmp_path / cache),
            *flags,
            models=store.address,
            environment=environment,
            **options,  # type: ignore[arg-type]
        )

    return start


def model(tmp_path: Path, constant: float, padding: int = 0) -> str:
    """Write a model that adds a constant; give its path."""
    path = tmp_path / f"adding-{constant}.onnx"
    path.write_bytes(onnx.adding(constant, padding))
    return str(path)


def answer(server: Server, path: str = "adding") -> tuple[int, float, str]:
    """Ask for 1 + the constant."""
    with server.client() as client:
        return ask(client, 1, path)


def test_what_no_server_could_load(store: Store, serve: Callable[..., Server], tmp_path: Path) -> None:
    """It isn't published, and its label stays; published all the same, `apus update` says that it isn't served."""
    store.apus("push", model(tmp_path, 1), "--name", "adding", "--label", "stable")
    (tmp_path / "noise.onnx").write_bytes(b"noise")
    push = ("push", str(tmp_path / "noise.onnx"), "--name", "adding", "--label", "stable")
    refused = store.apus(*push, fails=True)
    assert "isn't published" in refused and "--no-check" in refused, refused
    history = store.apus("history", "adding")
    assert re.findall(r"^ *(\d+) ", history, re.MULTILINE) == ["1"], history
    server = serve(store)
    assert "done" in store.apus("update", "--url", server.url)
    store.apus(*push, "--no-check")
    told = store.apus("update", "--url", server.url, fails=True)
    assert "adding/2 can't be served: " in told, told
    assert "done" in store.apus("update", "other", "--url", server.url)
    assert answer(server) == (200, 2, "1")
    assert answer(server, "adding/versions/stable") == (200, 2, "1")


@pytest.mark.parametrize("kind", ["apus.yaml", "config.pbtxt"])
def test_a_version_with_a_faulty_configuration(
    store: Store, serve: Callable[..., Server], tmp_path: Path, kind: str
) -> None:
    """It fails alone, also when the server starts anew, and is told with its file's own path."""
    store.apus("push", model(tmp_path, 1), "--name", "adding", "--label", "stable")
    (tmp_path / "bad").write_text("scheduling: {latency_gaol: 3ms}" if kind == "apus.yaml" else "max_batch: 3")
    option = "--settings" if kind == "apus.yaml" else "--config"
    push = ("push", model(tmp_path, 2), "--name", "adding", option, str(tmp_path / "bad"))
    assert "isn't published" in store.apus(*push, fails=True)
    store.apus(*push, "--no-check")
    server = serve(store)
    assert answer(server) == (200, 2, "1")
    assert answer(server, "adding/versions/stable") == (200, 2, "1")
    told = store.apus("models", "--url", server.url)
    assert f"adding/2/{kind}" in told, told
    # The one after it is served as if nothing had been.
    store.apus("push", model(tmp_path, 3), "--name", "adding")
    update(server)
    assert answer(server) == (200, 4, "3")


def test_files_that_nobody_serves(store: Store, serve: Callable[..., Server], tmp_path: Path) -> None:
    """They aren't published; published all the same, the advice is one that helps."""
    (tmp_path / "churn.pkl").write_bytes(b"pickle")
    push = ("push", str(tmp_path / "churn.pkl"), "--name", "churn")
    assert "isn't served here" in store.apus(*push, fails=True)
    store.apus(*push, "--no-check")
    told = store.apus("models", "--url", serve(store).url)
    assert "apus push model.onnx --name churn" in told, told


def test_a_push_with_side_files(store: Store, serve: Callable[..., Server], tmp_path: Path) -> None:
    """Names of classes come with the version, and don't keep it from being published."""
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(onnx.adding(1))
    (folder / "labels.txt").write_text("dog\ncat\n")
    (tmp_path / "config.pbtxt").write_text(
        'output [{ name: "y" data_type: TYPE_FP32 dims: [-1] label_filename: "labels.txt" }]'
    )
    store.apus("push", str(folder), "--name", "adding", "--config", str(tmp_path / "config.pbtxt"))
    assert answer(serve(store)) == (200, 2, "1")


def test_settings_of_servers_are_none_of_a_push(store: Store, tmp_path: Path) -> None:
    """What a server here would ask of versions, or would load, says nothing of the model."""
    store.apus(
        "push", model(tmp_path, 1), "--name", "adding", APUS_MODEL_CONTROL_MODE="explicit", APUS_REQUIRE_SIGNATURES="true"
    )
    assert '"inputs"' in store.apus("history", "adding", "1")


def test_a_push_with_the_models_name_in_its_configuration(store: Store, tmp_path: Path) -> None:
    """The configuration is read under the name that it is published as."""
    (tmp_path / "config.pbtxt").write_text('name: "adding"')
    store.apus("push", model(tmp_path, 1), "--name", "adding", "--config", str(tmp_path / "config.pbtxt"))
    assert '"inputs"' in store.apus("history", "adding", "1")


def test_addresses_with_a_slip(store: Store, tmp_path: Path) -> None:
    """What isn't there is told as such, not as an empty store in which all is well."""
    nowhere = store.address.replace("models", "modles") + "/prdo"
    arguments = [("verify",), ("gc",), ("backup", "--into", str(tmp_path))]
    for command in [(*words, "--store", nowhere) for words in arguments] + [("sync", nowhere, str(tmp_path / "copy"))]:
        told = store.apus(*command, fails=True)
        assert "nothing is published in" in told, (command, told)
    store.apus("push", model(tmp_path, 1), "--name", "adding")
    assert "it has 'adding'" in store.apus("gc", "addnig", fails=True)
    for slip in ("s3:/models/prod", "s3:models"):
        assert "is no address" in store.apus("verify", "--store", slip, fails=True)


def test_from_push_to_rollback(store: Store, serve: Callable[..., Server], tmp_path: Path) -> None:
    """Every server follows versions and labels; history and a version's record tell what happened."""
    store.apus("push", model(tmp_path, 1), "--name", "adding", "--label", "stable", "--metric", "accuracy=0.91")
    first, second = serve(store), serve(store, cache="other")
    for server in (first, second):
        assert answer(server) == (200, 2, "1")
        assert answer(server, "adding/versions/stable") == (200, 2, "1")
    store.apus("push", model(tmp_path, 2), "--name", "adding", "--parent", "1", "--metadata", "run=17")
    for server in (first, second):
        assert update(server)["state"] == "done"
        assert answer(server) == (200, 3, "2")
        assert answer(server, "adding/versions/stable") == (200, 2, "1")
    store.apus("promote", "adding", "stable", "2")
    for server in (first, second):
        update(server)
        assert answer(server, "adding/versions/stable") == (200, 3, "2")
    store.apus("rollback", "adding", "stable")
    for server in (first, second):
        update(server)
        assert answer(server, "adding/versions/stable") == (200, 2, "1")
        assert "did you mean 'adding'?" in store.apus("stats", "addnig", "--url", server.url, fails=True)
        for command in ("infer", "stats"):
            words = ("--random",) if command == "infer" else ()
            told = store.apus(command, "adding", "--model-version", "stable", *words, "--url", server.url)
            assert "adding" in told and "version 1" in told, told
    history = store.apus("history", "adding")
    assert "0.91" in history and "stable" in history, history
    with first.client() as client:
        document = client.get("/v2/models/adding/versions/2/manifest").json()
    assert document["manifest"]["parent"] == 1 and document["manifest"]["files"][0]["path"] == "model.onnx", document
    assert document["manifest"]["metadata"]["run"] in ("17", 17)


def test_two_pushers_lose_no_version(store: Store, tmp_path: Path) -> None:
    """Pushers at the same time get numbers of their own, and every version is there."""
    count = 12 if IS_LONG else 4
    printed: list[str] = []

    def push(number: int) -> None:
        printed.append(store.apus("push", model(tmp_path, number), "--name", "adding", "--label", "newest"))

    threads = [threading.Thread(target=push, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(printed) == count
    versions = {text.split(" ")[0] for text in printed}
    assert versions == {f"adding/{number + 1}" for number in range(count)}, printed
    store.apus("verify")


def test_a_configuration_goes_with_its_version(store: Store, serve: Callable[..., Server], tmp_path: Path) -> None:
    """Each version is loaded under the config.pbtxt that was pushed with it."""
    for number in (1, 2):
        config = tmp_path / f"{number}.pbtxt"
        config.write_text(f'max_batch_size: 0\nversion_policy {{ all {{}} }}\nparameters {{ key: "n" value {{ string_value: "{number}" }} }}')
        store.apus("push", model(tmp_path, number), "--name", "adding", "--config", str(config))
    server = serve(store)
    assert {name for name, state in states(server).items() if state == "READY"} == {"adding/1", "adding/2"}
    with server.client() as client:
        for number in (1, 2):
            told = client.get(f"/v2/models/adding/versions/{number}/config").json()
            assert told["parameters"]["n"]["string_value"] == str(number), told


def test_signed_only(store: Store, serve: Callable[..., Server], tmp_path: Path) -> None:
    """Under signed only, an unsigned version and one of another key stay out, and the good one serves."""
    for name in ("good", "other"):
        store.apus("keygen", str(tmp_path / name))
    private, public = tmp_path / "good", tmp_path / "good.pub"
    assert private.stat().st_mode & 0o777 == 0o600
    store.apus("push", model(tmp_path, 1), "--name", "adding", "--sign", str(private))
    store.apus("push", model(tmp_path, 2), "--name", "adding")
    store.apus("push", model(tmp_path, 3), "--name", "adding", "--sign", str(tmp_path / "other"))
    server = serve(store, "--require-signatures", "--trusted-keys", str(public))
    assert answer(server) == (200, 2, "1")
    text = server.log_text()
    assert "isn't trusted" in text or "no signature" in text, text
    store.apus("push", model(tmp_path, 4), "--name", "adding", "--sign", str(private))
    update(server)
    assert answer(server) == (200, 5, "4")


def test_encrypted_models_are_never_on_the_disk_in_plain(
    store: Store, serve: Callable[..., Server], tmp_path: Path
) -> None:
    """The key opens it in memory; without the key the reason names the file; the disk never has the plain bytes."""
    secret = base64.b64encode(random.Random(SEED).randbytes(32)).decode()
    marker = b"adding"  # the graph's name
    path = model(tmp_path, 1, padding=3 << 20)
    store.apus("push", path, "--name", "sealed", "--encrypt", "k1", APUS_KEY_K1=secret)
    Path(path).unlink()
    server = serve(store, environment={"APUS_KEY_K1": secret})
    with server.client() as client:
        assert ask(client, 1, "sealed")[:2] == (200, 2)
    # Files that were written and removed again count too.
    large = [file for file in tmp_path.rglob("*") if file.is_file() and file.stat().st_size > 1 << 20]
    assert large and all(marker not in file.read_bytes() for file in large), large
    blind = serve(store, cache="other")
    reasons = json.dumps([line for line in blind.log()])
    assert "sealed/1/model.onnx" in reasons and "k1" in reasons, reasons
    wrong = serve(store, cache="third", environment={"APUS_KEY_K1": base64.b64encode(bytes(32)).decode()})
    assert "wasn't encrypted with the key" in wrong.log_text()


def test_plain_bytes_of_encrypted_models_are_written_nowhere(
    store: Store, serve: Callable[..., Server], tmp_path: Path
) -> None:
    """strace sees every write of a server that fetches and opens an encrypted model: plain ones go to memory only."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace isn't installed")
    secret = base64.b64encode(random.Random(SEED).randbytes(32)).decode()
    store.apus("push", model(tmp_path, 1), "--name", "adding")
    server = serve(store, environment={"APUS_KEY_K1": secret})
    log = tmp_path / "strace.log"
    calls = "trace=write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,sendfile,copy_file_range,splice"
    command = [strace, "-f", "-y", "-s", "65536", "-e", calls, "-o", str(log), "-p", str(server.pid)]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        if not eventually(lambda: log.exists() and tracer.poll() is None, timeout=10):
            pytest.skip(f"strace can't look at the server: {tracer.communicate()[1].decode()}")
        time.sleep(1)
        path = model(tmp_path, 2)
        store.apus("push", path, "--name", "sealed", "--encrypt", "k1", "--no-check", APUS_KEY_K1=secret)
        update(server)
        with server.client() as client:
            assert ask(client, 1, "sealed")[:2] == (200, 3)
    finally:
        tracer.terminate()
        tracer.wait()
    # The model's bytes begin with its node; nothing else has these names in this order.
    plain = [line for line in log.read_text(errors="replace").splitlines() if "unused" in line or '"\\10\\10' in line]
    assert plain, "the decrypted bytes were seen nowhere: what was looked for isn't in them"
    assert all("memfd:" in line for line in plain), [line[:200] for line in plain if "memfd:" not in line]


def files_of(store: Store, bucket_server: BucketServer) -> tuple[Callable[[str], bytes], Callable[[str, bytes], None]]:
    """Give a way to read and to overwrite the store's objects behind its back."""
    if not store.address.startswith("s3://"):
        root = Path(store.address)
        return (lambda key: (root / key).read_bytes()), (lambda key, content: (root / key).write_bytes(content) and None)
    name = store.address.removeprefix("s3://").split("/")[0]
    client = bucket_server.client
    return (
        lambda key: client.get_object(Bucket=name, Key=f"models/{key}")["Body"].read(),
        lambda key, content: client.put_object(Bucket=name, Key=f"models/{key}", Body=content) and None,
    )


@pytest.mark.parametrize("damage", ["flipped", "short", "long", "manifest", "replayed", "escaping"])
def test_forged_versions_stay_out(
    store: Store, serve: Callable[..., Server], tmp_path: Path, bucket_server: BucketServer, damage: str
) -> None:
    """Damaged and forged versions are refused with the file's name and the reason; the version before serves."""
    store.apus("keygen", str(tmp_path / "key"))
    flags = ("--require-signatures", "--trusted-keys", str(tmp_path / "key.pub"), "--refuse-older-manifests")
    push = ("--name", "adding", "--sign", str(tmp_path / "key"))
    store.apus("push", model(tmp_path, 1), *push)
    store.apus("push", model(tmp_path, 2), *push)
    read, write = files_of(store, bucket_server)
    file, manifest = "adding/2/model.onnx", "adding/2/apus-manifest.json"
    content, text = read(file), read(manifest)
    expected = "model.onnx"
    if damage == "flipped":
        write(file, bytes([content[0] ^ 1]) + content[1:])
    elif damage == "short":
        write(file, content[:-1])
    elif damage == "long":
        write(file, content + b"x")
    elif damage == "manifest":
        write(manifest, text.replace(b'"framework": "onnx"', b'"framework": "ONNX"'))
        expected = "doesn't fit its bytes"
    elif damage == "escaping":
        write(manifest, text.replace(b'"model.onnx"', b'"../model.onnx"'))
        expected = "leads out"
    elif damage == "replayed":
        # The same number published anew, seen by a server; then what was signed before is put back.
        store.apus("remove", "adding", "2", "--force")
        time.sleep(1.1)
        store.apus("push", model(tmp_path, 66), *push, "--as-version", "2")
        server = serve(store, *flags)
        assert answer(server) == (200, 67, "2")
        server.stop()
        write(file, content)
        write(manifest, text)
        expected = "older manifest"
    server = serve(store, *flags)
    assert answer(server) == (200, 2, "1")
    assert expected in server.log_text() and "adding/2" in server.log_text(), server.log_text()


def test_copies(store: Store, serve: Callable[..., Server], tmp_path: Path, run: Run) -> None:
    """pull, sync, backup and restore give the same bytes; a backup restored answers the same."""
    for number in (1, 2):
        store.apus("push", model(tmp_path, number), "--name", "adding", "--label", f"l{number}")
    pulled = tmp_path / "pulled"
    store.apus("pull", "adding", "l1", "--into", str(pulled))
    assert next(pulled.rglob("model.onnx")).read_bytes() == Path(model(tmp_path, 1)).read_bytes()
    copy = tmp_path / "copy"
    copy.mkdir()
    store.apus("sync", store.address, str(copy))
    original = (copy / "adding/2/model.onnx").read_bytes()
    assert original == Path(model(tmp_path, 2)).read_bytes()
    assert "l1" in (copy / "adding/apus-labels.json").read_text()
    store.apus("sync", store.address, str(copy))
    store.apus("backup", "--into", str(tmp_path / "backups"))
    (archive,) = (tmp_path / "backups").glob("apus-backup-*.tar")
    restored = tmp_path / "restored"
    restored.mkdir()
    store.apus("restore", str(archive), "--store", str(restored))
    for folder in (copy, restored):
        server = serve(Store(str(folder), {}, run))
        assert answer(server, "adding/versions/l1") == (200, 2, "1")
        assert answer(server, "adding/versions/l2") == (200, 3, "2")
        store.apus("verify", "--store", str(folder))


def test_removal(store: Store, tmp_path: Path) -> None:
    """A version that a label points to stays; others go whole, and the rest verifies."""
    for number in (1, 2, 3):
        store.apus("push", model(tmp_path, number), "--name", "adding", "--label", f"l{number % 2}")
    assert "'l0' points to" in store.apus("remove", "adding", "2", fails=True)
    store.apus("remove", "adding", "1")
    assert "adding/1" not in store.apus("verify")
    assert store.apus("gc", "--dry-run") is not None
    store.apus("push", model(tmp_path, 4), "--name", "adding")
    assert "4" in store.apus("history", "adding")


def test_a_push_that_is_killed_leaves_nothing_half(
    store: Store, serve: Callable[..., Server], tmp_path: Path
) -> None:
    """kill -9 at random moments of pushes: what is announced is there and verifies, and the next push works."""
    kills = 100 if IS_LONG else 5
    choice = random.Random(SEED)
    path = model(tmp_path, 1, padding=8 << 20)
    store.apus("push", path, "--name", "adding", "--no-check")
    announced = {"adding/1"}
    for _ in range(kills):
        push = subprocess.Popen(
            [binary(), "push", path, "--name", "adding", "--no-check"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(APUS_MODELS=store.address, **store.environment),
        )
        time.sleep(choice.uniform(0.0, 0.4))
        push.kill()
        printed = push.communicate()[0].decode()
        if " is published" in printed:
            announced.add(printed.split(" ")[0])
        checked = store.apus("verify")
        counted = re.search(r"^(\d+) versions", checked, re.MULTILINE)
        assert counted and int(counted[1]) >= len(announced), (announced, checked)
    store.apus("push", path, "--name", "adding", "--no-check")
    server = serve(store)
    assert answer(server)[:2] == (200, 2)
    print(f"{kills} kills, {len(announced)} versions announced")
