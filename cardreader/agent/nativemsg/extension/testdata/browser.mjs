// SPDX-License-Identifier: Apache-2.0
//
// A browser of paper: runs the extension's scripts with what a browser would
// tell them, and prints what they let through.

import { readFileSync } from 'node:fs'
import vm from 'node:vm'

const own = 'extension-id'
const portal = 'https://portal.example:8443'

// ---- background.js

let onConnect
let hosts = [] // what reached the program
globalThis.chrome = {
  runtime: {
    id: own,
    onConnect: { addListener: (f) => { onConnect = f } },
    connectNative: (name) => {
      const host = { name, messages: [], cut: false }
      hosts.push(host)
      return {
        onMessage: { addListener: (f) => { host.answer = f } },
        onDisconnect: { addListener: (f) => { host.end = f } },
        postMessage: (m) => host.messages.push(m),
        disconnect: () => { host.cut = true }
      }
    }
  }
}
await import('./background.js')

// page connects as a browser tells of it, sends messages, and returns the other side.
function page (sender, ...messages) {
  const p = { heard: [], cut: false }
  hosts = []
  onConnect({
    sender,
    onMessage: { addListener: (f) => { p.say = f } },
    onDisconnect: { addListener: (f) => { p.leave = f } },
    postMessage: (m) => p.heard.push(m),
    disconnect: () => { p.cut = true }
  })
  for (const m of messages) p.say(m)
  return p
}

const good = { id: own, frameId: 0, tab: { id: 1 }, url: portal + '/confirm/x', origin: portal, documentLifecycle: 'active' }
const confirm = { do: 'confirm', origin: portal, request: 'r', ticket: 't', method: 'token', lang: 'ru' }
const background = []
const sent = () => hosts.map((h) => h.messages.map((m) => JSON.stringify(m)).join('')).join('|') || 'nothing'

function who (name, change, want) {
  page({ ...good, ...change }, { do: 'hello' })
  background.push({ name, got: sent(), want })
}
const hello = (origin) => JSON.stringify({ do: 'hello', sender: origin })
who('the portal', {}, hello(portal))
who('another portal', { url: 'https://second.example/', origin: 'https://second.example' }, hello('https://second.example'))
who('a browser that tells no origin and no lifecycle', { origin: undefined, documentLifecycle: undefined }, hello(portal))
who('another port of the host', { url: 'https://portal.example/x', origin: 'https://portal.example' }, 'nothing')
who('one more port of the host', { url: 'https://portal.example:8444/x', origin: 'https://portal.example:8444' }, 'nothing')
who('another scheme', { url: 'http://portal.example:8443/x', origin: 'http://portal.example:8443' }, 'nothing')
who('a foreign page', { url: 'https://evil.example/', origin: 'https://evil.example' }, 'nothing')
who('a name that begins alike', { url: 'https://portal.example.evil.example:8443/', origin: 'https://portal.example.evil.example:8443' }, 'nothing')
who('a user name that looks alike', { url: 'https://portal.example:8443@evil.example/', origin: 'https://evil.example' }, 'nothing')
who('a frame', { frameId: 7 }, 'nothing')
who('a frame of unknown number', { frameId: undefined }, 'nothing')
who('another extension', { id: 'other-extension' }, 'nothing')
who("an extension's own page", { tab: undefined, url: 'chrome-extension://extension-id/x.html' }, 'nothing')
who('a page in preparation', { documentLifecycle: 'prerender' }, 'nothing')
who('a page put aside', { documentLifecycle: 'cached' }, 'nothing')
who('a page on its way out', { documentLifecycle: 'pending_deletion' }, 'nothing')
who('a sandboxed page', { origin: 'null' }, 'nothing')
who('an address of another origin', { origin: 'https://second.example' }, 'nothing')
who('no address', { url: undefined }, 'nothing')
who('no address that can be read', { url: 'portal.example' }, 'nothing')
who('a data page', { url: 'data:text/html,x', origin: 'null' }, 'nothing')

function what (name, messages, want) {
  page(good, ...messages)
  background.push({ name, got: sent(), want })
}
what('a whole request', [confirm], JSON.stringify({ do: 'confirm', sender: portal, origin: portal, request: 'r', ticket: 't', method: 'token', lang: 'ru' }))
what('a second request on one connection', [{ do: 'hello' }, confirm], hello(portal))
what('a sender of its own', [{ ...confirm, sender: 'https://second.example' }], 'nothing')
what('a PIN', [{ ...confirm, pin: '1234' }], 'nothing')
what('a field of another message', [{ do: 'hello', ticket: 't' }], 'nothing')
what('a field that is no text', [{ ...confirm, ticket: { toString: () => 't' } }], 'nothing')
what('a field without end', [{ ...confirm, ticket: 'x'.repeat(2049) }], 'nothing')
what('an order from the prototype', [{ do: 'constructor' }], 'nothing')
what('no order', [null], 'nothing')
what('cancel from a page', [{ do: 'cancel' }], 'nothing')

{ // A page that leaves cancels; the program is left to end by itself.
  const p = page(good, confirm)
  p.leave()
  background.push({ name: 'a page that leaves', got: JSON.stringify(hosts[0].messages.at(-1)) + hosts[0].cut, want: '{"do":"cancel"}false' })
}

