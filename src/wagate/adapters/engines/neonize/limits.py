"""How long this engine waits, and how much it lets pile up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds.

    ``starts_per_s``: processes that may be started, all sessions together. ``start_s``: how long one may take to open
    its link. ``ping_s``, ``silence_s``: how often it is asked for a sign of life, and after how long without one it is
    killed. ``stop_s``: how long it may take to hang up. ``orphan_s``: how long it goes on without a gateway.

    ``connect_s``: how long whatsmeow may take to say anything after it was told to connect; ``reconnect_s``: how long
    it may dial by itself after a connection broke, before its process is replaced. ``qr_s``, ``first_qr_s``,
    ``qr_count``: whatsmeow's QR codes (`qrchan.go`), and ``qr_grace_s``: how late the next one may come. ``send_s``:
    how long a send may take, more than whatsmeow's own 75. ``ask_s``: how long any other question may.

    ``unsettled``: messages of a session that may be with its process at once. ``attempts``: how often a message that
    certainly did not go out is tried. ``done_kept_s``: how long it is known that a message was sent, so that asking
    again sends nothing; ``polls_kept_s``: how long the votes of a poll can be read. ``longest_pause_s``: the longest
    wait before a new start. ``spool_bytes``: see ``worker.process.Terms``.

    ``uploads``: files that the processes of all sessions may be uploading at once; ``upload_s``: how long one may take;
    ``upload_bytes``: how large one may be, for whatsmeow holds it whole.

    ``watch_s``: how often whatsmeow's file is looked at for what the phone has done; ``settle_s``: for how long it goes
    on writing down what it has learnt of the app state.
    """

    starts_per_s: float = 10.0
    start_s: float = 60.0
    ping_s: float = 5.0
    silence_s: float = 20.0
    stop_s: float = 4.5
    orphan_s: float = 60.0
    connect_s: float = 90.0
    reconnect_s: float = 900.0
    first_qr_s: float = 60.0
    qr_s: float = 20.0
    qr_count: int = 6
    qr_grace_s: float = 5.0
    send_s: float = 120.0
    ask_s: float = 30.0
    unsettled: int = 32
    attempts: int = 5
    longest_pause_s: float = 60.0
    spool_bytes: int = 64 << 20
    done_kept_s: float = 7 * 86400.0
    polls_kept_s: float = 183 * 86400.0
    uploads: int = 2
    upload_s: float = 1800.0
    upload_bytes: int = 256 << 20
    watch_s: float = 2.0
    settle_s: float = 10.0
