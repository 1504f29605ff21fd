"""What an API says when it cannot do what it is asked."""

from __future__ import annotations


class ApiRefusal(ValueError):
    """The call was understood and refused; the message is for the caller."""


NO_TOKEN = "No account has the token {token!r}."
NOT_A_TIME = "{text!r} is no time. Write YYYY-MM-DD HH:MM:SS."
NOT_A_DAY = "{text!r} is no date. Write YYYY-MM-DD."
EMPTY = "{name} must not be empty."
