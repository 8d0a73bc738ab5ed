// SPDX-License-Identifier: Apache-2.0
//
// Opens the way to the program for a page of a configured portal. The page's
// origin is what the browser says about the sender, never what the page says.
// One request for each connection, one program for each request.

import { origins } from './portals.js'

const host = 'ru.zaver.agent'
const longest = 2048 // letters of one field
const patience = 60000 // a signature that exists is still sent when its page is gone

const fields = {
  hello: [],
  doctor: ['lang'],
  confirm: ['origin', 'request', 'ticket', 'method', 'lang']
}

// originOf returns the origin of a page that may ask, and '' for everything
// else: a frame, a page in preparation, an extension, an unknown origin.
export function originOf (sender) {
  if (!sender || sender.id !== chrome.runtime.id || sender.frameId !== 0 || !sender.tab || !sender.url) return ''
  if (sender.documentLifecycle !== undefined && sender.documentLifecycle !== 'active') return ''
  let origin
  try {
    origin = new URL(sender.url).origin
  } catch {
    return ''
  }
  // A sandboxed page has an address, but the origin "null".
  if (sender.origin !== undefined && sender.origin !== origin) return ''
  return origins.includes(origin) ? origin : ''
}

// request makes the program's message of the page's, field by field.
export function request (message, sender) {
  if (typeof message !== 'object' || message === null || !Object.hasOwn(fields, message.do)) return null
  const out = { do: message.do, sender }
  for (const [name, value] of Object.entries(message)) {
    if (name === 'do') continue
    if (!fields[message.do].includes(name) || typeof value !== 'string' || value.length > longest) return null
    out[name] = value
  }
  return out
}

// codeOf reads why the browser could not talk to the program.
export function codeOf (error) {
  const text = String(error?.message ?? error ?? '')
  if (/not found|no such native|not installed/i.test(text)) return 'agent.not_installed'
  if (/forbidden|permission/i.test(text)) return 'agent.forbidden'
  return 'agent.ended'
}

// final says whether the program's answer is its last to this request.
function final (message, answer) {
  return message.do !== 'confirm' || answer.code !== undefined && answer.step === undefined || answer.step === 'done' || answer.step === 'failed'
}

chrome.runtime.onConnect.addListener((page) => {
  let message = null
  let program = null
  let ended = false

  const end = (value) => {
    if (ended) return
    ended = true
    try {
      page.postMessage({ end: true, value })
      page.disconnect()
    } catch {
      // The page is gone.
    }
    program?.disconnect()
  }

  page.onMessage.addListener((asked) => {
    if (message) return // one request for each connection
    const origin = originOf(page.sender)
    if (origin === '') { ended = true; page.disconnect(); return }
    message = request(asked, origin)
    if (!message) { message = {}; end({ code: 'agent.request' }); return }
    program = chrome.runtime.connectNative(host)
    program.onMessage.addListener((answer) => {
      if (typeof answer !== 'object' || answer === null) return end({ code: 'agent.protocol' })
      if (final(message, answer)) return end(answer)
      if (!ended) {
        try { page.postMessage({ value: answer }) } catch { /* the page is gone */ }
      }
    })
    program.onDisconnect.addListener((port) => {
      const code = codeOf(port?.error ?? chrome.runtime.lastError)
      program = null
      end({ code })
    })
    program.postMessage(message)
    // Only now: with a program open no browser ends this background for its rest.
    try { page.postMessage({ taken: true }) } catch { /* the page is gone */ }
  })

  // The page was left, or cancels. The program ends what can be ended and
  // then itself; were it cut off here, a finished signature would be lost.
  page.onDisconnect.addListener(() => {
    if (ended || !program) return
    program.postMessage({ do: 'cancel' })
    const late = program
    setTimeout(() => { if (program === late) late.disconnect() }, patience)
  })
})
