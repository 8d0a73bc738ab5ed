// SPDX-License-Identifier: Apache-2.0
//
// The help page says whether the agent answers and by which door, and shows
// what the agent finds when it examines this computer.

import { find } from './agent.js'

const tags = { ok: 'govuk-tag--green', warning: 'govuk-tag--yellow', fault: 'govuk-tag--red', skipped: 'govuk-tag--grey' }
const most = 200 // lines of a report that are shown

export async function checkAgent (box) {
  const part = (id) => document.getElementById(id)
  const words = JSON.parse(box.dataset.words)
  const codes = JSON.parse(box.dataset.codes)
  const say = (text) => { part('agent-state').textContent = text }
  const happened = (code) => (codes[code] || codes.internal).join(' ')

  const element = (name, text, className) => {
    const e = document.createElement(name)
    e.textContent = text
    if (className) e.className = className
    return e
  }

  const showShut = (error) => {
    const main = error.doors ? error.message : 'agent.protocol'
    box.dataset.code = main
    say(happened(main))
    part('agent-examine').textContent = words['run.again'] // what the advice calls it
    part('agent-doors').replaceChildren(...(error.doors || []).map(({ door, code }) => {
      const item = document.createElement('li')
      item.append(element('strong', words['run.door.name.' + door] + '.'), ' ' + (code === main ? (codes[code] || codes.internal)[0] : happened(code)))
      item.dataset.door = door
      item.dataset.code = code
      return item
    }))
  }

  const showFound = ({ door }) => {
    box.dataset.door = door.name
    delete box.dataset.code
    part('agent-examine').textContent = words['help.examine']
    say(door.open === false ? words['run.ask'] : `${words['help.found']} ${words['run.door.' + door.name]}`)
    part('agent-doors').replaceChildren()
  }

  const showReport = (report) => {
    const lines = Array.isArray(report?.lines) ? report.lines.slice(0, most) : []
    if (report?.format !== 'zaver.doctor/v1' || lines.length === 0) throw new Error('agent.protocol')
    part('agent-report').replaceChildren(...lines.map((line) => {
      const item = document.createElement('li')
      const state = Object.hasOwn(tags, line.state) ? line.state : 'skipped'
      item.dataset.code = String(line.code)
      item.className = 'zv-check'
      item.append(element('span', String(line.text ?? ''), 'zv-check__name'), ' ', element('strong', words['help.state.' + state], 'govuk-tag ' + tags[state]))
      if (line.remedy) item.append(element('p', String(line.remedy)))
      if (state !== 'ok') item.append(element('p', String(line.code), 'govuk-hint'))
      return item
    }))
    part('agent-bundle').value = JSON.stringify(report, null, 2)
    part('agent-result').hidden = false
    const faults = lines.filter((line) => line.state === 'fault').length
    say(faults > 0 ? words['help.done.faults'].replace('%s', String(faults)) : words['help.done'])
    part('agent-result-title').focus()
  }

  const examine = async () => {
    const button = part('agent-examine')
    button.disabled = true
    part('agent-result').hidden = true
    say(words['help.examining'])
    try {
      const found = await find(box.dataset.agent, { ask: true })
      const report = await found.door.doctor(box.dataset.lang)
      showFound(found)
      showReport(report)
    } catch (error) {
      if (error.doors) showShut(error)
      else say(happened(error.message))
    } finally {
      button.disabled = false
      if (part('agent-result').hidden) button.focus() // it lost the focus while it could not be pressed
    }
  }

  const copy = async () => {
    const bundle = part('agent-bundle')
    try {
      await navigator.clipboard.writeText(bundle.value)
      part('agent-copied').textContent = words['help.copied']
    } catch {
      bundle.focus()
      bundle.select()
      part('agent-copied').textContent = words['help.copy_yourself']
    }
  }

  box.hidden = false
  part('agent-examine').addEventListener('click', examine)
  part('agent-copy').addEventListener('click', copy)
  try {
    showFound(await find(box.dataset.agent))
  } catch (error) {
    showShut(error)
  }
}