function hears (name, messages, want) {
  background.push({ name, got: JSON.stringify(page(good, ...messages).heard), want })
}
hears('that its request was passed on', [confirm], '[{"taken":true}]')
hears('only of a request that was passed on', [{ ...confirm, pin: '1234' }], '[{"end":true,"value":{"code":"agent.request"}}]')

// ---- content.js

const source = readFileSync('sites.js', 'utf8') + '\n;' + readFileSync('content.js', 'utf8')

// load runs the script in a page; the result lets the page speak, and tells what reached the background and the page.
function load ({ top = true, active = true, prerendering = false, visible = true, origin = portal } = {}) {
  const s = { sent: [], told: [] }
  const window = {
    origin,
    addEventListener: (kind, f) => { if (kind === 'message') s.listen = f },
    postMessage: (m, to) => s.told.push(m.answer.code ?? 'answer', ...(to === portal ? [] : ['to ' + to]))
  }
  window.top = top ? window : {}
  s.window = window
  s.user = { isActive: active }
  vm.runInNewContext(source, {
    window,
    document: { prerendering, visibilityState: visible ? 'visible' : 'hidden', documentElement: { setAttribute: (name) => { s.mark = name } } },
    location: { origin },
    navigator: { userActivation: s.user },
    chrome: {
      runtime: {
        getManifest: () => ({ version: '1' }),
        connect: () => ({
          onMessage: { addListener: (f) => { s.hear = f } },
          onDisconnect: { addListener: (f) => { s.cut = f } },
          postMessage: (m) => s.sent.push(m.do)
        })
      }
    }
  })
  s.say = (order, change = {}) => s.listen?.({ source: window, origin: portal, data: { zaver: 'page', id: '1', order }, ...change })
  return s
}

const content = []
function does (name, setup, act, ...want) {
  const s = load(setup)
  act(s)
  content.push({ name, got: [...s.sent, ...s.told], want })
}
does('a click', {}, (s) => s.say(confirm), 'confirm')
does('no click', { active: false }, (s) => s.say(confirm), 'agent.gesture')
does('no click is needed to ask who is there', { active: false }, (s) => s.say({ do: 'hello' }), 'hello')
does('a click, but behind another tab', { visible: false }, (s) => s.say(confirm), 'agent.gesture')
does('who is there may be asked from behind another tab', { visible: false }, (s) => s.say({ do: 'hello' }), 'hello')
does('a frame', { top: false }, (s) => s.say(confirm))
does('the other portal', { origin: 'https://second.example' }, (s) => s.say(confirm, { origin: 'https://second.example' }), 'confirm')
does('another port of the host', { origin: 'https://portal.example' }, (s) => { s.say({ do: 'present' }, { origin: 'https://portal.example' }); s.say(confirm, { origin: 'https://portal.example' }); s.told.push(s.mark ?? 'no mark') }, 'no mark')
does('a page in preparation', { prerendering: true }, (s) => s.say(confirm))
does('a page without an origin', { origin: 'null' }, (s) => s.say(confirm))
does('a frame of the page speaks', {}, (s) => s.say(confirm, { source: {} }))
does('the window that opened the page speaks', {}, (s) => s.say(confirm, { source: {}, origin: 'https://evil.example' }))
does('another origin', {}, (s) => s.say(confirm, { origin: 'https://evil.example' }))
does('a second order meanwhile', {}, (s) => { s.say(confirm); s.say(confirm) }, 'confirm', 'agent.busy')
does('an order after the first ended', {}, (s) => { s.say({ do: 'hello' }); s.hear({ end: true, value: {} }); s.say({ do: 'hello' }) }, 'hello', 'hello', 'answer')
does('a click that is over', {}, (s) => { s.say({ do: 'hello' }); s.hear({ end: true, value: {} }); s.user.isActive = false; s.say(confirm) }, 'hello', 'answer', 'agent.gesture')
does('a background that goes before it passed the order on', {}, (s) => { s.say(confirm); s.cut(); s.hear({ taken: true }); s.hear({ end: true, value: {} }) }, 'confirm', 'confirm', 'answer')
does('a background that goes with the order', {}, (s) => { s.say(confirm); s.hear({ taken: true }); s.cut() }, 'confirm', 'agent.ended')
does('a background that goes after an answer', {}, (s) => { s.say(confirm); s.hear({ value: {} }); s.cut() }, 'confirm', 'answer', 'agent.ended')
does('a background that goes each time', {}, (s) => { s.say({ do: 'hello' }); for (let n = 0; n < 7; n++) s.cut() }, 'hello', 'hello', 'hello', 'hello', 'hello', 'agent.ended')
does('a background that goes when the click is over', {}, (s) => { s.say(confirm); s.user.isActive = false; s.cut() }, 'confirm', 'agent.ended')
does('a background that goes when all is said', {}, (s) => { s.say({ do: 'hello' }); s.hear({ end: true, value: {} }); s.cut() }, 'hello', 'answer')
does('an unknown order', {}, (s) => s.say({ do: 'sign' }))
does('an order from the prototype', {}, (s) => s.say({ do: 'constructor' }))
does('a field that is no text', {}, (s) => s.say({ ...confirm, ticket: 1 }), 'agent.request')
does('an answer for the page', {}, (s) => s.say(null))

// A cut that waits for its minute keeps this process alive for nothing.
process.stdout.write(JSON.stringify({ background, content }), () => process.exit())
