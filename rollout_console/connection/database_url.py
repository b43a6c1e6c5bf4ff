"""Reads a database URL as it was pasted, with another program's parameters in it; no message repeats a part of it."""

from __future__ import annotations

import functools
import ipaddress
import os
import re
from urllib.parse import unquote

from rollout_console.errors import NotConfigured
from rollout_console.pattern import pattern

QUOTES = "\"'`\u201c\u201d\u2018\u2019"
SCHEME = pattern(r"postgres(?:ql)?(?:\+\w+)?://", re.IGNORECASE)  # also SQLAlchemy's postgresql+psycopg2
# As libpq takes it apart: whatever stands before the first @ is user and password, and no / stands before it.
PARTS = pattern(r"([^@/]*@)?(?P<hosts>[^@/?]*)(/[^@?]*)?(?:\?(?P<query>[^@]*))?")
HOST = pattern(r"(\[[^\]]*\]|[^:\[\]]*)(:\d*)?")
PLAIN = pattern(r"postgresql://(?:[^@/?]*@)?([^@/?%:,\[\]]+)(?::\d+)?/([^@/?%]+)")  # one host, one database
BARE_PERCENT = pattern(r"%(?![0-9A-Fa-f]{2})")
PLACEHOLDER = pattern(r"\[YOUR[-_]PASSWORD\]", re.IGNORECASE)  # of Supabase's page Connect
# Parameters of Prisma, SQLAlchemy, asyncpg and Vercel that say nothing about the connection itself.
OF_OTHERS = pattern(
    r"pgbouncer|connection_limit|pool_(timeout|size|recycle|pre_ping|mode)|max_overflow|schema|socket_timeout"
    r"|(prepared_)?statement_cache_size|prepared_statements|max_(idle_)?connection_lifetime"
    r"|uselibpqcompat|supa|workaround"
)
UNREADABLE = "the database URL can't be read; it looks like postgresql://user:password@host:5432/postgres"


def connection_string(url: str) -> str:
    """Return what libpq reads: without quotes, blanks and other programs' parameters, and encrypted elsewhere.

    Args:
        url: `postgresql://…`, or libpq's `host=… dbname=…`; what it leaves out, libpq's environment says.

    Raises:
        NotConfigured: it can't be read; the message says what is wrong, and holds no part of a password.
    """
    from psycopg import conninfo  # waits for what another thread is importing; psycopg.conninfo itself would not

    cleaned = _without_other_parameters(url)
    return conninfo.make_conninfo(cleaned, **_precautions(_said(cleaned)))


def place_of(url: str) -> str:
    """Return `host/database` of a URL, the part that may be shown, as far as is known before a connection."""
    try:
        cleaned = _without_other_parameters(url)
        if plain := PLAIN.fullmatch(cleaned):  # the first prompt need not wait for libpq
            return shown_place(plain[1], plain[2])
        said = _said(cleaned)
    except NotConfigured:
        return "postgres"
    if said.get("service") and not said.get("host"):
        return f"service {said['service']}"
    known = {**_environment(), **said}
    return shown_place(known.get("host", ""), known.get("dbname") or known.get("user") or "postgres")


def shown_place(host: str, database: str) -> str:
    """Return a host and a database as the console shows them; a socket is of this machine."""
    return f"{host if host and not host.startswith('/') else 'localhost'}/{database}"


def names_its_host(url: str) -> bool:
    """Return whether a URL says where it leads, rather than a service file or libpq's environment."""
    try:
        said = _said(_without_other_parameters(url))
    except NotConfigured:
        return True
    return "host" in said or "hostaddr" in said


def _without_other_parameters(url: str) -> str:
    text = url.strip().strip(QUOTES).strip()
    scheme = SCHEME.match(text)
    if scheme is None:
        return url.strip()  # libpq's own quotes stay
    rest = text[scheme.end() :]
    parts = PARTS.fullmatch(rest)
    if parts is None or not _decodes(rest):
        raise NotConfigured(
            "the password in the database URL has a character that must be percent-encoded: "
            "@ is %40, / is %2F, ? is %3F, % is %25; correct it, then start again"
        )
    if PLACEHOLDER.search(rest):
        raise NotConfigured("the database URL has [YOUR-PASSWORD] in it; put the password there, then start again")
    if not all(HOST.fullmatch(unquote(host)) for host in parts["hosts"].split(",")):
        raise NotConfigured(UNREADABLE)
    base = rest if parts["query"] is None else rest[: parts.start("query") - 1]
    kept = [pair for pair in (parts["query"] or "").split("&") if pair and not _is_of_others(pair)]
    return f"postgresql://{base}{'?' if kept else ''}{'&'.join(kept)}"


def _decodes(text: str) -> bool:
    """Return whether each % begins a percent-encoded character."""
    try:
        unquote(text, errors="strict")
    except UnicodeDecodeError:
        return False
    return not BARE_PERCENT.search(text)


def _is_of_others(pair: str) -> bool:
    name = unquote(pair.partition("=")[0])
    if OF_OTHERS.fullmatch(name):
        return True
    if name not in _keywords() and pair != "ssl=true":  # JDBC's, which libpq knows
        shown = name if re.fullmatch(r"\w{1,40}", name) else "without a name"
        raise NotConfigured(
            f"the database URL has a parameter that PostgreSQL does not know: {shown}; leave it out, then start again"
        )
    return False


def _said(text: str) -> dict[str, str]:
    """Return what a connection string says by itself."""
    import psycopg
    from psycopg import conninfo

    try:
        said = conninfo.conninfo_to_dict(text)
    except (psycopg.ProgrammingError, UnicodeError):
        said = None
    if said is None:  # raised here, since libpq's text repeats parts of the URL, and would be the error's context
        raise NotConfigured(UNREADABLE)
    return {name: str(value) for name, value in said.items() if value is not None}


def _precautions(said: dict[str, str]) -> dict[str, str]:
    """Return what a connection over a network asks for by itself, where neither URL nor environment says otherwise.

    libpq's own defaults send a password in clear text to whoever answers and asks for it.
    """
    known = {**_environment(), **said}
    if "service" in known or _is_local(known.get("host") or known.get("hostaddr") or ""):
        return {}
    asked = {"sslmode": "require", "require_auth": "!password"}
    if known.get("sslrootcert") == "system":  # then libpq verifies, and refuses less
        del asked["sslmode"]
    return {name: value for name, value in asked.items() if name not in known and name in _keywords()}


def _is_local(hosts: str) -> bool:
    return all(_is_of_this_machine(host) for host in hosts.split(","))


def _is_of_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in {"", "localhost"} or host.startswith(("/", "@"))


@functools.cache
def _keywords() -> frozenset[str]:
    from psycopg import pq

    return frozenset(option.keyword.decode() for option in pq.Conninfo.get_defaults())


def _environment() -> dict[str, str]:
    """Return what libpq's environment says (PGHOST and the like, or the service that PGSERVICE names)."""
    from psycopg import pq

    return {
        option.keyword.decode(): option.val.decode(errors="replace")
        for option in pq.Conninfo.get_defaults()
        if option.val and (option.val != option.compiled or (option.envvar or b"").decode() in os.environ)
    }
