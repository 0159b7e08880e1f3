"""A bucket on this machine: moto's server, filled and looked at by boto3."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class BucketServer:
    """A server with one bucket; it can be stopped for a while and loses nothing but what it keeps in memory."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = (directory / "moto.log").open("wb")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()
        self.client: Any = boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
            region_name=KEYS["AWS_REGION"],
            config=Config(s3={"addressing_style": "path"}),
        )

    @property
    def environment(self) -> dict[str, str]:
        """Give the variables with which the bucket is reached."""
        return KEYS | {"AWS_ENDPOINT_URL": self.url, "AWS_EC2_METADATA_DISABLED": "true"}

    def start(self) -> None:
        """Start, and wait until it answers."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
            stdout=self._log,
            stderr=self._log,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        for _ in range(400):
            assert self._process.poll() is None, "moto's server ended"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise AssertionError("moto's server doesn't answer")

    def pause(self) -> None:
        """Answer nobody any more, but take connections, like a network that has gone."""
        assert self._process is not None
        os.kill(self._process.pid, 19)

    def resume(self) -> None:
        """Answer again."""
        assert self._process is not None
        os.kill(self._process.pid, 18)

    def stop(self) -> None:
        """End; what was in it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End for good."""
        self.stop()
        self._log.close()


class Bucket:
    """One bucket of a server."""

    def __init__(self, server: BucketServer, name: str) -> None:
        self.server = server
        self.name = name
        self.client = server.client
        self.client.create_bucket(Bucket=name)

    @property
    def address(self) -> str:
        """Give the address that `--models` takes."""
        return f"s3://{self.name}/models"

    def put(self, key: str, content: bytes | str) -> None:
        """Write an object."""
        body = content.encode() if isinstance(content, str) else content
        self.client.put_object(Bucket=self.name, Key=f"models/{key}", Body=body)

    def get(self, key: str) -> bytes:
        """Read an object."""
        return self.client.get_object(Bucket=self.name, Key=f"models/{key}")["Body"].read()

    def remove(self, key: str) -> None:
        """Remove an object."""
        self.client.delete_object(Bucket=self.name, Key=f"models/{key}")

    def keys(self) -> list[str]:
        """Give all keys."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix="models/")
        return [item["Key"].removeprefix("models/") for page in pages for item in page.get("Contents", [])]

    def put_folder(self, folder: Path, key: str) -> None:
        """Write a folder's files."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.put(f"{key}/{path.relative_to(folder)}", path.read_bytes())


@contextlib.contextmanager
def bucket_server(directory: Path) -> Iterator[BucketServer]:
    """Run a server for as long as the block runs."""
    server = BucketServer(directory)
    try:
        yield server
    finally:
        server.close()
