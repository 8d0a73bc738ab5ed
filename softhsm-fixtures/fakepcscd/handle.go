// SPDX-License-Identifier: Apache-2.0

package fakepcscd

import "zaver/softhsm-fixtures/vpcd"

// handle is a client's connection to the card in one reader.
type handle struct {
	id     uint32
	client *client
	reader *Reader
	event  uint32 // what the client must be told: reset, removed, unplugged
	alone  bool
}

// forget lets go what a client held, with a reset of a card in a transaction.
func (d *Daemon) forget(c *client) {
	d.mu.Lock()
	var changed bool
	for id, h := range d.handles {
		if h.client == c {
			if h.reader.lock == id {
				h.reader.resetLocked(d, id)
			}
			d.dropLocked(h)
			changed = true
		}
	}
	down := d.down
	d.mu.Unlock()
	if changed && !down {
		d.notify()
	}
}

func (d *Daemon) dropLocked(h *handle) {
	delete(d.handles, h.id)
	r := h.reader
	if h.event == RVReaderUnavailable {
		return
	}
	r.shared--
	if r.exclusive == h.id {
		r.exclusive = 0
	}
	if r.lock == h.id {
		r.lock, r.depth = 0, 0
	}
}

func (c *client) connect(m *connectMsg) (rv uint32, known bool) {
	c.d.mu.Lock()
	rv = c.connectLocked(m)
	c.d.mu.Unlock()
	if rv == rvSuccess {
		c.d.notify() // the sharing has changed
	}
	return rv, true
}

func (c *client) connectLocked(m *connectMsg) uint32 {
	r := c.d.readerLocked(text(m.Reader[:]))
	direct := m.Share == shareDirect
	switch {
	case r == nil:
		return RVUnknownReader
	case r.exclusive != 0, m.Share == shareExclusive && r.shared > 0:
		return RVSharingViolation
	case r.mute && !direct:
		return RVUnresponsiveCard
	case r.card == nil && !direct:
		return RVNoSmartcard
	case !direct && m.Preferred&r.protocol == 0:
		return RVProtoMismatch
	}
	c.d.next++
	h := &handle{id: c.d.next, client: c, reader: r, alone: m.Share == shareExclusive}
	c.d.handles[h.id] = h
	if r.shared++; h.alone {
		r.exclusive = h.id
	}
	m.Card = h.id
	if r.card != nil {
		m.Active = r.protocol
	}
	return rvSuccess
}

func (d *Daemon) readerLocked(name string) *Reader {
	for _, r := range d.readers {
		if r.name == name {
			return r
		}
	}
	return nil
}

// handleLocked finds the client's handle; refused says why it may not be used now.
func (c *client) handleLocked(id uint32) (h *handle, refused uint32) {
	h = c.d.handles[id]
	switch {
	case h == nil || h.client != c:
		return nil, RVInvalidHandle
	case h.event != 0:
		return h, h.event
	case h.reader.lock != 0 && h.reader.lock != id, h.reader.exclusive != 0 && h.reader.exclusive != id:
		return h, RVSharingViolation
	}
	return h, rvSuccess
}

// held has with say what comes of a command for a handle; a handle that is not the client's is not known.
func (c *client) held(id uint32, with func(h *handle, refused uint32) uint32) (rv uint32, known bool) {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	h, refused := c.handleLocked(id)
	if h == nil {
		return refused, false
	}
	return with(h, refused), true
}

func (c *client) reconnect(m *reconnectMsg) (rv uint32, known bool) {
	return c.held(m.Card, func(h *handle, refused uint32) uint32 {
		switch {
		case refused == RVSharingViolation || refused == RVReaderUnavailable:
			return refused
		case h.reader.mute:
			return RVUnresponsiveCard
		case h.reader.card == nil:
			return RVNoSmartcard
		case m.Preferred&h.reader.protocol == 0:
			return RVProtoMismatch
		}
		if m.Initialization != leaveCard {
			h.reader.resetLocked(c.d, h.id)
		}
		h.event, m.Active = 0, h.reader.protocol
		return rvSuccess
	})
}

