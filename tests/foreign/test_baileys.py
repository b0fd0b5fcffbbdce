"""A folder of Baileys is read as Baileys would read it, and may say anything."""

from __future__ import annotations

import base64
import json
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.devices import Workshop
from wagate.adapters.curve import public_of
from wagate.adapters.foreign.baileys import read_folder
from wagate.adapters.foreign.baileys_signal import sender_key_of, session_of
from wagate.domain.errors import DeviceUnreadable
from wagate.ports.device import LinkedDevice
from wagate.ports.ratchets import SenderKey, SessionState

DICE = st.integers(0, 2**32).map(Random)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=44) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["_sessions", "indexInfo", "_chains", "type", "data", "closed"]), inner, max_size=5
        )
    ),
    max_leaves=20,
)


@settings(max_examples=30, deadline=None)
@given(DICE)
def test_a_folder_is_read_whole(dice: Random) -> None:
    device = as_baileys_keeps_it(Workshop(dice).device())
    with TemporaryDirectory() as folder:
        write_folder(Path(folder), device)
        assert read_folder(Path(folder)) == device


def test_chains_that_can_be_thrown_away_are() -> None:
    """Baileys keeps every chain that there ever was."""
    chains = {
        _typed(bytes((number,)) * 32): {"chainKey": {"counter": 3}, "chainType": 2, "messageKeys": {}}
        for number in range(2, 40)
    }
    state = _state(_busy_device().sessions[0].current)
    state["_chains"].update(chains)
    with_skipped = {"chainKey": {"counter": 3}, "chainType": 2, "messageKeys": {"2": _text(bytes(32))}}
    state["_chains"][_typed(b"\x55" * 32)] = with_skipped
    session = session_of("1@lid", {"_sessions": {"one": state}})
    assert session is not None
    assert [chain.next_counter for chain in session.current.receiving][-1] == 4
    assert len(session.current.receiving) <= 5


def test_of_several_states_the_open_one_is_in_use() -> None:
    one, other = (_state(session.current) for session in _busy_device().sessions[:2])
    one["indexInfo"]["closed"], one["indexInfo"]["used"] = 1796059450060, 1796059450060
    session = session_of("1@lid", {"_sessions": {"one": one, "other": other}})
    assert session is not None
    assert _typed(session.current.base_key) == other["indexInfo"]["baseKey"]
    assert [_typed(state.base_key) for state in session.archived] == [one["indexInfo"]["baseKey"]]


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("creds.json", None, "no creds.json"),
        ("creds.json", "{", "not JSON"),
        ("creds.json", "{}", "was a phone ever linked"),
        ("session-1_1.0.json", "[]", "A session is not there"),
        ("session-1_1.0.json", "[" * 100_000, "not JSON"),
        ("pre-key-999999.json", '{"private": {"type": "Buffer", "data": "AA=="}}', "A prekey has 32 bytes, not 1"),
        ("identity-key-1.0.json", '{"type": "Buffer", "data": ""}', "not a Curve25519 key"),
        ("app-state-sync-key-AAAA.json", '{"keyData": 5}', "not a row of bytes"),
        ("sender-key-1@g.us--1_1--0.json", '{"type": "Buffer", "data": "bm8="}', "not JSON"),
    ],
)
def test_damage_is_named(tmp_path: Path, name: str, content: str | None, complaint: str) -> None:
    write_folder(tmp_path, as_baileys_keeps_it(_busy_device()))
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text(content)
    with pytest.raises(DeviceUnreadable, match=complaint):
        read_folder(tmp_path)


def test_only_plain_files_of_the_folder_itself_are_read(tmp_path: Path) -> None:
    write_folder(tmp_path, as_baileys_keeps_it(_busy_device()))
    (tmp_path / "session-1_1.0.json").symlink_to("/etc/hostname")
    with pytest.raises(OSError, match="symbolic"):
        read_folder(tmp_path)
    (tmp_path / "session-1_1.0.json").unlink()
    os.mkfifo(tmp_path / "session-1_1.0.json")
    with pytest.raises(DeviceUnreadable, match="not a plain file"):
        read_folder(tmp_path)


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_whatever_stands_in_a_file_is_read_or_refused(content: object) -> None:
    with suppress(DeviceUnreadable):
        session_of("1@lid", content)
    with suppress(DeviceUnreadable):
        sender_key_of("1@g.us", "1@lid", content)


# ---- a folder as Baileys writes it


def write_folder(folder: Path, device: LinkedDevice) -> None:
    """What ``useMultiFileAuthState`` would have kept of a device."""

    def write(name: str, content: object) -> None:
        (folder / name).write_text(json.dumps(content))

    write("creds.json", _credentials(device))
    for prekey in device.prekeys:
        write(f"pre-key-{prekey.id}.json", {"private": _buffer(prekey.private), "public": _buffer(bytes(32))})
    for session in device.sessions:
        states = [_state(session.current), *(_state(state) for state in session.archived)]
        for rank, state in enumerate(states):
            state["indexInfo"] |= {"closed": 5 if rank else -1, "used": 1000 - rank}
        write(
            f"session-{_name(session.device)}.json",
            {"_sessions": {str(rank): state for rank, state in enumerate(states)}},
        )
    for them, identity in device.identities:
        write(f"identity-key-{_name(them)}.json", _buffer(b"\x05" + identity))
    for key in device.sender_keys:
        user, number = _name(key.device).split(".")
        write(f"sender-key-{key.group}--{user}--{number}.json", _buffer(json.dumps(_sender_states(key)).encode()))
    for phone, lid in device.people:
        write(f"lid-mapping-{phone}.json", lid)
        write(f"lid-mapping-{lid}_reverse.json", phone)
    for app_key in device.app_state_keys:
        id = _text(app_key.id).replace("/", "__")
        write(f"app-state-sync-key-{id}.json", {"keyData": _text(app_key.data), "timestamp": str(app_key.made_at)})
    for token in device.privacy_tokens:
        times = {"timestamp": str(token.received_at), "senderTimestamp": token.issued_at}
        write(f"tctoken-{token.person}.json", {"token": _buffer(token.token), **times})


