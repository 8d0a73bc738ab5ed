// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package pkcs11

import "github.com/miekg/pkcs11"

// findBatch is how many objects one C_FindObjects is asked for.
const findBatch = 32

// rv is a CK_RV that is not CKR_OK (PKCS#11 v2.40 section 5.1).
type rv uint

func (v rv) Error() string { return pkcs11.Error(v).Error() }
