"""What can be wrong with a line of an earlier system's file, in Portuguese and English, each once."""

from __future__ import annotations

from enum import Enum

from rastro.errors import InvalidInput
from rastro.explanation import Language


class Flaw(Enum):
    """A flaw, in Portuguese and in English."""

    NO_HEADER = (
        "a primeira linha tem de dar nome às colunas, entre elas payment_id",
        "the first line has to name the columns, payment_id among them",
    )
    COLUMN_TWICE = ("a primeira linha dá o mesmo nome a duas colunas", "the first line names a column twice")
    TOO_MANY_LINES = ("o arquivo tem mais de {limit} linhas: divida-o", "the file has more than {limit} lines: split it")
    NO_CSV = ("não pode ser lida como CSV", "not readable as CSV")
    NO_JSON = ("não pode ser lida como JSON", "not readable as JSON")
    NO_OBJECT = ("não é um objeto JSON", "not a JSON object")
    LINE_TOO_LONG = ("tem mais de {limit} caracteres", "longer than {limit} characters")
    COLUMNS_DIFFER = ("{values} valores para {columns} colunas", "{values} values for {columns} columns")
    MISSING = ("falta {field}", "{field} is missing")
    PAID_AT_MISSING = ("falta paid_at, embora status seja {status}", "paid_at is missing, though status is {status}")
    PAID_BEFORE_CREATED = (
        "paid_at vem antes de created_at: um deles está em outro fuso horário?",
        "paid_at is before created_at: is one of them in another time zone?",
    )
    TWICE = ("{field} é dado duas vezes, uma delas como {alias}", "{field} is given twice, once as {alias}")
    NO_VALUE = ("{field} não é texto nem número", "{field} is neither text nor number")
    TOO_LONG = ("{field} tem mais de {limit} caracteres", "{field} is longer than {limit} characters")
    NO_ID = ("{field} não tem de 1 a 64 de A-Z a-z 0-9 _ -", "{field} is not 1 to 64 of A-Z a-z 0-9 _ -")
    NO_NUMERIC_ID = ("{field} não é um id numérico do Telegram", "{field} is not a numeric id of Telegram")
    UNKNOWN_STATUS = ("status não é nenhum destes: {known}", "status is none of {known}")
    NO_YES_NO = ("{field} não é true nem false", "{field} is neither true nor false")
    AMOUNT_TWICE_OR_MISSING = (
        "dê amount_cents (centavos inteiros) ou amount (reais), um dos dois",
        "give either amount_cents (whole cents) or amount (reais)",
    )
    NO_WHOLE_CENTS = (
        "o valor não é um número inteiro de centavos acima de 0",
        "the amount is not a whole number of cents above 0",
    )
    NO_NUMBER = ("{field} não é um número como 49.90", "{field} is not a number such as 49.90")
    NO_TIME = (
        "{field} não é uma hora em ISO 8601 nem um número epoch",
        "{field} is neither an ISO 8601 time nor an epoch number",
    )
    TIME_OUT_OF_RANGE = ("{field} está no futuro ou antes de 2010", "{field} lies in the future or before 2010")
    BAD_FBCLID = (
        "fbclid tem mais de 2.048 caracteres, ou um ponto ou espaço dentro",
        "fbclid is longer than 2,048 characters, or has a dot or a space in it",
    )
    UNKNOWN_FUNNEL = ("o funil {slug} não existe aqui", "the funnel {slug} is not set up here")
    FOREIGN_FUNNEL = ("o funil {slug} não leva ao bot {bot_id}", "the funnel {slug} does not lead to the bot {bot_id}")
    UNKNOWN_BOT = ("nenhum funil leva ao bot {bot_id}", "no funnel leads to the bot {bot_id}")
    SEVERAL_FUNNELS = (
        "falta slug, e {count} funis levam ao bot {bot_id}",
        "slug is missing, and {count} funnels lead to the bot {bot_id}",
    )
    SEVERAL_PRODUCTS = (
        "falta sku, e o funil {slug} tem {count} produtos",
        "sku is missing, and the funnel {slug} has {count} products",
    )

    def text(self, language: Language, **values: object) -> str:
        """Return the flaw in words."""
        portuguese, english = self.value
        return str(portuguese if language is Language.PT else english).format(**values)


class BadLine(InvalidInput):
    """Say what is wrong with a line; nothing is written of it."""

    def __init__(self, flaw: Flaw, **values: object) -> None:
        """Keep the flaw with what its text names."""
        super().__init__(flaw.text(Language.EN, **values))
        self.flaw = flaw
        self._values = values

    def text(self, language: Language) -> str:
        """Return what is wrong, in words."""
        return self.flaw.text(language, **self._values)
