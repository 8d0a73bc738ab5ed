// SPDX-License-Identifier: Apache-2.0

package cards

import (
	"context"

	"zaver/cardreader/agent"
	"zaver/cardreader/card"
	"zaver/signature/pin"
)

// HolderPINs returns, for each card in place with holder's data, the PIN that opens them. Without one the error is List's. No try is spent.
func (s *Source) HolderPINs(ctx context.Context) ([]agent.PINState, error) {
	return s.pins(ctx, func(p *card.Profile, name string) bool { return name == p.Holder.Password })
}

// ReadHolder reads the holder's data of a card that HolderPINs returned, under its PIN. Another card is not shown it, and the last try is
// not spent unless the state says that the person knows (agent.CodeLastTry).
func (s *Source) ReadHolder(ctx context.Context, p agent.PINState, secret *pin.PIN) (*card.HolderData, error) {
	var h *card.HolderData
	err := s.keep(ctx, p, func(ctx context.Context, c *card.Card, name string) (string, error) {
		var err error
		h, err = c.ReadHolder(ctx, secret)
		return name, err
	}, func(pw card.Password) (string, pin.Tries) { return pw.Name, p.Tries })
	if err != nil {
		return nil, err
	}
	return h, nil
}
