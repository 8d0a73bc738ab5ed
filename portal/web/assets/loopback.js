// SPDX-License-Identifier: Apache-2.0
//
// The agent's loopback door: HTTP on 127.0.0.1. Only a request id and a ticket
// ever go there: no text, no hash, no PIN. (The agent listens on [::1] too, but
// a content security policy has no way to name that address, and naming more
// than one exact address would open the page further than it needs.)

// options ask browsers with local network access to treat the request as one
// to this very computer; older browsers ignore the word.
const options = { mode: 'cors', credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer', targetAddressSpace: 'loopback' }

// permission says whether the browser lets this page reach programs on this
// computer: 'granted', 'prompt' (it will ask), 'denied', or 'unknown' where
// browsers have no such permission.
export async function permission () {
  let found = 'unknown'
  for (const name of ['loopback-network', 'local-network-access']) {
    try {
      const { state } = await navigator.permissions.query({ name })
      if (state === 'denied') return state
      if (found === 'unknown') found = state
    } catch {
      // This browser doesn't know the permission by this name.
    }
  }
  return found
}

// exempt is true for a page that comes from this computer itself: browsers ask
// nobody about its way to another program here.
const exempt = () => ['127.0.0.1', '[::1]'].includes(location.hostname)

// silence is what it means that nobody answered.
async function silence () {
  const now = await permission()
  if (now === 'denied') return 'agent.blocked'
  return now === 'prompt' && !exempt() ? 'agent.unpermitted' : 'agent.not_running'
}

async function codeOf (answer) {
  const value = await answer.json().catch(() => null)
  if (value && typeof value.code === 'string') return value.code
  return answer.status === 403 ? 'agent.origin' : 'agent.protocol'
}

async function knock (address, more) {
  let answer
  try {
    answer = await fetch(address, { ...options, ...more })
  } catch {
    throw new Error(await silence())
  }
  if (!answer.ok) throw new Error(await codeOf(answer))
  return answer
}

const post = (value) => ({ method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) })

// willAsk says that the browser would ask the person now.
export async function willAsk () {
  return await permission() === 'prompt' && !exempt()
}

// hello asks whether the agent is there. Somebody may have to answer the
// browser's question first, so the time is long.
export async function hello (base) {
  const answer = await knock(base + '/v1/hello', { signal: AbortSignal.timeout(60000) })
  return await answer.json().catch(() => null)
}

// doctor asks the agent to examine this computer.
export async function doctor (base, lang) {
  const answer = await knock(base + '/v1/doctor', { ...post({ lang }), signal: AbortSignal.timeout(60000) })
  return await answer.json().catch(() => null)
}

// confirm hands the request over and calls step for each line of the answer.
// The agent stops when the page is left.
export async function confirm (base, order, step) {
  const answer = await knock(base + '/v1/confirm', post(order))
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { value, done } = await reader.read()
    rest += value || ''
    if (rest.length > 65536) throw new Error('agent.protocol')
    const lines = rest.split('\n')
    rest = done ? '' : lines.pop()
    for (const line of lines) {
      if (line.trim() === '') continue
      let message
      try { message = JSON.parse(line) } catch { throw new Error('agent.protocol') }
      step(message)
    }
    if (done) return
  }
}
