// SPDX-License-Identifier: Apache-2.0
//
// Live marks of the register checks. The portal renders the list; this puts
// the fresh one in place when it differs.

import { follow } from './follow.js'

export function watchChecks (box) {
  let shown = box.innerHTML.trim()
  let busy = false
  let again = false
  const load = async () => {
    if (busy) { again = true; return }
    busy = true
    try {
      const answer = await fetch(box.dataset.state, { headers: { Accept: 'text/html' }, credentials: 'same-origin' })
      if (answer.status === 401) { location.reload(); return }
      if (!answer.ok) return
      const fresh = (await answer.text()).trim()
      if (fresh !== shown) {
        shown = fresh
        box.replaceChildren(...new DOMParser().parseFromString(fresh, 'text/html').body.childNodes)
      }
      if (answer.headers.get('Zaver-Settled') === 'yes') stop()
    } catch {
      // The next event or the timer tries again.
    } finally {
      busy = false
      if (again) { again = false; load() }
    }
  }
  const stop = follow(box.dataset.checks, load)
}
