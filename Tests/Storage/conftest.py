"""Fixtures: the stores that `scripts/storage-servers` has started, each with boto3 as the witness.

Run with `scripts/storage-servers -- python3 -m pytest Tests/Storage`. APUS_BINARY names the commands.
"""

from __future__ import annotations

import os
import subprocess
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import pytest
from botocore.client import BaseClient
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[2]
WITHOUT = "APUS_TEST_STORES names no server: run it through scripts/storage-servers"


@dataclass
class Store:
    """One server, a prefix of our own in its bucket, and both clients."""

    name: str
    url: str
    access_key: str
    secret_key: str
    bucket: str
    prefix: str = field(default_factory=lambda: f"witness-{uuid.uuid4().hex[:8]}")

    @property
    def address(self) -> str:
        """What our commands take."""
        return f"s3://{self.bucket}/{self.prefix}"

    @property
    def environment(self) -> dict[str, str]:
        """The usual variables."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": "us-east-1",
        }

    @property
    def boto(self) -> BaseClient:
        """The witness."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name="us-east-1",
            config=Config(request_checksum_calculation="when_required", response_checksum_validation="when_required"),
        )

    def put(self, key: str, content: bytes) -> str:
        """Write below the prefix; give the tag."""
        return self.boto.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{key}", Body=content)["ETag"].strip('"')

    def content(self, key: str) -> bytes:
        """Read below the prefix."""
        return self.boto.get_object(Bucket=self.bucket, Key=f"{self.prefix}/{key}")["Body"].read()

    def keys(self) -> list[str]:
        """All keys below the prefix, without it, sorted."""
        pages = self.boto.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{self.prefix}/")
        return sorted(entry["Key"][len(self.prefix) + 1 :] for page in pages for entry in page.get("Contents", []))

    def swift_test(self, name: str) -> subprocess.CompletedProcess[str]:
        """Run one of the Swift tests that do our half, on this store and prefix alone."""
        entry = f"{self.name}={self.url},{self.access_key},{self.secret_key},{self.bucket}"
        environment = {**os.environ, "APUS_TEST_STORES": entry, "APUS_TEST_PREFIX": self.prefix}
        command = ["swift", "test", "--skip-build", "--filter", name]
        folder = os.environ.get("APUS_PACKAGE", ROOT)
        return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=300)


def entries() -> list[Store]:
    """Read the list of servers."""
    found = []
    for entry in os.environ.get("APUS_TEST_STORES", "").split():
        name, facts = entry.split("=", 1)
        found.append(Store(name, *facts.split(",")))
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test that wants a store once for each."""
    if "store" in metafunc.fixturenames:
        stores = entries()
        skipped = [pytest.param(None, marks=pytest.mark.skip(reason=WITHOUT))]
        metafunc.parametrize("store", stores or skipped, ids=[store.name for store in stores] or ["none"])
