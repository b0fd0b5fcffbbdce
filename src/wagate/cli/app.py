"""``wagate``: every command, its options and its help. What a command does lives in a module of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from wagate import __version__
from wagate.cli.outcome import CommandFailed, Exit, complain

_CODES = "Exit codes: 0 done, 1 failed or refused, 2 wrong usage, 3 no gateway answers, 4 not allowed, 5 in use."

app = typer.Typer(
    name="wagate",
    help="A self-hosted WhatsApp gateway.",
    epilog=_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
key_app = typer.Typer(help="API keys: make, list and revoke them.", no_args_is_help=True, epilog=_CODES)
session_app = typer.Typer(help="Sessions: list, make and pair them.", no_args_is_help=True, epilog=_CODES)
queue_app = typer.Typer(help="Queues: look at what waits, pause it, call it back.", no_args_is_help=True, epilog=_CODES)
app.add_typer(key_app, name="key")
app.add_typer(queue_app, name="queue")
app.add_typer(session_app, name="session")

Data = Annotated[
    Path | None, typer.Option("--data", help="Directory for everything that is kept.", show_default="./data")
]
Host = Annotated[str | None, typer.Option("--host", help="Address to listen on.", show_default="127.0.0.1")]
Port = Annotated[int | None, typer.Option("--port", help="Port to listen on.", show_default="3000")]
Session = Annotated[str, typer.Argument(help="Name or id of the session.")]
Message = Annotated[str, typer.Argument(help="Id of the message: msg_…")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]


def main() -> None:
    """Run the command that the arguments name."""
    try:
        app()
    except CommandFailed as failed:
        complain(str(failed))
        sys.exit(failed.exit_code)
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(Exit.INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has left; there is nobody to complain to
        sys.exit(Exit.FAILED)


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"wagate {__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", is_eager=True, callback=_show_version)
    ] = False,
) -> None: ...


@app.command()
def serve(data: Data = None, host: Host = None, port: Port = None) -> None:
    """Run the gateway until Ctrl-C."""
    from wagate.cli.serving import serve as run

    run(data, host, port)


@app.command()
def sandbox(data: Data = None, host: Host = None, port: Port = None) -> None:
    """Run the gateway beside a pretend WhatsApp: two numbers already paired, and a contact that answers."""
    from wagate.cli.sandboxing import sandbox as run

    run(data, host, port)


@app.command()
def migrate(data: Data = None) -> None:
    """Bring the database's tables up to date. `serve` does this by itself."""
    from wagate.cli.upkeep import migrate as run

    run(data)


@app.command()
def openapi(
    reference: Annotated[
        Path | None, typer.Option("--reference", help="Write pages to read into this folder instead.")
    ] = None,
) -> None:
    """Print the API's description in OpenAPI 3.1."""
    from wagate.cli.upkeep import print_openapi, write_reference

    if reference is None:
        print_openapi()
    else:
        write_reference(reference)


@app.command()
def engines(
    write: Annotated[Path | None, typer.Option("--write", help="Write the page into this file instead.")] = None,
) -> None:
    """Say what each engine promises and can do."""
    from wagate.cli.upkeep import show_engines

    show_engines(write)


@app.command()
def doctor(data: Data = None, host: Host = None, port: Port = None, as_json: Json = False) -> None:
    """Look at this machine, say what is missing, and how to mend it."""
    from wagate.cli.doctor import doctor as run

    run(data, host, port, as_json=as_json)


@app.command()
def send(  # noqa: PLR0913 - each is an option
    session: Annotated[str, typer.Argument(help="Name or id of the session to send from.")],
    to: Annotated[str, typer.Argument(help="Phone number, JID, or id of a chat or contact.")],
    text: Annotated[str, typer.Argument(help="The text; - reads standard input.")],
    wait: Annotated[float, typer.Option(min=0, max=60, help="Seconds to wait for the outcome.")] = 10,
    key: Annotated[str | None, typer.Option("--idempotency-key", help="Makes repeating this command safe.")] = None,
    priority: Annotated[str | None, typer.Option(help="urgent, normal or bulk.", show_default="normal")] = None,
    send_at: Annotated[str | None, typer.Option(help="Not before this moment (ISO 8601, with a time zone).")] = None,
    expires_at: Annotated[str | None, typer.Option(help="Not after this moment (ISO 8601, with a time zone).")] = None,
    as_json: Json = False,
) -> None:
    """Send a text through a running gateway."""
    from wagate.cli.sending import send as run

    conditions = {"priority": priority, "send_at": send_at, "expires_at": expires_at}
    _run(run(session, to, text, wait_s=wait, idempotency_key=key, conditions=conditions, as_json=as_json))


@queue_app.command("list")
def list_queue(session: Session, as_json: Json = False) -> None:
    """List what waits in a session, in the order in which it goes."""
    from wagate.cli.queues import show

    _run(show(session, as_json=as_json))


@queue_app.command("pause")
def pause_queue(session: Session, as_json: Json = False) -> None:
    """Let nothing leave a session, until it is resumed."""
    from wagate.cli.queues import pause

    _run(pause(session, as_json=as_json))


@queue_app.command("resume")
def resume_queue(session: Session, as_json: Json = False) -> None:
    """Let messages leave a session again."""
    from wagate.cli.queues import resume

    _run(resume(session, as_json=as_json))


@queue_app.command("clear")
def clear_queue(session: Session, as_json: Json = False) -> None:
    """Call back everything that waits in a session."""
    from wagate.cli.queues import clear

    _run(clear(session, as_json=as_json))


