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

func (c *client) connect(message []byte, rv uint32) ([]byte, bool) {
	var m connectMsg
	if !decode(message, &m) {
		return nil, false
	}
	m.RV = rv
	if rv == 0 {
		c.d.mu.Lock()
		m.RV = c.connectLocked(&m)
		c.d.mu.Unlock()
		if m.RV == 0 {
			c.d.notify() // the sharing has changed
		}
	}
	return encode(m), true
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

func (c *client) reconnect(message []byte, rv uint32) ([]byte, bool) {
	var m reconnectMsg
	if !decode(message, &m) {
		return nil, false
	}
	if m.RV = rv; rv != 0 {
		return encode(m), true
	}
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	h, refused := c.handleLocked(m.Card)
	switch {
	case h == nil:
		return nil, false
	case refused == RVSharingViolation || refused == RVReaderUnavailable:
		m.RV = refused
	case h.reader.mute:
		m.RV = RVUnresponsiveCard
	case h.reader.card == nil:
		m.RV = RVNoSmartcard
	case m.Preferred&h.reader.protocol == 0:
		m.RV = RVProtoMismatch
	default:
		if m.Initialization != leaveCard {
			h.reader.resetLocked(c.d, h.id)
		}
		h.event, m.Active = 0, h.reader.protocol
	}
	return encode(m), true
}

func (c *client) disconnect(message []byte, rv uint32) ([]byte, bool) {
	var m endMsg
	if !decode(message, &m) {
		return nil, false
	}
	if m.RV = rv; rv != 0 {
		return encode(m), true
	}
	c.d.mu.Lock()
	h, refused := c.handleLocked(m.Card)
	if h == nil {
		c.d.mu.Unlock()
		return nil, false
	}
	if refused == rvSuccess && m.Disposition != leaveCard {
		h.reader.resetLocked(c.d, h.id)
	}
	c.d.dropLocked(h)
	c.d.mu.Unlock()
	c.d.notify()
	return encode(m), true
}

func (c *client) begin(message []byte, rv uint32) ([]byte, bool) {
	var m handleMsg
	if !decode(message, &m) {
		return nil, false
	}
	if m.RV = rv; rv != 0 {
		return encode(m), true
	}
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	h, refused := c.handleLocked(m.Card)
	if h == nil {
		return nil, false
	}
	if m.RV = refused; refused == 0 {
		h.reader.lock = h.id
		h.reader.depth++
	}
	return encode(m), true
}

func (c *client) endTransaction(message []byte, rv uint32) ([]byte, bool) {
	var m endMsg
	if !decode(message, &m) {
		return nil, false
	}
	if m.RV = rv; rv != 0 {
		return encode(m), true
	}
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	h, refused := c.handleLocked(m.Card)
	switch {
	case h == nil:
		return nil, false
	case refused == 0 && h.reader.lock != h.id:
		m.RV = RVNotTransacted
	case refused == 0 || refused == RVResetCard || refused == RVRemovedCard:
		m.RV = refused
		if refused == 0 && m.Disposition != leaveCard {
			h.reader.resetLocked(c.d, h.id)
		}
		if h.reader.lock == h.id {
			if h.reader.depth--; h.reader.depth <= 0 {
				h.reader.lock, h.reader.depth = 0, 0
			}
		}
	default:
		m.RV = refused
	}
	return encode(m), true
}

func (c *client) status(message []byte, rv uint32) ([]byte, bool) {
	var m handleMsg
	if !decode(message, &m) {
		return nil, false
	}
	if m.RV = rv; rv != 0 {
		return encode(m), true
	}
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	h, refused := c.handleLocked(m.Card)
	if h == nil {
		return nil, false
	}
	if m.RV = refused; refused == RVSharingViolation {
		m.RV = rvSuccess // the state of a card is no secret
	}
	return encode(m), true
}

// use finds the card and the reader behind a handle for a command.
func (c *client) use(id uint32) (r *Reader, card vpcd.Card, rv uint32, known bool) {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	h, refused := c.handleLocked(id)
	if h == nil {
		return nil, nil, refused, false
	}
	return h.reader, h.reader.card, refused, true
}

func (c *client) transmit(message, payload []byte, rv uint32) ([]byte, bool) {
	var m transmitMsg
	if !decode(message, &m) {
		return nil, false
	}
	if m.RV = rv; rv != 0 {
		return encode(m), true
	}
	r, card, refused, known := c.use(m.Card)
	if !known {
		return nil, false
	}
	m.RV = refused
	if m.RV == 0 && card == nil {
		m.RV = RVUnpoweredCard
	}
	if m.RV != 0 {
		return encode(m), true
	}
	answer, ok := r.exchangeWith(card, payload)
	switch {
	case !ok:
		m.RV, m.RecvLength = RVNotTransacted, 0
		return encode(m), true
	case len(answer) > int(m.RecvLength):
		m.RV, m.RecvLength = RVInsufficientBuffer, uint32(len(answer))
		return encode(m), true
	}
	m.RecvLength, m.RecvProtocol = uint32(len(answer)), r.protocol
	return encode(m, answer), true
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

func (c *client) attrib(command Command, message []byte, rv uint32) ([]byte, bool) {
	var m attribMsg
	if !decode(message, &m) {
		return nil, false
	}
	if m.RV = rv; rv != 0 {
		return encode(m), true
	}
	r, _, refused, known := c.use(m.Card)
	if !known {
		return nil, false
	}
	m.RV = refused
	value, has := r.attribs[m.ID]
	switch {
	case refused != 0:
	case command == SetAttrib || !has:
		m.RV = RVUnsupportedFeature
	default:
		m.Data = [attrSize]byte{}
		m.Length = uint32(copy(m.Data[:], value))
	}
	return encode(m), true
}
