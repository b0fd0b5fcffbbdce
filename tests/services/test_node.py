import subprocess

from services.node import baileys_home, node


def test_the_node_of_the_wheel_runs_the_pinned_baileys() -> None:
    home = baileys_home()
    loaded = subprocess.run(
        [node().binary, "--input-type=module", "--eval", "console.log(typeof (await import('baileys')).makeWASocket)"],
        cwd=home,
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.strip() == "function"


def test_what_is_installed_is_what_the_lock_says() -> None:
    home = baileys_home()
    listed = subprocess.run([node().binary, node().npm, "ls", "--all"], cwd=home, capture_output=True, text=True)
    assert listed.returncode == 0, listed.stderr
    assert "baileys@7.0.0-rc14" in listed.stdout
