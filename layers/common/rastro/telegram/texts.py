"""What people read in the chat, in Portuguese. A funnel may replace any of them by its own under the same name (``texts``).

Values are escaped before they enter a text; the texts themselves are Telegram's HTML.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from string import Template

DEFAULTS: Mapping[str, str] = {
    "welcome": "Olá, <b>$first_name</b>! 👋\nEscolha abaixo o que você quer comprar:",
    "bridge_button": "✅ Continuar pelo nosso site",
    "buy_button": "Comprar $product — $price",
    "charge": (
        "<b>$product</b>\nValor: <b>$price</b>\n\nPague com PIX lendo o QR code acima ou copiando o código:\n\n"
        "<code>$brcode</code>\n\nO código vale por $minutes minutos. "
        "Assim que o pagamento cair, você recebe o acesso aqui mesmo. ✅"
    ),
    "copy_button": "📋 Copiar código PIX",
    "charge_failed": "Não consegui gerar o seu PIX agora. Nada foi cobrado. Toque em comprar de novo daqui a pouco. 🙏",
    "unknown_product": "Esse produto não está mais à venda. Envie /start para ver o que temos.",
    "paid": "Pagamento de <b>$price</b> confirmado! 🎉\nAqui está o seu acesso a <b>$product</b>:",
    "delivery_button": "Acessar $product",
    "product": "\n\n<b>$product</b> — $price\n$description",
    "paid_button": "✅ Já paguei",
    "not_paid_yet": (
        "Ainda não recebemos a confirmação do seu PIX de <b>$price</b>. Costuma levar só alguns segundos: "
        "assim que o banco confirmar, o acesso chega aqui sozinho. Se você acabou de pagar, espere um minuto e toque de novo."
    ),
    "charge_over": "Esse código PIX não vale mais. Se você já pagou, a confirmação ainda chega aqui. Para comprar, envie /start.",
    "refunded": "O valor de <b>$price</b> foi devolvido a você. Se quiser comprar de novo, envie /start.",
    "help": "Escolha um produto abaixo ou envie /start. O pagamento é por PIX e o acesso chega aqui, na hora.",
}


def text(name: str, own: Mapping[str, str] | None = None, /, **values: str) -> str:
    """Return a text with its values escaped; the funnel's own comes first. An unknown placeholder stays as it stands."""
    template = (own or {}).get(name) or DEFAULTS[name]
    return Template(template).safe_substitute({key: html.escape(value) for key, value in values.items()})


def label(name: str, own: Mapping[str, str] | None = None, /, **values: str) -> str:
    """Return the text of a button, which is plain."""
    return Template((own or {}).get(name) or DEFAULTS[name]).safe_substitute(values)


def reais(amount_cents: int) -> str:
    """Return an amount as Brazilians write it: ``R$ 1.234,56``."""
    whole, cents = divmod(amount_cents, 100)
    return f"R$ {whole:,}".replace(",", ".") + f",{cents:02d}"
