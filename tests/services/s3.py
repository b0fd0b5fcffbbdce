"""A real S3 server for tests and benches, on loopback.

In this order: the server that `TEST_S3_URL` names (`http://ACCESS_KEY:SECRET_KEY@host:port`; buckets are made there and
removed), the one in the wheel `moto`, one that this machine has (`minio`). moto is a faithful emulator of the protocol
and no server for production; it takes any key.
"""

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from services.guardian import guarded

_START_S = 60
_TICK_S = 0.05


class NoS3(RuntimeError):
    """There is no S3 server to test with; the message says what would help."""


@dataclass(frozen=True, slots=True)
class S3Server:
    """A running server on which buckets may be made at will."""

    endpoint: str
    access_key: str
    secret_key: str
    origin: str
    """Where it came from: `TEST_S3_URL`, `moto`, or the path of a program."""

    @contextmanager
    def bucket(self) -> Iterator[str]:
        """A new bucket, emptied and removed at the end."""
        import boto3  # takes a third of a second, and few runs need it
        from botocore.config import Config

        name = f"wagate-{secrets.token_hex(6)}"
        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name="us-east-1",
            config=Config(proxies={}, s3={"addressing_style": "path"}),
        )
        client.create_bucket(Bucket=name)
        try:
            yield name
        finally:
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=name):
                for found in page.get("Contents", []):
                    client.delete_object(Bucket=name, Key=found["Key"])
            client.delete_bucket(Bucket=name)
            client.close()


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """An S3 server for as long as the block, or this process, lives. Raises NoS3."""
    url = os.environ.get("TEST_S3_URL")
    if url:
        parts = urlsplit(url)
        endpoint = f"{parts.scheme}://{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
        yield S3Server(endpoint, unquote(parts.username or ""), unquote(parts.password or ""), "TEST_S3_URL")
        return
    port = _free_port()
    minio = shutil.which("minio")
    if importlib.util.find_spec("moto") is not None:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        origin = "moto"
    elif minio is not None:
        command, origin = [minio, "server", "--address", f"127.0.0.1:{port}", "store"], minio
    else:
        raise NoS3("set TEST_S3_URL, or install the wheel moto with flask and flask-cors, or minio")
    keys = {"MINIO_ROOT_USER": "wagate-tests", "MINIO_ROOT_PASSWORD": secrets.token_hex(16)}
    directory = Path(tempfile.mkdtemp(prefix="wagate-s3-"))
    with tempfile.TemporaryFile() as log:
        env = {"PATH": os.defpath, "HOME": str(directory), "LC_ALL": "C.UTF-8", **keys}
        with guarded(command, directory, log=log, env=env, stop=signal.SIGTERM) as process:
            endpoint = f"http://127.0.0.1:{port}"
            _wait(endpoint, process, log)
            yield S3Server(endpoint, keys["MINIO_ROOT_USER"], keys["MINIO_ROOT_PASSWORD"], origin)


def _wait(endpoint: str, process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    """Return when the server answers; raise NoS3 with its log when it ends, or stays silent for a minute."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    pause = threading.Event()
    for _ in range(round(_START_S / _TICK_S)):
        if process.poll() is not None:
            break
        try:
            opener.open(endpoint, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            pause.wait(_TICK_S)
        else:
            return
    log.seek(0)
    raise NoS3(f"the S3 server did not start: {log.read().decode(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
