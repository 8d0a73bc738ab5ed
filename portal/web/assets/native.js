// SPDX-License-Identifier: Apache-2.0
//
// The agent's native-messaging door: this page talks to the content script of
// the browser extension, on this very page, and the extension to the program.
// The same words go there as to the loopback door.

const absent = 100 // ms until silence means that there is no extension: it answers on this very page, at once

let number = 0

// ask sends one order and calls heard for each answer until it returns true.
// The result is true then, and false when nobody answered in time.
function ask (order, heard, patience) {
  const id = `${Date.now()}-${++number}`
  return new Promise((resolve) => {
    let timer
    const end = (answered) => {
      clearTimeout(timer)
      window.removeEventListener('message', listen)
      resolve(answered)
    }
    const listen = (event) => {
      if (event.source !== window || event.origin !== location.origin) return
      const m = event.data
      if (m && m.zaver === 'extension' && m.id === id && typeof m.answer === 'object' && m.answer !== null && heard(m.answer)) end(true)
    }
    window.addEventListener('message', listen)
    if (patience) timer = setTimeout(() => end(false), patience)
    window.postMessage({ zaver: 'page', id, order }, location.origin)
  })
}

// present says whether the extension is on this page: it leaves a mark before
// the page is built, and answers where a browser was late with that.
export async function present () {
  return document.documentElement.dataset.zaverExtension !== undefined || await ask({ do: 'present' }, (answer) => answer.present === true, absent)
}

// once gives the one answer to an order, or throws its code.
async function once (order, patience) {
  let value
  if (!await ask(order, (answer) => { value = answer; return true }, patience)) throw new Error('agent.ended')
  if (typeof value.code === 'string' && value.step === undefined) throw new Error(value.code)
  return value
}

// hello asks whether the program is there.
export const hello = () => once({ do: 'hello' }, 20000)

// doctor asks the program to examine this computer.
export const doctor = (lang) => once({ do: 'doctor', lang }, 60000)

// confirm hands the request over and calls step for each step. Call it in the
// person's own click: the extension asks the browser whether there was one.
export async function confirm (order, step) {
  let refused = ''
  await ask({ do: 'confirm', ...order }, (answer) => {
    if (answer.step === undefined) {
      refused = typeof answer.code === 'string' ? answer.code : 'agent.protocol'
      return true
    }
    step(answer)
    return answer.step === 'done' || answer.step === 'failed'
  })
  if (refused) throw new Error(refused)
}
