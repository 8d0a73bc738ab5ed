// SPDX-License-Identifier: Apache-2.0
//
// Talks to the agent's loopback door. Only a request id and a ticket ever go
// there: no text, no hash, no PIN.

// loopback asks browsers with local network access to treat the request as
// one to this very computer; older browsers ignore the word.
const loopback = { mode: 'cors', credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer', targetAddressSpace: 'loopback' }

// denied says whether the person or a policy forbade pages to reach programs
// on this computer.
async function denied () {
  for (const name of ['loopback-network', 'local-network-access']) {
    try {
      if ((await navigator.permissions.query({ name })).state === 'denied') return true
    } catch {
      // This browser doesn't know the permission.
    }
  }
  return false
}

// hello asks whether the agent is there: {agent, version, protocol, busy}, or
// throws an Error whose message is a code.
export async function hello (agent) {
  let answer
  try {
    answer = await fetch(agent + '/v1/hello', { ...loopback, signal: AbortSignal.timeout(20000) })
  } catch {
    throw new Error(await denied() ? 'agent.blocked' : 'agent.not_running')
  }
  if (!answer.ok) throw new Error(await codeOf(answer))
  const value = await answer.json().catch(() => null)
  if (!value || value.agent !== 'zaver') throw new Error('agent.protocol')
  if (value.protocol !== 1) throw new Error('agent.version')
  return value
}

async function codeOf (answer) {
  const value = await answer.json().catch(() => null)
  if (value && typeof value.code === 'string') return value.code
  return answer.status === 403 ? 'agent.origin' : 'agent.protocol'
}

// confirm hands the request over and calls step for each line of the answer.
// It throws an Error with a code when the agent refuses or goes away. The agent
// stops when the page is left.
export async function confirm (agent, order, step) {
  let answer
  try {
    answer = await fetch(agent + '/v1/confirm', {
      ...loopback, method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(order)
    })
  } catch {
    throw new Error(await denied() ? 'agent.blocked' : 'agent.not_running')
  }
  if (!answer.ok) throw new Error(await codeOf(answer))
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