def as_baileys_keeps_it(device: LinkedDevice) -> LinkedDevice:
    """A device with what Baileys can keep: one signed prekey, seeds, no polls, and no chain that is of no use."""

    def state(of: SessionState) -> SessionState:
        chains = []
        for chain in of.receiving:
            kept = replace(chain, skipped=tuple(replace(key, secret=key.secret[:32]) for key in chain.skipped))
            if kept.key or kept.skipped:
                chains.append(kept)
        opening = of.opening and replace(of.opening, prekey_id=of.opening.prekey_id or None)
        return replace(of, receiving=tuple(chains), opening=opening)

    sessions = tuple(
        replace(session, current=state(session.current), archived=tuple(map(state, session.archived)))
        for session in device.sessions
    )
    return replace(
        device,
        signed_prekeys=(replace(device.signed_prekeys[-1], made_at=None),),
        sessions=sessions,
        identities=tuple((session.device, session.current.remote_identity) for session in sessions),
        app_state_keys=tuple(replace(key, fingerprint=b"") for key in device.app_state_keys),
        polls=(),
    )


def _busy_device() -> LinkedDevice:
    dice = Random(4)
    while len((device := Workshop(dice).device()).sessions) < 2 or not device.sender_keys:
        pass
    return device


def _credentials(device: LinkedDevice) -> dict[str, object]:
    key, account = device.signed_prekeys[-1], device.account
    published = [prekey.id for prekey in device.prekeys if prekey.is_published]
    return {
        "noiseKey": {"private": _buffer(device.noise_private)},
        "signedIdentityKey": {"private": _buffer(device.identity_private)},
        "signedPreKey": {
            "keyPair": {"private": _buffer(key.private)},
            "signature": _buffer(key.signature),
            "keyId": key.id,
        },
        "registrationId": device.registration_id,
        "advSecretKey": _text(device.adv_secret),
        "nextPreKeyId": device.next_prekey,
        "firstUnuploadedPreKeyId": max(published, default=0) + 1,
        "account": {
            "details": _text(account.details),
            "accountSignatureKey": _text(account.identity),
            "accountSignature": _text(account.signature),
            "deviceSignature": _text(account.device_signature),
        },
        "me": {"id": device.pn, "lid": device.lid, "name": device.name},
        "platform": device.platform,
    }


def _state(state: SessionState) -> dict[str, dict[str, object]]:
    public = _typed(public_of(state.ratchet_private))
    chains: dict[str, object] = {
        public: {
            "chainKey": {"counter": state.sending_counter - 1, "key": _text(state.sending_key)},
            "chainType": 1,
            "messageKeys": {},
        }
    }
    for chain in state.receiving:
        key = {"counter": chain.next_counter - 1} | ({"key": _text(chain.key)} if chain.key else {})
        skipped = {str(found.counter): _text(found.secret) for found in chain.skipped}
        chains[_typed(chain.ratchet_key)] = {"chainKey": key, "chainType": 2, "messageKeys": skipped}
    entry: dict[str, object] = {
        "registrationId": state.remote_registration_id,
        "currentRatchet": {
            "ephemeralKeyPair": {"pubKey": public, "privKey": _text(state.ratchet_private)},
            "previousCounter": state.previous_counter,
            "rootKey": _text(state.root_key),
        },
        "indexInfo": {
            "baseKey": _typed(state.base_key),
            "closed": -1,
            "used": 1,
            "remoteIdentityKey": _typed(state.remote_identity),
        },
        "_chains": chains,
    }
    if state.opening is not None:
        pending: dict[str, object] = {
            "signedKeyId": state.opening.signed_prekey_id,
            "baseKey": _typed(state.opening.base_key),
        }
        if state.opening.prekey_id is not None:
            pending["preKeyId"] = state.opening.prekey_id
        entry["pendingPreKey"] = pending
    return entry  # type: ignore[return-value]  # a test reaches into its objects


def _sender_states(key: SenderKey) -> list[dict[str, object]]:
    """With Buffers as JavaScript writes them when nobody says how: a list of numbers."""
    return [
        {
            "senderKeyId": state.id,
            "senderChainKey": {"iteration": state.next_iteration, "seed": _numbers(state.chain_key)},
            "senderSigningKey": {
                "public": _numbers(b"\x05" + state.signing_public),
                "private": _numbers(state.signing_private),
            },
            "senderMessageKeys": [
                {"iteration": found.counter, "seed": _numbers(found.secret)} for found in state.skipped
            ],
        }
        for state in reversed(key.states)
    ]


def _name(device: str) -> str:
    user, _, server = device.partition("@")
    user, _, number = user.partition(":")
    domain = {("s.whatsapp.net", False): 0, ("lid", False): 1, ("s.whatsapp.net", True): 128, ("lid", True): 129}
    shown = domain[server, number == "99"]
    return f"{user}_{shown}.{number or 0}" if shown else f"{user}.{number or 0}"


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _typed(key: bytes) -> str:
    return _text(b"\x05" + key)


def _buffer(value: bytes) -> dict[str, str]:
    return {"type": "Buffer", "data": _text(value)}


def _numbers(value: bytes) -> dict[str, object]:
    return {"type": "Buffer", "data": list(value)}
