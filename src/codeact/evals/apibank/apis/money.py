"""Money: bank accounts, balances and stock prices."""

from __future__ import annotations

from dataclasses import dataclass

from codeact.evals.apibank.apis.accounts import owner
from codeact.evals.apibank.apis.calendar import said
from codeact.evals.apibank.databases import ApiWorld
from codeact.evals.apibank.refusal import ApiRefusal
from codeact.evals.apibank.spelling import same_day

NO_ACCOUNT = "{user} has no account at the bank."
NO_STOCK = "There is no stock with the code {code!r}."
NO_PRICE = "There is no price of {code} on {day}."


@dataclass(frozen=True, slots=True)
class Bank:
    world: ApiWorld

    def open(self, account: str, password: str, name: str) -> str:
        """Open a bank account with a name of its own and a password, for a customer."""
        said("account", account)
        self.world.tables["Opened"][account] = {"password": password, "name": name}
        return "success"

    def balance(self, token: str) -> float:
        """The balance at the bank of the user who has the token."""
        user = owner(self.world, token)
        if user not in self.world.tables["Bank"]:
            raise ApiRefusal(NO_ACCOUNT.format(user=user))
        return float(self.world.tables["Bank"][user]["balance"])


@dataclass(frozen=True, slots=True)
class Stocks:
    world: ApiWorld

    def price(self, stock_code: str, date: str) -> float:
        """The price of a stock on a date, YYYY-MM-DD."""
        prices = self.world.library["Stock"].get(said("stock_code", stock_code).strip().upper())
        if prices is None:
            raise ApiRefusal(NO_STOCK.format(code=stock_code))
        for known, price in prices.items():
            if same_day(known, date):
                return float(price)
        raise ApiRefusal(NO_PRICE.format(code=stock_code, day=date))
