// SPDX-License-Identifier: Apache-2.0

package gost_test

import (
	"bytes"
	"encoding/asn1"
	"testing"

	"zaver/signature/gost"
)

// privateKeyInfo is what OpenSSL writes of a private key.
type privateKeyInfo struct {
	Version   int
	Algorithm asn1.RawValue
	Key       []byte
}

// TestPrivateKeyOpenSSL takes keys that OpenSSL made, signs with them what OpenSSL verifies, and agrees with OpenSSL, on every set.
func TestPrivateKeyOpenSSL(t *testing.T) {
	for _, ps := range gost.Sets() {
		t.Run(ps.Name(), func(t *testing.T) {
			t.Parallel()
			o := openssl{t.TempDir()}
			o.write(t, "gost.cnf", []byte(engine))
			message := []byte("a challenge on " + ps.Name())
			o.write(t, "message", message)
			name, md, digest := opensslName[ps.Name()], "-md_gost12_256", sum256(message)
			if ps.Bits() == 512 {
				md, digest = "-md_gost12_512", sum512(message)
			}
			own, _ := o.key(t, ps, "own", name)
			_, peer := o.key(t, ps, "peer", name)
			sig, err := own.Sign(nil, digest)
			if err != nil {
				t.Fatal(err)
			}
			o.write(t, "sig", sig)
			if err := o.run(t, "dgst", md, "-verify", "own.pub", "-signature", "sig", "message"); err != nil {
				t.Error("OpenSSL refuses a signature")
			}
			for _, ukm := range []string{"1d80603c8544c727", "0100000000000000", "ffffffffffffffff"} {
				got, err := own.VKO(peer, octets(t, ukm))
				if err != nil {
					t.Fatal(err)
				}
				if err := o.run(t, "pkeyutl", "-derive", "-inkey", "peer.pem", "-peerkey", "own.pub", "-pkeyopt", "vko:md_gost12_256",
					"-pkeyopt", "ukmhex:"+ukm, "-out", "agreed"); err != nil {
					t.Fatal(err)
				}
				if want := o.read(t, "agreed"); !bytes.Equal(got, want) {
					t.Errorf("ukm %s: agreed on %x, OpenSSL on %x", ukm, got, want)
				}
			}
		})
	}
}

// key lets OpenSSL make a key and reads both halves.
func (o openssl) key(t *testing.T, ps *gost.ParamSet, file string, name [2]string) (*gost.PrivateKey, *gost.PublicKey) {
	t.Helper()
	for _, args := range [][]string{
		{"genpkey", "-algorithm", name[0], "-pkeyopt", "paramset:" + name[1], "-out", file + ".pem"},
		{"pkey", "-in", file + ".pem", "-outform", "DER", "-out", file + ".der"},
		{"pkey", "-in", file + ".pem", "-pubout", "-out", file + ".pub"},
		{"pkey", "-in", file + ".pem", "-pubout", "-outform", "DER", "-out", file + ".pub.der"},
	} {
		if err := o.run(t, args...); err != nil {
			t.Fatal(err)
		}
	}
	var info privateKeyInfo
	if _, err := asn1.Unmarshal(o.read(t, file+".der"), &info); err != nil {
		t.Fatal(err)
	}
	private, err := gost.NewPrivateKey(ps, info.Key)
	if err != nil {
		t.Fatal(err)
	}
	_, raw := split(t, o.read(t, file+".pub.der"))
	if !bytes.Equal(private.Public().Bytes(), raw) {
		t.Error("another public key than OpenSSL's")
	}
	return private, private.Public()
}
