// SPDX-License-Identifier: Apache-2.0

package pkcs11

import "fmt"

// Bounds on what is handed to C and taken from it.
const (
	maxSlotList  = 1024 // entries of a slot list
	findBatch    = 32   // objects of one C_FindObjects
	maxSignature = 4096 // bytes
)

// rv is a CK_RV that is not CKR_OK.
type rv uint

// Return values (PKCS#11 v2.40 section 5.1; CKR_PIN_TOO_WEAK since v3.0).
const (
	ckrCancel              rv = 0x01
	ckrHostMemory          rv = 0x02
	ckrSlotIDInvalid       rv = 0x03
	ckrGeneralError        rv = 0x05
	ckrFunctionFailed      rv = 0x06
	ckrArgumentsBad        rv = 0x07
	ckrCantLock            rv = 0x0A
	ckrDeviceError         rv = 0x30
	ckrDeviceMemory        rv = 0x31
	ckrDeviceRemoved       rv = 0x32
	ckrFunctionCanceled    rv = 0x50
	ckrNotSupported        rv = 0x54
	ckrKeyFunction         rv = 0x68
	ckrMechanismInvalid    rv = 0x70
	ckrMechanismParam      rv = 0x71
	ckrOperationActive     rv = 0x90
	ckrPINIncorrect        rv = 0xA0
	ckrPINInvalid          rv = 0xA1
	ckrPINLenRange         rv = 0xA2
	ckrPINExpired          rv = 0xA3
	ckrPINLocked           rv = 0xA4
	ckrSessionClosed       rv = 0xB0
	ckrSessionHandle       rv = 0xB3
	ckrSessionReadOnly     rv = 0xB5
	ckrReadOnlyExists      rv = 0xB7
	ckrTokenNotPresent     rv = 0xE0
	ckrTokenNotRecognized  rv = 0xE1
	ckrWriteProtected      rv = 0xE2
	ckrAlreadyLoggedIn     rv = 0x100
	ckrNotLoggedIn         rv = 0x101
	ckrPINNotInitialized   rv = 0x102
	ckrUserTypeInvalid     rv = 0x103
	ckrAnotherLoggedIn     rv = 0x104
	ckrBufferTooSmall      rv = 0x150
	ckrAlreadyInitialized  rv = 0x191
	ckrPINTooWeak          rv = 0x1B8
	ckrFunctionRejected    rv = 0x200
	ckrActionProhibited    rv = 0x1B
	ckrOperationNotStarted rv = 0x91
)

var rvNames = map[rv]string{
	ckrCancel: "CKR_CANCEL", ckrHostMemory: "CKR_HOST_MEMORY", ckrSlotIDInvalid: "CKR_SLOT_ID_INVALID", ckrGeneralError: "CKR_GENERAL_ERROR",
	ckrFunctionFailed: "CKR_FUNCTION_FAILED", ckrArgumentsBad: "CKR_ARGUMENTS_BAD", ckrCantLock: "CKR_CANT_LOCK", ckrDeviceError: "CKR_DEVICE_ERROR",
	ckrDeviceMemory: "CKR_DEVICE_MEMORY", ckrDeviceRemoved: "CKR_DEVICE_REMOVED", ckrFunctionCanceled: "CKR_FUNCTION_CANCELED",
	ckrNotSupported: "CKR_FUNCTION_NOT_SUPPORTED", ckrKeyFunction: "CKR_KEY_FUNCTION_NOT_PERMITTED", ckrMechanismInvalid: "CKR_MECHANISM_INVALID",
	ckrMechanismParam: "CKR_MECHANISM_PARAM_INVALID", ckrOperationActive: "CKR_OPERATION_ACTIVE", ckrPINIncorrect: "CKR_PIN_INCORRECT",
	ckrPINInvalid: "CKR_PIN_INVALID", ckrPINLenRange: "CKR_PIN_LEN_RANGE", ckrPINExpired: "CKR_PIN_EXPIRED", ckrPINLocked: "CKR_PIN_LOCKED",
	ckrSessionClosed: "CKR_SESSION_CLOSED", ckrSessionHandle: "CKR_SESSION_HANDLE_INVALID", ckrSessionReadOnly: "CKR_SESSION_READ_ONLY",
	ckrReadOnlyExists: "CKR_SESSION_READ_ONLY_EXISTS", ckrTokenNotPresent: "CKR_TOKEN_NOT_PRESENT", ckrTokenNotRecognized: "CKR_TOKEN_NOT_RECOGNIZED",
	ckrWriteProtected: "CKR_TOKEN_WRITE_PROTECTED", ckrAlreadyLoggedIn: "CKR_USER_ALREADY_LOGGED_IN", ckrNotLoggedIn: "CKR_USER_NOT_LOGGED_IN",
	ckrPINNotInitialized: "CKR_USER_PIN_NOT_INITIALIZED", ckrUserTypeInvalid: "CKR_USER_TYPE_INVALID", ckrAnotherLoggedIn: "CKR_USER_ANOTHER_ALREADY_LOGGED_IN",
	ckrBufferTooSmall: "CKR_BUFFER_TOO_SMALL", ckrAlreadyInitialized: "CKR_CRYPTOKI_ALREADY_INITIALIZED", ckrPINTooWeak: "CKR_PIN_TOO_WEAK",
	ckrFunctionRejected: "CKR_FUNCTION_REJECTED", ckrActionProhibited: "CKR_ACTION_PROHIBITED", ckrOperationNotStarted: "CKR_OPERATION_NOT_INITIALIZED",
}