func (c *client) disconnect(m *endMsg) (rv uint32, known bool) {
	rv, known = c.held(m.Card, func(h *handle, refused uint32) uint32 {
		if refused == rvSuccess && m.Disposition != leaveCard {
			h.reader.resetLocked(c.d, h.id)
		}
		c.d.dropLocked(h)
		return rvSuccess
	})
	if known {
		c.d.notify()
	}
	return rv, known
}

func (c *client) begin(m *handleMsg) (rv uint32, known bool) {
	return c.held(m.Card, func(h *handle, refused uint32) uint32 {
		if refused == rvSuccess {
			h.reader.lock = h.id
			h.reader.depth++
		}
		return refused
	})
}

// endTransaction refuses, as 1.9 does, while the client must be told that the card was reset: the transaction stays open.
func (c *client) endTransaction(m *endMsg) (rv uint32, known bool) {
	return c.held(m.Card, func(h *handle, refused uint32) uint32 {
		switch {
		case refused != rvSuccess:
			return refused
		case h.reader.lock != h.id:
			return RVNotTransacted
		}
		if m.Disposition != leaveCard {
			h.reader.resetLocked(c.d, h.id)
		}
		if h.reader.depth--; h.reader.depth <= 0 {
			h.reader.lock, h.reader.depth = 0, 0
		}
		return rvSuccess
	})
}

func (c *client) status(m *handleMsg) (rv uint32, known bool) {
	return c.held(m.Card, func(_ *handle, refused uint32) uint32 {
		if refused == RVSharingViolation {
			return rvSuccess // the state of a card is no secret
		}
		return refused
	})
}

// use finds the card and the reader behind a handle for a command.
func (c *client) use(id uint32) (r *Reader, card vpcd.Card, rv uint32, known bool) {
	rv, known = c.held(id, func(h *handle, refused uint32) uint32 {
		r, card = h.reader, h.reader.card
		return refused
	})
	return r, card, rv, known
}

// fit is what comes of an answer for which a client has room.
func fit(answer []byte, room uint32) (whole []byte, size, rv uint32) {
	if len(answer) > int(room) {
		return nil, uint32(len(answer)), RVInsufficientBuffer
	}
	return answer, uint32(len(answer)), rvSuccess
}

func (c *client) transmit(message, payload []byte, rv uint32) ([]byte, bool) {
	var answer []byte
	head, ok := told(message, rv, func(m *transmitMsg) (uint32, bool) {
		r, card, refused, known := c.use(m.Card)
		if known && refused == rvSuccess && card == nil {
			refused = RVUnpoweredCard
		}
		if !known || refused != rvSuccess {
			return refused, known
		}
		got, ok := r.exchangeWith(card, payload)
		if !ok {
			m.RecvLength = 0
			return RVNotTransacted, true
		}
		if answer, m.RecvLength, refused = fit(got, m.RecvLength); refused == rvSuccess {
			m.RecvProtocol = r.protocol
		}
		return refused, true
	})
	return append(head, answer...), ok
}

// exchangeWith carries one command to the card; a card that pulls itself is out.
func (r *Reader) exchangeWith(card vpcd.Card, command []byte) ([]byte, bool) {
	r.exchange.Lock()
	defer r.exchange.Unlock()
	answer, err := card.Transmit(command)
	if err == nil {
		return answer, true
	}
	r.change(func(d *Daemon) {
		if r.card == card {
			r.pullLocked(d)
		}
	})
	card.PowerOff()
	return nil, false
}

func (c *client) attrib(command Command, m *attribMsg) (rv uint32, known bool) {
	r, _, refused, known := c.use(m.Card)
	if !known || refused != rvSuccess {
		return refused, known
	}
	value, has := r.attribs[m.ID]
	if command == SetAttrib || !has {
		return RVUnsupportedFeature, true
	}
	m.Data = [attrSize]byte{}
	m.Length = uint32(copy(m.Data[:], value))
	return rvSuccess, true
}
