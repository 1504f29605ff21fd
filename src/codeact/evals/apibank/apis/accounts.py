"""Accounts: tokens, registration, passwords; and whose token it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from codeact.evals.apibank.databases import ApiWorld
from codeact.evals.apibank.refusal import NO_TOKEN, ApiRefusal
from codeact.evals.apibank.spelling import folded

CODE = 970420
"""The verification code of every recorded dialogue."""

ASKED, PROVEN = "Forgot Password", "Verification Code"

NO_USER = "There is no user {name!r}."
WRONG_PASSWORD = "That is not the password."
WRONG_EMAIL = "That is not the address of {name!r}."
TAKEN = "The username {name!r} is taken."
NOT_ASKED = f"Ask for a code first: call with the status {ASKED!r}."
WRONG_CODE = "That is not the code that was sent."
WRONG_STATUS = f"The status is {ASKED!r} or {PROVEN!r}."


def owner(world: ApiWorld, token: str) -> str:
    """The user who has the token. Raises ApiRefusal."""
    for name, row in world.tables["Account"].items():
        if row["token"] == token.strip():
            return str(name)
    raise ApiRefusal(NO_TOKEN.format(token=token))


@dataclass(frozen=True, slots=True)
class Accounts:
    world: ApiWorld

    @property
    def rows(self) -> dict[str, Any]:
        return self.world.tables["Account"]  # type: ignore[no-any-return]

    def token(self, username: str, password: str) -> dict[str, str]:
        """Log a user in: gives the token that other calls ask for."""
        row = self._row(username)
        if row["password"] != password:
            raise ApiRefusal(WRONG_PASSWORD)
        return {"token": row["token"]}

    def check(self, token: str) -> str:
        """Say which user a token belongs to."""
        return owner(self.world, token)

    def register(self, username: str, password: str, email: str) -> dict[str, str]:
        """Make an account for a new user; gives its token."""
        if username in self.rows:
            raise ApiRefusal(TAKEN.format(name=username))
        token = self.world.draw(32)
        self.rows[username] = {"password": password, "token": token, "email": email}
        return {"token": token}

    def delete(self, token: str) -> dict[str, str]:
        """Delete the account of the user who has the token."""
        del self.rows[owner(self.world, token)]
        return {"status": "success"}

    def change_password(self, token: str, old_password: str, new_password: str) -> dict[str, str]:
        """Give the user who has the token a new password."""
        row = self.rows[owner(self.world, token)]
        if row["password"] != old_password:
            raise ApiRefusal(WRONG_PASSWORD)
        row["password"] = new_password
        return {"status": "success"}

    def forgot(
        self,
        status: str,
        username: str = "",
        email: str = "",
        verification_code: int = 0,
        new_password: str = "",
    ) -> int | str:
        """Replace a forgotten password in two calls. First with the status 'Forgot Password',
        username and email: gives a verification code. Then with the status 'Verification Code',
        verification_code and new_password.
        """
        forgotten: dict[str, bool] = self.world.tables["Forgotten"]
        if folded(status) == folded(ASKED):
            row = self._row(username)
            if folded(row["email"]) != folded(email):
                raise ApiRefusal(WRONG_EMAIL.format(name=username))
            forgotten.clear()
            forgotten[username] = True
            return CODE
        if folded(status) != folded(PROVEN):
            raise ApiRefusal(WRONG_STATUS)
        name = next(iter(forgotten), None)
        if name is None or (username and username != name):
            raise ApiRefusal(NOT_ASKED)
        if verification_code != CODE:
            raise ApiRefusal(WRONG_CODE)
        self._row(name)["password"] = new_password
        forgotten.clear()
        return "success"

    def _row(self, username: str) -> dict[str, str]:
        if username not in self.rows:
            raise ApiRefusal(NO_USER.format(name=username))
        return self.rows[username]  # type: ignore[no-any-return]
