// SPDX-License-Identifier: Apache-2.0
//
// Runs in the pages of the configured portals, in the top frame only. It hands
// the page's messages to the background and the answers back; what a page can
// say is the same few texts that the loopback door takes. It never sees a
// statement, a certificate or a PIN.

(() => {
  // A frame, a page that is only being prepared, or one without an origin of
  // its own gets no answer: for it the extension isn't there.
  if (window.top !== window || document.prerendering || location.origin === 'null' || window.origin === 'null') return
  // Firefox's patterns know no ports: a neighbour of a portal on the same host learns nothing either.
  if (!globalThis.zaverOrigins.includes(location.origin)) return

  // Only pages of the portals see this mark; it spares them a wait.
  document.documentElement?.setAttribute('data-zaver-extension', chrome.runtime.getManifest().version)

  const longest = 2048
  const again = 4 // times that a request is handed over once more
  const fields = {
    hello: [],
    doctor: ['lang'],
    confirm: ['origin', 'request', 'ticket', 'method', 'lang']
  }
  const open = new Set() // ids of the page's requests that are not answered yet

  const tell = (id, answer) => window.postMessage({ zaver: 'extension', id, answer }, location.origin)

  // copy takes what the request may have, and nothing else.
  const copy = (order) => {
    const out = { do: order.do }
    for (const name of fields[order.do]) {
      const value = order[name]
      if (value === undefined) continue
      if (typeof value !== 'string' || value.length > longest) return null
      out[name] = value
    }
    return out
  }

  // A signature begins with the person's own click or key in the page that is seen, never by itself and never behind another tab.
  const meant = (order) => order.do !== 'confirm' || navigator.userActivation.isActive && document.visibilityState === 'visible'

  // hand gives a request to the background. A browser may end a background that rested in the very moment in which a
  // request is on its way; until the background says that it has passed the request on, it can be handed over again.
  const hand = (id, message, left) => {
    let port
    let taken = false
    try {
      port = chrome.runtime.connect({ name: 'zaver' })
    } catch {
      // The extension was updated or removed since this page was loaded.
      open.delete(id)
      return tell(id, { code: 'agent.no_extension' })
    }
    port.onMessage.addListener((answer) => {
      taken = true
      if (answer.taken) return
      // The page may ask the next thing as soon as it has the last answer.
      if (answer.end) open.delete(id)
      tell(id, answer.value)
    })
    port.onDisconnect.addListener(() => {
      if (!open.has(id)) return
      if (!taken && left > 0 && meant(message)) return hand(id, message, left - 1)
      open.delete(id)
      tell(id, { code: 'agent.ended' })
    })
    port.postMessage(message)
  }

  const begin = (id, order) => {
    if (open.size > 0) return tell(id, { code: 'agent.busy' })
    if (!meant(order)) return tell(id, { code: 'agent.gesture' })
    const message = copy(order)
    if (!message) return tell(id, { code: 'agent.request' })
    open.add(id)
    hand(id, message, again)
  }

  window.addEventListener('message', (event) => {
    // Only this very page: not a frame in it, not the window that opened it.
    if (event.source !== window || event.origin !== location.origin) return
    const m = event.data
    if (!m || m.zaver !== 'page' || typeof m.id !== 'string' || m.id.length > 64 || typeof m.order !== 'object' || m.order === null) return
    const order = m.order
    if (order.do === 'present') return tell(m.id, { present: true, version: chrome.runtime.getManifest().version })
    if (Object.hasOwn(fields, order.do)) begin(m.id, order)
  })
})()
