"""The pages that a visitor sees: small, styles inline, readable without JavaScript, in Portuguese, light and dark."""

from __future__ import annotations

import html
import json
from string import Template

from rastro.model import Funnel

CONTENT_TYPE = "text/html; charset=utf-8"

_LAYOUT = Template(
    """<!doctype html>
<html lang="pt-BR">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style nonce="$csp">
:root{--back:#f4f6f8;--card:#fff;--ink:#17212b;--soft:#5b6b7a;--blue:#1c7fc0;--on:#fff}
@media(prefers-color-scheme:dark){:root{--back:#0e1621;--card:#17212b;--ink:#eef3f7;--soft:#9fb0bf;--blue:#2b8fd0;--on:#fff}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px;background:var(--back);color:var(--ink);
font:17px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{width:100%;max-width:420px;padding:32px 24px;border-radius:20px;background:var(--card);text-align:center;
box-shadow:0 8px 32px rgb(0 0 0/.12)}
h1{margin:0 0 8px;font-size:1.5rem;line-height:1.25;overflow-wrap:anywhere}
p{margin:0 0 24px;color:var(--soft)}
a.go{display:block;padding:16px;border-radius:14px;background:var(--blue);color:var(--on);font-weight:600;text-decoration:none}
a.go:focus-visible,button:focus-visible{outline:3px solid var(--ink);outline-offset:3px}
#lost{margin-top:24px}
#lost p{margin-bottom:12px}
code{display:block;padding:12px;border-radius:10px;background:var(--back);font-size:.85rem;overflow-wrap:anywhere;user-select:all}
button{margin-top:12px;padding:12px 20px;border:0;border-radius:12px;background:var(--back);color:var(--ink);font:inherit}
</style>
</head>
<body>
<main>
<h1>$title</h1>
<p>$text</p>
$button
</main>
$script
</body>
</html>
"""
)
_BUTTON = Template('<a class="go" id="go" rel="nofollow noreferrer" href="$href">Abrir no Telegram</a>')
_CODE = """<div id="lost" hidden>
<p>O bot abriu sem reconhecer você? Copie o código abaixo e envie na conversa:</p>
<code id="code"></code>
<button id="copy" type="button">Copiar código</button>
</div>"""
# The beacon goes out at once and holds nobody. /status is asked only after the button was pressed: first after 8 s, then every
# 5 s, for four minutes; while no /start came, the code is offered for copying.
_SCRIPT = Template(
    """<script nonce="$csp">
(function(){var base=$base,n=$nonce,left=48,get=function(id){return document.getElementById(id)};
function cookie(name){var found=document.cookie.match("(?:^|; )"+name+"=([^;]*)");return found?found[1]:null}
if(navigator.sendBeacon)navigator.sendBeacon(base+"/seen",JSON.stringify({n:n,fbp:cookie("_fbp"),fbc:cookie("_fbc")}));
function again(){if(left-->0)setTimeout(ask,5000)}
function ask(){fetch(base+"/status?n="+n,{cache:"no-store"}).then(function(answer){return answer.ok?answer.json():null})
.then(function(state){if(state&&state.started){get("lost").hidden=true;return}
if(state){get("code").textContent="/start "+state.code;get("lost").hidden=false}again()},again)}
get("go").addEventListener("click",function(){setTimeout(ask,8000)},{once:true});
get("copy").addEventListener("click",function(){var text=get("code").textContent,button=this;
if(navigator.clipboard)navigator.clipboard.writeText(text).then(function(){button.textContent="Copiado"})})})();
</script>"""
)


def landing(funnel: Funnel, *, href: str, nonce: str | None, csp: str) -> str:
    """Return the page with the button.

    With a beacon nonce it reports once what the browser knows of ``_fbp`` and ``_fbc``, and after the button was pressed and no
    ``/start`` came it offers the code to copy.
    """
    script = ""
    if nonce is not None:
        script = _SCRIPT.substitute(csp=csp, base=_json(f"/go/{funnel.slug}"), nonce=_json(nonce))
    return _page(
        title=funnel.name,
        text="Toque no botão para continuar a conversa no Telegram.",
        button=_BUTTON.substitute(href=html.escape(href)) + (_CODE if script else ""),
        script=script,
        csp=csp,
    )


def not_found(csp: str) -> str:
    """Return the page for a link that leads nowhere."""
    return _page(
        title="Link não encontrado",
        text="Este endereço não existe ou não vale mais. Confira o link ou volte ao anúncio.",
        csp=csp,
    )


def unavailable(csp: str) -> str:
    """Return the page for when not even the funnel can be read."""
    return _page(
        title="Voltamos já",
        text="Não conseguimos abrir este link agora. Tente de novo em alguns segundos.",
        csp=csp,
    )


def content_security_policy(csp: str) -> str:
    """Return the policy that allows what these pages hold and nothing else."""
    return (
        f"default-src 'none'; style-src 'nonce-{csp}'; script-src 'nonce-{csp}'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _page(*, title: str, text: str, csp: str, button: str = "", script: str = "") -> str:
    return _LAYOUT.substitute(title=html.escape(title), text=text, button=button, script=script, csp=csp)


def _json(text: str) -> str:
    """Return a JavaScript string that cannot end its script element."""
    return json.dumps(text).replace("<", "\\u003c")
