// SPDX-License-Identifier: Apache-2.0

package ports

import (
	"net"
	"strconv"
	"testing"
)

func TestLockedPortsAreDifferentAndComeBack(t *testing.T) {
	a, unlockA, err := Lock()
	if err != nil {
		t.Fatal(err)
	}
	b, unlockB, err := Lock()
	if err != nil {
		t.Fatal(err)
	}
	if a == b {
		t.Errorf("both got port %d", a)
	}
	unlockB()
	unlockA()
	again, unlock, err := Lock()
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if again != a {
		t.Errorf("port %d after it was given back, want %d", again, a)
	}
}

func TestTakenPortIsPassedOver(t *testing.T) {
	first, unlock, err := Lock()
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(first+Block-1)))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	next, unlock, err := Lock()
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if next == first {
		t.Errorf("block %d has a taken port", first)
	}
}
