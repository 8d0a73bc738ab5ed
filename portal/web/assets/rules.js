// SPDX-License-Identifier: Apache-2.0
//
// The rules of the fields, the same as the server's. The server's word is
// final: these only save a person a trip. Each rule takes the typed text and
// gives the id of what is wrong, or '' when nothing is (or nothing was typed).

export const digits = (s) => s.replace(/\D/g, '')

// snilsSum is the check number of a SNILS (the first nine digits).
function snilsSum (nine) {
  let sum = 0
  for (let i = 0; i < 9; i++) sum += Number(nine[i]) * (9 - i)
  sum %= 101
  return sum === 100 ? 0 : sum
}

export const rules = {
  name (s) {
    const name = s.trim().replace(/\s+/g, ' ')
    return name === '' || /^\p{Script=Cyrillic}+(?:(?:[-'’ .]|\. )\p{Script=Cyrillic}+)*\.?$/u.test(name) ? '' : 'ident.name.letters'
  },
  phone (s) {
    if (s === '') return ''
    let d = digits(s)
    if (d.length === 10 && d[0] === '9') d = '7' + d
    return /^[78]9\d{9}$/.test(d) ? '' : 'live.phone'
  },
  email (s) {
    return s === '' || /^[^\s@]+@[^\s@]+\.[^\s@]{2,}$/.test(s.trim()) ? '' : 'live.email'
  },
  snils (s) {
    if (s === '') return ''
    const d = digits(s)
    if (d.length !== 11 || /[^\d\s-]/.test(s)) return 'ident.snils.format'
    // Numbers up to 001-001-998 carry no check number.
    if (Number(d.slice(0, 9)) <= 1001998) return ''
    return snilsSum(d) === Number(d.slice(9)) ? '' : 'ident.snils.check'
  },
  series: (s) => s === '' || /^\d{4}$/.test(s.replace(/\s/g, '')) ? '' : 'ident.passport.series',
  number: (s) => s === '' || /^\d{6}$/.test(s.replace(/\s/g, '')) ? '' : 'ident.passport.number',
  division: (s) => s === '' || /^\d{3}[\s-]?\d{3}$/.test(s.trim()) ? '' : 'ident.division.format',
  code: (s) => s === '' || /^\d{6}$/.test(s.replace(/\s/g, '')) ? '' : 'live.code'
}

// masks put the usual separators in while a person types.
export const masks = {
  snils (d) {
    d = d.slice(0, 11)
    const parts = [d.slice(0, 3), d.slice(3, 6), d.slice(6, 9)].filter(Boolean).join('-')
    return d.length > 9 ? parts + ' ' + d.slice(9) : parts
  },
  series: (d) => d.slice(0, 4).replace(/^(\d{2})(\d)/, '$1 $2'),
  number: (d) => d.slice(0, 6),
  division: (d) => d.slice(0, 6).replace(/^(\d{3})(\d)/, '$1-$2'),
  code: (d) => d.slice(0, 6),
  phone (d) {
    if (d[0] === '8' && d.length === 11) d = '7' + d.slice(1)
    if (d[0] === '9') d = '7' + d
    if (d[0] !== '7') return null
    d = d.slice(0, 11)
    let out = '+7'
    if (d.length > 1) out += ' ' + d.slice(1, 4)
    if (d.length > 4) out += ' ' + d.slice(4, 7)
    if (d.length > 7) out += '-' + d.slice(7, 9)
    if (d.length > 9) out += '-' + d.slice(9)
    return out
  }
}

// dateOf gives the date of the three parts, or null when there is none such.
export function dateOf (day, month, year) {
  if (!/^\d{1,2}$/.test(day) || !/^\d{1,2}$/.test(month) || !/^\d{4}$/.test(year)) return null
  const d = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  return d.getUTCMonth() === Number(month) - 1 && d.getUTCDate() === Number(day) ? d : null
}

// dateRule gives what is wrong with a whole date of the given kind.
export function dateRule (kind, date, now) {
  if (date === null) return 'live.date'
  if (date > now) return 'live.future'
  if (kind === 'birth' && date.getUTCFullYear() < now.getUTCFullYear() - 120) return 'live.age'
  return ''
}
