// SPDX-License-Identifier: Apache-2.0
//
// Follows something that changes on the portal: by server-sent events while
// they come, by asking every few seconds when they don't.

// follow calls changed after each event and returns a function that stops.
export function follow (events, changed) {
  let stopped = false
  let timer = 0
  let source = null
  const ask = () => {
    clearTimeout(timer)
    if (stopped) return
    changed()
    timer = setTimeout(ask, 4000)
  }
  if ('EventSource' in window) {
    source = new EventSource(events)
    source.addEventListener('change', () => { clearTimeout(timer); changed() })
    source.addEventListener('open', () => { clearTimeout(timer); changed() })
    source.addEventListener('error', () => {
      // The browser reconnects by itself unless the portal refused.
      clearTimeout(timer)
      if (!stopped) timer = setTimeout(ask, 2000)
    })
  } else {
    ask()
  }
  return () => { stopped = true; clearTimeout(timer); if (source) source.close() }
}
