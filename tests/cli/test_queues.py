"""Queues from the terminal, through a running gateway."""

from __future__ import annotations

from pathlib import Path

from cli.processes import running, wagate

_TO = "+5511900000002"


async def test_a_queue_is_looked_at_halted_raised_called_back_and_cleared(tmp_path: Path) -> None:
    async with running("serve", tmp_path / "data", WAGATE_ENGINE="fake") as server:
        env = server.env()
        assert (await wagate("session", "create", "shop", env=env)).code == 0
        assert "Nothing waits in shop" in (await wagate("queue", "list", "shop", env=env)).out
        assert (await wagate("queue", "pause", "shop", env=env)).code == 0
        send = ("send", "shop", _TO)
        first = await wagate(*send, "first", "--wait", "0", "--json", env=env)
        bulk = await wagate(*send, "many", "--wait", "0", "--priority", "bulk", "--json", env=env)
        later = await wagate(*send, "later", "--send-at", "2099-01-01T00:00:00Z", env=env)
        assert (later.code, "up to a year" in later.err) == (1, True), "that is too far ahead"
        wrong = await wagate(*send, "x", "--priority", "high", env=env)
        assert (wrong.code, "urgent" in wrong.err) == (1, True)
        shown = await wagate("queue", "list", "shop", env=env)
        assert "Paused since" in shown.out
        lines = [line.split() for line in shown.out.splitlines() if "msg_" in line]
        assert [(line[0], line[1], line[2]) for line in lines] == [
            ("1", first.json["id"], "normal"),
            ("2", bulk.json["id"], "bulk"),
        ]
        assert "urgent" in (await wagate("queue", "raise", bulk.json["id"], env=env)).out
        listed = (await wagate("queue", "list", "shop", "--json", env=env)).json
        assert [one["id"] for one in listed["data"]] == [bulk.json["id"], first.json["id"]]
        assert listed["halted_at"]
        assert "cancelled" in (await wagate("queue", "cancel", bulk.json["id"], env=env)).out
        again = await wagate("queue", "cancel", bulk.json["id"], env=env)
        assert (again.code, "message_not_waiting" in again.err) == (1, True)
        assert "1 message of shop" in (await wagate("queue", "clear", "shop", env=env)).out
        assert (await wagate("queue", "resume", "shop", "--json", env=env)).json["halted_at"] is None
        told = await wagate("session", "health", "shop", env=env)
        assert "shop is stopped. Health 100 of 100" in told.out
        assert (await wagate("session", "health", "shop", "--json", env=env)).json["today"]["sent"] == 0
