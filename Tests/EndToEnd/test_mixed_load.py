"""Everything at once: every model, size, form, hurry and fault from many connections, and every answer checked."""

from __future__ import annotations

import time
from pathlib import Path

from apus_e2e import mixture
from apus_e2e.crowd import Book, Crowd
from apus_e2e.metrics import scrape, statistics
from apus_e2e.scale import SEED, scaled, seeded
from apus_e2e.server import Launch, Server
from apus_e2e.wire import eventually

CONNECTIONS = 32
#: Models of which runs with several requests must have been made.
JOINT = ("sized", "picky", "tickets")


def counts(server: Server, model: str) -> tuple[int, int]:
    """Give how many requests of a model succeeded and failed."""
    stats = statistics(server, model)["inference_stats"]
    return stats["success"]["count"], stats["fail"]["count"]


def check_counts(server: Server, book: Book) -> None:
    """Every answer was counted once; only who hung up may or may not have been."""
    pipeline = book.models["digits_pipeline"]
    for name in (*(model.name for model in mixture.MODELS), "sum"):
        account = book.models[name]
        success, fail = counts(server, name)
        answered, refused, unknown = account.answered, sum(account.refused.values()), account.hung_up
        if name == "digits":
            # A member of the pipeline; what was given up may have come this far.
            answered += pipeline.answered
            unknown += pipeline.hung_up + sum(pipeline.refused.values())
        note = f"{name}: {success} succeeded, {fail} failed, but {account}"
        assert answered <= success <= answered + unknown, note
        assert success + fail <= answered + refused + unknown, note
        assert success + fail >= answered + refused - account.refused[400], note


def pending(server: Server, model: str) -> float:
    """Give how many requests wait for a model."""
    return scrape(server).value("nv_inference_pending_request_count", model)


def has_joined(server: Server, model: str) -> bool:
    """Tell whether requests of a model have shared runs."""
    entry = statistics(server, model)
    runs = {item["batch_size"]: item["compute_infer"]["count"] for item in entry["batch_stats"]}
    print(f"{model}: {entry['scheduling']['batching']}; runs by size {runs}")
    if model == "sized":
        # With max_batch_size the size of a run is its rows.
        return entry["execution_count"] < entry["inference_stats"]["success"]["count"]
    return any(size > 1 for size in runs)


def test_every_answer_under_mixed_load(launch: Launch, tmp_path: Path) -> None:
    """What is computed together, split, halved or remembered is what is computed alone; all is counted."""
    source = seeded("mixed load")
    questions = mixture.good(source, 40)
    refused = mixture.bad(source)
    alone = launch(models=mixture.write_models(tmp_path / "alone", is_batched=False))
    mixture.answer_alone(questions, alone)
    alone.stop()
    server = launch(models=mixture.write_models(tmp_path / "mixed", is_batched=True))
    descriptors = server.descriptor_count
    book = Book()
    started = time.monotonic()
    # Until pools and caches have their size.
    Crowd(questions, refused, scaled(1_000), CONNECTIONS).visit(server.address, f"{SEED}/first", book)
    before = server.rss_kib
    Crowd(questions, refused, scaled(4_000), CONNECTIONS).visit(server.address, f"{SEED}/then", book)
    print(f"{time.monotonic() - started:.1f} s, {before >> 10} MiB, then {server.rss_kib >> 10} MiB, {book}")
    assert not book.faults, "\n".join(book.faults[:5])
    names = [*(model.name for model in mixture.MODELS), "sum", "digits_picture", "digits_words"]
    assert eventually(lambda: all(pending(server, name) == 0 for name in names)), server.log_tail()
    check_counts(server, book)
    for name in JOINT:
        assert has_joined(server, name), f"no run of {name} had two requests: this test proves nothing of them"
    assert server.rss_kib - before < 48 << 10, f"{before} KiB have become {server.rss_kib}"
    assert eventually(lambda: server.descriptor_count <= descriptors + 4), f"{server.descriptor_count} descriptors"
    server.assert_serving()
    with server.client() as client:
        assert client.get("/v2/health/ready").status == 200
    assert server.stop() == 0, server.log_tail()
