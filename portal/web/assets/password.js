// SPDX-License-Identifier: Apache-2.0
//
// Advice on a new password while it is typed. A rough guess made here, without
// sending anything; the portal judges the password when it is saved.

import { say } from './fields.js'

const rows = ['0123456789', '9876543210', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm', 'йцукенгшщзхъ', 'фывапролджэ', 'ячсмитьбю', 'abcdefghij', 'абвгдеёжз']

function hasRow (s) {
  const low = s.toLowerCase()
  return rows.some((row) => {
    for (let i = 0; i + 4 <= row.length; i++) if (low.includes(row.slice(i, i + 4))) return true
    return false
  })
}

// strength gives a score from 0 to 3 and the id of the best advice.
function strength (s) {
  if (s.length < 8) return [0, 'password.hint_short']
  const different = new Set(s.toLowerCase()).size
  if (different < 5 || /(.)\1\1/.test(s)) return [0, 'password.hint_repeat']
  if (hasRow(s)) return [s.length >= 14 ? 1 : 0, 'password.hint_row']
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\d/, /[^\p{L}\d]/u].filter((kind) => kind.test(s)).length
  const score = s.length + 2 * (kinds - 1) + (different > 9 ? 2 : 0)
  if (score < 13) return [1, 'password.hint_plain']
  return score < 18 ? [2, 'password.hint_ok'] : [3, 'password.hint_ok']
}

export function watchPasswords (document) {
  const first = document.querySelector('[data-live="new"]')
  const second = document.querySelector('[data-live="repeat"]')
  if (!first) return
  const words = JSON.parse(first.dataset.words)
  const line = document.getElementById(first.id + '-live')
  const meter = document.createElement('meter')
  meter.className = 'zv-strength'
  meter.min = 0; meter.max = 3; meter.low = 1.5; meter.high = 2.5; meter.optimum = 3
  meter.setAttribute('aria-label', words['password.meter'])
  line.before(meter)
  const again = () => {
    if (!second || !second.value) return
    const w = JSON.parse(second.dataset.words)
    if (second.value === first.value) say(second.id, w, '', 'live.repeat_ok')
    else say(second.id, w, 'live.repeat')
  }
  first.addEventListener('input', () => {
    const [score, advice] = strength(first.value)
    meter.value = first.value ? Math.max(score, 0.4) : 0
    const mark = ['password.mark_weak', 'password.mark_weak', 'password.mark_fair', 'password.mark_good'][score]
    line.textContent = first.value ? words[mark] + ' ' + words[advice] : ''
    again()
  })
  if (second) second.addEventListener('input', again)
}
