// SPDX-License-Identifier: Apache-2.0
//
// The help page says whether the agent answers.

import { hello } from './agent.js'

export async function checkAgent (box) {
  const line = box.querySelector('p')
  const words = JSON.parse(line.dataset.words)
  box.hidden = false
  try {
    await hello(box.dataset.agent)
    line.textContent = words['help.found']
  } catch (error) {
    line.textContent = words[error.message === 'agent.blocked' ? 'help.blocked' : 'help.not_found']
  }
}
