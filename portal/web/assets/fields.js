// SPDX-License-Identifier: Apache-2.0
//
// Checks fields while a person types: masks put separators in, and a word
// about a mistake appears when the field is left, not while it is half typed.

import { rules, masks, digits, dateOf, dateRule } from './rules.js'

// say shows the message with the given id in the live line of a field.
export function say (id, words, problem, good) {
  const line = document.getElementById(id + '-live')
  if (!line) return
  line.textContent = problem ? words[problem] : (good ? words[good] || '' : '')
  line.classList.toggle('zv-live--bad', Boolean(problem))
  line.classList.toggle('zv-live--good', !problem && Boolean(good))
}

// A word that appears between the press and the release of a button moves the
// button away from under the pointer, and the click is lost: words wait.
let pressed = false
const waiting = []

function whenReleased (f) {
  if (pressed) waiting.push(f)
  else f()
}

function watchPointer (document) {
  // A finger's mouse events come after its pointer events.
  for (const down of ['pointerdown', 'mousedown']) document.addEventListener(down, () => { pressed = true }, true)
  for (const up of ['pointerup', 'pointercancel', 'mouseup', 'dragend']) {
    document.addEventListener(up, () => {
      pressed = false
      setTimeout(() => { if (!pressed) for (const f of waiting.splice(0)) f() })
    }, true)
  }
}

// mask rewrites the field and keeps the caret behind the same digit.
function mask (input, rule) {
  const before = input.value
  const caret = digits(before.slice(0, input.selectionStart ?? before.length)).length
  const after = masks[rule](digits(before))
  if (after === null || after === before) return
  input.value = after
  if (document.activeElement !== input || input.selectionStart === null) return
  let at = 0
  for (let seen = 0; at < after.length && seen < caret; at++) if (/\d/.test(after[at])) seen++
  if (caret === digits(after).length) at = after.length
  input.setSelectionRange(at, at)
}

function watchField (input) {
  const rule = input.dataset.live
  if (!rules[rule]) return
  const words = JSON.parse(input.dataset.words)
  input.addEventListener('input', (event) => {
    const deleting = event.inputType && event.inputType.startsWith('delete')
    if (masks[rule] && !deleting && !/[^\d\s+()-]/.test(input.value)) mask(input, rule)
    const problem = rules[rule](input.value)
    if (!problem) say(input.id, words, '', input.value ? 'live.good' : '')
  })
  input.addEventListener('blur', () => whenReleased(() => say(input.id, words, rules[rule](input.value), input.value ? 'live.good' : '')))
}

function watchDate (group) {
  const id = group.id
  const kind = group.dataset.liveDate
  const words = JSON.parse(group.dataset.words)
  const parts = ['day', 'month', 'year'].map((p) => document.getElementById(id + '-' + p))
  const check = () => {
    const [day, month, year] = parts.map((p) => p.value.trim())
    if (!day || !month || year.length < 4) return say(id, words, '')
    say(id, words, dateRule(kind, dateOf(day, month, year), new Date()))
  }
  for (const part of parts) part.addEventListener('blur', () => whenReleased(check))
  const picker = document.querySelector(`[data-picker="${id}"]`)
  if (!picker) return
  picker.parentElement.hidden = false
  picker.addEventListener('change', () => {
    if (!picker.value) return
    const [year, month, day] = picker.value.split('-')
    parts[0].value = String(Number(day))
    parts[1].value = String(Number(month))
    parts[2].value = year
    check()
  })
}

// The patronymic and "I have no patronymic" exclude each other.
function watchPatronymic (document) {
  const box = document.getElementById('no_patronymic')
  const field = document.getElementById('patronymic')
  if (!box || !field) return
  box.addEventListener('change', () => { if (box.checked) field.value = '' })
  field.addEventListener('input', () => { if (field.value) box.checked = false })
}

export function watchFields (document) {
  watchPointer(document)
  for (const input of document.querySelectorAll('[data-live]')) watchField(input)
  for (const group of document.querySelectorAll('[data-live-date]')) watchDate(group)
  watchPatronymic(document)
}
