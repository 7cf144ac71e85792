// What people read, in Portuguese and in English, each text once.

const LANGUAGES = { pt: 0, en: 1 };
let chosen = localStorage.getItem("rastro-language") === "en" ? "en" : "pt";

/** Returns the language that is shown. */
export const language = () => chosen;

/** Changes the language that is shown. */
export function setLanguage(name) {
  chosen = name;
  localStorage.setItem("rastro-language", name);
}

/** Returns a text with its values in place. */
export function t(key, values = {}) {
  const text = TEXTS[key]?.[LANGUAGES[chosen]] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Says whether there is a text of that key. */
export const known = (key) => key in TEXTS;

/** Puts the texts of the language into the page's own elements. */
export function translate() {
  document.documentElement.lang = chosen === "en" ? "en" : "pt-BR";
  document.title = t("page");
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-t-label]"))
    element.setAttribute("aria-label", t(element.dataset.tLabel));
}

const TEXTS = {
  page: ["Rastro: laboratório", "Rastro: laboratory"],
  skip: ["Ir para o conteúdo", "Skip to content"],
  main: ["O laboratório", "The laboratory"],
  lab: ["laboratório", "laboratory"],
  claim: [
    "Do anúncio à venda, passo a passo. Tudo roda nesta máquina: nada vai à Meta, ao Telegram ou a um banco.",
    "From the ad to the sale, step by step. All of it runs on this machine: nothing goes to Meta, Telegram or a bank.",
  ],
  again: ["Outra pessoa", "Another person"],
  register: ["Registro", "Register"],
  theme: ["Claro ou escuro", "Light or dark"],
  tabs: ["Partes da página", "Parts of the page"],
  "tab.ad": ["Anúncio", "Ad"],
  "tab.phone": ["Telefone", "Phone"],
  "tab.trail": ["Trilha", "Trail"],
  "tab.meta": ["Meta", "Meta"],

  "ad.title": ["O anúncio", "The ad"],
  "ad.from": ["De onde a pessoa vem", "Where the person comes from"],
  "ad.funnel": ["Funil e provedor de PIX", "Funnel and PIX provider"],
  "ad.link": ["O link que você põe no anúncio", "The link that you put into the ad"],
  "ad.click": ["Clicar no anúncio", "Press the ad"],
  "ad.open_bot": ["Abrir o bot", "Open the bot"],
  "ad.sponsored": ["Patrocinado", "Sponsored"],
  "ad.more": ["Saiba mais", "Learn more"],
  "ad.headline": ["Curso de Confeitaria", "Baking course"],
  "ad.body": [
    "Do zero ao primeiro pedido: bolos que vendem, passo a passo, no seu tempo. 🍓",
    "From nothing to your first order: cakes that sell, step by step, at your pace. 🍓",
  ],
  "ad.bio": ["Confeitaria de verdade, aula por aula.", "Real baking, lesson by lesson."],
  "ad.bio_link": ["Link da bio", "Link in bio"],
  "ad.followers": ["12,4 mil seguidores", "12.4k followers"],
  "mode.page": ["Página com botão", "Page with a button"],
  "mode.direct": ["Direto ao Telegram", "Straight to Telegram"],
  "preset.launch": ["Anúncio no Instagram", "Ad on Instagram"],
  "preset.launch.more": ["lancamento-natal, com fbclid", "lancamento-natal, with fbclid"],
  "preset.remarketing": ["Anúncio no Facebook", "Ad on Facebook"],
  "preset.remarketing.more": ["remarketing-carrinho, com fbclid", "remarketing-carrinho, with fbclid"],
  "preset.bio": ["Link da bio", "Link in bio"],
  "preset.bio.more": ["Com utm_source e sem fbclid", "With utm_source, without fbclid"],
  "preset.direct": ["Direto no bot", "Straight into the bot"],
  "preset.direct.more": ["Pela busca, sem link nosso", "By search, by no link of ours"],

  "phone.title": ["O telefone da pessoa", "The person's phone"],
  "phone.of": ["Telefone de {name}", "{name}'s phone"],
  "phone.opening": ["Abrindo…", "Opening…"],
  "phone.frame": ["A página do redirecionamento", "The redirect's page"],
  "phone.failed": ["O redirecionamento não respondeu.", "The redirect did not answer."],
  "phone.answered": ["Clique gravado, resposta em {took}", "Click recorded, answered in {took}"],
  "phone.redirected": [
    "O redirecionamento responde 302 e o Telegram abre na hora, já com o código do clique:",
    "The redirect answers 302 and Telegram opens at once, with the click's code:",
  ],
  "phone.open": ["Abrir no Telegram", "Open in Telegram"],
  "phone.back": ["Voltar ao anúncio", "Back to the ad"],
  "chat.bot": ["bot", "bot"],
  "chat.typing": ["digitando…", "typing…"],
  "chat.start": ["INICIAR", "START"],
  "chat.empty": ["O que este bot pode fazer? Toque em INICIAR para ver.", "What can this bot do? Press START to see."],
  "chat.write": ["Mensagem", "Message"],
  "chat.send": ["Enviar", "Send"],
  "chat.with_token": ["com o código do clique", "with the click's code"],
  "chat.bare": ["sem código", "without a code"],
  "chat.log": ["Conversa com o bot", "Conversation with the bot"],
  "chat.qr": ["QR code do PIX", "QR code of the PIX"],
  "chat.copied": ["Código copiado", "Code copied"],
  "chat.leads": ["Aqui o comprador abre {url}", "Here the buyer opens {url}"],
  "bank.title": ["App do banco", "Banking app"],
  "bank.text": ["PIX de {amount} para RASTRO LAB", "PIX of {amount} to RASTRO LAB"],
  "bank.pay": ["Pagar", "Pay"],
  "bank.paying": ["Pagando…", "Paying…"],

  "faults.title": ["Puxe uma falha", "Pull a fault"],
  "faults.lead": [
    "Quebre algo no meio do caminho e veja o que acontece com a venda.",
    "Break something on the way and watch what becomes of the sale.",
  ],
  "fault.group.way": ["No caminho", "On the way"],
  "fault.group.graph": ["Meta", "Meta"],
  "fault.group.telegram": ["Telegram", "Telegram"],
  "fault.group.pix": ["Provedor de PIX", "PIX provider"],
  "fault.group.cache": ["Cache", "Cache"],
  "fault.drops": ["O Telegram perde o código", "Telegram loses the code"],
  "fault.drops.more": [
    "O /start chega vazio. O bot oferece o botão que passa pelo site: por ele o clique volta.",
    "The /start comes bare. The bot offers the button that leads over the site: by it the click comes back.",
  ],
  "fault.repeats": ["O aviso de pago vem 10 vezes", "The paid notice comes 10 times"],
  "fault.repeats.more": [
    "Uma entrega, uma Purchase: nada se repete.",
    "One delivery, one Purchase: nothing is repeated.",
  ],
  "fault.graph.http_500": ["A Meta fica fora do ar", "Meta is down"],
  "fault.graph.http_500.more": [
    "A venda segue. A Purchase espera e tenta de novo até a Meta voltar.",
    "The sale goes on. The Purchase waits and is sent again until Meta is back.",
  ],
  "fault.graph.accept_then_timeout": ["A Meta aceita e não responde", "Meta accepts and does not answer"],
  "fault.graph.accept_then_timeout.more": [
    "Ninguém sabe se chegou: vai de novo com o mesmo event_id, e a Meta conta uma vez.",
    "Nobody knows whether it came: it goes again under the same event_id, and Meta counts it once.",
  ],
  "fault.graph.token_error": ["A Meta recusa o token do pixel", "Meta refuses the pixel's token"],
  "fault.graph.token_error.more": [
    "Os eventos ficam guardados. Desligue a falha e retome o pixel na trilha.",
    "The events are kept. Switch the fault off, then resume the pixel in the trail.",
  ],
  "fault.telegram.http_500": ["O Telegram não entrega mensagens", "Telegram delivers no messages"],
  "fault.telegram.http_500.more": [
    "O vínculo e o pagamento são gravados do mesmo jeito; a entrega é feita depois.",
    "Link and payment are recorded all the same; the delivery is made later.",
  ],
  "fault.telegram.blocked_user": ["A pessoa bloqueou o bot", "The person blocked the bot"],
  "fault.telegram.blocked_user.more": [
    "O pagamento conta e a Purchase vai.",
    "The payment counts and the Purchase goes.",
  ],
  "fault.pix.http_500": ["O provedor não gera cobrança", "The provider makes no charge"],
  "fault.pix.http_500.more": [
    "O bot pede desculpa e a pessoa tenta de novo; nada foi cobrado.",
    "The bot says sorry and the person tries again; nothing was charged.",
  ],
  "fault.cache": ["O Redis cai", "Redis goes down"],
  "fault.cache.more": [
    "O registro de verdade é a tabela: tudo continua, só um pouco mais devagar.",
    "The real record is the table: everything goes on, only a little slower.",
  ],

  "trail.title": ["A trilha", "The trail"],
  "trail.whose": ["{name} · chat {chat}", "{name} · chat {chat}"],
  "trail.resume": ["Retomar o pixel", "Resume the pixel"],
  "trail.resumed": ["{count} evento(s) de volta à fila", "{count} event(s) queued again"],
  "verdict.linked": [
    "A venda de {amount} foi ligada a {campaign} e aceita pela Meta {after} depois do pagamento.",
    "The sale of {amount} was linked to {campaign} and accepted by Meta {after} after the payment.",
  ],
  "verdict.unlinked": [
    "A venda de {amount} chegou à Meta sem anúncio, e o Rastro diz por quê: {why}",
    "The sale of {amount} reached Meta without an ad, and Rastro says why: {why}",
  ],
  "verdict.campaign": ["“{name}”", "“{name}”"],
  "verdict.some_link": ["um clique sem campanha", "a click without a campaign"],
  "hop.click": ["Clique", "Click"],
  "hop.token": ["Código do clique", "The click's code"],
  "hop.start": ["/start no bot", "/start in the bot"],
  "hop.link": ["Vínculo", "Link"],
  "hop.charge": ["Cobrança PIX", "PIX charge"],
  "hop.paid": ["Pago", "Paid"],
  "hop.delivered": ["Entregue", "Delivered"],
  "hop.queued": ["Purchase na fila", "Purchase queued"],
  "hop.accepted": ["Aceito pela Meta", "Accepted by Meta"],
  "hop.click.idle": ["Escolha o anúncio e clique.", "Choose the ad and press it."],
  "hop.click.done": ["{from}, gravado na tabela de cliques", "{from}, recorded in the click table"],
  "hop.click.skip": ["Nenhum link nosso foi aberto.", "No link of ours was opened."],
  "hop.click.now": [
    "O redirecionamento respondeu; o registro chega já.",
    "The redirect has answered; the record follows.",
  ],
  "hop.click.campaign": ["campanha {name}", "campaign {name}"],
  "hop.click.nothing": ["sem campanha", "no campaign"],
  "hop.token.idle": [
    "Vai no link do Telegram, no parâmetro start.",
    "It goes in Telegram's link, as the parameter start.",
  ],
  "hop.token.done": [
    "Assinado: vale mesmo com o cache e as tabelas fora do ar.",
    "Signed: it holds even with cache and tables out of reach.",
  ],
  "hop.token.skip": [
    "Sem clique não há código, e o Rastro não inventa um.",
    "Without a click there is no code, and Rastro invents none.",
  ],
  "hop.start.idle": ["A pessoa toca em INICIAR.", "The person presses START."],
  "hop.start.token": ["Chegou com o código do clique.", "It came with the click's code."],
  "hop.start.bare": ["Chegou vazio, sem código.", "It came bare, without a code."],
  "hop.start.invalid": ["Chegou com um texto que não é código nosso.", "It came with a text that is no code of ours."],
  "hop.start.foreign": ["Chegou com o código de outro funil.", "It came with the code of another funnel."],
  "hop.link.idle": ["A pessoa no bot é ligada ao clique.", "The person in the bot is linked to the click."],
  "hop.link.none": ["Sem vínculo.", "No link."],
  "confidence.certain": ["certo", "certain"],
  "confidence.probable": ["provável", "probable"],
  "confidence.none": ["nenhum", "none"],
  "source.start_param": ["Pelo código que veio no /start.", "By the code that came with /start."],
  "source.bridge": [
    "Pelo link assinado que o bot deu à pessoa.",
    "By the signed link that the bot gave to the person.",
  ],
  "source.redirect": ["Salvo ao passar pelo redirecionamento.", "Saved while passing the redirect."],
  "source.bot_user": ["Por um clique anterior da mesma pessoa.", "By an earlier click of the same person."],
  "source.fbclid": ["Pelo fbclid guardado na pessoa.", "By the fbclid kept on the person."],
  "source.recent_click": ["Pelo único clique recente do funil.", "By the funnel's only recent click."],
  "source.none": ["", ""],
  "hop.charge.idle": ["A pessoa escolhe um produto.", "The person chooses a product."],
  "hop.charge.done": ["{amount} por {provider}", "{amount} by {provider}"],
  "hop.charge.created": [
    "Gravada; o provedor ainda não a confirmou.",
    "Recorded; the provider has not confirmed it yet.",
  ],
  "hop.charge.failed": [
    "O provedor não gerou a cobrança. Nada foi cobrado.",
    "The provider made no charge. Nothing was charged.",
  ],
  "hop.charge.expired": ["Venceu sem pagamento.", "It expired unpaid."],
  "hop.paid.idle": ["O provedor avisa, com assinatura conferida.", "The provider tells, its signature checked."],
  "hop.paid.done": ["{amount} confirmados por {provider}.", "{amount} confirmed by {provider}."],
  "hop.paid.refunded": ["Pago e devolvido.", "Paid and given back."],
  "hop.delivered.idle": ["O acesso chega na conversa.", "The access arrives in the chat."],
  "hop.delivered.to_do": [
    "O Telegram não aceitou ainda: o Rastro tenta de novo a cada minuto.",
    "Telegram has not taken it yet: Rastro tries again every minute.",
  ],
  "hop.delivered.done": ["O comprador recebeu o acesso.", "The buyer has the access."],
  "hop.delivered.unreachable": [
    "O comprador não recebe mensagens do bot. O pagamento está salvo.",
    "The buyer takes no messages from the bot. The payment is safe.",
  ],
  "hop.queued.idle": [
    "Gravada junto com o pagamento: não há como perder.",
    "Recorded together with the payment: it cannot be lost.",
  ],
  "hop.queued.held": [
    "Retida um instante: o Rastro tenta achar o clique antes de enviar.",
    "Held for a moment: Rastro looks for the click before it sends.",
  ],
  "hop.queued.done": ["Gravada junto com o pagamento, por pixel.", "Recorded together with the payment, one a pixel."],
  "hop.accepted.idle": ["A Meta confirma o recebimento.", "Meta confirms that it has it."],
  "hop.accepted.sending": ["A caminho da Meta.", "On its way to Meta."],
  "hop.accepted.done": [
    "{after} depois do pagamento, na {attempts}ª tentativa",
    "{after} after the payment, at attempt {attempts}",
  ],
  "hop.accepted.waits": ["{meaning} ({attempts} tentativa(s))", "{meaning} ({attempts} attempt(s))"],
  "trail.no_window": [
    "A trilha vem dos registros do Rastro, e a janela para eles não está aberta.",
    "The trail comes from Rastro's records, and the window onto them is not open.",
  ],

  "events.title": ["O que a Meta recebeu", "What Meta received"],
  "events.lead": [
    "Cada evento como a API de Conversões o aceitou. Abra um para ver o que cada campo diz.",
    "Each event as the Conversions API accepted it. Open one to see what each field says.",
  ],
  "events.none": ["Nada ainda. O primeiro vem com o clique.", "Nothing yet. The first one comes with the click."],
  "events.attempts": ["Respostas da Meta", "Meta's answers"],
  "events.no_answer": ["sem resposta", "no answer"],
  "event.PageView": ["abriu o link", "opened the link"],
  "event.ViewContent": ["entrou no bot", "entered the bot"],
  "event.InitiateCheckout": ["gerou o PIX", "asked for the PIX"],
  "event.Purchase": ["pagou", "paid"],
  "event.verified": ["Confere: é o SHA-256 de {what}.", "It holds: this is the SHA-256 of {what}."],

  "doctor.title": ["Pergunte ao doctor", "Ask the doctor"],
  "doctor.lead": [
    "Por que uma venda tem, ou não tem, o seu anúncio: a mesma resposta do comando rastro doctor payment.",
    "Why a sale has its ad, or has none: the same answer as that of the command rastro doctor payment.",
  ],
  "doctor.sale": ["Venda", "Sale"],
  "doctor.ask": ["Perguntar", "Ask"],
  "doctor.none": ["Nenhuma venda ainda", "No sale yet"],
  "doctor.linked": ["Esta venda tem o seu clique: {how}", "This sale has its click: {how}"],
  "doctor.cause": ["Sem anúncio. {text}", "Without an ad. {text}"],
  "doctor.remedy": ["O que fazer: {text}", "What to do: {text}"],
  "doctor.terminal": ["O que o comando mostra no terminal", "What the command shows in a terminal"],
  "charge.pending": ["aguardando", "pending"],
  "charge.paid": ["paga", "paid"],
  "charge.expired": ["vencida", "expired"],
  "charge.refunded": ["devolvida", "refunded"],
};
