// SPDX-License-Identifier: Apache-2.0

package doctor

// The codes of findings. They are stable. Besides them every area has "doctor.AREA.ok", "doctor.AREA.skipped" and
// "doctor.AREA.hung".
const (
	CodeConfigMissing     = "doctor.config.missing"
	CodeConfigPermissions = "doctor.config.permissions"
	CodeConfigMalformed   = "doctor.config.malformed"
	CodeConfigInvalid     = "doctor.config.invalid"
	CodeConfigTerminal    = "doctor.config.terminal"
	CodeConfigNoPortal    = "doctor.config.no_portal"
	CodeConfigOrigin      = "doctor.config.origin"
	CodeConfigKey         = "doctor.config.key"

	CodeRuntimeDir   = "doctor.system.runtime_dir"
	CodeDisk         = "doctor.system.disk"
	CodeCoreDumps    = "doctor.system.core_dumps"
	CodeLockedMemory = "doctor.system.locked_memory"

	CodeClockOff = "doctor.clock.off"

	CodeProfileFolder    = "doctor.profile.folder"
	CodeProfileMalformed = "doctor.profile.malformed"

	CodeServiceMissing  = "doctor.service.missing"
	CodeServiceStopped  = "doctor.service.stopped"
	CodeServiceDenied   = "doctor.service.denied"
	CodeServicePolicy   = "doctor.service.policy"
	CodeServiceProtocol = "doctor.service.protocol"
	CodeServiceForeign  = "doctor.service.foreign"
	CodeServiceHung     = "doctor.service.hung"

	CodeReaderNone = "doctor.reader.none"

	CodeCardNone          = "doctor.card.none"
	CodeCardMute          = "doctor.card.mute"
	CodeCardBusy          = "doctor.card.busy"
	CodeCardUnknown       = "doctor.card.unknown"
	CodeCardExpired       = "doctor.card.expired"
	CodeCardTerminal      = "doctor.card.terminal"
	CodeCardInsecure      = "doctor.card.insecure"
	CodeCardFault         = "doctor.card.fault"
	CodeCardNoCertificate = "doctor.card.no_certificate"

	CodePINBlocked        = "doctor.pin.blocked"
	CodePINNotInitialised = "doctor.pin.not_initialised"
	CodePINMustChange     = "doctor.pin.must_change"
	CodePINLastTry        = "doctor.pin.last_try"

	CodeModuleMissing      = "doctor.module.missing"
	CodeModuleExposed      = "doctor.module.exposed"
	CodeModuleArchitecture = "doctor.module.architecture"
	CodeModuleLibrary      = "doctor.module.library"
	CodeModuleForeign      = "doctor.module.foreign"
	CodeModuleCrashed      = "doctor.module.crashed"
	CodeModuleHung         = "doctor.module.hung"
	CodeModuleFailed       = "doctor.module.failed"
	CodeModuleNone         = "doctor.module.none"

	CodeTokenNone           = "doctor.token.none"
	CodeTokenLocked         = "doctor.token.locked"
	CodeTokenNotInitialised = "doctor.token.not_initialised"
	CodeTokenMustChange     = "doctor.token.must_change"
	CodeTokenNoCertificate  = "doctor.token.no_certificate"
	CodeTokenCryptoPro      = "doctor.token.cryptopro"
	CodeTokenFinalTry       = "doctor.token.final_try"
	CodeTokenCountLow       = "doctor.token.count_low"

	CodeCertificateExpired     = "doctor.certificate.expired"
	CodeCertificateNotYet      = "doctor.certificate.not_yet"
	CodeCertificateKeyExpired  = "doctor.certificate.key_expired"
	CodeCertificateUsage       = "doctor.certificate.usage"
	CodeCertificateUnsupported = "doctor.certificate.unsupported"
	CodeCertificateMalformed   = "doctor.certificate.malformed"
	CodeCertificateSoon        = "doctor.certificate.soon"

	CodePinentryMissing = "doctor.program.pinentry_missing"
	CodePinentryBroken  = "doctor.program.pinentry_broken"
	CodeNoScreen        = "doctor.program.no_screen"
	CodeDisplay         = "doctor.program.display"
	CodeWindowMissing   = "doctor.program.window_missing"

	CodeBrowserNone       = "doctor.browser.none"
	CodeManifestMissing   = "doctor.browser.manifest_missing"
	CodeManifestMalformed = "doctor.browser.manifest_malformed"
	CodeManifestProgram   = "doctor.browser.manifest_program"
	CodeManifestOther     = "doctor.browser.manifest_other"
	CodeManifestExtension = "doctor.browser.manifest_extension"
	CodeBrowserPolicy     = "doctor.browser.policy"
	CodeExtensionMissing  = "doctor.browser.extension_missing"
	CodeExtensionOff      = "doctor.browser.extension_off"
	CodeBrowserSandbox    = "doctor.browser.sandbox"

	CodeDoorOtherUser   = "doctor.door.other_user"
	CodeDoorTaken       = "doctor.door.taken"
	CodeDoorStopped     = "doctor.door.stopped"
	CodeDoorOrigin      = "doctor.door.origin"
	CodeDoorPolicy      = "doctor.door.policy"
	CodeDoorBlocked     = "doctor.door.blocked"
	CodeDoorPolicyGrant = "doctor.door.policy_grant"

	CodePortalName         = "doctor.portal.name"
	CodePortalConnect      = "doctor.portal.connect"
	CodePortalHung         = "doctor.portal.hung"
	CodePortalTLSExpired   = "doctor.portal.tls_expired"
	CodePortalTLSName      = "doctor.portal.tls_name"
	CodePortalTLSUntrusted = "doctor.portal.tls_untrusted"
	CodePortalTLS          = "doctor.portal.tls"
	CodePortalAnswer       = "doctor.portal.answer"
	CodePortalKey          = "doctor.portal.key"

	CodeOCSPUnreachable = "doctor.revocation.ocsp"
	CodeCRLUnreachable  = "doctor.revocation.crl"
	CodeNoAddresses     = "doctor.revocation.no_addresses"

	CodeUpdateState = "doctor.update.state"
	CodeUpdateNewer = "doctor.update.newer"
	CodeUpdateStale = "doctor.update.stale"
)
