// SPDX-License-Identifier: Apache-2.0
//
// Starts the scripts that this page has use for. Every page works without
// them, except where the agent is involved.

import { createAll, isSupported, Button, ErrorSummary, NotificationBanner, PasswordInput, SkipLink } from './govuk-frontend.js'
import { watchFields } from './fields.js'
import { watchPasswords } from './password.js'
import { watchChecks } from './checks.js'
import { runConfirmation } from './confirm.js'
import { checkAgent } from './help.js'
import { countDown } from './countdown.js'

document.body.classList.add('js-enabled')
if ('noModule' in HTMLScriptElement.prototype) document.body.classList.add('govuk-frontend-supported')

if (isSupported()) {
  for (const component of [Button, ErrorSummary, NotificationBanner, PasswordInput, SkipLink]) createAll(component)
}
watchFields(document)
watchPasswords(document)
countDown(document)

const checks = document.getElementById('checks')
if (checks) watchChecks(checks)

const confirm = document.getElementById('confirm')
if (confirm) runConfirmation(confirm)

const help = document.getElementById('agent-check')
if (help) checkAgent(help)