@queue_app.command("cancel")
def cancel_message(message: Message, as_json: Json = False) -> None:
    """Call back a message that waits."""
    from wagate.cli.queues import cancel

    _run(cancel(message, as_json=as_json))


@queue_app.command("raise")
def raise_message(
    message: Message,
    to: Annotated[str, typer.Option("--to", metavar="PRIORITY", help="urgent, normal or bulk.")] = "urgent",
    as_json: Json = False,
) -> None:
    """Make a message that waits urgent, or what else `--to` says."""
    from wagate.cli.queues import prioritise

    _run(prioritise(message, to, as_json=as_json))


@key_app.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="What the key is for.")] = "cli",
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="What it allows; may be repeated. Default: everything.")
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make an API key and show its secret, this once only."""
    from wagate.cli.keys import create

    _run(create(data, name, scope, as_json=as_json))


@key_app.command("list")
def list_keys(data: Data = None, as_json: Json = False) -> None:
    """List the API keys, without their secrets."""
    from wagate.cli.keys import show_all

    _run(show_all(data, as_json=as_json))


@key_app.command("revoke")
def revoke_key(
    key: Annotated[str, typer.Argument(help="The key's id: key_…")], data: Data = None, as_json: Json = False
) -> None:
    """End an API key for good."""
    from wagate.cli.keys import revoke

    _run(revoke(data, key, as_json=as_json))


@session_app.command("list")
def list_sessions(as_json: Json = False) -> None:
    """List the sessions, and how their lines are."""
    from wagate.cli.sessions import show_all

    _run(show_all(as_json=as_json))


@session_app.command("create")
def create_session(
    name: Annotated[str, typer.Argument(help="A word for it: a-z, 0-9, - and _.")],
    engine: Annotated[
        str | None, typer.Option(help="How to reach WhatsApp; without it, the setting `engine` decides.")
    ] = None,
    proxy: Annotated[str | None, typer.Option(help="http:// or socks5:// URL.")] = None,
    as_json: Json = False,
) -> None:
    """Make a session. `session pair` then links a phone."""
    from wagate.cli.sessions import create

    _run(create(name, engine, proxy, as_json=as_json))


@session_app.command("pair")
def pair_session(
    name: Annotated[str, typer.Argument(help="Name or id of the session; one that is not there is made.")],
    code: Annotated[
        str | None, typer.Option("--code", metavar="PHONE", help="Get a code to type into the phone with this number.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Link a phone: show the QR code (or a code to type) until the session is connected."""
    from wagate.cli.sessions import pair

    _run(pair(name, code, as_json=as_json))


@session_app.command("health")
def show_health(session: Session, as_json: Json = False) -> None:
    """Say how an account fares: what WhatsApp holds against it, what it sent today, and what to do."""
    from wagate.cli.queues import health

    _run(health(session, as_json=as_json))


@session_app.command("start")
def start_session(
    name: Annotated[str, typer.Argument(help="Name or id of the session.")], as_json: Json = False
) -> None:
    """Start a session, which then connects by itself."""
    from wagate.cli.sessions import start

    _run(start(name, as_json=as_json))


@session_app.command("move")
def move_session(
    name: Annotated[str, typer.Argument(help="Name or id of the session.")],
    to: Annotated[str, typer.Option("--to", metavar="ENGINE", help="The engine that goes on: native or neonize.")],
    as_json: Json = False,
) -> None:
    """Have another engine go on with the linked device, without pairing again."""
    from wagate.cli.sessions import move

    _run(move(name, to, as_json=as_json))


@session_app.command("export")
def export_session(
    name: Annotated[str, typer.Argument(help="Name or id of a stopped session.")],
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="A file that is not there yet.")],
    as_json: Json = False,
) -> None:
    """Take a session's linked device out, into a file that a passphrase opens. The session is logged out by it."""
    from wagate.cli.archives import export, passphrase

    _run(export(name, to, passphrase(confirm=True), as_json=as_json))


@session_app.command("import")
def import_session(  # noqa: PLR0913 - each is an option
    from_whatsmeow: Annotated[
        Path | None, typer.Option("--from-whatsmeow", metavar="FILE", help="A whatsmeow (neonize, …) SQLite database.")
    ] = None,
    from_baileys: Annotated[
        Path | None, typer.Option("--from-baileys", metavar="FOLDER", help="A multi-file auth folder of Baileys.")
    ] = None,
    from_archive: Annotated[
        Path | None, typer.Option("--from-archive", metavar="FILE", help="What `wagate session export` has written.")
    ] = None,
    jid: Annotated[str | None, typer.Option(help="Which device, if the database holds several.")] = None,
    name: Annotated[str | None, typer.Option(help="A word for the session.")] = None,
    engine: Annotated[str | None, typer.Option(help="Which engine goes on with it.")] = None,
    as_json: Json = False,
) -> None:
    """Make a session of a linked device that another program used until now. That program must never run again."""
    from wagate.cli.archives import passphrase, take_back
    from wagate.cli.sessions import Import, take_over

    if sum(path is not None for path in (from_whatsmeow, from_baileys, from_archive)) != 1:
        raise CommandFailed(
            "Name one source: --from-whatsmeow FILE, --from-baileys FOLDER, or --from-archive FILE.", Exit.USAGE
        )
    if from_archive is not None:
        _run(take_back(from_archive, passphrase(confirm=False), name, engine, as_json=as_json))
        return
    source, path = ("whatsmeow", from_whatsmeow) if from_whatsmeow is not None else ("baileys", from_baileys)
    assert path is not None
    _run(take_over(Import(source, path, jid, name, engine), as_json=as_json))


def _run(command: Coroutine[Any, Any, None]) -> None:
    asyncio.run(command)
