// SPDX-License-Identifier: Apache-2.0

package fakepcscd

import "encoding/binary"

// carryOut answers one command; false drops the client.
func (c *client) carryOut(command Command, message, payload []byte, fault Fault) bool {
	if command == WaitStateChange && fault.RV == 0 {
		return c.wait(fault)
	}
	answer, ok := c.answer(command, message, payload, fault.RV)
	if !ok {
		return false
	}
	if fault.After != nil {
		fault.After()
	}
	return c.deliver(answer, fault)
}

func (c *client) deliver(answer []byte, fault Fault) bool {
	if fault.Edit != nil {
		answer = fault.Edit(answer)
	}
	if fault.Cut {
		c.send(answer[:min(fault.At, len(answer))])
		return false
	}
	return len(answer) == 0 || c.send(answer)
}

// wait registers the client for one event and tells it the state; no event may
// overtake the state.
func (c *client) wait(fault Fault) bool {
	c.write.Lock()
	defer c.write.Unlock()
	c.d.mu.Lock()
	answer := c.d.statesLocked()
	c.waiting = true
	c.d.mu.Unlock()
	if fault.After != nil {
		fault.After()
	}
	if fault.Edit != nil {
		answer = fault.Edit(answer)
	}
	if fault.Cut {
		c.put(answer[:min(fault.At, len(answer))])
		return false
	}
	return c.put(answer)
}

// told reads a message, has it carried out and writes it back with the result, which stands last in every message. With rv nothing is
// carried out and rv is the result. It returns false for a message of another size, and where carry knows of no such thing.
func told[M any](message []byte, rv uint32, carry func(*M) (rv uint32, known bool)) ([]byte, bool) {
	var m M
	if !decode(message, &m) {
		return nil, false
	}
	if rv == rvSuccess {
		var known bool
		if rv, known = carry(&m); !known {
			return nil, false
		}
	}
	answer := encode(m)
	binary.NativeEndian.PutUint32(answer[len(answer)-4:], rv)
	return answer, true
}

// answer carries the command out; with rv nothing is carried out and rv is the result.
func (c *client) answer(command Command, message, payload []byte, rv uint32) ([]byte, bool) {
	switch command {
	case Version:
		return c.version(message, rv)
	case EstablishContext:
		return told(message, rv, c.establish)
	case ReleaseContext:
		return told(message, rv, c.releaseContext)
	case Cancel:
		return told(message, rv, c.cancel)
	case GetReadersState, WaitStateChange:
		c.d.mu.Lock()
		defer c.d.mu.Unlock()
		return c.d.statesLocked(), true
	case StopWaiting:
		return c.stopWaiting(), true
	case GetReaderEvents:
		c.d.mu.Lock()
		defer c.d.mu.Unlock()
		return encode([2]uint32{c.d.events, rv}), c.d.opt.Minor >= 5
	case Connect:
		return told(message, rv, c.connect)
	case Reconnect:
		return told(message, rv, c.reconnect)
	case Disconnect:
		return told(message, rv, c.disconnect)
	case BeginTransaction:
		return told(message, rv, c.begin)
	case EndTransaction:
		return told(message, rv, c.endTransaction)
	case Status:
		return told(message, rv, c.status)
	case Transmit:
		return c.transmit(message, payload, rv)
	case Control:
		return c.control(message, payload, rv)
	case GetAttrib, SetAttrib:
		return told(message, rv, func(m *attribMsg) (uint32, bool) { return c.attrib(command, m) })
	}
	return nil, false
}

func (c *client) version(message []byte, rv uint32) ([]byte, bool) {
	var m versionMsg
	if !decode(message, &m) {
		return nil, false
	}
	o := c.d.opt
	m.RV = rv
	if rv == 0 && !o.AnyVersion && (m.Major != o.Major || m.Minor != o.Minor) {
		m.RV = RVServiceStopped
	}
	m.Major, m.Minor = o.Major, o.Minor
	return encode(m), true
}

func (c *client) establish(m *establishMsg) (rv uint32, known bool) {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	c.d.next++
	c.context = c.d.next
	m.Context = c.context
	return rvSuccess, true
}

func (c *client) releaseContext(*releaseMsg) (rv uint32, known bool) {
	c.d.forget(c)
	return rvSuccess, true
}

// cancel ends the wait of the context that it names.
func (c *client) cancel(m *cancelMsg) (rv uint32, known bool) {
	c.d.mu.Lock()
	var waiting *client
	for other := range c.d.clients {
		if other.context == m.Context && other.waiting {
			waiting, other.waiting = other, false
		}
	}
	c.d.mu.Unlock()
	if waiting != nil && waiting.send(encode(eventMsg{RV: RVCancelled})) {
		return rvSuccess, true
	}
	return RVInvalidHandle, true
}

// stopWaiting answers only a client that waits: any other has an event under way.
func (c *client) stopWaiting() []byte {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	if !c.waiting {
		return nil
	}
	c.waiting = false
	return encode(eventMsg{})
}

func (d *Daemon) statesLocked() []byte {
	var all [MaxReaders]stateMsg
	for i, r := range d.readers {
		all[i] = r.stateLocked()
	}
	return encode(all)
}
