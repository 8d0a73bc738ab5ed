// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"time"

	"zaver/softhsm-fixtures/mint"
)

// state is what changes; it lies in state.json beside the keys and certificates.
type state struct {
	Address     string                    `json:"address"`
	Authorities map[string]authorityState `json:"authorities"`
}

type authorityState struct {
	Issued  []string     `json:"issued"`
	Revoked []Revocation `json:"revoked"`
}

const stateFile = "state.json"

func (p *PKI) readState() (state, error) {
	var s state
	if p.cfg.Dir == "" {
		return s, nil
	}
	b, err := os.ReadFile(filepath.Join(p.cfg.Dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("read the state of the test PKI: %w", err)
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("read the state of the test PKI: %w", err)
	}
	return s, nil
}

// populate loads the authorities of a known state, and makes and saves those that it lacks.
func (p *PKI) populate(s state) error {
	made := false
	for _, pl := range plans() {
		a := &Authority{
			pki: p, name: pl.name, kind: p.kindOf(pl), issued: map[string]bool{}, revoked: map[string]Revocation{},
			faults: map[Service]*fault{}, requests: map[Service]int{},
		}
		if pl.parent != "" {
			a.parent = p.Authority(pl.parent)
		}
		p.authorities = append(p.authorities, a)
		known, ok := s.Authorities[pl.name]
		if !ok {
			made = true
			if err := a.create(pl); err != nil {
				return err
			}
			continue
		}
		if err := a.load(known); err != nil {
			return err
		}
	}
	if made {
		return p.saveAll()
	}
	p.saved = true
	return nil
}

// kindOf is the kind of an authority's keys.
func (p *PKI) kindOf(pl plan) KeyKind {
	if pl.gost && !p.cfg.Keys.IsGOST() {
		return GOST256
	}
	return p.cfg.Keys
}

func (a *Authority) load(s authorityState) error {
	for _, serial := range s.Issued {
		a.issued[serial] = true
	}
	for _, r := range s.Revoked {
		a.revoked[r.Serial.Text(16)] = r
	}
	var err error
	if a.party, err = readPair(a.file("")); err != nil {
		return err
	}
	if a.responder, err = readPair(a.file(".ocsp")); err != nil {
		return err
	}
	if a.tsa, err = readPair(a.file(".tsa")); errors.Is(err, fs.ErrNotExist) {
		return nil // made when it is first asked for
	}
	return err
}

// keepStamper writes a new timestamp service, the certificate last: without it the next start makes another.
func (a *Authority) keepStamper(tsa *mint.Party) error {
	if a.pki.cfg.Dir == "" {
		return nil
	}
	return errors.Join(writePair(a.file(".tsa"), tsa), a.pki.save())
}

func (a *Authority) file(role string) string { return filepath.Join(a.pki.cfg.Dir, a.name+role) }

// saveAll writes keys and certificates first and the state last: a folder without the state counts
// as empty, so an interrupted first start is simply repeated.
func (p *PKI) saveAll() error {
	p.saved = true
	if p.cfg.Dir == "" {
		return nil
	}
	if err := os.MkdirAll(p.cfg.Dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of the test PKI: %w", err)
	}
	for _, a := range p.authorities {
		if err := errors.Join(
			writePair(a.file(""), a.party), writePair(a.file(".ocsp"), a.responder),
		); err != nil {
			return err
		}
	}
	return p.save()
}

// save writes the state; a PKI in memory and one that is still being made have nothing to write.
func (p *PKI) save() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cfg.Dir == "" || !p.saved {
		return nil
	}
	s := state{Address: p.listener.Addr().String(), Authorities: map[string]authorityState{}}
	for _, a := range p.authorities {
		s.Authorities[a.name] = a.state()
	}
	b, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return fmt.Errorf("encode the state of the test PKI: %w", err)
	}
	return writeFile(filepath.Join(p.cfg.Dir, stateFile), b)
}

func (a *Authority) state() authorityState {
	a.mu.Lock()
	defer a.mu.Unlock()
	var s authorityState
	for serial := range a.issued {
		s.Issued = append(s.Issued, serial)
	}
	for _, r := range a.revoked {
		s.Revoked = append(s.Revoked, r)
	}
	sort.Strings(s.Issued)
	sort.Slice(s.Revoked, func(i, j int) bool { return s.Revoked[i].Serial.Cmp(s.Revoked[j].Serial) < 0 })
	return s
}

// writeFile replaces a file in one step, so that a killed process leaves the old one.
func writeFile(path string, b []byte) error {
	tmp := path + ".new"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return fmt.Errorf("write the test PKI: %w", err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("write the test PKI: %w", err)
	}
	return nil
}

func writePair(base string, p *mint.Party) error {
	k, err := keyPEM(signable(p.Key))
	if err != nil {
		return err
	}
	return errors.Join(writeFile(base+".key.pem", k), writeFile(base+".pem", certificatePEM(p.DER)))
}

func readPair(base string) (*mint.Party, error) {
	der, err := readPEM(base + ".pem")
	if err != nil {
		return nil, err
	}
	k, err := readPEM(base + ".key.pem")
	if err != nil {
		return nil, err
	}
	key, err := readKey(k)
	if err != nil {
		return nil, fmt.Errorf("read %s.key.pem: %w", base, err)
	}
	p, err := mint.PartyOf(der, key)
	if err != nil {
		return nil, fmt.Errorf("read %s.pem: %w", base, err)
	}
	return p, nil
}

func readPEM(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the test PKI: %w", err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("read %s: no PEM block", path)
	}
	return block.Bytes, nil
}

// trustAnchor is one entry of anchors.json as package trust reads it.
type trustAnchor struct {
	File            string     `json:"file"`
	Kind            string     `json:"kind,omitempty"`
	Name            string     `json:"name"`
	AccreditedFrom  *time.Time `json:"accredited_from,omitempty"`
	AccreditedUntil *time.Time `json:"accredited_until,omitempty"`
}

// WriteTrust writes a folder of trust anchors for the portal: Root and GOSTRoot of kind qualified, UEC
// of kind uec, and CA and GOSTCA among the accredited centres, with anchors.json naming them. The rogue
// ones stay out.
func (p *PKI) WriteTrust(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder of trust anchors: %w", err)
	}
	var list struct {
		Anchors []trustAnchor `json:"anchors"`
		Centres []trustAnchor `json:"centres"`
	}
	for _, e := range []struct{ name, kind string }{{Root, "qualified"}, {UEC, "uec"}, {GOSTRoot, "qualified"}, {CA, ""}, {GOSTCA, ""}} {
		a := p.Authority(e.name)
		if err := writeFile(filepath.Join(dir, e.name+".pem"), a.PEM()); err != nil {
			return err
		}
		c, err := x509.ParseCertificate(a.party.DER)
		if err != nil {
			return fmt.Errorf("read the certificate of %s: %w", e.name, err)
		}
		entry := trustAnchor{File: e.name + ".pem", Kind: e.kind, Name: c.Subject.CommonName, AccreditedFrom: &c.NotBefore}
		if e.kind == "" {
			list.Centres = append(list.Centres, entry)
		} else {
			list.Anchors = append(list.Anchors, entry)
		}
	}
	b, err := json.MarshalIndent(list, "", "\t")
	if err != nil {
		return fmt.Errorf("encode anchors.json: %w", err)
	}
	return writeFile(filepath.Join(dir, "anchors.json"), b)
}
