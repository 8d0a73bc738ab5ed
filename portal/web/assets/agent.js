// SPDX-License-Identifier: Apache-2.0
//
// Finds the agent: by the browser extension first, by the loopback door then.
// Whoever asks learns which door it is, and why another one is shut.

import * as native from './native.js'
import * as loopback from './loopback.js'

// A Shut is thrown when no door leads to an agent: its message is the code to
// show, its doors are what each door said.
export class Shut extends Error {
  constructor (doors) {
    super(mainCode(doors))
    this.doors = doors
  }
}

// mainCode chooses what helps most: an agent that answered and refused says
// more than one that is missing; with an extension there, its word counts.
function mainCode (doors) {
  const missing = ['agent.no_extension', 'agent.not_running', 'agent.unpermitted', 'agent.blocked', 'agent.not_installed']
  const codes = doors.map((d) => d.code)
  return codes.find((code) => !missing.includes(code)) ?? codes.find((code) => code === 'agent.not_installed') ?? codes[codes.length - 1]
}

function check (value) {
  if (!value || value.agent !== 'zaver') throw new Error('agent.protocol')
  if (value.protocol !== 1) throw new Error('agent.version')
}

const codeOf = (error) => /^[a-z]+\.[a-z_]+$/.test(error.message) ? error.message : 'agent.protocol'

function nativeDoor () {
  return { name: 'native', confirm: native.confirm, doctor: native.doctor }
}

// A door that is not open yet is one for which the browser will ask: it is
// knocked at only when the person has read that and clicked.
function loopbackDoor (base, open) {
  return {
    name: 'loopback',
    open,
    doctor: (lang) => loopback.doctor(base, lang),
    confirm: async (order, step) => {
      if (!open) check(await loopback.hello(base))
      await loopback.confirm(base, order, step)
    }
  }
}

// find returns {door, doors}: the way to the agent, and what the others said.
// It throws a Shut. With ask, the browser may ask the person at once.
export async function find (base, { ask = false } = {}) {
  const doors = []
  if (await native.present()) {
    try {
      check(await native.hello())
      return { door: nativeDoor(), doors }
    } catch (error) {
      doors.push({ door: 'native', code: codeOf(error) })
    }
  } else {
    doors.push({ door: 'native', code: 'agent.no_extension' })
  }
  try {
    if (await loopback.permission() === 'denied') throw new Error('agent.blocked')
    if (!ask && await loopback.willAsk()) return { door: loopbackDoor(base, false), doors }
    check(await loopback.hello(base))
    return { door: loopbackDoor(base, true), doors }
  } catch (error) {
    doors.push({ door: 'loopback', code: codeOf(error) })
    throw new Shut(doors)
  }
}
