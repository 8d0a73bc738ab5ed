// SPDX-License-Identifier: Apache-2.0
//
// Counts down to the moment when a message may be sent again.

export function countDown (document) {
  const line = document.querySelector('[data-countdown]')
  if (!line) return
  const button = document.querySelector('[data-countdown-button]')
  const words = JSON.parse(line.dataset.words)['code.resend_wait_js']
  const end = Date.now() + Number(line.dataset.countdown) * 1000
  button.disabled = true
  button.setAttribute('aria-disabled', 'true')
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000)
    if (left > 0) {
      line.textContent = words.replace('%s', String(left))
      setTimeout(tick, 1000)
      return
    }
    line.hidden = true
    button.disabled = false
    button.removeAttribute('aria-disabled')
  }
  tick()
}
