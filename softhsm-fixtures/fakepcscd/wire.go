// SPDX-License-Identifier: Apache-2.0

package fakepcscd

import (
	"bytes"
	"encoding/binary"
)

// Command is a message of the wire protocol. A client sends a header (size and
// command, 32 bits each in the machine's order), the message and, for Transmit
// and Control, the bytes for card or reader. An answer has no header.
type Command uint32

// The commands of protocol 4:4, and the one that 4:5 adds.
const (
	EstablishContext Command = 0x01
	ReleaseContext   Command = 0x02
	Connect          Command = 0x04
	Reconnect        Command = 0x05
	Disconnect       Command = 0x06
	BeginTransaction Command = 0x07
	EndTransaction   Command = 0x08
	Transmit         Command = 0x09
	Control          Command = 0x0A
	Status           Command = 0x0B
	Cancel           Command = 0x0D
	GetAttrib        Command = 0x0F
	SetAttrib        Command = 0x10
	Version          Command = 0x11
	GetReadersState  Command = 0x12
	WaitStateChange  Command = 0x13
	StopWaiting      Command = 0x14
	GetReaderEvents  Command = 0x15
)

// Results that the daemon gives, as in pcsclite.h.
const (
	rvSuccess            = 0
	RVCancelled          = 0x80100002
	RVInvalidHandle      = 0x80100003
	RVInvalidValue       = 0x80100011
	RVInsufficientBuffer = 0x80100008
	RVUnknownReader      = 0x80100009
	RVSharingViolation   = 0x8010000B
	RVNoSmartcard        = 0x8010000C
	RVProtoMismatch      = 0x8010000F
	RVNotTransacted      = 0x80100016
	RVReaderUnavailable  = 0x80100017
	RVServiceStopped     = 0x8010001E
	RVUnsupportedFeature = 0x8010001F
	RVUnresponsiveCard   = 0x80100066
	RVUnpoweredCard      = 0x80100067
	RVResetCard          = 0x80100068
	RVRemovedCard        = 0x80100069
	RVSecurityViolation  = 0x8010006A
)

// Sizes of the wire.
const (
	// MaxReaders is the number of readers that protocols before 4:6 have room for.
	MaxReaders = 16

	nameSize   = 128
	atrSize    = 33
	attrSize   = 264
	maxPayload = 4 + 3 + 1<<16 + 3 + 2
	maxMessage = 512 // of a message without its payload
)

// Messages, as they lie on the wire.
type (
	versionMsg   struct{ Major, Minor, RV uint32 }
	establishMsg struct{ Scope, Context, RV uint32 }
	releaseMsg   struct{ Context, RV uint32 }
	cancelMsg    struct{ Context, RV uint32 }
	handleMsg    struct{ Card, RV uint32 } // begin, status
	endMsg       struct{ Card, Disposition, RV uint32 }
	eventMsg     struct{ Timeout, RV uint32 }

	connectMsg struct {
		Context                            uint32
		Reader                             [nameSize]byte
		Share, Preferred, Card, Active, RV uint32
	}
	reconnectMsg struct{ Card, Share, Preferred, Initialization, Active, RV uint32 }
	transmitMsg  struct {
		Card, SendProtocol, SendPCI, SendLength uint32
		RecvProtocol, RecvPCI, RecvLength, RV   uint32
	}
	controlMsg struct{ Card, Code, SendLength, RecvLength, Returned, RV uint32 }
	attribMsg  struct {
		Card, ID   uint32
		Data       [attrSize]byte
		Length, RV uint32
	}
	stateMsg struct {
		Name      [nameSize]byte
		Events    uint32
		State     uint32
		Sharing   int32
		ATR       [atrSize]byte
		_         [3]byte
		ATRLength uint32
		Protocol  uint32
	}
)

// Bits of stateMsg.State.
const (
	stateAbsent     = 0x02
	statePresent    = 0x04
	stateSwallowed  = 0x08
	statePowered    = 0x10
	stateNegotiable = 0x20
)

// Share modes and dispositions.
const (
	shareExclusive = 1
	shareDirect    = 3
	leaveCard      = 0
)

// encode writes messages one after another.
func encode(messages ...any) []byte {
	var b bytes.Buffer
	for _, m := range messages {
		if raw, ok := m.([]byte); ok {
			b.Write(raw)
			continue
		}
		if err := binary.Write(&b, binary.NativeEndian, m); err != nil {
			panic(err) // the messages above have fixed sizes
		}
	}
	return b.Bytes()
}

// decode reads a message of exactly its size.
func decode(b []byte, m any) bool {
	if len(b) != binary.Size(m) {
		return false
	}
	return binary.Read(bytes.NewReader(b), binary.NativeEndian, m) == nil
}

func text(b []byte) string {
	s, _, _ := bytes.Cut(b, []byte{0})
	return string(s)
}
