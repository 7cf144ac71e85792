"""What the operator reads while setting a deployment up, in Portuguese and English."""

from __future__ import annotations

from collections.abc import Mapping

SETUP_TEXTS: Mapping[str, tuple[str, str]] = {
    # asking
    "ask.yes": ("s", "y"),
    "ask.no": ("n", "n"),
    "ask.yes_or_no": ("Responda s ou n.", "Answer y or n."),
    "ask.choice": ("Escolha um destes, pelo nome ou número: {choices}", "Choose one of these, by name or number: {choices}"),
    "ask.something": ("É preciso responder.", "An answer is needed."),
    "ask.ended": (
        "Falta uma resposta e a entrada acabou. O que já foi gravado fica; rode de novo para continuar.",
        "An answer is missing and the input has ended. What is stored stays; run again to go on.",
    ),
    "ask.unreadable": ("O arquivo {path} não pode ser lido.", "The file {path} cannot be read."),
    # keys
    "keys.created": ("✅ Chaves de assinatura criadas.", "✅ Signing keys made."),
    "keys.there": ("✅ As chaves de assinatura já existem.", "✅ The signing keys are there already."),
    "keys.none": (
        "Ainda não há chaves. Crie com: rastro keys init --profile {profile}",
        "There are no keys yet. Make them with: rastro keys init --profile {profile}",
    ),
    "keys.rotated": (
        "✅ Chave nova em uso em até 5 minutos; a de antes continua valendo como anterior.",
        "✅ The new key is in use within 5 minutes; the one before stays valid as the previous one.",
    ),
    "keys.too_soon": (
        "A última troca foi há menos de {days} dias: links da chave que sairia ainda estão em uso. Mesmo assim: --force",
        "The last rotation was less than {days} days ago: links of the key that would go are still in use. All the same: --force",
    ),
    # bots
    "bot.token": (
        "Token do bot (do @BotFather; não aparece ao digitar)",
        "The bot's token (of @BotFather; not shown while typed)",
    ),
    "bot.token_wrong": (
        "Isso não é um token do BotFather: são dígitos, dois-pontos e letras, como 7000000001:AA…",
        "That is no token of BotFather's: digits, a colon and letters, such as 7000000001:AA…",
    ),
    "bot.refused": (
        "O Telegram recusou o token ({message}). Nada foi gravado. Confira no @BotFather: /mybots → API Token.",
        "Telegram refused the token ({message}). Nothing was stored. See @BotFather: /mybots → API Token.",
    ),
    "bot.no_webhook": (
        "O token está gravado, mas o Telegram não aceitou o webhook ({message}). Rode o comando de novo.",
        "The token is stored, but Telegram did not take the webhook ({message}). Run the command again.",
    ),
    "bot.no_commands": ("O menu do bot não foi gravado: {message}", "The bot's menu was not stored: {message}"),
    "bot.none": ("Nenhum bot. Adicione com: rastro bot add", "No bot. Add one with: rastro bot add"),
    "bot.funnels": ("funis: {names}", "funnels: {names}"),
    "bot.providers": ("provedores: {names}", "providers: {names}"),
    # the operator's chat
    "operator.ids": ("O chat é um número (de um grupo, negativo).", "The chat is a number (of a group, a negative one)."),
    "operator.first": (
        "🔔 Este chat recebe os alarmes do Rastro. 🔴 acorda, com som; 🟡 espera a manhã, sem som.",
        "🔔 This chat is told of Rastro's alarms. 🔴 wakes, with a sound; 🟡 waits for the morning, without.",
    ),
    "operator.refused": (
        "O bot não pode escrever nesse chat ({message}). Nada foi gravado. Abra o bot e envie /start, ou ponha o bot no grupo.",
        "The bot cannot write to that chat ({message}). Nothing was stored. Open the bot and send /start, or add it to a group.",
    ),
    "operator.set": (
        "✅ Os alarmes chegam a esse chat em até 5 minutos da troca; uma primeira mensagem já está lá.",
        "✅ Alarms come to that chat within 5 minutes of the change; a first message is there already.",
    ),
    # findings
    "found.keys": ("Chaves de assinatura", "Signing keys"),
    "found.keys_two": ("Chaves de assinatura, a atual e a anterior", "Signing keys, the current and the previous one"),
    "found.no_keys": ("Faltam as chaves de assinatura: rastro keys init", "The signing keys are missing: rastro keys init"),
    "found.keys_wrong": ("As chaves de assinatura não podem ser lidas: {message}", "The signing keys cannot be read: {message}"),
    "found.no_bot": ("Nenhum bot foi adicionado: rastro bot add", "No bot was added: rastro bot add"),
    "found.bot_unknown": (
        "O bot {bot_id} não foi adicionado: rastro bot add",
        "The bot {bot_id} was not added: rastro bot add",
    ),
    "found.bot": ("O token vale: @{username} ({bot_id})", "The token holds: @{username} ({bot_id})"),
    "found.bot_other": (
        "O token gravado é de outro bot: @{username} ({bot_id})",
        "The stored token is another bot's: @{username} ({bot_id})",
    ),
    "found.bot_refused": (
        "O Telegram recusa o token do bot {bot_id} ({message}): revogado ou bot banido. Token novo: rastro bot add",
        "Telegram refuses the token of the bot {bot_id} ({message}): revoked, or the bot is banned. A new token: rastro bot add",
    ),
    "found.bot_banned": (
        "O bot {bot_id} está fora do rodízio desde {at}: o Telegram recusou o token",
        "The bot {bot_id} is out of the rotation since {at}: Telegram refused its token",
    ),
    "found.telegram_silent": (
        "O Telegram não respondeu ({message}). Tente de novo.",
        "Telegram did not answer ({message}). Try again.",
    ),
    "found.no_webhook_secret": (
        "Falta o segredo do webhook do bot {bot_id}: rastro bot check {bot_id} --fix",
        "The secret of the webhook of the bot {bot_id} is missing: rastro bot check {bot_id} --fix",
    ),
    "found.webhook": ("O webhook aponta para {url}", "The webhook points to {url}"),
    "found.webhook_elsewhere": (
        "O webhook aponta para {url}, e devia apontar para {wanted}: rastro bot check {bot_id} --fix",
        "The webhook points to {url}, and should point to {wanted}: rastro bot check {bot_id} --fix",
    ),
    "found.updates_missing": (
        "O Telegram não envia estes eventos: {missing}. Rode: rastro bot check {bot_id} --fix",
        "Telegram does not send these updates: {missing}. Run: rastro bot check {bot_id} --fix",
    ),
    "found.webhook_error": (
        "Último erro do webhook, em {at}: {message} (na fila do Telegram: {pending})",
        "Last error of the webhook, at {at}: {message} (waiting at Telegram: {pending})",
    ),
    "found.account": ("{provider} aceita as credenciais do bot {bot_id}", "{provider} takes the credentials of the bot {bot_id}"),
    "found.account_unchecked": (
        "Há credenciais do {provider} para o bot {bot_id}; este provedor não permite conferir",
        "There are credentials of {provider} for the bot {bot_id}; this provider cannot be asked",
    ),
    "found.account_refused": (
        "{provider} recusou as credenciais do bot {bot_id}: {message}",
        "{provider} refused the credentials of the bot {bot_id}: {message}",
    ),
    "found.provider_silent": (
        "{provider} não respondeu ao conferir o bot {bot_id} ({message}). Tente de novo.",
        "{provider} did not answer about the bot {bot_id} ({message}). Try again.",
    ),
    "found.provider_unknown": (
        "Há credenciais de {provider} para o bot {bot_id}, mas não existe esse provedor; existem: {known}",
        "There are credentials of {provider} for the bot {bot_id}, but no such provider; there are: {known}",
    ),
    "found.no_account": (
        "O bot {bot_id} não tem conta no {provider}: rastro provider add {provider} --bot {bot_id}",
        "The bot {bot_id} has no account at {provider}: rastro provider add {provider} --bot {bot_id}",
    ),
    "found.no_pixel_token": (
        "O pixel {pixel_id} não tem token: rastro pixel add {pixel_id}",
        "The pixel {pixel_id} has no token: rastro pixel add {pixel_id}",
    ),
    "found.pixel_in_test": (
        "O pixel {pixel_id} está em modo de teste ({code}): tire o código antes de anunciar",
        "The pixel {pixel_id} is in test mode ({code}): take the code away before you advertise",
    ),
    "found.no_pixel": ("O funil {slug} não tem pixel: nada vai à Meta", "The funnel {slug} has no pixel: nothing goes to Meta"),
    "found.no_funnel": ("Nenhum funil: rastro funnel add", "No funnel: rastro funnel add"),
    "found.funnel": ("Completo: {url}", "Complete: {url}"),
    "found.paused": (
        "O funil {slug} está pausado: rastro funnel resume {slug}",
        "The funnel {slug} is paused: rastro funnel resume {slug}",
    ),
    # providers
    "provider.no_bot": ("Diga para qual bot: --bot ID", "Say for which bot: --bot ID"),
    "provider.none": ("Nenhuma conta. Adicione com: rastro provider add", "No account. Add one with: rastro provider add"),
    "provider.known": ("Provedores: {names}", "Providers: {names}"),
    "provider.no_notices": (
        "Nenhum aviso sobre cobrança desconhecida nos últimos {days} dias.",
        "No notice about an unknown charge in the last {days} days.",
    ),
    "provider.callback": ("Endereço dos avisos (webhook): {url}", "Address of the notices (webhook): {url}"),
    "provider.steps_first": (
        "No painel do provedor (se o cadastro pela API der certo, o webhook já fica pronto):",
        "In the provider's panel (where its API takes the webhook, that part is done for you):",
    ),
    "provider.steps": ("No painel do provedor:", "In the provider's panel (its own language):"),
    "provider.enter_keeps": (" (Enter mantém o atual)", " (Enter keeps the one of now)"),
    "provider.enter_makes": (" (Enter cria um)", " (Enter makes one)"),
    "provider.enter_skips": (" (opcional, Enter pula)", " (optional, Enter skips)"),
    "provider.path": (" (caminho do arquivo)", " (path of the file)"),
    "provider.field_needed": ("{label} é obrigatório.", "{label} is needed."),
    "provider.file_wrong": (
        'O arquivo {path} não é um objeto JSON de textos, como {{"app_id": "…"}}.',
        'The file {path} is no JSON object of texts, such as {{"app_id": "…"}}.',
    ),
    "provider.unknown_field": (
        "O arquivo tem campos que este provedor não conhece: {names}. Conhece: {known}",
        "The file has fields that this provider does not know: {names}. It knows: {known}",
    ),
    "provider.missing_field": ("Faltam no arquivo: {names}", "Missing in the file: {names}"),
    "provider.not_stored": ("{why}. Nada foi gravado.", "{why}. Nothing was stored."),
    "provider.not_registered": (
        "A conta foi gravada, mas o provedor não aceitou o endereço pela API ({message}): cadastre no painel.",
        "The account is stored, but the provider did not take the address by its API ({message}): enter it in the panel.",
    ),
    "provider.added": (
        "✅ Conta no {provider} para o bot {bot_id}: credenciais conferidas e gravadas.",
        "✅ Account at {provider} for the bot {bot_id}: credentials checked and stored.",
    ),
    "provider.added_unchecked": (
        "✅ Conta no {provider} para o bot {bot_id}: credenciais gravadas (o provedor não permite conferir).",
        "✅ Account at {provider} for the bot {bot_id}: credentials stored (the provider cannot be asked).",
    ),
    "provider.registered": ("Webhook cadastrado pela API: {url}", "Webhook registered by the API: {url}"),
    "provider.reveal": (
        "O segredo que criamos para o painel: rastro provider steps {provider} --bot {bot_id} --reveal --profile {profile}",
        "The secret that we made for the panel: rastro provider steps {provider} --bot {bot_id} --reveal --profile {profile}",
    ),
    # pixels
    "pixel.token": ("Token do pixel {pixel} (não aparece ao digitar)", "Token of the pixel {pixel} (not shown while typed)"),
    "pixel.token_help": (
        "  Gerenciador de Eventos → o pixel → Configurações → API de Conversões → Gerar token de acesso",
        "  Events Manager → the pixel → Settings → Conversions API → Generate access token",
    ),
    "pixel.token_wrong": (
        "Isso não é um token de acesso: são letras e dígitos, sem espaços.",
        "That is no access token: letters and digits, without spaces.",
    ),
    "pixel.stored": (
        "✅ Token do pixel {pixel} gravado. Teste: rastro pixel check {pixel} --test-event-code CÓDIGO --profile {profile}",
        "✅ Token of the pixel {pixel} stored. Test it: rastro pixel check {pixel} --test-event-code CODE --profile {profile}",
    ),
    # funnels
    "funnel.added": ("✅ Funil {slug} criado.", "✅ Funnel {slug} added."),
    "funnel.changed": (
        "✅ Funil {slug} alterado; vale em até 15 segundos.",
        "✅ Funnel {slug} changed; in use within 15 seconds.",
    ),
    "funnel.unchanged": ("O funil {slug} já era assim.", "The funnel {slug} was like that already."),
    "funnel.paused": ("⏸  Funil {slug} pausado.", "⏸  Funnel {slug} paused."),
    "funnel.resumed": ("▶️  Funil {slug} de volta.", "▶️  Funnel {slug} resumed."),
    "funnel.is_paused": ("pausado", "paused"),
    "funnel.exists": (
        "Já existe um funil {slug}. Para mudá-lo: rastro funnel edit {slug}",
        "There is a funnel {slug} already. To change it: rastro funnel edit {slug}",
    ),
    "funnel.unknown": ("Não há funil {slug}. Existem: {known}", "There is no funnel {slug}. There are: {known}"),
    "funnel.wrong": ("O funil não foi gravado:\n{flaws}", "The funnel was not stored:\n{flaws}"),
    "funnel.next": (
        "O link do anúncio: rastro funnel link {slug} --profile {profile}",
        "The link for the ad: rastro funnel link {slug} --profile {profile}",
    ),
    "funnel.no_edit": (
        "Nada foi mudado. Diga o que mudar pelas opções (rastro funnel edit --help), ou defina o EDITOR e salve o arquivo.",
        "Nothing was changed. Say what to change by options (rastro funnel edit --help), or set EDITOR and save the file.",
    ),
    "funnel.sku_needed": (
        "Diga de qual produto, com --sku. Existem: {known}",
        "Say of which product, with --sku. There are: {known}",
    ),
    "funnel.product_needs": (
        "Para o produto novo {sku} faltam --product, --price e --delivery-url (ou --delivery-chat).",
        "The new product {sku} needs --product, --price and --delivery-url (or --delivery-chat).",
    ),
    "funnel.price_wrong": ("{price} não é um preço como 49,90.", "{price} is no price such as 49,90."),
    "funnel.mode.page": ("página com um botão", "a page with a button"),
    "funnel.mode.direct": ("direto para o bot", "straight to the bot"),
    "funnel.row.slug": ("link", "link"),
    "funnel.row.name": ("nome", "name"),
    "funnel.row.mode": ("modo", "mode"),
    "funnel.row.bot": ("bot", "bot"),
    "funnel.row.product": ("produto", "product"),
    "funnel.row.pixel": ("pixel", "pixel"),
    "funnel.row.provider": ("provedor", "provider"),
    "funnel.row.picture": ("imagem", "picture"),
    "funnel.row.countries": ("países", "countries"),
    "funnel.row.texts": ("textos próprios", "own texts"),
    "funnel.ask.name": ("Nome do funil (os visitantes o leem)", "The funnel's name (visitors read it)"),
    "funnel.ask.slug": ("Nome no link", "Name in the link"),
    "funnel.ask.slug_help": (
        "  O link será {url}; depois de anunciado ele não muda mais.",
        "  The link will be {url}; once it runs in ads it never changes.",
    ),
    "funnel.ask.bot": ("Bot do funil", "The funnel's bot"),
    "funnel.ask.product": ("Produto", "Product"),
    "funnel.ask.sku": ("Código do produto (sku)", "The product's code (sku)"),
    "funnel.ask.price": ("Preço em reais, como 49,90", "Price in reais, such as 49,90"),
    "funnel.ask.delivery": ("Entrega", "Delivery"),
    "funnel.ask.delivery_help": (
        "  Um endereço https, ou o id de um grupo ou canal (como -1001234567890) em que o bot é administrador.",
        "  An https address, or the id of a group or channel (such as -1001234567890) where the bot is an administrator.",
    ),
    "funnel.ask.another": ("Mais um produto?", "Another product?"),
    "funnel.ask.provider": ("Provedor PIX", "PIX provider"),
    "funnel.ask.pixel": ("Id do pixel", "The pixel's id"),
    "funnel.ask.pixel_help": (
        "  Gerenciador de Eventos → Fontes de dados. Enter sem resposta: nenhum pixel.",
        "  Events Manager → Data sources. Enter alone: no pixel.",
    ),
    # flaws of a funnel
    "flaw.slug": (
        "{slug}: o nome no link tem de 1 a 64 caracteres, só A-Z a-z 0-9 _ -",
        "{slug}: the name in the link has 1 to 64 characters, only A-Z a-z 0-9 _ -",
    ),
    "flaw.slug_fixed": (
        "o slug de {slug} não muda: os links em uso o levam",
        "the slug of {slug} does not change: the links in use carry it",
    ),
    "flaw.name": ("falta o nome, ou ele passa de {limit} caracteres", "the name is missing, or longer than {limit} characters"),
    "flaw.provider": (
        "Não há provedor PIX {provider}. Existem: {known}",
        "There is no PIX provider {provider}. There are: {known}",
    ),
    "flaw.picture": ("a imagem não é um endereço https: {url}", "the picture is no https address: {url}"),
    "flaw.country": ("{country} não é um país de duas letras, como BR", "{country} is no country of two letters, such as BR"),
    "flaw.no_bot": ("o funil precisa de um bot", "the funnel needs a bot"),
    "flaw.bot_twice": ("o bot {bot_id} aparece duas vezes", "the bot {bot_id} stands there twice"),
    "flaw.bot_id": ("o id de um bot só tem dígitos: {bot_id}", "a bot's id has digits only: {bot_id}"),
    "flaw.no_product": ("o funil precisa de um produto", "the funnel needs a product"),
    "flaw.sku_twice": ("o sku {sku} aparece duas vezes", "the sku {sku} stands there twice"),
    "flaw.sku": (
        "sku {sku}: de 1 a {limit} bytes (acentos contam dois), sem quebras nem espaços nas pontas",
        "sku {sku}: 1 to {limit} bytes (accents count as two), without breaks or spaces at its ends",
    ),
    "flaw.product_name": (
        "produto {sku}: falta o nome, ou ele passa de {limit} caracteres",
        "product {sku}: its name is missing, or longer than {limit} characters",
    ),
    "flaw.description": (
        "produto {sku}: a descrição passa de {limit} caracteres",
        "product {sku}: its description is longer than {limit} characters",
    ),
    "flaw.price": (
        "produto {sku}: o preço tem de ser maior que zero e até 1 milhão de reais",
        "product {sku}: its price has to be above zero and up to a million reais",
    ),
    "flaw.price_of": ("{where}: falta um preço como 49,90", "{where}: a price such as 49,90 is missing"),
    "flaw.no_delivery": (
        "produto {sku}: falta a entrega, um endereço https ou um grupo",
        "product {sku}: its delivery is missing, an https address or a group",
    ),
    "flaw.delivery_url": (
        "produto {sku}: a entrega não é um endereço https: {url}",
        "product {sku}: its delivery is no https address: {url}",
    ),
    "flaw.delivery_chat": (
        "produto {sku}: {chat} não é o id de um grupo ou canal, como -1001234567890 ou @canal",
        "product {sku}: {chat} is no id of a group or channel, such as -1001234567890 or @channel",
    ),
    "flaw.pixel_twice": ("o pixel {pixel_id} aparece duas vezes", "the pixel {pixel_id} stands there twice"),
    "flaw.pixel_id": ("o id de um pixel só tem dígitos: {pixel_id}", "a pixel's id has digits only: {pixel_id}"),
    "flaw.test_code": (
        "pixel {pixel_id}: o código de teste só tem letras e dígitos",
        "pixel {pixel_id}: its test code has letters and digits only",
    ),
    "flaw.text_name": ("não há texto {name}; existem: {known}", "there is no text {name}; there are: {known}"),
    "flaw.placeholder": (
        "texto {name}: {placeholder} não existe nele; pode usar: {allowed}",
        "text {name}: it has no {placeholder}; it may use: {allowed}",
    ),
    "flaw.text_length": (
        "texto {name}: está vazio ou passa de {limit} caracteres",
        "text {name}: it is empty or longer than {limit} characters",
    ),
    "flaw.markup": (
        "texto {name}: {tag} não é HTML que o Telegram aceita, ou não está fechado; escreva &lt; por <",
        "text {name}: {tag} is no HTML that Telegram takes, or is not closed; write &lt; for <",
    ),
    "flaw.json": ("não é JSON: {message}", "not JSON: {message}"),
    "flaw.json_object": ("não é um objeto JSON", "not a JSON object"),
    "flaw.type": ("{where} tem de ser {kind}", "{where} has to be {kind}"),
    "flaw.mode": ("o modo é um destes: {known}", "the mode is one of: {known}"),
    "flaw.unknown_name": ("{where}: não há esse campo; existem: {known}", "{where}: there is no such field; there are: {known}"),
    # links
    "link.website": ("URL do site:", "Website URL:"),
    "link.parameters": (
        "Parâmetros de URL (campo próprio, no fim do anúncio, em Rastreamento):",
        "URL parameters (a field of its own, at the end of the ad, under Tracking):",
    ),
    "link.note": (
        (
            "A Meta preenche o que está entre {{{{ }}}} e junta o fbclid. "
            "Nomes ficam como eram quando o anúncio foi publicado; ids não mudam."
        ),
        (
            "Meta fills in what stands between {{{{ }}}} and adds the fbclid. "
            "Names stay as they were when the ad was published; ids never change."
        ),
    ),
    "link.qr": ("QR code gravado em {path}", "QR code written to {path}"),
    "link.no_file": ("{path} não pode ser gravado: {message}", "{path} cannot be written: {message}"),
    "link.no_value": ("Escreva o parâmetro como NOME=VALOR: {parameter}", "Write the parameter as NAME=VALUE: {parameter}"),
    "link.not_kept": (
        "O redirecionamento não guarda {parameter}. Guarda: {kept}",
        "The redirect does not keep {parameter}. It keeps: {kept}",
    ),
    "link.too_long": ("{parameter} passa de 1.024 caracteres.", "{parameter} is longer than 1,024 characters."),
    "link.dynamic": (
        "A Meta não conhece {parameter}. Conhece: {dynamic}",
        "Meta does not know {parameter}. It knows: {dynamic}",
    ),
    "link.not_filled": (
        "Fora dos anúncios ninguém preenche {parameter}: escreva o valor.",
        "Outside ads nobody fills in {parameter}: write the value.",
    ),
    # setup
    "setup.welcome": (
        "Rastro: configuração de {name} ({url}). Pare quando quiser com Ctrl-C: o que foi feito fica, e rodar de novo continua.",
        "Rastro: setting up {name} ({url}). Stop at any time with Ctrl-C: what is done stays, and running it again goes on.",
    ),
    "setup.step.keys": ("{number}. Chaves de assinatura", "{number}. Signing keys"),
    "setup.step.bot": ("{number}. Bot do Telegram", "{number}. Telegram bot"),
    "setup.step.pixel": ("{number}. Pixel da Meta", "{number}. Meta pixel"),
    "setup.step.provider": ("{number}. Provedor PIX", "{number}. PIX provider"),
    "setup.step.funnel": ("{number}. Funil", "{number}. Funnel"),
    "setup.step.link": ("{number}. Link do anúncio", "{number}. The ad's link"),
    "setup.bot_help": (
        "  No Telegram, abra o @BotFather: /newbot cria um bot; /mybots → API Token mostra o token de um que existe.",
        "  In Telegram, open @BotFather: /newbot makes a bot; /mybots → API Token shows the token of one that there is.",
    ),
    "setup.bot_added": ("✅ Bot {bot_id} ligado a {url}", "✅ Bot {bot_id} connected to {url}"),
    "setup.pixel_added": ("✅ Token do pixel {pixel} gravado.", "✅ Token of the pixel {pixel} stored."),
    "setup.there.bot": ("✅ Bots: {names}", "✅ Bots: {names}"),
    "setup.there.pixel": ("✅ Pixels: {names}", "✅ Pixels: {names}"),
    "setup.there.provider": ("✅ Contas: {names}", "✅ Accounts: {names}"),
    "setup.there.funnel": ("✅ Funis: {names}", "✅ Funnels: {names}"),
    "setup.another.bot": ("Adicionar mais um bot?", "Add another bot?"),
    "setup.another.pixel": ("Adicionar mais um pixel?", "Add another pixel?"),
    "setup.another.provider": ("Adicionar mais uma conta?", "Add another account?"),
    "setup.another.funnel": ("Adicionar mais um funil?", "Add another funnel?"),
    "setup.first.pixel": ("Adicionar um pixel?", "Add a pixel?"),
    "setup.link": ("Anúncios do funil {slug}:", "Ads of the funnel {slug}:"),
    "setup.links": (
        "O link de cada um: rastro funnel link NOME --profile {profile}",
        "The link of each: rastro funnel link NAME --profile {profile}",
    ),
    "setup.check": ("O que está pronto em {url}", "What is in place at {url}"),
    "setup.part.keys": ("Chaves", "Keys"),
    "setup.part.bots": ("Bots", "Bots"),
    "setup.part.bot": ("Bot {name}", "Bot {name}"),
    "setup.part.account": ("Conta {name}", "Account {name}"),
    "setup.part.funnels": ("Funis", "Funnels"),
    "setup.part.funnel": ("Funil {name}", "Funnel {name}"),
    "setup.ok": ("Tudo pronto para vender.", "Everything is ready to sell."),
    "setup.not_ok": (
        "Ainda falta o que está marcado com ❌. Depois: rastro setup --check --profile {profile}",
        "What is marked ❌ is still to be done. Then: rastro setup --check --profile {profile}",
    ),
}
"""By name: Portuguese, English."""
