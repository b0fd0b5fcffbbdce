"""Every option, once. Read by ``bootstrap`` only; ``docs/reference/settings.md`` is written from the descriptions."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

KEY_BYTES = 32
MB = 1024 * 1024


class Settings(BaseSettings):
    """What can be set, from the environment (``WAGATE_…``) or by the caller. Unknown names are ignored."""

    model_config = SettingsConfigDict(
        env_prefix="WAGATE_", populate_by_name=True, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    host: str = Field(
        default="127.0.0.1",
        validation_alias=AliasChoices("WAGATE_HOST", "HOST"),
        description="IP address to listen on, or `localhost`. The default is reachable from this machine only.",
    )
    port: int = Field(
        default=3000,
        ge=0,
        le=65535,
        validation_alias=AliasChoices("WAGATE_PORT", "PORT"),
        description="Port to listen on; 0 lets the system choose one.",
    )
    data: Path = Field(
        default=Path("data"),
        description="Directory for everything that is kept: database, media, master key, logs. Created with mode 0700.",
    )
    database_url: str = Field(
        default="",
        description="Where rows live: `postgresql://user:password@host/name`, or `sqlite:////absolute/path.db`. "
        "Empty means `wagate.db` in the data directory.",
    )
    master_key: SecretStr | None = Field(
        default=None,
        description="The key that seals secrets at rest: 32 bytes as base64 or hex. "
        "Without it, one is made in the data directory on first start. Lose it and every session must pair again.",
    )
    master_key_file: Path | None = Field(
        default=None,
        description="File that holds the master key, for secrets that are mounted. Not together with the key itself.",
    )
    engine: str = Field(
        default="",
        description="Engine of sessions that are created without naming one; `GET /v1/engines` lists what there is. "
        "Empty means `neonize` where it is installed, else `native`: [engines](../engines.md) says why.",
    )
    whatsapp_url: str = Field(
        default="wss://web.whatsapp.com/ws/chat",
        description="WebSocket address that the native engine dials. Change it to use an emulator.",
    )
    whatsapp_root_key: str = Field(
        default="",
        description="Public key (64 hex digits) that must have signed the server's Noise certificate. "
        "Empty means WhatsApp's own; an emulator prints its key.",
    )
    whatsapp_ca_file: Path | None = Field(
        default=None,
        description="File with the certificate authorities (PEM) to trust for the WebSocket, instead of the system's.",
    )
    client_version: Annotated[tuple[int, int, int] | None, NoDecode] = Field(
        default=None,
        description="WhatsApp Web version to announce, such as `2.3000.1023373852`. "
        "Raise it when WhatsApp calls this client outdated. Empty means the built-in one.",
    )
    device_name: str = Field(
        default="wagate",
        min_length=1,
        max_length=50,
        description="Name that the phone's list of linked devices shows for sessions on neonize; it is fixed when a "
        "session is paired.",
    )
    login_rate: float = Field(
        default=10.0,
        ge=0,
        description="Logins a second that all sessions together may begin; 0 lifts the limit.",
    )
    login_burst: int = Field(default=10, ge=1, description="Logins that may begin at once before the rate applies.")
    pace_per_minute: int = Field(
        default=20,
        ge=0,
        description="Messages that a session may send in any minute, unless its own settings say otherwise; 0: any. "
        "Real numbers that send more are at risk. See [pacing](../howto/pacing.md).",
    )
    pace_bulk_per_minute: int = Field(
        default=3, ge=0, description="The same for messages of the priority `bulk`, which count for both. 0: any."
    )
    sql_inbox: bool = Field(
        default=False,
        description="Send what other programs insert into the table `outbox_inbox`. Whoever can write to it can send "
        "for every tenant. See [SQL producers](../howto/sql-producers.md).",
    )
    sql_inbox_keep_days: float = Field(
        default=30,
        ge=0,
        description="Days after which rows of that table are removed whose message was sent or refused. 0: never.",
    )
    body_limit: int = Field(default=1_000_000, ge=1_000, description="Largest request body in bytes.")
    media_store: str = Field(
        default="",
        description="Where the bytes of media live: a directory, or `s3://bucket/prefix` (needs `wagate[s3]`). Empty "
        "means `media` in the data directory. See `docs/howto/media.md`.",
    )
    s3_endpoint: str = Field(
        default="", description="Address of an S3 server that is not Amazon's, such as `https://minio.example.org`."
    )
    s3_region: str = Field(default="us-east-1", description="Region of the S3 bucket.")
    s3_access_key: SecretStr | None = Field(default=None, description="Access key id for S3.")
    s3_secret_key: SecretStr | None = Field(default=None, description="Secret access key for S3.")
    media_image_limit: int = Field(default=16 * MB, ge=1, description="Largest image in bytes.")
    media_video_limit: int = Field(default=100 * MB, ge=1, description="Largest video in bytes.")
    media_audio_limit: int = Field(default=16 * MB, ge=1, description="Largest sound or voice note in bytes.")
    media_document_limit: int = Field(default=2_000_000_000, ge=1, description="Largest document in bytes.")
    media_eager_limit: int = Field(
        default=16 * MB,
        ge=0,
        description="Bytes up to which a file that arrives is fetched at once; a larger one when it is asked for.",
    )
    media_tenant_limit: int = Field(
        default=0, ge=0, description="Bytes of media that one tenant may keep; uploads beyond it are refused. 0: any."
    )
    media_keep_days: float = Field(
        default=0, ge=0, description="Days after which media are removed unless a waiting message needs them. 0: never."
    )
    media_keep_bytes: int = Field(
        default=0, ge=0, description="Bytes of media of one tenant beyond which its oldest are removed. 0: never."
    )
    egress_allow: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Networks (`10.1.0.0/16, fd12::/16`) that URLs of users may lead to although they are not public, "
        "on any port. Whoever has an API key can then reach them through the gateway.",
    )
    egress_ports: Annotated[tuple[int, ...], NoDecode] = Field(
        default=(80, 443, 8080, 8443), description="Ports that URLs of users may name, separated by commas."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least important kind of log line that is written."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto", description="How log lines look; `auto` is `console` on a terminal and `json` elsewhere."
    )
    log_file: Path | None = Field(
        default=None, description="File for log lines, rotated at 10 MB, five kept. Empty means standard error."
    )

    @field_validator("client_version", mode="before")
    @classmethod
    def _split_version(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(value.split(".")) if value else None
        return value

    @field_validator("egress_allow", "egress_ports", mode="before")
    @classmethod
    def _split_list(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("egress_allow")
    @classmethod
    def _check_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for written in value:
            ip_network(written, strict=False)
        return value

    @field_validator("host")
    @classmethod
    def _check_host(cls, value: str) -> str:
        # Some systems export HOST as the machine's name, which would listen on more than this machine unasked.
        if value != "localhost":
            ip_address(value)
        return value

    @field_validator("whatsapp_root_key")
    @classmethod
    def _check_root_key(cls, value: str) -> str:
        if value and len(bytes.fromhex(value)) != KEY_BYTES:
            raise ValueError("must be 64 hex digits")
        return value.lower()

    @field_validator("master_key")
    @classmethod
    def _check_master_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            read_key(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _check_one_key(self) -> Self:
        if self.master_key is not None and self.master_key_file is not None:
            raise ValueError("set either the master key or its file, not both")
        return self

    @property
    def sealing_key(self) -> bytes | None:
        """The 32 bytes of the master key that was set, or None when the data directory keeps one.

        Raises ValueError when the file does not hold a key, OSError when it cannot be read.
        """
        if self.master_key_file is not None:
            return read_key(self.master_key_file.read_text("ascii"))
        return read_key(self.master_key.get_secret_value()) if self.master_key is not None else None

    @property
    def storage_url(self) -> str:
        """The database in use."""
        return self.database_url or f"sqlite:///{(self.data / 'wagate.db').absolute()}"


def read_key(text: str) -> bytes:
    """The 32 bytes that a human wrote as base64 (plain or URL-safe) or hex. Raises ValueError, without the text."""
    text = text.strip()
    readers = (
        bytes.fromhex,
        lambda encoded: base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True),
        lambda encoded: base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True),
    )
    for read in readers:
        try:
            key = read(text)
        except (ValueError, binascii.Error):
            continue
        if len(key) == KEY_BYTES:
            return key
    raise ValueError("the master key must be 32 bytes, written as base64 or hex")


def reference() -> str:
    """The text of ``docs/reference/settings.md``."""
    return "\n".join(
        [
            "# Settings",
            "",
            "Set them in the environment. Everything has a working default.",
            "",
            "| variable | default | meaning |",
            "|---|---|---|",
            *_rows(),
            "",
        ]
    )


def _rows() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        names = (
            [str(choice) for choice in alias.choices] if isinstance(alias, AliasChoices) else [f"WAGATE_{name.upper()}"]
        )
        shown = ",".join(map(str, field.default)) if isinstance(field.default, tuple) else field.default
        default = "" if shown in (None, "") else f"`{shown}`"
        yield f"| {', '.join(f'`{name}`' for name in names)} | {default} | {field.description} |"
