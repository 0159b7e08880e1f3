"""OpenStack Swift with its S3 interface, from Debian's packages: one node, one replica, everything in one folder."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

PACKAGES = ("swift-proxy", "swift-account", "swift-container", "swift-object", "memcached")
KINDS = ("account", "container", "object")

COMMON = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
swift_dir = {folder}
workers = 0
log_level = WARNING
log_address = {folder}/no-syslog
"""

STORAGE_SERVER = """devices = {folder}/devices
mount_check = false
disable_fallocate = true

[pipeline:main]
pipeline = {kind}-server

[app:{kind}-server]
use = egg:swift#{kind}
"""

PROXY_SERVER = """
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth slo dlo proxy-server

[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true

[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = {secret} .admin

[filter:s3api]
use = egg:swift#s3api
s3_acl = false
location = us-east-1
allow_no_owner = true

[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{memcached}

[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
"""


class OpenStackSwift:
    """Where it lies, how it is reached, and what has to run."""

    access_key = "test:tester"
    secret_key = "testing-secret"

    def __init__(self, folder: Path, free_port: Callable[[], int]) -> None:
        """Choose ports; nothing is written yet."""
        self.folder = folder
        self.ports = {name: free_port() for name in (*KINDS, "memcached", "proxy")}
        self.url = f"http://127.0.0.1:{self.ports['proxy']}"

    def install(self) -> None:
        """Install the packages, unless they are there."""
        if all(shutil.which(f"swift-{kind}-server", path=self.path) for kind in (*KINDS, "proxy")):
            if shutil.which("memcached", path=self.path):
                return
        command = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *PACKAGES]
        sudo = [] if os.geteuid() == 0 else ["sudo"]
        environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
        # A service that Debian starts by itself would be one that this script neither started nor ends.
        subprocess.run([*sudo, "apt-get", "update", "-q"], check=True, stdout=sys.stderr)
        subprocess.run([*sudo, *environment, *command], check=True, stdout=sys.stderr)

    @property
    def path(self) -> str:
        """Where the servers are, also for users whose path lacks the system's folders."""
        return f"{os.environ['PATH']}:/usr/bin:/usr/sbin"

    def write_configuration(self) -> None:
        """Write all files and rings."""
        (self.folder / "devices/sdb1").mkdir(parents=True)
        (self.folder / "swift.conf").write_text(
            "[swift-hash]\nswift_hash_path_prefix = apus\nswift_hash_path_suffix = test\n"
            "[storage-policy:0]\nname = default\ndefault = yes\n"
        )
        facts = {"folder": self.folder, "user": getpass.getuser(), "secret": self.secret_key}
        facts["memcached"] = self.ports["memcached"]
        for kind in KINDS:
            text = COMMON + STORAGE_SERVER
            self.file(kind).write_text(text.format(port=self.ports[kind], kind=kind, **facts))
            self.make_ring(kind)
        self.file("proxy").write_text((COMMON + PROXY_SERVER).format(port=self.ports["proxy"], **facts))

    def commands(self) -> Iterator[tuple[list[str | Path], int]]:
        """Give what has to run, in this order, and the port that each then listens on."""
        port = self.ports["memcached"]
        yield ["/usr/bin/memcached", "-l", "127.0.0.1", "-p", str(port), "-u", getpass.getuser(), "-m", "64"], port
        for kind in (*KINDS, "proxy"):
            yield [f"/usr/bin/swift-{kind}-server", self.file(kind)], self.ports[kind]

    def file(self, kind: str) -> Path:
        """Name the configuration of one server."""
        return self.folder / f"{kind}-server.conf"

    def make_ring(self, kind: str) -> None:
        """Make the ring that says where everything lies: here."""
        builder = ["swift-ring-builder", f"{kind}.builder"]
        device = f"r1z1-127.0.0.1:{self.ports[kind]}/sdb1"
        for words in (["create", "4", "1", "1"], ["add", device, "1"], ["rebalance"]):
            done = subprocess.run(
                [*builder, *words], cwd=self.folder, env={**os.environ, "PATH": self.path}, capture_output=True, text=True
            )
            # 1 is a warning.
            if done.returncode > 1:
                sys.exit(f"storage-servers: {' '.join(builder + words)}: {done.stdout}{done.stderr}")
