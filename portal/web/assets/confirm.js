// SPDX-License-Identifier: Apache-2.0
//
// The confirmation page: finds the agent, waits for the person's click, hands
// the request over, shows the steps, and follows the result that the portal
// decides. What the agent says is shown; only what the portal says counts.

import { find, Shut } from './agent.js'
import { follow } from './follow.js'

const order = ['agent', 'sign', 'statement', 'device', 'consent', 'pin', 'signing', 'sending', 'checking']
const agentFaults = ['agent.not_running', 'agent.blocked', 'agent.protocol', 'agent.version', 'agent.busy', 'agent.host', 'agent.origin', 'agent.other_user',
  'agent.no_extension', 'agent.not_installed', 'agent.forbidden', 'agent.ended', 'agent.unpermitted', 'agent.config', 'agent.gesture', 'agent.pinentry']

export function runConfirmation (box) {
  const data = box.dataset
  const words = JSON.parse(data.words)
  const codes = JSON.parse(data.codes)
  const part = (id) => document.getElementById(id)
  const problem = part('confirm-problem')
  let ended = false
  let handedOver = false
  let talking = false

  // say has a screen reader read the text out, once: the same step may be told twice.
  const say = (text) => { if (part('confirm-say').textContent !== text) part('confirm-say').textContent = text }

  const mark = (step, failed) => {
    const now = order.indexOf(step)
    for (const item of part('confirm-steps').children) {
      const at = order.indexOf(item.dataset.step)
      item.className = at < now ? 'is-done' : at === now ? (failed ? 'is-failed' : 'is-now') : ''
      if (at === now) item.setAttribute('aria-current', 'step')
      else item.removeAttribute('aria-current')
    }
    if (!failed && words['run.say.' + step]) say(words['run.say.' + step])
  }
  let current = 'agent'
  const goto = (step) => {
    if (!order.includes(step) || ended) return
    current = step
    mark(step)
  }

  // showDoors says of each door why it is shut, where that is more than one thing.
  const showDoors = (list, doors) => {
    list.replaceChildren(...doors.map(({ door, code }) => {
      const item = document.createElement('li')
      item.dataset.door = door
      item.dataset.code = code
      const name = document.createElement('strong')
      name.textContent = words['run.door.name.' + door] + '.'
      item.append(name, ' ' + (codes[code] || codes.internal)[0])
      return item
    }))
    list.hidden = doors.length === 0
  }

  // hideTerminal takes the line for a terminal away: its ticket works once. A page without a ticket has none.
  const hideTerminal = () => { if (part('confirm-terminal')) part('confirm-terminal').hidden = true }

  // fail shows what happened and what to do. The portal's own result, when it
  // comes, replaces the page.
  const fail = (code, tries, doors = []) => {
    const [happened, advice] = codes[code] || codes.internal
    part('confirm-ready').hidden = true
    showDoors(problem.querySelector('ul'), doors.length > 1 ? doors : [])
    problem.dataset.code = code
    problem.classList.toggle('zv-problem--own', data.own.split(' ').includes(code))
    part('confirm-happened').textContent = happened
    part('confirm-advice').textContent = advice
    part('confirm-tries').textContent = tries === 1 ? words['run.tries.one'] : tries > 1 ? words['run.tries.some'].replace('%s', String(tries)) : ''
    const findable = !handedOver && agentFaults.includes(code)
    part('agent-retry').hidden = !findable
    part('agent-help').hidden = !findable
    part('confirm-restart').hidden = findable
    problem.hidden = false
    // Once it is over, code, clock and cancelling mean nothing any more.
    for (const id of ['confirm-control', 'confirm-left', 'confirm-cancel']) part(id).hidden = !findable
    if (!findable) hideTerminal()
    // The agent looks for token or card before it says a word about them.
    if (current === 'statement' && /^(token|card|pin)\./.test(code)) current = 'device'
    mark(current, true)
    say('') // what was to be done last is not to be done any more
    problem.focus()
  }

  const showResult = () => {
    if (ended) return
    ended = true
    stop()
    location.assign(`/confirm/${data.request}/result`)
  }

  const askPortal = async () => {
    if (ended) return
    try {
      const answer = await fetch(`/confirm/${data.request}/state`, { headers: { Accept: 'application/json' }, credentials: 'same-origin' })
      if (!answer.ok) return
      const status = await answer.json()
      if (status.state === 'checking') goto('checking')
      if (['confirmed', 'refused', 'expired'].includes(status.state)) showResult()
      // The agent's own last line says more (the tries left, say): it comes first, where this page is the one it talks to. Where the
      // word is the agent's own, that line is on its way, however slow this computer is.
      if (status.state === 'cancelled') {
        const patience = status.codes.some((code) => !code.startsWith('confirm.')) ? 15000 : 1500
        setTimeout(() => { if (problem.hidden || !handedOver) showResult() }, talking ? patience : 0)
      }
    } catch {
      // The next event or the timer tries again.
    }
  }
  const stop = follow(`/confirm/${data.request}/events`, askPortal)

  const onStep = (message) => {
    switch (message.step) {
      case 'done':
        goto('checking')
        askPortal()
        break
      case 'failed':
        fail(message.code, message.tries)
        break
      default:
        goto(message.step)
    }
  }

  let door = null

  // begin looks for the agent and offers the button.
  const begin = async () => {
    performance.mark('zaver-looking')
    problem.hidden = true
    part('confirm-live').hidden = false
    part('confirm-reload').hidden = true // this page follows by itself
    goto('agent')
    // The agent answers the portal's own origin alone; at another address its
    // silence would be taken for absence.
    if (location.origin !== data.origin) { fail('agent.origin'); return }
    try {
      const found = await find(data.agent)
      if (ended) return
      if (!data.ticket) { fail('confirm.ticket_used'); return }
      door = found.door
      const asks = door.name === 'loopback' && !door.open
      problem.dataset.door = door.name
      part('confirm-door').textContent = words[asks ? 'run.door.ask' : 'run.door.' + door.name]
      part('confirm-ask').hidden = !asks
      showDoors(part('confirm-ready').querySelector('ul'), found.doors.filter((d) => d.code !== 'agent.no_extension'))
      part('confirm-ready').hidden = false
      goto('sign')
      if (asks) say(`${words['run.step.sign']}. ${words['run.ask']}`) // whether the agent is there will be seen then
    } catch (error) {
      fail(error instanceof Shut ? error.message : 'agent.protocol', 0, error.doors)
    } finally {
      performance.measure('zaver-doors', 'zaver-looking') // how long a person waits for an answer about the doors
    }
  }

  // sign begins with the person's own click, through either door.
  const sign = async () => {
    if (!door || talking || ended) return
    const at = door
    const focused = part('confirm-ready').contains(document.activeElement)
    part('confirm-ready').hidden = true
    if (focused) part('confirm-steps').focus({ preventScroll: true }) // the button that had it is gone
    try {
      let last = ''
      talking = true
      await at.confirm({ origin: data.origin, request: data.request, ticket: data.ticket, method: data.method, lang: data.lang }, (message) => {
        handedOver = true
        hideTerminal()
        last = message.step
        onStep(message)
      })
      if (last !== 'done' && last !== 'failed') fail('agent.protocol')
    } catch (error) {
      fail(/^[a-z]+\.[a-z_]+$/.test(error.message) ? error.message : handedOver ? 'agent.protocol' : 'agent.not_running')
    } finally {
      talking = false
    }
  }
  part('confirm-sign').addEventListener('click', sign)
  // An extension that was installed meanwhile comes to a page when it is loaded.
  part('agent-retry').addEventListener('click', () => location.reload())

  const expires = Number(data.expires) * 1000
  const clock = () => {
    const left = Math.max(0, Math.round((expires - Date.now()) / 1000))
    part('confirm-left').textContent = left > 0 ? words['run.left'].replace('%s', `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`) : words['run.over']
    if (left > 0 && !ended) setTimeout(clock, 1000)
    else askPortal()
  }
  clock()
  begin()
  // A page that the browser kept and shows again knows a ticket, a code and a state of then.
  addEventListener('pageshow', (event) => { if (event.persisted) location.reload() })
}
