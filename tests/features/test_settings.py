import base64
from pathlib import Path

import pytest
from pydantic import ValidationError

from wagate.bootstrap import build
from wagate.domain.errors import StorageUnavailable
from wagate.settings import Settings, read_key

KEY = bytes(range(32))


def test_everything_has_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOST", "PORT"):
        monkeypatch.delenv(name, raising=False)
    settings = Settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 3000)
    assert settings.storage_url == f"sqlite:///{Path('data/wagate.db').absolute()}"
    assert settings.sealing_key is None


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {
        "HOST": "0.0.0.0",
        "PORT": "4000",
        "WAGATE_DATA": str(tmp_path),
        "WAGATE_CLIENT_VERSION": "2.3000.42",
        "WAGATE_LOGIN_RATE": "0",
        "WAGATE_WHATSAPP_ROOT_KEY": "AB" * 32,
    }.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert (settings.host, settings.port, settings.login_rate) == ("0.0.0.0", 4000, 0.0)
    assert settings.client_version == (2, 3000, 42)
    assert settings.whatsapp_root_key == "ab" * 32
    assert settings.storage_url == f"sqlite:///{tmp_path / 'wagate.db'}"
    monkeypatch.setenv("WAGATE_HOST", "::1")
    assert Settings().host == "::1"  # the longer name wins


def test_a_machines_name_in_the_environment_does_not_open_the_door_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "box.example")
    with pytest.raises(ValidationError, match=r"box\.example"):
        Settings()
    monkeypatch.setenv("HOST", "localhost")
    assert Settings().host == "localhost"


@pytest.mark.parametrize(
    "text",
    [
        KEY.hex(),
        KEY.hex().upper(),
        base64.b64encode(KEY).decode(),
        base64.b64encode(KEY).decode().rstrip("="),
        base64.urlsafe_b64encode(KEY).decode() + "\n",
    ],
)
def test_a_master_key_is_read_in_every_common_form(text: str, tmp_path: Path) -> None:
    assert read_key(text) == KEY
    file = tmp_path / "key"
    file.write_text(text)
    assert Settings(master_key_file=file).sealing_key == KEY


@pytest.mark.parametrize("text", ["", "secret", "ab" * 31, base64.b64encode(KEY + b"x").decode()])
def test_a_master_key_that_is_none_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({"master_key": text})
    assert "32 bytes" in str(refused.value)
    assert not text or text not in str(refused.value)


def test_a_key_and_a_key_file_do_not_go_together(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="not both"):
        Settings.model_validate({"master_key": KEY.hex(), "master_key_file": tmp_path / "key"})


def test_a_key_is_not_in_what_settings_print() -> None:
    settings = Settings.model_validate({"master_key": KEY.hex()})
    assert KEY.hex() not in repr(settings)
    assert settings.sealing_key == KEY


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", 70_000),
        ("client_version", "2.3000"),
        ("whatsapp_root_key", "zz"),
        ("login_rate", -1),
        ("body_limit", 5),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({name: value})


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAGATE_EGRESS_ALLOW", "10.1.0.0/16, fd12::/16,127.0.0.1")
    monkeypatch.setenv("WAGATE_EGRESS_PORTS", "80, 8000")
    settings = Settings()
    assert settings.egress_allow == ("10.1.0.0/16", "fd12::/16", "127.0.0.1")
    assert settings.egress_ports == (80, 8000)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EGRESS_ALLOW", "10.0.0.0/99"),
        ("EGRESS_ALLOW", "localhost"),
        ("EGRESS_PORTS", "ssh"),
        ("MEDIA_KEEP_DAYS", "-1"),
    ],
)
def test_a_setting_of_the_media_room_that_means_nothing_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"WAGATE_{name}", value)
    with pytest.raises(ValidationError):
        Settings()


@pytest.mark.parametrize("place", ["ftp://host/x", "s3://", "gs://bucket"])
async def test_a_place_for_media_that_does_not_exist_stops_the_start(tmp_path: Path, place: str) -> None:
    settings = Settings(data=tmp_path, media_store=place, engine="fake")
    with pytest.raises(StorageUnavailable):
        await build(settings)
