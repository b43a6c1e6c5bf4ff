"""What PostgREST 13 to 16 answers: status, headers and body, each from the file of its specification that is named.

Paths are those of github.com/PostgREST/postgrest, where src/PostgREST stands for src/library/PostgREST in 16.
"""

from __future__ import annotations

import json
from typing import NamedTuple

# By SQLSTATE or the beginning of one, the first that fits; 400 for all others (src/PostgREST/Error.hs, mapSQLtoHTTP).
STATUSES = {
    "08": 503, "09": 500, "0L": 403, "0P": 403, "23503": 409, "23505": 409, "25006": 405, "21000": 500, "25": 500,
    "28": 403, "2D": 500, "38": 500, "39": 500, "3B": 500, "40": 500, "53400": 500, "53": 503, "54": 500, "55": 500,
    "57P01": 503, "57": 500, "58": 500, "F0": 500, "HV": 500, "P0001": 400, "P0": 500, "XX": 500, "42883": 404,
    "42P01": 404, "42P17": 500,
}  # fmt: skip

# PostgREST's own errors: status and message (Error.hs; AuthSpec, NoAnonSpec, NoJwtSecretSpec, RpcSpec,
# MultipleSchemaSpec, test/io/test_connection.py).
OWN = {
    "PGRST000": (503, "Database connection error. Retrying the connection."),
    "PGRST001": (503, "Database client error. Retrying the connection."),
    "PGRST002": (503, "Could not query the database for the schema cache. Retrying."),
    "PGRST003": (504, "Timed out acquiring connection from connection pool."),
    "PGRST102": (400, "Empty or invalid json"),
    "PGRST106": (406, "Invalid schema: private"),
    "PGRST121": (500, "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error"),
    "PGRST202": (404, "Could not find the function in the schema cache"),
    "PGRST203": (300, "Could not choose the best candidate function between:"),
    "PGRST204": (400, "Could not find the column in the schema cache"),
    "PGRST205": (404, "Could not find the table in the schema cache"),
    "PGRST300": (500, "Server lacks JWT secret"),
    "PGRST301": (401, "No suitable key or wrong key type"),
    "PGRST302": (401, "Anonymous access is disabled"),
    "PGRST303": (401, "JWT expired"),
}


class Reply(NamedTuple):
    """An answer: its status, headers beside the usual, and body."""

    status: int
    headers: dict[str, str]
    body: bytes
    kind: str = "application/json; charset=utf-8"


def own_error(
    code: str, message: str | None = None, *, details: str | None = None, hint: str | None = None, delay: int = 0
) -> Reply:
    """Return an error of PostgREST's own.

    Args:
        code: PGRSTxxx.
        message: by default the usual one.
        details: of the body.
        hint: of the body.
        delay: seconds of its back-off, for the Retry-After of a 503.
    """
    status, usual = OWN[code]
    message = message or usual
    headers = {}
    if status == 401:  # AuthSpec: a token that is there is described, one that is missing is not
        described = "" if code == "PGRST302" else f' error="invalid_token", error_description="{message}"'
        headers["WWW-Authenticate"] = f"Bearer{described}"
    return _reply(status, code, message, details, hint, headers, delay)


def database_error(
    code: str,
    message: str,
    *,
    details: str | None = None,
    hint: str | None = None,
    anonymous: bool = False,
    delay: int = 0,
) -> Reply:
    """Return the answer for an error of the database (Error.hs, ErrorSpec, PgSafeUpdateSpec, RpcSpec).

    Args:
        code: its SQLSTATE.
        message: its message.
        details: its detail.
        hint: its hint.
        anonymous: whether the request ran as the anonymous role.
        delay: seconds of PostgREST's back-off.
    """
    if code == "PGRST":
        return _raised(message, details)
    status = _status(code, message, anonymous)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return _reply(status, code, message, details, hint, headers, delay)


def _status(code: str, message: str, anonymous: bool) -> int:
    if code == "42501":
        return 401 if anonymous else 403
    if code == "21000" and message.endswith("requires a WHERE clause"):
        return 400
    if code == "22023" and message.startswith("role") and message.endswith("does not exist"):
        return 401
    if code.startswith("PT"):
        return int(code[2:]) if code[2:].isdecimal() else 500
    return next((status for start, status in STATUSES.items() if code.startswith(start)), 400)


def _raised(message: str, details: str | None) -> Reply:
    """A function's `raise sqlstate 'PGRST'` says itself what is answered (ErrorSpec)."""
    try:
        said, how = json.loads(message), json.loads(details or "")
        code, status, headers = str(said["code"]), int(how["status"]), dict(how["headers"])
    except (ValueError, KeyError, TypeError):
        return own_error("PGRST121", details=f"Invalid JSON value: {message}")
    return _reply(status, code, said["message"], said.get("details"), said.get("hint"), headers)


def _reply(
    status: int,
    code: str,
    message: str,
    details: str | None,
    hint: str | None,
    headers: dict[str, str],
    delay: int = 0,
) -> Reply:
    headers = {"Proxy-Status": f"PostgREST; error={code}", **headers}
    if status == 503:  # src/PostgREST/App.hs, addRetryHint
        headers["Retry-After"] = str(delay)
    body = {"code": code, "details": details, "hint": hint, "message": message}
    return Reply(status, headers, json.dumps(body).encode())
