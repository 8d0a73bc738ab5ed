// SPDX-License-Identifier: Apache-2.0

package cert_test

import (
	"crypto/x509"
	"testing"
	"time"

	"zaver/signature/cert"
	"zaver/softhsm-fixtures/mint"
)

// realistic is a legal entity's certificate with the usual extensions, as accredited centres make it.
func realistic(kind, issuer mint.Kind) []byte {
	ca := mint.Certificate{Subject: mint.DN("C=RU", "ST=77 Москва", "L=Москва", "O=АО «Удостоверяющий центр»", "OGRN=1027700132195", "INNLE=7710474375",
		"CN=АО «Удостоверяющий центр»"), Key: mint.NewKey(issuer), Extensions: mint.CAExtensions()}.Sign(nil)
	return mint.Certificate{
		Subject: mint.DN("C=RU", "ST=77 Москва", "L=Москва", "STREET=ул. Примерная, д. 1", "O=ООО «Ромашка»", "T=Генеральный директор", "OGRN=1027700132195",
			"INNLE=7710474375", "SNILS=11223344595", "INN=500100732259", "SN=Семёнова", "GN=Анна Ивановна", "CN=ООО «Ромашка»", "E=anna@example.org"),
		Key: mint.NewKey(kind),
		Extensions: []mint.Extension{mint.KeyUsage(mint.DigitalSignature, mint.NonRepudiation), mint.EKU(mint.ClientAuth, mint.EmailProtection), mint.SKI(), mint.AKIFull(),
			mint.KC(2), mint.SubjectSignTool("СКЗИ «Пример» 5.0"), mint.IssuerSignTool("СКЗИ «Пример» 5.0", "УЦ «Пример» 2.0", "СФ/124-0000", "СФ/128-0000"),
			mint.IdentificationKind(1), mint.CRLAt("http://a.example/crl/a.crl", "http://b.example/crl/a.crl"), mint.AIA([]string{"http://ocsp.example"}, []string{"http://a.example/a.crt"}),
			mint.PrivateKeyUsagePeriod(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC))},
	}.Sign(ca).DER
}

func BenchmarkParse(b *testing.B) {
	for _, kind := range []mint.Kind{mint.GOST256A, mint.P256, mint.RSA2048} {
		der := realistic(kind, kind)
		b.Run(string(kind), func(b *testing.B) {
			b.SetBytes(int64(len(der)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := cert.Parse(der); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(string(kind)+"/standard", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := x509.ParseCertificate(der); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