// Error returns the standard's name and the number, or the number alone.
func (v rv) Error() string {
	if name, ok := rvNames[v]; ok {
		return fmt.Sprintf("%s (%#x)", name, uint(v))
	}
	return fmt.Sprintf("CK_RV %#x", uint(v))
}

// Flags of CK_C_INITIALIZE_ARGS, of a session and of CK_TOKEN_INFO (section 3.2).
const (
	ckfOSLocking = 0x02

	ckfRWSession     = 0x02
	ckfSerialSession = 0x04

	ckfWriteProtected   = 0x02
	ckfLoginRequired    = 0x04
	ckfPINInitialized   = 0x08
	ckfProtectedPath    = 0x100
	ckfTokenInitialized = 0x400
	ckfUserLow          = 0x10000
	ckfUserFinal        = 0x20000
	ckfUserLocked       = 0x40000
	ckfUserChange       = 0x80000
	ckfSOLow            = 0x100000
	ckfSOFinal          = 0x200000
	ckfSOLocked         = 0x400000
	ckfSOChange         = 0x800000
)

// Users (section 3.4).
const (
	ckuSO      = 0
	ckuUser    = 1
	ckuContext = 2
)

// Classes, attributes and types of keys and certificates (section 4 and PKCS#11 mechanisms v2.40 section 2).
const (
	ckoData        = 0
	ckoCertificate = 1
	ckoPublicKey   = 2
	ckoPrivateKey  = 3

	ckaClass              = 0x00
	ckaLabel              = 0x03
	ckaApplication        = 0x10
	ckaValue              = 0x11
	ckaCertificateType    = 0x80
	ckaKeyType            = 0x100
	ckaID                 = 0x102
	ckaSign               = 0x108
	ckaModulus            = 0x120
	ckaPublicExponent     = 0x122
	ckaPublicKeyInfo      = 0x129
	ckaECParams           = 0x180
	ckaECPoint            = 0x181
	ckaAlwaysAuthenticate = 0x202
	ckaGOSTR3410Params    = 0x250
	ckaGOSTR3411Params    = 0x251

	ckcX509 = 0

	ckkRSA  = 0x00
	ckkEC   = 0x03
	ckkGOST = 0x30
)

// Mechanisms, and what PSS is told: digest and mask function.
const (
	ckmRSAPKCS = 0x01
	ckmRSAPSS  = 0x0D
	ckmECDSA   = 0x1041
	ckmGOST    = 0x1201

	ckmSHA256 = 0x250
	ckmSHA384 = 0x260
	ckmSHA512 = 0x270

	ckgMGF1SHA256 = 2
	ckgMGF1SHA384 = 3
	ckgMGF1SHA512 = 4
)
